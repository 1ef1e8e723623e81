/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling in AVX2: two taps at once by the pairwise multiply-add of 16-bit words.
 */
#include "num/x86/resample_init.h"

#include <immintrin.h>

#define SHIFT 14
#define HALF  (WN_RESAMPLE_ONE / 2)

/* Two weights in every 32-bit lane. */
static inline __m256i pair(int16_t low, int16_t high)
{
    return _mm256_set1_epi32((int)((uint32_t)(uint16_t)high << 16 | (uint16_t)low));
}

static inline __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* 32 bytes of output. Unpacking is within 128-bit halves, and so is packing: the order comes back. */
static inline __m256i blend_32(const uint8_t *const *rows, const int16_t *weights, size_t taps, size_t i)
{
    __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi32(HALF);
    __m256i sum0 = half, sum1 = half, sum2 = half, sum3 = half;
    for (size_t t = 0; t < taps; t += 2) {
        int two = t + 1 < taps;
        __m256i weight = pair(weights[t], two ? weights[t + 1] : 0);
        __m256i a = load(rows[t] + i), b = two ? load(rows[t + 1] + i) : zero;
        __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(_mm256_unpacklo_epi8(low, zero), weight));
        sum1 = _mm256_add_epi32(sum1, _mm256_madd_epi16(_mm256_unpackhi_epi8(low, zero), weight));
        sum2 = _mm256_add_epi32(sum2, _mm256_madd_epi16(_mm256_unpacklo_epi8(high, zero), weight));
        sum3 = _mm256_add_epi32(sum3, _mm256_madd_epi16(_mm256_unpackhi_epi8(high, zero), weight));
    }
    __m256i low = _mm256_packs_epi32(_mm256_srai_epi32(sum0, SHIFT), _mm256_srai_epi32(sum1, SHIFT));
    __m256i high = _mm256_packs_epi32(_mm256_srai_epi32(sum2, SHIFT), _mm256_srai_epi32(sum3, SHIFT));
    return _mm256_packus_epi16(low, high);
}

static void blend_rows_avx2(const uint8_t *const *rows, const int16_t *weights, size_t taps, size_t len, uint8_t *out)
{
    size_t i = 0;
    for (; i + 32 <= len; i += 32) {
        _mm256_storeu_si256((__m256i *)(void *)(out + i), blend_32(rows, weights, taps, i));
    }
    for (; i < len; i++) {
        int32_t sum = HALF;
        for (size_t t = 0; t < taps; t++) sum += rows[t][i] * weights[t];
        out[i] = (uint8_t)(sum >> SHIFT);
    }
}

/* Four taps a step: pixels 0 and 1 in the lower half, 2 and 3 in the upper, channels of a pair side by side. */
static void filter_row_avx2(const uint8_t *row, const int32_t *starts, const int16_t *weights, size_t taps,
                            size_t pixels, uint8_t *out)
{
    const __m256i pair_channels = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0, 1, 8, 9, 2,
                                                   3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    for (size_t x = 0; x < pixels; x++, weights += taps, out += 4) {
        const uint8_t *from = row + (size_t)starts[x] * 4;
        __m256i sum = _mm256_setzero_si256();
        for (size_t t = 0; t < taps; t += 4) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + 4 * t));
            __m256i words = _mm256_shuffle_epi8(_mm256_cvtepu8_epi16(bytes), pair_channels);
            __m128i four = _mm_loadl_epi64((const __m128i *)(const void *)(weights + t));
            __m256i weight = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(four), spread);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(words, weight));
        }
        __m128i total = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        total = _mm_srai_epi32(_mm_add_epi32(total, _mm_set1_epi32(HALF)), SHIFT);
        total = _mm_packus_epi16(_mm_packs_epi32(total, total), total);
        _mm_storeu_si32(out, total);
    }
}

void wn_resample_fill_avx2(wn_resample_kernels *kernels)
{
    kernels->blend_rows = blend_rows_avx2;
    kernels->filter_row = filter_row_avx2;
}
