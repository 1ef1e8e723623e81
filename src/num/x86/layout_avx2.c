/* SPDX-License-Identifier: Apache-2.0
 *
 * Forces of a map at AVX2: the shared loops over this level's vectors.
 */
#include "num/x86/layout_init.h"
#include "num/x86/vector_avx2.h"

#define VECTOR_SET          _mm256_set1_ps
#define VECTOR_MUL          _mm256_mul_ps
#define VECTOR_DIV          _mm256_div_ps
#define VECTOR_MIN          _mm256_min_ps
#define VECTOR_MAX          _mm256_max_ps
#define VECTOR_ROUND(x)     _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define VECTOR_TO_INTEGER   _mm256_cvtps_epi32
#define INTEGER_TO_VECTOR   _mm256_cvtepi32_ps
#define CAST_TO_INTEGER     _mm256_castps_si256
#define CAST_TO_VECTOR      _mm256_castsi256_ps
#define INTEGER_SET         _mm256_set1_epi32
#define INTEGER_SUB32       _mm256_sub_epi32
#define INTEGER_AND         _mm256_and_si256
#define INTEGER_SHIFT_LEFT  _mm256_slli_epi32
#define INTEGER_SHIFT_RIGHT _mm256_srai_epi32

/* Two points of two floats. */
ROWS_INLINE __m128 load_two(const float *points, size_t one, size_t other)
{
    __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)(points + one * 2));
    __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)(points + other * 2));
    return _mm_castsi128_ps(_mm_unpacklo_epi64(low, high));
}

/* Eight points by indices of two or four bytes, turned into one vector for each coordinate. */
#define DEFINE_LOADS(suffix, index)                                                                                    \
    ROWS_INLINE void load_pairs_##suffix(const float *points, const index *partners, __m256 *x, __m256 *y)             \
    {                                                                                                                  \
        __m128 a = load_two(points, partners[0], partners[1]), b = load_two(points, partners[2], partners[3]);         \
        __m128 c = load_two(points, partners[4], partners[5]), d = load_two(points, partners[6], partners[7]);         \
        __m256 even = _mm256_set_m128(c, a), odd = _mm256_set_m128(d, b);                                              \
        *x = _mm256_shuffle_ps(even, odd, 0x88);                                                                       \
        *y = _mm256_shuffle_ps(even, odd, 0xdd);                                                                       \
    }                                                                                                                  \
    ROWS_INLINE void load_fours_##suffix(const float *points, const index *partners, __m256 *xyz)                      \
    {                                                                                                                  \
        __m256 row[4];                                                                                                 \
        for (int i = 0; i < 4; i++)                                                                                    \
            row[i] = _mm256_set_m128(_mm_loadu_ps(points + (size_t)partners[4 + i] * 4),                               \
                                     _mm_loadu_ps(points + (size_t)partners[i] * 4));                                  \
        __m256 a = _mm256_unpacklo_ps(row[0], row[1]), b = _mm256_unpacklo_ps(row[2], row[3]);                         \
        __m256 c = _mm256_unpackhi_ps(row[0], row[1]), d = _mm256_unpackhi_ps(row[2], row[3]);                         \
        xyz[0] = _mm256_shuffle_ps(a, b, 0x44);                                                                        \
        xyz[1] = _mm256_shuffle_ps(a, b, 0xee);                                                                        \
        xyz[2] = _mm256_shuffle_ps(c, d, 0x44);                                                                        \
    }
DEFINE_LOADS(u16, uint16_t)
DEFINE_LOADS(u32, uint32_t)

/* The lanes below n. */
ROWS_INLINE __m256 keep_first(__m256 v, size_t n)
{
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes)));
}

#include "num/x86/layout_loops.h"

void wn_layout_fill_avx2(wn_layout_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_LAYOUT_MAP(X)
#undef X
}
