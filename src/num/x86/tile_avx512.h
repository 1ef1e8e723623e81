/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the AVX-512 tile kernels that its three levels share as text: the 6 x 64 product loop, which is the same
 * but for one instruction, and what is done with a finished block.
 *
 * The loop is inline assembly because GCC 12 spills the 24 accumulators that intrinsics would need. Each step loads 4
 * vectors of the panel, broadcasts 4 bytes of each row (one float, two bf16 or four bytes) and issues 24 products:
 * zmm0-3 panel, zmm4-7 broadcasts, zmm8-31 accumulators.
 */
#ifndef NUM_X86_TILE_AVX512_H
#define NUM_X86_TILE_AVX512_H

#include <immintrin.h>

#include "num/x86/tile_walk.h"

#define TILE_ROW(op, row, x, a, b, c, d)                                                                               \
    "vbroadcastss (%[" row "],%[k],4), %%zmm" x "\n\t" op " %%zmm0, %%zmm" x ", %%zmm" a "\n\t" op " %%zmm1, %%zmm" x  \
    ", %%zmm" b "\n\t" op " %%zmm2, %%zmm" x ", %%zmm" c "\n\t" op " %%zmm3, %%zmm" x ", %%zmm" d "\n\t"

#define TILE_ZERO(a, b, c, d)                                                                                          \
    "vpxord %%zmm" a ", %%zmm" a ", %%zmm" a "\n\t"                                                                    \
    "vpxord %%zmm" b ", %%zmm" b ", %%zmm" b "\n\t"                                                                    \
    "vpxord %%zmm" c ", %%zmm" c ", %%zmm" c "\n\t"                                                                    \
    "vpxord %%zmm" d ", %%zmm" d ", %%zmm" d "\n\t"

#define TILE_STORE(offset, a, b, c, d)                                                                                 \
    "vmovaps %%zmm" a ", " offset "+0(%[block])\n\t"                                                                   \
    "vmovaps %%zmm" b ", " offset "+64(%[block])\n\t"                                                                  \
    "vmovaps %%zmm" c ", " offset "+128(%[block])\n\t"                                                                 \
    "vmovaps %%zmm" d ", " offset "+192(%[block])\n\t"

