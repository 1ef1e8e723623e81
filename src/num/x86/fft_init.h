/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the transform: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_FFT_INIT_H
#define NUM_X86_FFT_INIT_H

#include "num/fft.h"

void wn_fft_fill_avx2(wn_fft_kernels *kernels);
void wn_fft_fill_avx512(wn_fft_kernels *kernels);

static inline void fft_init_x86(wn_fft_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level < WN_CPU_AVX2) return;
    wn_fft_fill_avx2(kernels);
    if (level < WN_CPU_AVX512) return;
    wn_fft_fill_avx512(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
