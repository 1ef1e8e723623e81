/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the hamming kernels. VPOPCNTDQ came between the levels: a processor with VNNI may lack it, so it is asked
 * for by name.
 */
#ifndef NUM_X86_HAMMING_INIT_H
#define NUM_X86_HAMMING_INIT_H

#include "num/hamming.h"

void wn_hamming_fill_avx2(wn_hamming_kernels *kernels);
void wn_hamming_fill_vpopcntdq(wn_hamming_kernels *kernels);

static inline void hamming_init_x86(wn_hamming_kernels *kernels, wn_cpu level)
{
    if (level < WN_CPU_AVX2) return;
    wn_hamming_fill_avx2(kernels);
    if (level < WN_CPU_AVX512VNNI || !__builtin_cpu_supports("avx512vpopcntdq")) return;
    wn_hamming_fill_vpopcntdq(kernels);
}

#endif
