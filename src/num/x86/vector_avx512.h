/* SPDX-License-Identifier: Apache-2.0
 *
 * The vector operations that the shared texts are written in, for AVX-512. Everything is static and inlined; a masked
 * load does not touch what its mask leaves out.
 */
#ifndef NUM_X86_VECTOR_AVX512_H
#define NUM_X86_VECTOR_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROWS_INLINE static inline __attribute__((always_inline))

#define LANES        16
#define VECTOR       __m512
#define VECTOR_ZERO  _mm512_setzero_ps
#define VECTOR_ADD   _mm512_add_ps
#define VECTOR_SUB   _mm512_sub_ps
#define VECTOR_FMADD _mm512_fmadd_ps
#define VECTOR_SUM   _mm512_reduce_add_ps
#define INTEGER      __m512i
#define INTEGER_ZERO _mm512_setzero_si512
#define INTEGER_ADD  _mm512_add_epi32
#define INTEGER_SUB  _mm512_sub_epi16
#define INTEGER_MADD _mm512_madd_epi16
#define INTEGER_SUM  _mm512_reduce_add_epi32

ROWS_INLINE __mmask16 lanes_below(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}

ROWS_INLINE __m512 widen_bf16(__m256i bits)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

ROWS_INLINE __m512 load_f32(const float *src)
{
    return _mm512_loadu_ps(src);
}

ROWS_INLINE __m512 load_f32_tail(const float *src, size_t n)
{
    return _mm512_maskz_loadu_ps(lanes_below(n), src);
}

ROWS_INLINE __m512 load_bf16(const uint16_t *src)
{
    return widen_bf16(_mm256_loadu_si256((const __m256i *)(const void *)src));
}

ROWS_INLINE __m512 load_bf16_tail(const uint16_t *src, size_t n)
{
    return widen_bf16(_mm256_maskz_loadu_epi16(lanes_below(n), src));
}

ROWS_INLINE __m512i load_s8(const int8_t *src)
{
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)src));
}

ROWS_INLINE __m512i load_s8_tail(const int8_t *src, size_t n)
{
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8((__mmask32)((1ull << n) - 1), src));
}

ROWS_INLINE __m512i load_u8(const uint8_t *src)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)src));
}

ROWS_INLINE __m512i load_u8_tail(const uint8_t *src, size_t n)
{
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8((__mmask32)((1ull << n) - 1), src));
}

#endif
