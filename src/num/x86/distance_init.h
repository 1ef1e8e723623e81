/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the distance kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_DISTANCE_INIT_H
#define NUM_X86_DISTANCE_INIT_H

#include "num/distance.h"

static inline void distance_init_x86(wn_distance_kernels *kernels, wn_cpu level)
{
    (void)kernels;
    (void)level;
}

#endif