/* block[r][c] = sum over `steps` of op(rows[r] step, panel step); rows advance by 4 bytes a step, the panel by 256. */
#define TILE_LOOP(op, rows, steps, panel, block)                                                                       \
    do {                                                                                                               \
        const unsigned char *tile_panel = (panel);                                                                     \
        const size_t tile_bytes = (steps)*4;                                                                           \
        ptrdiff_t tile_k = -(ptrdiff_t)(steps);                                                                        \
        __asm__ volatile(                                                                                              \
            TILE_ZERO("8", "9", "10", "11") TILE_ZERO("12", "13", "14", "15") TILE_ZERO("16", "17", "18", "19")        \
                TILE_ZERO("20", "21", "22", "23") TILE_ZERO("24", "25", "26", "27") TILE_ZERO(                         \
                    "28", "29", "30",                                                                                  \
                    "31") "test %[k], %[k]\n\t"                                                                        \
                          "jz 2f\n\t"                                                                                  \
                          ".p2align 5\n"                                                                               \
                          "1:\n\t"                                                                                     \
                          "vmovups 0(%[panel]), %%zmm0\n\t"                                                            \
                          "vmovups 64(%[panel]), %%zmm1\n\t"                                                           \
                          "vmovups 128(%[panel]), %%zmm2\n\t"                                                          \
                          "vmovups 192(%[panel]), %%zmm3\n\t" TILE_ROW(op, "r0", "4", "8", "9", "10", "11") TILE_ROW(  \
                              op, "r1", "5", "12", "13", "14", "15") TILE_ROW(op, "r2", "6", "16", "17", "18", "19")   \
                              TILE_ROW(op, "r3", "7", "20", "21", "22", "23")                                          \
                                  TILE_ROW(op, "r4", "4", "24", "25", "26", "27")                                      \
                                      TILE_ROW(op, "r5", "5", "28", "29", "30",                                        \
                                               "31") "add $256, %[panel]\n\t"                                          \
                                                     "inc %[k]\n\t"                                                    \
                                                     "jnz 1b\n"                                                        \
                                                     "2:\n\t" TILE_STORE("0", "8", "9", "10", "11")                    \
                                                         TILE_STORE("256", "12", "13", "14", "15")                     \
                                                             TILE_STORE("512", "16", "17", "18", "19")                 \
                                                                 TILE_STORE("768", "20", "21", "22", "23")             \
                                                                     TILE_STORE("1024", "24", "25", "26", "27")        \
                                                                         TILE_STORE("1280", "28", "29", "30", "31")    \
            : [k] "+r"(tile_k), [panel] "+r"(tile_panel)                                                               \
            : [r0] "r"((rows)[0] + tile_bytes), [r1] "r"((rows)[1] + tile_bytes), [r2] "r"((rows)[2] + tile_bytes),    \
              [r3] "r"((rows)[3] + tile_bytes), [r4] "r"((rows)[4] + tile_bytes), [r5] "r"((rows)[5] + tile_bytes),    \
              [block] "r"(block)                                                                                       \
            : "memory", "cc", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", \
              "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21",       \
              "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31");               \
    } while (0)

/* Lanes of 16 columns from `column` that are below n. */
TILE_INLINE __mmask16 tile_lanes(size_t column, size_t n)
{
    size_t left = column < n ? n - column : 0;
    return (__mmask16)(left >= 16 ? 0xffff : (1u << left) - 1);
}

TILE_INLINE __m512 tile_distance_f32(const float *dots, const float *norms, __m512 row_norm)
{
    __m512 sum = _mm512_add_ps(row_norm, _mm512_loadu_ps(norms));
    return _mm512_fnmadd_ps(_mm512_set1_ps(2.0f), _mm512_load_ps(dots), sum);
}

TILE_INLINE void tile_store_f32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    for (size_t r = 0; r < place->count; r++) {
        float *out = (float *)use->out + (place->first + r) * use->out_stride + place->column;
        for (size_t v = 0; v < 4; v++) {
            __mmask16 lanes = tile_lanes(place->column + v * 16, use->n);
            if (lanes) _mm512_mask_storeu_ps(out + v * 16, lanes, _mm512_load_ps(&block->f32[r][v * 16]));
        }
    }
}

/* max(0, NaN) gives the second operand, so that a NaN stays. */
TILE_INLINE void tile_l2sq_f32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    const float *norms = (const float *)use->panel_norms + place->column;
    for (size_t r = 0; r < place->count; r++) {
        float *out = (float *)use->out + (place->first + r) * use->out_stride + place->column;
        __m512 row_norm = _mm512_set1_ps(((const float *)use->row_norms)[place->row[r]]);
        for (size_t v = 0; v < 4; v++) {
            __mmask16 lanes = tile_lanes(place->column + v * 16, use->n);
            __m512 distance = tile_distance_f32(&block->f32[r][v * 16], norms + v * 16, row_norm);
            if (lanes) _mm512_mask_storeu_ps(out + v * 16, lanes, _mm512_max_ps(_mm512_setzero_ps(), distance));
        }
    }
}

/* The least of 64 distances is compared with the best so far; only the rare row that improves looks for which it was.
 * min(value, least) gives `least` when the value is a NaN. */
TILE_INLINE void tile_nearest_f32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    const float *norms = (const float *)use->panel_norms + place->column;
    for (size_t r = 0; r < place->count; r++) {
        float *best = (float *)use->out + place->row[r];
        __m512 row_norm = _mm512_set1_ps(((const float *)use->row_norms)[place->row[r]]);
        __m512 distance[4], so_far = _mm512_set1_ps(*best), least = so_far;
        for (size_t v = 0; v < 4; v++) {
            distance[v] = tile_distance_f32(&block->f32[r][v * 16], norms + v * 16, row_norm);
            least = _mm512_min_ps(distance[v], least);
        }
        least = _mm512_max_ps(_mm512_setzero_ps(), least);
        if (!_mm512_cmp_ps_mask(least, so_far, _CMP_LT_OQ)) continue;
        *best = _mm512_reduce_min_ps(least);
        if (!use->arg) continue;
        for (size_t v = 0; v < 4; v++) {
            __mmask16 hit =
                _mm512_cmp_ps_mask(_mm512_max_ps(_mm512_setzero_ps(), distance[v]), _mm512_set1_ps(*best), _CMP_EQ_OQ);
            if (!hit) continue;
            use->arg[place->row[r]] = use->first + (uint32_t)(place->column + v * 16) + (uint32_t)__builtin_ctz(hit);
            break;
        }
    }
}

