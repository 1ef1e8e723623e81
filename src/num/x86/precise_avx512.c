/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in double at AVX-512: one vector has the 8 lanes of the reference. Products and sums are separate
 * instructions, because a fused one rounds once where the reference rounds twice.
 */
#include <immintrin.h>

#include "num/x86/precise_init.h"

static inline __mmask8 lanes_left(size_t n)
{
    return (__mmask8)(n < 8 ? (1u << n) - 1u : 0xffu);
}

static inline __m512d load(const float *at, __mmask8 lanes)
{
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(lanes, at));
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)) */
static inline double sum_lanes(__m512d lanes)
{
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(lanes), _mm512_extractf64x4_pd(lanes, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static double dot(const float *a, const float *b, size_t dim)
{
    __m512d sum = _mm512_setzero_pd();
    for (size_t k = 0; k < dim; k += 8) {
        __mmask8 lanes = lanes_left(dim - k);
        sum = _mm512_add_pd(sum, _mm512_mul_pd(load(a + k, lanes), load(b + k, lanes)));
    }
    return sum_lanes(sum);
}

static double l2sq(const float *a, double a_scale, const float *b, double b_scale, size_t dim)
{
    __m512d sum = _mm512_setzero_pd(), x_scale = _mm512_set1_pd(a_scale), y_scale = _mm512_set1_pd(b_scale);
    for (size_t k = 0; k < dim; k += 8) {
        __mmask8 lanes = lanes_left(dim - k);
        __m512d x = _mm512_mul_pd(load(a + k, lanes), x_scale), y = _mm512_mul_pd(load(b + k, lanes), y_scale);
        __m512d difference = _mm512_sub_pd(x, y);
        sum = _mm512_add_pd(sum, _mm512_mul_pd(difference, difference));
    }
    return sum_lanes(sum);
}

/* a * b added to the two halves of a lane. */
static inline void add_products(__m512d a, const float *b, __m512d lane[2])
{
    for (int half = 0; half < 2; half++)
        lane[half] = _mm512_add_pd(lane[half], _mm512_mul_pd(a, _mm512_cvtps_pd(_mm256_loadu_ps(b + 8 * half))));
}

/* Here a vector has one lane of 8 rows: 8 lanes of 16 rows fill 16 registers. */
static void dot_tiles(const double *a, const float *tiles, size_t dim, size_t count, double *out)
{
    for (size_t t = 0; t < count; t++, tiles += dim * WN_PRECISE_TILE, out += WN_PRECISE_TILE) {
        __m512d lanes[8][2];
        for (int l = 0; l < 8; l++) lanes[l][0] = lanes[l][1] = _mm512_setzero_pd();
        size_t k = 0;
        for (; k + 8 <= dim; k += 8)
            for (size_t l = 0; l < 8; l++)
                add_products(_mm512_set1_pd(a[k + l]), tiles + (k + l) * WN_PRECISE_TILE, lanes[l]);
        for (size_t l = 0; l < 8; l++)
            if (k + l < dim) add_products(_mm512_set1_pd(a[k + l]), tiles + (k + l) * WN_PRECISE_TILE, lanes[l]);
        for (int half = 0; half < 2; half++) {
            __m512d even = _mm512_add_pd(_mm512_add_pd(lanes[0][half], lanes[4][half]),
                                         _mm512_add_pd(lanes[2][half], lanes[6][half]));
            __m512d odd = _mm512_add_pd(_mm512_add_pd(lanes[1][half], lanes[5][half]),
                                        _mm512_add_pd(lanes[3][half], lanes[7][half]));
            _mm512_storeu_pd(out + 8 * half, _mm512_add_pd(even, odd));
        }
    }
}

void wn_precise_fill_avx512(wn_precise_kernels *kernels)
{
    kernels->l2sq = l2sq;
    kernels->dot = dot;
    kernels->dot_tiles = dot_tiles;
}
