/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the spline kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_SPLINES_INIT_H
#define NUM_X86_SPLINES_INIT_H

#include "num/splines.h"

void wn_splines_fill_avx2(wn_splines_kernels *kernels);

static inline void splines_init_x86(wn_splines_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level >= WN_CPU_AVX2) wn_splines_fill_avx2(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
