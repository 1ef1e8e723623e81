/* SPDX-License-Identifier: Apache-2.0
 *
 * 16 floats in an AVX-512 register: what the kernels of strips and of Winograd's algorithm are written in.
 */
#ifndef NN_X86_VEC512_H
#define NN_X86_VEC512_H

#include <immintrin.h>
#include <stdint.h>

typedef __m512 vec;

static inline vec vec_get(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void vec_put(float *to, vec value)
{
    _mm512_storeu_ps(to, value);
}

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec vec_set(float value)
{
    return _mm512_set1_ps(value);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_subtract(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec vec_multiply(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

/* a * b + c, rounded once. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static inline vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

/* yes where a > b, else no. */
static inline vec vec_greater(vec a, vec b, vec yes, vec no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), no, yes);
}

/* value where a == b, else 0. */
static inline vec vec_equal(vec a, vec b, vec value)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), value);
}

/* 16 small whole numbers as bytes. */
static inline void vec_put_bytes(uint8_t *to, vec value)
{
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(value)));
}

static inline vec vec_get_bytes(const uint8_t *from)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from)));
}

#endif
