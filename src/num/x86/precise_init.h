/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the precise kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_PRECISE_INIT_H
#define NUM_X86_PRECISE_INIT_H

#include "num/precise.h"

void wn_precise_fill_avx2(wn_precise_kernels *kernels);
void wn_precise_fill_avx512(wn_precise_kernels *kernels);

static inline void precise_init_x86(wn_precise_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level < WN_CPU_AVX2) return;
    wn_precise_fill_avx2(kernels);
    if (level < WN_CPU_AVX512) return;
    wn_precise_fill_avx512(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
