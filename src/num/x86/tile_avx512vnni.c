/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of bytes at AVX-512 VNNI: vpdpbusd multiplies 4 unsigned by 4 signed bytes and adds them without saturation.
 * vpdpwssd does the same with 2 signed 16-bit numbers.
 */
#include "num/x86/tile_avx512.h"
#include "num/x86/tile_init.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

TILE_INLINE void product_u8s8(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    size_t steps = dim / 4;
    TILE_LOOP("vpdpbusd", rows, steps, panel, block);
    if (dim % 4 == 0) return;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        uint32_t last = 0;
        memcpy(&last, rows[r] + steps * 4, dim % 4);
        for (size_t v = 0; v < 4; v++) {
            __m512i *sum = (__m512i *)&block->s32[r][v * 16];
            __m512i centres = _mm512_loadu_si512(panel + steps * 256 + v * 64);
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_set1_epi32((int)last), centres);
        }
    }
}

TILE_INLINE void product_s16(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                             tile_block *block)
{
    size_t steps = dim / 2;
    TILE_LOOP("vpdpwssd", rows, steps, panel, block);
    if (dim % 2 == 0) return;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        uint32_t last = 0;
        memcpy(&last, rows[r] + steps * 4, 2);
        for (size_t v = 0; v < 4; v++) {
            __m512i *sum = (__m512i *)&block->s32[r][v * 16];
            __m512i centres = _mm512_loadu_si512(panel + steps * 256 + v * 64);
            *sum = _mm512_dpwssd_epi32(*sum, _mm512_set1_epi32((int)last), centres);
        }
    }
}

/* Storing moves 32 bits a value, of whatever type. */
static void dot_s16_avx512vnni(const wn_tile_s16 *tile, int32_t *out, size_t out_stride)
{
    tile_use_context use = {.out = out, .n = tile->n, .out_stride = out_stride};
    tile_walk(TILE_JOB(tile, 2), product_s16, tile_store_f32, &use);
}

/* ---- hits ---- */

/* What the assembly below works with, by offset; the scores come first because their stores want alignment. */
typedef struct hit_frame {
    tile_block block;
    int32_t least[TILE_ROWS], shift[TILE_ROWS]; /* 1536, 1560 */
    uint64_t masks[TILE_ROWS], any;             /* 1584, 1632 */
    const int32_t *bias, *centre_least;         /* 1640, 1648 */
    ptrdiff_t k;                                /* 1656: minus the steps */
} hit_frame;

static_assert(offsetof(hit_frame, least) == 1536 && offsetof(hit_frame, shift) == 1560, "offsets in the assembly");
static_assert(offsetof(hit_frame, masks) == 1584 && offsetof(hit_frame, any) == 1632, "offsets in the assembly");
static_assert(offsetof(hit_frame, bias) == 1640 && offsetof(hit_frame, centre_least) == 1648, "offsets");
static_assert(offsetof(hit_frame, k) == 1656, "offsets in the assembly");

/* The scores of a row against its limits: 64 bits into its mask, and into k7 whether any row has a hit. */
#define HITS_VECTOR(least, sum, mask)                                                                                  \
    "vpaddd %%zmm" least ", %%zmm4, %%zmm6\n\t"                                                                        \
    "vpminsd %%zmm5, %%zmm6, %%zmm6\n\t"                                                                               \
    "vpcmpnltd %%zmm6, %%zmm" sum ", %%k" mask "\n\t"
#define HITS_ROW(mask, least, shift, a, b, c, d)                                                                       \
    "vpbroadcastd " shift "(%[frame]), %%zmm4\n\t"                                                                     \
    "vpbroadcastd " least "(%[frame]), %%zmm5\n\t" HITS_VECTOR("0", a, "1") HITS_VECTOR("1", b, "2")                   \
        HITS_VECTOR("2", c, "3") HITS_VECTOR("3", d, "4") "kunpckwd %%k1, %%k2, %%k1\n\t"                              \
                                                          "kunpckwd %%k3, %%k4, %%k3\n\t"                              \
                                                          "kunpckdq %%k1, %%k3, %%k1\n\t"                              \
                                                          "kmovq %%k1, " mask "(%[frame])\n\t"                         \
                                                          "korq %%k1, %%k7, %%k7\n\t"
