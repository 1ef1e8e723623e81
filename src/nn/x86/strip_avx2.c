/* SPDX-License-Identifier: Apache-2.0
 *
 * Strip kernels for fp32 elements, AVX2 with FMA: two registers hold the 16 channels.
 */
#include <immintrin.h>

#include "nn/x86/strip_init.h"

typedef struct vec {
    __m256 low, high;
} vec;

static inline vec vec_get(const float *from)
{
    return (vec){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}

static inline void vec_put(float *to, vec value)
{
    _mm256_storeu_ps(to, value.low);
    _mm256_storeu_ps(to + 8, value.high);
}

static inline vec vec_load(const void *base, size_t i)
{
    return vec_get((const float *)base + i);
}

static inline void vec_store(void *base, size_t i, vec value)
{
    vec_put((float *)base + i, value);
}

static inline vec vec_set(float value)
{
    return (vec){_mm256_set1_ps(value), _mm256_set1_ps(value)};
}

static inline vec vec_zero(void)
{
    return vec_set(0);
}

static inline vec vec_add(vec a, vec b)
{
    return (vec){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}

static inline vec vec_subtract(vec a, vec b)
{
    return (vec){_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}

static inline vec vec_multiply(vec a, vec b)
{
    return (vec){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return (vec){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}

static inline vec vec_max(vec a, vec b)
{
    return (vec){_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}

static inline vec vec_min(vec a, vec b)
{
    return (vec){_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}

static inline vec vec_greater(vec a, vec b, vec yes, vec no)
{
    return (vec){_mm256_blendv_ps(no.low, yes.low, _mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ)),
                 _mm256_blendv_ps(no.high, yes.high, _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ))};
}

static inline vec vec_equal(vec a, vec b, vec value)
{
    return (vec){_mm256_and_ps(value.low, _mm256_cmp_ps(a.low, b.low, _CMP_EQ_OQ)),
                 _mm256_and_ps(value.high, _mm256_cmp_ps(a.high, b.high, _CMP_EQ_OQ))};
}

static inline void vec_put_bytes(uint8_t *to, vec value)
{
    /* Packing works within halves of 128 bits; the permutation puts the four pieces of four in order. */
    __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(value.low), _mm256_cvtps_epi32(value.high));
    words = _mm256_permute4x64_epi64(words, _MM_SHUFFLE(3, 1, 2, 0));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
}

static inline vec vec_get_bytes(const uint8_t *from)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    return (vec){_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
                 _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
}

#include "nn/x86/strip_body.h"

void wn_strip_fill_f32_avx2(wn_strip_kernels *out)
{
    *out = (wn_strip_kernels)STRIP_TABLE(sizeof(float), "avx2", out->load_pixels);
}
