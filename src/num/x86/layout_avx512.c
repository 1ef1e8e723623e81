/* SPDX-License-Identifier: Apache-2.0
 *
 * Forces of a map at AVX-512: the shared loops over this level's vectors.
 */
#include "num/x86/layout_init.h"
#include "num/x86/vector_avx512.h"

#define VECTOR_SET          _mm512_set1_ps
#define VECTOR_MUL          _mm512_mul_ps
#define VECTOR_DIV          _mm512_div_ps
#define VECTOR_MIN          _mm512_min_ps
#define VECTOR_MAX          _mm512_max_ps
#define VECTOR_ROUND(x)     _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define VECTOR_TO_INTEGER   _mm512_cvtps_epi32
#define INTEGER_TO_VECTOR   _mm512_cvtepi32_ps
#define CAST_TO_INTEGER     _mm512_castps_si512
#define CAST_TO_VECTOR      _mm512_castsi512_ps
#define INTEGER_SET         _mm512_set1_epi32
#define INTEGER_SUB32       _mm512_sub_epi32
#define INTEGER_AND         _mm512_and_si512
#define INTEGER_SHIFT_LEFT  _mm512_slli_epi32
#define INTEGER_SHIFT_RIGHT _mm512_srai_epi32

/* Two points of two floats. */
ROWS_INLINE __m128 load_two(const float *points, size_t one, size_t other)
{
    __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)(points + one * 2));
    __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)(points + other * 2));
    return _mm_castsi128_ps(_mm_unpacklo_epi64(low, high));
}

ROWS_INLINE __m512 join(__m128 a, __m128 b, __m128 c, __m128 d)
{
    __m256 low = _mm256_set_m128(b, a), high = _mm256_set_m128(d, c);
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

/* Sixteen points by indices of two or four bytes, turned into one vector for each coordinate. */
#define DEFINE_LOADS(suffix, index)                                                                                    \
    ROWS_INLINE void load_pairs_##suffix(const float *points, const index *partners, __m512 *x, __m512 *y)             \
    {                                                                                                                  \
        __m128 two[8];                                                                                                 \
        for (int i = 0; i < 8; i++) two[i] = load_two(points, partners[2 * i], partners[2 * i + 1]);                   \
        __m512 even = join(two[0], two[2], two[4], two[6]), odd = join(two[1], two[3], two[5], two[7]);                \
        *x = _mm512_shuffle_ps(even, odd, 0x88);                                                                       \
        *y = _mm512_shuffle_ps(even, odd, 0xdd);                                                                       \
    }                                                                                                                  \
    ROWS_INLINE void load_fours_##suffix(const float *points, const index *partners, __m512 *xyz)                      \
    {                                                                                                                  \
        __m512 row[4];                                                                                                 \
        for (int i = 0; i < 4; i++)                                                                                    \
            row[i] = join(_mm_loadu_ps(points + (size_t)partners[i] * 4),                                              \
                          _mm_loadu_ps(points + (size_t)partners[4 + i] * 4),                                          \
                          _mm_loadu_ps(points + (size_t)partners[8 + i] * 4),                                          \
                          _mm_loadu_ps(points + (size_t)partners[12 + i] * 4));                                        \
        __m512 a = _mm512_unpacklo_ps(row[0], row[1]), b = _mm512_unpacklo_ps(row[2], row[3]);                         \
        __m512 c = _mm512_unpackhi_ps(row[0], row[1]), d = _mm512_unpackhi_ps(row[2], row[3]);                         \
        xyz[0] = _mm512_shuffle_ps(a, b, 0x44);                                                                        \
        xyz[1] = _mm512_shuffle_ps(a, b, 0xee);                                                                        \
        xyz[2] = _mm512_shuffle_ps(c, d, 0x44);                                                                        \
    }
DEFINE_LOADS(u16, uint16_t)
DEFINE_LOADS(u32, uint32_t)

/* The lanes below n. */
ROWS_INLINE __m512 keep_first(__m512 v, size_t n)
{
    return _mm512_maskz_mov_ps(lanes_below(n), v);
}

#include "num/x86/layout_loops.h"

void wn_layout_fill_avx512(wn_layout_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_LAYOUT_MAP(X)
#undef X
}
