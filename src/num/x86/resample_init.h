/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the resample kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_RESAMPLE_INIT_H
#define NUM_X86_RESAMPLE_INIT_H

#include "num/resample.h"

void wn_resample_fill_avx2(wn_resample_kernels *kernels);

static inline void resample_init_x86(wn_resample_kernels *kernels, wn_cpu level)
{
    if (level < WN_CPU_AVX2) return;
    wn_resample_fill_avx2(kernels);
}

#endif
