/* SPDX-License-Identifier: Apache-2.0
 *
 * The strip kernels of each instruction set. A fill function keeps what it does not replace.
 */
#ifndef NN_X86_STRIP_INIT_H
#define NN_X86_STRIP_INIT_H

#include "nn/strip.h"

void wn_strip_fill_f32_avx2(wn_strip_kernels *out);
void wn_strip_fill_f32_avx512(wn_strip_kernels *out);
void wn_strip_fill_bf16_avx512bf16(wn_strip_kernels *out);

#endif
