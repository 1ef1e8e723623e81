/* SPDX-License-Identifier: Apache-2.0
 *
 * The pull of bundles at AVX2: eight partners are one vector for each coordinate, fetched by plain loads.
 */
#include "num/x86/bundles_init.h"
#include "num/x86/vector_avx2.h"

ROWS_INLINE __m128 load_two(const float *from, uint16_t first, uint16_t second)
{
    __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)(from + (size_t)first * 2));
    __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)(from + (size_t)second * 2));
    return _mm_castsi128_ps(_mm_unpacklo_epi64(low, high));
}

static void student(const float *points, const float *at, const wn_bundle *bundles, size_t n, float unit, float *force)
{
    __m256 x = _mm256_broadcast_ss(at), y = _mm256_broadcast_ss(at + 1), one = _mm256_set1_ps(1);
    __m256 sum_x = VECTOR_ZERO(), sum_y = VECTOR_ZERO();
    for (size_t b = 0; b < n; b++) {
        const uint16_t *to = bundles[b].offsets;
        const float *from = points + (size_t)bundles[b].base * 2;
        __m256 even = _mm256_set_m128(load_two(from, to[4], to[5]), load_two(from, to[0], to[1]));
        __m256 odd = _mm256_set_m128(load_two(from, to[6], to[7]), load_two(from, to[2], to[3]));
        __m256 dx = _mm256_sub_ps(_mm256_shuffle_ps(even, odd, 0x88), x);
        __m256 dy = _mm256_sub_ps(_mm256_shuffle_ps(even, odd, 0xdd), y);
        __m128i words = _mm_loadu_si128((const __m128i *)(const void *)bundles[b].weights);
        __m256 weight = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(words));
        __m256 below = _mm256_add_ps(one, _mm256_fmadd_ps(dx, dx, _mm256_mul_ps(dy, dy)));
        __m256 factor = _mm256_div_ps(weight, below);
        sum_x = _mm256_fmadd_ps(factor, dx, sum_x), sum_y = _mm256_fmadd_ps(factor, dy, sum_y);
    }
    force[0] += unit * VECTOR_SUM(sum_x), force[1] += unit * VECTOR_SUM(sum_y);
}

void wn_bundles_fill_avx2(wn_bundles_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_BUNDLES_MAP(X)
#undef X
}
