/* SPDX-License-Identifier: Apache-2.0
 *
 * Levels of the tile kernels: each fill function replaces the kernels that its level makes faster.
 */
#ifndef NUM_X86_TILE_INIT_H
#define NUM_X86_TILE_INIT_H

#include "num/tile.h"

static inline void tile_init_x86(wn_tile_kernels *kernels, wn_cpu level)
{
    (void)kernels;
    (void)level;
}

#endif
