/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles of bytes at AVX-512 VNNI: vpdpbusd multiplies 4 unsigned by 4 signed bytes and adds them without saturation.
 */
#include "num/x86/tile_avx512.h"
#include "num/x86/tile_init.h"

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

TILE_DEFINE(u8s8, avx512vnni, int32_t, s32, 4, product_u8s8, TILE_BIAS)

void wn_tile_fill_avx512vnni(wn_tile_kernels *kernels)
{
    kernels->dot_u8s8 = dot_u8s8_avx512vnni;
    kernels->l2sq_u8s8 = l2sq_u8s8_avx512vnni;
    kernels->nearest_u8s8 = nearest_u8s8_avx512vnni;
}