#define HITS_START(a, b, c, d)                                                                                         \
    "vmovdqa64 %%zmm0, %%zmm" a "\n\t"                                                                                 \
    "vmovdqa64 %%zmm1, %%zmm" b "\n\t"                                                                                 \
    "vmovdqa64 %%zmm2, %%zmm" c "\n\t"                                                                                 \
    "vmovdqa64 %%zmm3, %%zmm" d "\n\t"
#define HITS_FOUR(base)                                                                                                \
    "vmovups 0(%[" base "]), %%zmm0\n\t"                                                                               \
    "vmovups 64(%[" base "]), %%zmm1\n\t"                                                                              \
    "vmovups 128(%[" base "]), %%zmm2\n\t"                                                                             \
    "vmovups 192(%[" base "]), %%zmm3\n\t"

/* clang-format off */
#define HITS_BEGIN                                                                                                     \
    "mov 1640(%[frame]), %[k]\n\t"                                                                                     \
    HITS_FOUR("k")                                                                                                     \
    HITS_START("8", "9", "10", "11") HITS_START("12", "13", "14", "15") HITS_START("16", "17", "18", "19")             \
    HITS_START("20", "21", "22", "23") HITS_START("24", "25", "26", "27") HITS_START("28", "29", "30", "31")           \
    "mov 1656(%[frame]), %[k]\n\t"
#define HITS_STEPS                                                                                                     \
    "test %[k], %[k]\n\t"                                                                                              \
    "jz 2f\n\t"                                                                                                        \
    ".p2align 5\n"                                                                                                     \
    "1:\n\t"                                                                                                           \
    HITS_FOUR("panel")                                                                                                 \
    TILE_ROW("vpdpbusd", "r0", "4", "8", "9", "10", "11") TILE_ROW("vpdpbusd", "r1", "5", "12", "13", "14", "15")      \
    TILE_ROW("vpdpbusd", "r2", "6", "16", "17", "18", "19") TILE_ROW("vpdpbusd", "r3", "7", "20", "21", "22", "23")    \
    TILE_ROW("vpdpbusd", "r4", "4", "24", "25", "26", "27") TILE_ROW("vpdpbusd", "r5", "5", "28", "29", "30", "31")    \
    "add $256, %[panel]\n\t"                                                                                           \
    "inc %[k]\n\t"                                                                                                     \
    "jnz 1b\n"                                                                                                         \
    "2:\n\t"
#define HITS_COMPARE                                                                                                   \
    "mov 1648(%[frame]), %[k]\n\t"                                                                                     \
    "kxorq %%k7, %%k7, %%k7\n\t"                                                                                       \
    HITS_FOUR("k")                                                                                                     \
    HITS_ROW("1584", "1536", "1560", "8", "9", "10", "11") HITS_ROW("1592", "1540", "1564", "12", "13", "14", "15")    \
    HITS_ROW("1600", "1544", "1568", "16", "17", "18", "19") HITS_ROW("1608", "1548", "1572", "20", "21", "22", "23")  \
    HITS_ROW("1616", "1552", "1576", "24", "25", "26", "27") HITS_ROW("1624", "1556", "1580", "28", "29", "30", "31")
#define HITS_END                                                                                                       \
    "kmovq %%k7, 1632(%[frame])\n\t"                                                                                   \
    "kortestq %%k7, %%k7\n\t"                                                                                          \
    "jz 3f\n\t"                                                                                                        \
    HITS_STORE("0", "8", "9", "10", "11") HITS_STORE("256", "12", "13", "14", "15")                                    \
    HITS_STORE("512", "16", "17", "18", "19") HITS_STORE("768", "20", "21", "22", "23")                                \
    HITS_STORE("1024", "24", "25", "26", "27") HITS_STORE("1280", "28", "29", "30", "31")                              \
    "3:\n\t"
#define HITS_STORE(offset, a, b, c, d)                                                                                 \
    "vmovaps %%zmm" a ", " offset "+0(%[frame])\n\t"                                                                   \
    "vmovaps %%zmm" b ", " offset "+64(%[frame])\n\t"                                                                  \
    "vmovaps %%zmm" c ", " offset "+128(%[frame])\n\t"                                                                 \
    "vmovaps %%zmm" d ", " offset "+192(%[frame])\n\t"
/* clang-format on */

/* The product loop of tile_avx512.h, but the sums start at the bias and meet their limits before they leave the
 * registers: a block without a hit, which most are, costs no store. With a hit the block has the scores. */
