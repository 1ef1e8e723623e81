/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles at AVX-512 F, BW, DQ, VL: float32 by the shared loop; bfloat16 and int8, which have no instruction of their
 * own at this level, are widened on the way, 3 rows and 32 centres at a time so that the sums stay in registers.
 */
#include "num/x86/tile_avx512.h"
#include "num/x86/tile_init.h"

#include <string.h>

TILE_INLINE void product_f32(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                             tile_block *block)
{
    TILE_LOOP("vfmadd231ps", rows, dim, panel, block);
}

/* 4 bytes of a row. */
TILE_INLINE __m512i broadcast_step(const unsigned char *row)
{
    uint32_t value;
    memcpy(&value, row, 4);
    return _mm512_set1_epi32((int)value);
}

/* One step of 3 rows and 32 centres. */
TILE_INLINE void step_bf16(__m512 sum[3][2], const unsigned char *const row[3], size_t at, const unsigned char *centres)
{
    const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
#pragma GCC unroll 2
    for (size_t v = 0; v < 2; v++) {
        __m512i pair = _mm512_loadu_si512(centres + v * 64);
        __m512 even = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
        __m512 odd = _mm512_castsi512_ps(_mm512_and_si512(pair, high));
#pragma GCC unroll 3
        for (size_t r = 0; r < 3; r++) {
            __m512i x = broadcast_step(row[r] + at);
            sum[r][v] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), even, sum[r][v]);
            sum[r][v] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(x, high)), odd, sum[r][v]);
        }
    }
}

/* Bytes are widened to 16 bits, even and odd ones apart, because vpmaddubsw would saturate. */
TILE_INLINE void step_u8s8(__m512i sum[3][2], const unsigned char *const row[3], size_t at,
                           const unsigned char *centres)
{
    const __m512i low = _mm512_set1_epi16(0xff);
#pragma GCC unroll 2
    for (size_t v = 0; v < 2; v++) {
        __m512i quad = _mm512_loadu_si512(centres + v * 64);
        __m512i even = _mm512_srai_epi16(_mm512_slli_epi16(quad, 8), 8), odd = _mm512_srai_epi16(quad, 8);
#pragma GCC unroll 3
        for (size_t r = 0; r < 3; r++) {
            __m512i x = broadcast_step(row[r] + at);
            __m512i term = _mm512_madd_epi16(_mm512_and_si512(x, low), even);
            sum[r][v] = _mm512_add_epi32(sum[r][v], term);
            term = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), odd);
            sum[r][v] = _mm512_add_epi32(sum[r][v], term);
        }
    }
}

TILE_INLINE void product_bf16(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    unsigned char last[TILE_ROWS][4];
    tile_last_steps(rows, dim * 2, last);
    for (size_t part = 0; part < 4; part++) {
        const size_t from = part / 2 * 3;
        const unsigned char *const tails[3] = {last[from], last[from + 1], last[from + 2]};
        const unsigned char *centres = panel + part % 2 * 128;
        __m512 sum[3][2];
        for (size_t i = 0; i < 6; i++) sum[i / 2][i % 2] = _mm512_setzero_ps();
        for (size_t at = 0; at + 4 <= dim * 2; at += 4, centres += 256) step_bf16(sum, rows + from, at, centres);
        if (dim % 2) step_bf16(sum, tails, 0, centres);
        for (size_t i = 0; i < 6; i++) {
            _mm512_store_ps(&block->f32[from + i / 2][part % 2 * 32 + i % 2 * 16], sum[i / 2][i % 2]);
        }
    }
}

TILE_INLINE void product_u8s8(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    unsigned char last[TILE_ROWS][4];
    tile_last_steps(rows, dim, last);
    for (size_t part = 0; part < 4; part++) {
        const size_t from = part / 2 * 3;
        const unsigned char *const tails[3] = {last[from], last[from + 1], last[from + 2]};
        const unsigned char *centres = panel + part % 2 * 128;
        __m512i sum[3][2];
        for (size_t i = 0; i < 6; i++) sum[i / 2][i % 2] = _mm512_setzero_si512();
        for (size_t at = 0; at + 4 <= dim; at += 4, centres += 256) step_u8s8(sum, rows + from, at, centres);
        if (dim % 4) step_u8s8(sum, tails, 0, centres);
        for (size_t i = 0; i < 6; i++) {
            _mm512_store_si512(&block->s32[from + i / 2][part % 2 * 32 + i % 2 * 16], sum[i / 2][i % 2]);
        }
    }
}

TILE_DEFINE(f32, avx512, float, f32, 1, product_f32, TILE_NO_BIAS)
TILE_DEFINE(bf16, avx512, float, f32, 2, product_bf16, TILE_NO_BIAS)
TILE_DEFINE(u8s8, avx512, int32_t, s32, 4, product_u8s8, TILE_BIAS)

void wn_tile_fill_avx512(wn_tile_kernels *kernels)
{
    kernels->dot_f32 = dot_f32_avx512;
    kernels->l2sq_f32 = l2sq_f32_avx512;
    kernels->nearest_f32 = nearest_f32_avx512;
    kernels->dot_bf16 = dot_bf16_avx512;
    kernels->l2sq_bf16 = l2sq_bf16_avx512;
    kernels->nearest_bf16 = nearest_bf16_avx512;
    kernels->dot_u8s8 = dot_u8s8_avx512;
    kernels->l2sq_u8s8 = l2sq_u8s8_avx512;
    kernels->nearest_u8s8 = nearest_u8s8_avx512;
}
