/* SPDX-License-Identifier: Apache-2.0
 *
 * Strip kernels for fp32 elements, AVX-512: one register holds the 16 channels.
 */
#include <immintrin.h>

#include "nn/x86/strip_init.h"

#define VEC_LOAD(base, i)         _mm512_loadu_ps((const float *)(base) + (i))
#define VEC_STORE(base, i, value) _mm512_storeu_ps((float *)(base) + (i), value)
#include "nn/x86/strip_vec512.h"

#include "nn/x86/strip_body.h"

void wn_strip_fill_f32_avx512(wn_strip_kernels *out)
{
    *out = (wn_strip_kernels)STRIP_TABLE(sizeof(float), "avx512", out->load_pixels);
}
