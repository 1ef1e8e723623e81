/* SPDX-License-Identifier: Apache-2.0
 *
 * 16 bf16 numbers to and from an AVX-512 register of floats; rounded by the processor, to nearest even.
 */
#ifndef NN_X86_HALF512_H
#define NN_X86_HALF512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

static inline __m512 load_half(const void *base, size_t i)
{
    __m256i half = _mm256_loadu_si256((const __m256i *)(const void *)((const uint16_t *)base + i));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

static inline __m256i round_half(__m512 value)
{
    union {
        __m256bh half;
        __m256i bits;
    } both = {.half = _mm512_cvtneps_pbh(value)};
    return both.bits;
}

static inline void store_half(void *base, size_t i, __m512 value)
{
    _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)base + i), round_half(value));
}

#endif
