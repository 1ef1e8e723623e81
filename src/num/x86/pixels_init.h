/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the pixels kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_PIXELS_INIT_H
#define NUM_X86_PIXELS_INIT_H

#include "num/pixels.h"

void wn_pixels_fill_avx2(wn_pixels_kernels *kernels);

static inline void pixels_init_x86(wn_pixels_kernels *kernels, wn_cpu level)
{
    if (level < WN_CPU_AVX2) return;
    wn_pixels_fill_avx2(kernels);
}

#endif
