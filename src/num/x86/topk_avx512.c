/* SPDX-License-Identifier: Apache-2.0
 *
 * The threshold filter at AVX-512: 16 comparisons at a time, positions packed by vpcompressd in a register (its form
 * with a memory destination is slow on some processors) and stored under a mask.
 */
#include <immintrin.h>

#include "num/x86/topk_init.h"

static inline __mmask16 lanes_left(size_t n)
{
    return (__mmask16)(n < 16 ? (1u << n) - 1u : 0xffffu);
}

/* Adds base + the number of each set bit of `hits`. */
static inline size_t add_hits(uint32_t *out, size_t count, size_t base, __mmask16 hits)
{
    const __m512i steps = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    if (!hits) return count;
    size_t found = (size_t)__builtin_popcount(hits);
    __m512i positions = _mm512_add_epi32(steps, _mm512_set1_epi32((int)base));
    _mm512_mask_storeu_epi32(out + count, lanes_left(found), _mm512_maskz_compress_epi32(hits, positions));
    return count + found;
}

static size_t filter_f32(const float *distances, size_t n, float threshold, uint32_t *out)
{
    const __m512 limit = _mm512_set1_ps(threshold);
    size_t count = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_left(n - i);
        __m512 values = _mm512_maskz_loadu_ps(lanes, distances + i);
        count = add_hits(out, count, i, _mm512_mask_cmp_ps_mask(lanes, values, limit, _CMP_LE_OQ));
    }
    return count;
}

static size_t filter_s32(const int32_t *distances, size_t n, int32_t threshold, uint32_t *out)
{
    const __m512i limit = _mm512_set1_epi32(threshold);
    size_t count = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 lanes = lanes_left(n - i);
        __m512i values = _mm512_maskz_loadu_epi32(lanes, distances + i);
        count = add_hits(out, count, i, _mm512_mask_cmple_epi32_mask(lanes, values, limit));
    }
    return count;
}

void wn_topk_fill_avx512(wn_topk_kernels *kernels)
{
    kernels->filter_f32 = filter_f32;
    kernels->filter_s32 = filter_s32;
}
