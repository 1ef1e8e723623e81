/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the tile kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_TILE_INIT_H
#define NUM_X86_TILE_INIT_H

#include "num/tile.h"

void wn_tile_fill_avx2(wn_tile_kernels *kernels);
void wn_tile_fill_avx512(wn_tile_kernels *kernels);
void wn_tile_fill_avx512vnni(wn_tile_kernels *kernels);
void wn_tile_fill_avx512bf16(wn_tile_kernels *kernels);

static inline void tile_init_x86(wn_tile_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level < WN_CPU_AVX2) return;
    wn_tile_fill_avx2(kernels);
    if (level < WN_CPU_AVX512) return;
    wn_tile_fill_avx512(kernels);
    if (level < WN_CPU_AVX512VNNI) return;
    wn_tile_fill_avx512vnni(kernels);
    if (level < WN_CPU_AVX512BF16) return;
    wn_tile_fill_avx512bf16(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
