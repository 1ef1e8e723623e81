/* SPDX-License-Identifier: Apache-2.0
 *
 * Four POPCNT a hash: one instruction each, which counting in vector registers by tables does not beat.
 */
#include <immintrin.h>

#include "num/x86/hamming_init.h"

static void bits_256(const uint64_t *query, const uint64_t *hashes, size_t n, uint16_t *out)
{
    const uint64_t a = query[0], b = query[1], c = query[2], d = query[3];
    for (size_t i = 0; i < n; i++, hashes += 4) {
        long long bits = _mm_popcnt_u64(a ^ hashes[0]) + _mm_popcnt_u64(b ^ hashes[1]);
        bits += _mm_popcnt_u64(c ^ hashes[2]) + _mm_popcnt_u64(d ^ hashes[3]);
        out[i] = (uint16_t)bits;
    }
}

void wn_hamming_fill_avx2(wn_hamming_kernels *kernels)
{
    kernels->bits_256 = bits_256;
}
