/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in double at AVX2: two vectors have the 8 lanes of the reference. Products and sums are separate
 * instructions, because a fused one rounds once where the reference rounds twice.
 */
#include <immintrin.h>
#include <string.h>

#include "num/x86/precise_init.h"

/* Lanes 0 .. 3 and 4 .. 7. */
typedef struct eight {
    __m256d low, high;
} eight;

static inline eight load(const float *at)
{
    return (eight){_mm256_cvtps_pd(_mm_loadu_ps(at)), _mm256_cvtps_pd(_mm_loadu_ps(at + 4))};
}

/* Fewer than 8, then zeros. */
static inline eight load_last(const float *at, size_t n)
{
    float last[8] = {0};
    memcpy(last, at, n * sizeof *last);
    return load(last);
}

static inline __m256d add_product(__m256d sum, __m256d a, __m256d b)
{
    return _mm256_add_pd(sum, _mm256_mul_pd(a, b));
}

static inline eight add_square(eight sum, eight a, __m256d a_scale, eight b, __m256d b_scale)
{
    __m256d low = _mm256_sub_pd(_mm256_mul_pd(a.low, a_scale), _mm256_mul_pd(b.low, b_scale));
    __m256d high = _mm256_sub_pd(_mm256_mul_pd(a.high, a_scale), _mm256_mul_pd(b.high, b_scale));
    return (eight){add_product(sum.low, low, low), add_product(sum.high, high, high)};
}

/* ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)) */
static inline double sum_lanes(eight lanes)
{
    __m256d four = _mm256_add_pd(lanes.low, lanes.high);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

static double dot(const float *a, const float *b, size_t dim)
{
    eight sum = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    for (size_t k = 0; k < dim; k += 8) {
        eight x = dim - k < 8 ? load_last(a + k, dim - k) : load(a + k);
        eight y = dim - k < 8 ? load_last(b + k, dim - k) : load(b + k);
        sum = (eight){add_product(sum.low, x.low, y.low), add_product(sum.high, x.high, y.high)};
    }
    return sum_lanes(sum);
}

static double l2sq(const float *a, double a_scale, const float *b, double b_scale, size_t dim)
{
    eight sum = {_mm256_setzero_pd(), _mm256_setzero_pd()};
    __m256d x_scale = _mm256_set1_pd(a_scale), y_scale = _mm256_set1_pd(b_scale);
    size_t k = 0;
    for (; k + 8 <= dim; k += 8) sum = add_square(sum, load(a + k), x_scale, load(b + k), y_scale);
    if (k < dim) sum = add_square(sum, load_last(a + k, dim - k), x_scale, load_last(b + k, dim - k), y_scale);
    return sum_lanes(sum);
}

void wn_precise_fill_avx2(wn_precise_kernels *kernels)
{
    kernels->l2sq = l2sq;
    kernels->dot = dot;
}
