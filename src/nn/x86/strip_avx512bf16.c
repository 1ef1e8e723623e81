/* SPDX-License-Identifier: Apache-2.0
 *
 * Strip kernels for bf16 elements, AVX-512 with BF16: computed in fp32, rounded by the processor (to nearest even).
 */
#include <immintrin.h>

#include "nn/x86/strip_init.h"

static inline __m512 load_half(const void *base, size_t i)
{
    __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)((const uint16_t *)base + i));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

static inline void store_half(void *base, size_t i, __m512 value)
{
    union {
        __m256bh half;
        __m256i bits;
    } both = {.half = _mm512_cvtneps_pbh(value)};
    _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)base + i), both.bits);
}

#define VEC_LOAD(base, i)         load_half(base, i)
#define VEC_STORE(base, i, value) store_half(base, i, value)
#include "nn/x86/strip_vec512.h"

#include "nn/x86/strip_body.h"

void wn_strip_fill_bf16_avx512bf16(wn_strip_kernels *out)
{
    *out = (wn_strip_kernels)STRIP_TABLE(sizeof(uint16_t), "avx512bf16", out->load_pixels);
}
