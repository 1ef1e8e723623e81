/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over pixels in AVX2. Lanes of 32 bits hold a whole row of up to 16384 pixels without overflow.
 */
#include "num/x86/pixels_init.h"

#include <immintrin.h>
#include <stdlib.h>

static inline __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* 16 bytes as 16-bit words. */
static inline __m256i load_words(const uint8_t *at)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)at));
}

static inline int64_t sum_lanes(__m256i v)
{
    int32_t lane[8];
    int64_t total = 0;
    _mm256_storeu_si256((__m256i *)(void *)lane, v);
    for (size_t i = 0; i < 8; i++) total += lane[i];
    return total;
}

static void luma_avx2(const uint8_t *rgbx, size_t n, uint8_t *out)
{
    const __m256i weights = _mm256_set1_epi32(15 << 16 | 75 << 8 | 38), ones = _mm256_set1_epi16(1);
    const __m256i half = _mm256_set1_epi32(64);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i sum = _mm256_madd_epi16(_mm256_maddubs_epi16(load(rgbx + 4 * i), weights), ones);
        sum = _mm256_srli_epi32(_mm256_add_epi32(sum, half), 7);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        _mm_storel_epi64((__m128i *)(void *)(out + i), _mm_packus_epi16(words, words));
    }
    for (; i < n; i++) {
        out[i] = (uint8_t)((38 * rgbx[4 * i] + 75 * rgbx[4 * i + 1] + 15 * rgbx[4 * i + 2] + 64) >> 7);
    }
}

/* Channels of four pixels side by side: RRRR GGGG BBBB XXXX in each half. */
static void moments_avx2(const uint8_t *rgbx, size_t n, uint64_t sum[4], uint64_t squares[4])
{
    const __m256i by_channel = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5,
                                                9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m256i zero = _mm256_setzero_si256(), ones8 = _mm256_set1_epi8(1), ones16 = _mm256_set1_epi16(1);
    __m256i sums = zero, squares_low = zero, squares_high = zero;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i bytes = _mm256_shuffle_epi8(load(rgbx + 4 * i), by_channel);
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, ones8), ones16));
        __m256i low = _mm256_unpacklo_epi8(bytes, zero), high = _mm256_unpackhi_epi8(bytes, zero);
        squares_low = _mm256_add_epi32(squares_low, _mm256_madd_epi16(low, low));
        squares_high = _mm256_add_epi32(squares_high, _mm256_madd_epi16(high, high));
    }
    uint32_t s[8], low[8], high[8];
    _mm256_storeu_si256((__m256i *)(void *)s, sums);
    _mm256_storeu_si256((__m256i *)(void *)low, squares_low);
    _mm256_storeu_si256((__m256i *)(void *)high, squares_high);
    for (size_t c = 0; c < 4; c++) {
        const uint32_t *from = c < 2 ? low + 2 * c : high + 2 * (c - 2);
        sum[c] += (uint64_t)s[c] + s[c + 4];
        squares[c] += (uint64_t)from[0] + from[1] + from[4] + from[5];
    }
    for (; i < n; i++) {
        for (size_t c = 0; c < 4; c++) {
            sum[c] += rgbx[4 * i + c];
            squares[c] += (uint64_t)rgbx[4 * i + c] * rgbx[4 * i + c];
        }
    }
}

static unsigned spread_avx2(const uint8_t *rgbx, size_t n)
{
    __m256i low = _mm256_set1_epi8(-1), high = _mm256_setzero_si256();
    uint8_t lows[32], highs[32];
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i bytes = load(rgbx + 4 * i);
        low = _mm256_min_epu8(low, bytes);
        high = _mm256_max_epu8(high, bytes);
    }
    _mm256_storeu_si256((__m256i *)(void *)lows, low);
    _mm256_storeu_si256((__m256i *)(void *)highs, high);
    unsigned widest = 0;
    for (size_t c = 0; c < 3 && n > 0; c++) {
        unsigned least = 255, most = 0;
        for (size_t k = c; k < 32; k += 4) {
            if (lows[k] < least) least = lows[k];
            if (highs[k] > most) most = highs[k];
        }
        for (size_t k = i; k < n; k++) {
            if (rgbx[4 * k + c] < least) least = rgbx[4 * k + c];
            if (rgbx[4 * k + c] > most) most = rgbx[4 * k + c];
        }
        if (most - least > widest) widest = most - least;
    }
    return widest;
}

static void laplacian_avx2(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n, int64_t *sum,
                           int64_t *squares)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256(), square_sums = _mm256_setzero_si256();
    size_t i = 1;
    for (; i + 17 <= n; i += 16) {
        __m256i around = _mm256_add_epi16(_mm256_add_epi16(load_words(above + i), load_words(below + i)),
                                          _mm256_add_epi16(load_words(row + i - 1), load_words(row + i + 1)));
        __m256i value = _mm256_sub_epi16(around, _mm256_slli_epi16(load_words(row + i), 2));
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(value, ones));
        square_sums = _mm256_add_epi32(square_sums, _mm256_madd_epi16(value, value));
    }
    *sum += sum_lanes(sums);
    *squares += sum_lanes(square_sums);
    for (; i + 1 < n; i++) {
        int value = above[i] + below[i] + row[i - 1] + row[i + 1] - 4 * row[i];
        *sum += value;
        *squares += value * value;
    }
}

/* above - 2 row + below. */
static inline __m256i curve(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t i)
{
    __m256i outer = _mm256_add_epi16(load_words(above + i), load_words(below + i));
    return _mm256_sub_epi16(outer, _mm256_slli_epi16(load_words(row + i), 1));
}

static uint64_t roughness_avx2(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256();
    size_t i = 1;
    for (; i + 17 <= n; i += 16) {
        __m256i sides = _mm256_add_epi16(curve(above, row, below, i - 1), curve(above, row, below, i + 1));
        __m256i value = _mm256_sub_epi16(sides, _mm256_slli_epi16(curve(above, row, below, i), 1));
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_abs_epi16(value), ones));
    }
    uint64_t total = (uint64_t)sum_lanes(sums);
    for (; i + 1 < n; i++) {
        int value = above[i - 1] - 2 * above[i] + above[i + 1] - 2 * row[i - 1] + 4 * row[i] - 2 * row[i + 1] +
                    below[i - 1] - 2 * below[i] + below[i + 1];
        total += (uint64_t)abs(value);
    }
    return total;
}

void wn_pixels_fill_avx2(wn_pixels_kernels *kernels)
{
    kernels->luma = luma_avx2;
    kernels->moments = moments_avx2;
    kernels->spread = spread_avx2;
    kernels->laplacian = laplacian_avx2;
    kernels->roughness = roughness_avx2;
}
