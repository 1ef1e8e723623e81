/* SPDX-License-Identifier: Apache-2.0
 *
 * The vector operations that the shared texts are written in, for AVX2. Everything is static and inlined.
 */
#ifndef NUM_X86_VECTOR_AVX2_H
#define NUM_X86_VECTOR_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROWS_INLINE static inline __attribute__((always_inline))

#define LANES        8
#define VECTOR       __m256
#define VECTOR_ZERO  _mm256_setzero_ps
#define VECTOR_ADD   _mm256_add_ps
#define VECTOR_SUB   _mm256_sub_ps
#define VECTOR_FMADD _mm256_fmadd_ps
#define INTEGER      __m256i
#define INTEGER_ZERO _mm256_setzero_si256
#define INTEGER_ADD  _mm256_add_epi32
#define INTEGER_SUB  _mm256_sub_epi16
#define INTEGER_MADD _mm256_madd_epi16

ROWS_INLINE float VECTOR_SUM(__m256 sum)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

ROWS_INLINE int32_t INTEGER_SUM(__m256i sum)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

ROWS_INLINE __m256 load_f32(const float *src)
{
    return _mm256_loadu_ps(src);
}

ROWS_INLINE __m256 load_bf16(const uint16_t *src)
{
    __m128i bits = _mm_loadu_si128((const __m128i *)(const void *)src);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

ROWS_INLINE __m256i load_s8(const int8_t *src)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)src));
}

ROWS_INLINE __m256i load_u8(const uint8_t *src)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)src));
}

/* n elements, then zeros; copied one by one since nothing beyond may be read. */
#define DEFINE_TAIL(type, element, vector, room)                                                                       \
    ROWS_INLINE vector load_##type##_tail(const element *src, size_t n)                                                \
    {                                                                                                                  \
        element copy[room] = {0};                                                                                      \
        for (size_t i = 0; i < n; i++) copy[i] = src[i];                                                               \
        return load_##type(copy);                                                                                      \
    }
DEFINE_TAIL(f32, float, __m256, LANES)
DEFINE_TAIL(bf16, uint16_t, __m256, LANES)
DEFINE_TAIL(s8, int8_t, __m256i, 2 * LANES)
DEFINE_TAIL(u8, uint8_t, __m256i, 2 * LANES)

#endif