TILE_INLINE void hits_block(const unsigned char *const rows[TILE_ROWS], const unsigned char *panel, hit_frame *frame)
{
    const ptrdiff_t bytes = -frame->k * 4;
    ptrdiff_t k;
    __asm__ volatile(
        HITS_BEGIN HITS_STEPS HITS_COMPARE HITS_END
        : [k] "=&r"(k), [panel] "+r"(panel)
        : [r0] "r"(rows[0] + bytes), [r1] "r"(rows[1] + bytes), [r2] "r"(rows[2] + bytes), [r3] "r"(rows[3] + bytes),
          [r4] "r"(rows[4] + bytes), [r5] "r"(rows[5] + bytes), [frame] "r"(frame)
        : "memory", "cc", "k1", "k2", "k3", "k4", "k7", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7",
          "zmm8", "zmm9", "zmm10", "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19",
          "zmm20", "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31");
}

/* A dimension that is no multiple of 4, which the loop above does not take: the same result the long way. */
static void hits_block_any(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                           hit_frame *frame)
{
    product_u8s8(rows, dim, panel, &frame->block);
    frame->any = 0;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        frame->masks[r] = 0;
        for (size_t c = 0; c < WN_TILE_WIDTH; c++) {
            int32_t score = frame->block.s32[r][c] += frame->bias[c], other = frame->centre_least[c] + frame->shift[r];
            if (score >= frame->least[r] || score >= other) frame->masks[r] |= (uint64_t)1 << c;
        }
        frame->any |= frame->masks[r];
    }
}

static size_t write_hits(const tile_place *place, size_t n, const hit_frame *frame, wn_tile_hit *hits)
{
    size_t count = 0, left = n - place->column;
    uint64_t valid = left >= WN_TILE_WIDTH ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
    for (size_t r = 0; r < place->count; r++) {
        for (uint64_t mask = frame->masks[r] & valid; mask; mask &= mask - 1) {
            size_t c = (size_t)__builtin_ctzll(mask);
            hits[count++] =
                (wn_tile_hit){(uint32_t)(place->first + r), (uint32_t)(place->column + c), frame->block.s32[r][c]};
        }
    }
    return count;
}

static size_t hits_u8s8_avx512vnni(const wn_tile_u8s8 *tile, const wn_tile_wanted *wanted, wn_tile_hit *hits)
{
    const tile_job *job = TILE_JOB(tile, 4);
    const unsigned char *rows[TILE_ROWS];
    size_t count = 0, panel_bytes = (tile->dim + 3) / 4 * 4 * WN_TILE_WIDTH;
    hit_frame frame = {.k = -(ptrdiff_t)(tile->dim / 4)};
    tile_place place;
    for (size_t first = 0; first < tile->m; first += TILE_ROWS) {
        place.column = 0;
        tile_place_rows(job, first, tile->m, &place, rows);
        for (size_t r = 0; r < TILE_ROWS; r++) {
            size_t at = first + (r < place.count ? r : place.count - 1);
            frame.least[r] = wanted->row_least[at];
            frame.shift[r] = wanted->row_shift[at];
        }
        for (; place.column < tile->n; place.column += WN_TILE_WIDTH) {
            const unsigned char *panel = job->panels + place.column / WN_TILE_WIDTH * panel_bytes;
            frame.bias = tile->panel_bias + place.column;
            frame.centre_least = wanted->centre_least + place.column;
            if (tile->dim % 4)
                hits_block_any(rows, tile->dim, panel, &frame);
            else
                hits_block(rows, panel, &frame);
            if (frame.any) count += write_hits(&place, tile->n, &frame, hits + count);
        }
    }
    return count;
}

TILE_DEFINE(u8s8, avx512vnni, int32_t, s32, 4, product_u8s8, TILE_BIAS)

void wn_tile_fill_avx512vnni(wn_tile_kernels *kernels)
{
    kernels->dot_s16 = dot_s16_avx512vnni;
    kernels->dot_u8s8 = dot_u8s8_avx512vnni;
    kernels->l2sq_u8s8 = l2sq_u8s8_avx512vnni;
    kernels->nearest_u8s8 = nearest_u8s8_avx512vnni;
    kernels->hits_u8s8 = hits_u8s8_avx512vnni;
}
