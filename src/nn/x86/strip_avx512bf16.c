/* SPDX-License-Identifier: Apache-2.0
 *
 * Strip kernels for bf16 elements, AVX-512 with BF16: computed in fp32, rounded by the processor (to nearest even).
 */
#include <immintrin.h>

#include "nn/x86/half512.h"
#include "nn/x86/strip_init.h"

#define VEC_LOAD(base, i)         load_half(base, i)
#define VEC_STORE(base, i, value) store_half(base, i, value)
#include "nn/x86/strip_vec512.h"

#include "nn/x86/strip_body.h"

void wn_strip_fill_bf16_avx512bf16(wn_strip_kernels *out)
{
    *out = (wn_strip_kernels)STRIP_TABLE(sizeof(uint16_t), "avx512bf16", out->load_pixels);
}
