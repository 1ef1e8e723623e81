/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of bfloat16 at AVX-512 BF16: vdpbf16ps adds the products of 2 pairs to a float32 sum. It takes denormal
 * numbers for zero and rounds each step to nearest even, whatever the mode.
 */
#include "num/x86/tile_avx512.h"
#include "num/x86/tile_init.h"

#include <string.h>

TILE_INLINE void product_bf16(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    size_t steps = dim / 2;
    TILE_LOOP("vdpbf16ps", rows, steps, panel, block);
    if (dim % 2 == 0) return;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        uint32_t last = 0;
        memcpy(&last, rows[r] + steps * 4, 2);
        for (size_t v = 0; v < 4; v++) {
            __m512 *sum = (__m512 *)&block->f32[r][v * 16];
            __m512i centres = _mm512_loadu_si512(panel + steps * 256 + v * 64);
            *sum = _mm512_dpbf16_ps(*sum, (__m512bh)_mm512_set1_epi32((int)last), (__m512bh)centres);
        }
    }
}

TILE_DEFINE(bf16, avx512bf16, float, f32, 2, product_bf16, TILE_NO_BIAS)

void wn_tile_fill_avx512bf16(wn_tile_kernels *kernels)
{
    kernels->dot_bf16 = dot_bf16_avx512bf16;
    kernels->l2sq_bf16 = l2sq_bf16_avx512bf16;
    kernels->nearest_bf16 = nearest_bf16_avx512bf16;
}
