/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of Winograd's algorithm of each instruction set.
 */
#ifndef NN_X86_WINOGRAD_INIT_H
#define NN_X86_WINOGRAD_INIT_H

#include "nn/winograd_kernels.h"

void wn_winograd_fill_f32_avx2(wn_winograd_kernels *out);
void wn_winograd_fill_bf16_avx512bf16(wn_winograd_kernels *out);

#endif
