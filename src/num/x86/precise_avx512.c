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

void wn_precise_fill_avx512(wn_precise_kernels *kernels)
{
    kernels->l2sq = l2sq;
    kernels->dot = dot;
}
