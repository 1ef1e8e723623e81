/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the pull of bundles: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_BUNDLES_INIT_H
#define NUM_X86_BUNDLES_INIT_H

#include "num/bundles.h"

void wn_bundles_fill_avx2(wn_bundles_kernels *kernels);

static inline void bundles_init_x86(wn_bundles_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level >= WN_CPU_AVX2) wn_bundles_fill_avx2(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