TILE_INLINE __m512i tile_dot_s32(const int32_t *dots, const int32_t *bias)
{
    return _mm512_add_epi32(_mm512_load_si512(dots), _mm512_loadu_si512(bias));
}

/* norms - 2 bias of 64 centres: what a row adds its own norm and -2 dot to. */
TILE_INLINE void tile_offsets_s32(const tile_use_context *use, size_t column, __m512i offset[4])
{
    for (size_t v = 0; v < 4; v++) {
        __m512i bias = _mm512_loadu_si512((const int32_t *)use->bias + column + v * 16);
        __m512i norms = _mm512_loadu_si512((const int32_t *)use->panel_norms + column + v * 16);
        offset[v] = _mm512_sub_epi32(norms, _mm512_slli_epi32(bias, 1));
    }
}

TILE_INLINE __m512i tile_distance_s32(const int32_t *dots, __m512i offset, __m512i row_norm)
{
    __m512i twice = _mm512_slli_epi32(_mm512_load_si512(dots), 1);
    return _mm512_sub_epi32(_mm512_add_epi32(row_norm, offset), twice);
}

TILE_INLINE void tile_store_s32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    const int32_t *bias = (const int32_t *)use->bias + place->column;
    for (size_t r = 0; r < place->count; r++) {
        int32_t *out = (int32_t *)use->out + (place->first + r) * use->out_stride + place->column;
        for (size_t v = 0; v < 4; v++) {
            __mmask16 lanes = tile_lanes(place->column + v * 16, use->n);
            __m512i value = tile_dot_s32(&block->s32[r][v * 16], bias + v * 16);
            if (lanes) _mm512_mask_storeu_epi32(out + v * 16, lanes, value);
        }
    }
}

TILE_INLINE void tile_l2sq_s32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    __m512i offset[4];
    tile_offsets_s32(use, place->column, offset);
    for (size_t r = 0; r < place->count; r++) {
        int32_t *out = (int32_t *)use->out + (place->first + r) * use->out_stride + place->column;
        __m512i row_norm = _mm512_set1_epi32(((const int32_t *)use->row_norms)[place->row[r]]);
        for (size_t v = 0; v < 4; v++) {
            __mmask16 lanes = tile_lanes(place->column + v * 16, use->n);
            __m512i value = tile_distance_s32(&block->s32[r][v * 16], offset[v], row_norm);
            if (lanes) _mm512_mask_storeu_epi32(out + v * 16, lanes, _mm512_max_epi32(_mm512_setzero_si512(), value));
        }
    }
}

TILE_INLINE void tile_nearest_s32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    __m512i offset[4];
    tile_offsets_s32(use, place->column, offset);
    for (size_t r = 0; r < place->count; r++) {
        int32_t *best = (int32_t *)use->out + place->row[r];
        __m512i row_norm = _mm512_set1_epi32(((const int32_t *)use->row_norms)[place->row[r]]);
        __m512i distance[4], so_far = _mm512_set1_epi32(*best), least = so_far;
        for (size_t v = 0; v < 4; v++) {
            distance[v] = tile_distance_s32(&block->s32[r][v * 16], offset[v], row_norm);
            least = _mm512_min_epi32(distance[v], least);
        }
        least = _mm512_max_epi32(_mm512_setzero_si512(), least);
        if (!_mm512_cmplt_epi32_mask(least, so_far)) continue;
        *best = _mm512_reduce_min_epi32(least);
        if (!use->arg) continue;
        for (size_t v = 0; v < 4; v++) {
            __mmask16 hit = _mm512_cmple_epi32_mask(distance[v], _mm512_set1_epi32(*best));
            if (!hit) continue;
            use->arg[place->row[r]] = use->first + (uint32_t)(place->column + v * 16) + (uint32_t)__builtin_ctz(hit);
            break;
        }
    }
}

#endif
