/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the cover kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_COVER_INIT_H
#define NUM_X86_COVER_INIT_H

#include "num/cover.h"

void wn_cover_fill_avx2(wn_cover_kernels *kernels);
void wn_cover_fill_avx512(wn_cover_kernels *kernels);

static inline void cover_init_x86(wn_cover_kernels *kernels, wn_cpu level)
{
    if (level < WN_CPU_AVX2) return;
    wn_cover_fill_avx2(kernels);
    if (level < WN_CPU_AVX512) return;
    wn_cover_fill_avx512(kernels);
}

#endif
