/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the convert kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_CONVERT_INIT_H
#define NUM_X86_CONVERT_INIT_H

#include "num/convert.h"

static inline void convert_init_x86(wn_convert_kernels *kernels, wn_cpu level)
{
    (void)kernels;
    (void)level;
}

#endif
