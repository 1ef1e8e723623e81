/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the layout kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_LAYOUT_INIT_H
#define NUM_X86_LAYOUT_INIT_H

#include "num/layout.h"

void wn_layout_fill_avx2(wn_layout_kernels *kernels);
void wn_layout_fill_avx512(wn_layout_kernels *kernels);

static inline void layout_init_x86(wn_layout_kernels *kernels, wn_cpu level)
{
#if defined(__x86_64__)
    if (level < WN_CPU_AVX2) return;
    wn_layout_fill_avx2(kernels);
    if (level < WN_CPU_AVX512) return;
    wn_layout_fill_avx512(kernels);
#else
    (void)kernels;
    (void)level;
#endif
}

#endif
