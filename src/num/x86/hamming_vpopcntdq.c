/* SPDX-License-Identifier: Apache-2.0
 *
 * Two hashes a register: VPOPCNTQ counts its eight words at once, and three steps of unpacking and adding turn the
 * counts of eight hashes into eight sums.
 */
#include <immintrin.h>

#include "num/x86/hamming_init.h"

/* Counts of hashes 2 i and 2 i + 1: four words each. */
static __m512i count(const uint64_t *hashes, size_t i, __m512i query)
{
    return _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(hashes + 8 * i), query));
}

/* Adds neighbouring words of two registers: a0+a1 b0+b1 a2+a3 b2+b3 ... */
static __m512i add_pairs(__m512i a, __m512i b)
{
    return _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

static void bits_256(const uint64_t *query, const uint64_t *hashes, size_t n, uint16_t *out)
{
    const __m512i wide = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(const void *)query));
    /* sums lie as h0 h2 | h0 h2 | h1 h3 | h1 h3: the halves of each hash in two lanes of 128 bits */
    const __m512i low = _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0), high = _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2);
    const __m512i order = _mm512_set_epi64(7, 5, 6, 4, 3, 1, 2, 0);
    size_t i = 0;
    for (; i + 8 <= n; i += 8, hashes += 32) {
        __m512i a = add_pairs(count(hashes, 0, wide), count(hashes, 1, wide));
        __m512i b = add_pairs(count(hashes, 2, wide), count(hashes, 3, wide));
        __m512i sums = _mm512_add_epi64(_mm512_permutex2var_epi64(a, low, b), _mm512_permutex2var_epi64(a, high, b));
        sums = _mm512_permutexvar_epi64(order, sums);
        _mm_storeu_si128((__m128i *)(void *)(out + i), _mm512_cvtepi64_epi16(sums));
    }
    for (; i < n; i++, hashes += 4) {
        long long bits = _mm_popcnt_u64(query[0] ^ hashes[0]) + _mm_popcnt_u64(query[1] ^ hashes[1]);
        bits += _mm_popcnt_u64(query[2] ^ hashes[2]) + _mm_popcnt_u64(query[3] ^ hashes[3]);
        out[i] = (uint16_t)bits;
    }
}

void wn_hamming_fill_vpopcntdq(wn_hamming_kernels *kernels)
{
    kernels->bits_256 = bits_256;
}
