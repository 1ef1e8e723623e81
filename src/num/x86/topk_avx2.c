/* SPDX-License-Identifier: Apache-2.0
 *
 * The threshold filter at AVX2: 8 comparisons at a time; most groups pass nothing and cost no more than that.
 */
#include <immintrin.h>

#include "num/x86/topk_init.h"

/* Adds the positions of the set bits of `hits`, counted from `base`. */
static inline size_t add_hits(uint32_t *out, size_t count, uint32_t base, uint32_t hits)
{
    for (; hits; hits &= hits - 1) out[count++] = base + (uint32_t)__builtin_ctz(hits);
    return count;
}

static size_t filter_f32(const float *distances, size_t n, float threshold, uint32_t *out)
{
    const __m256 limit = _mm256_set1_ps(threshold);
    size_t count = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256 hits = _mm256_cmp_ps(_mm256_loadu_ps(distances + i), limit, _CMP_LE_OQ);
        count = add_hits(out, count, (uint32_t)i, (uint32_t)_mm256_movemask_ps(hits));
    }
    for (; i < n; i++) {
        if (distances[i] <= threshold) out[count++] = (uint32_t)i;
    }
    return count;
}

static size_t filter_s32(const int32_t *distances, size_t n, int32_t threshold, uint32_t *out)
{
    const __m256i limit = _mm256_set1_epi32(threshold);
    size_t count = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i values = _mm256_loadu_si256((const __m256i *)(const void *)(distances + i));
        __m256 above = _mm256_castsi256_ps(_mm256_cmpgt_epi32(values, limit));
        count = add_hits(out, count, (uint32_t)i, ~(uint32_t)_mm256_movemask_ps(above) & 0xffu);
    }
    for (; i < n; i++) {
        if (distances[i] <= threshold) out[count++] = (uint32_t)i;
    }
    return count;
}

void wn_topk_fill_avx2(wn_topk_kernels *kernels)
{
    kernels->filter_f32 = filter_f32;
    kernels->filter_s32 = filter_s32;
}
