/* SPDX-License-Identifier: Apache-2.0
 *
 * How many bits of hashes of 256 bits differ.
 *
 *     wn_hamming_kernels kernels;
 *     wn_hamming_kernels_init(&kernels, wn_cpu_level());
 *     kernels.bits_256(query, hashes, n, out);
 */
#ifndef NUM_HAMMING_H
#define NUM_HAMMING_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* out[i] = bits in which the 4 words of `query` and those at hashes + 4 i differ, for i < n. */
typedef void wn_hamming_bits_256(const uint64_t *query, const uint64_t *hashes, size_t n, uint16_t *out);

/* field, signature */
#define WN_HAMMING_MAP(X) X(bits_256, wn_hamming_bits_256)

typedef struct wn_hamming_kernels {
#define X(field, signature) signature *field;
    WN_HAMMING_MAP(X)
#undef X
} wn_hamming_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_hamming_kernels_init(wn_hamming_kernels *kernels, wn_cpu level);

/* Bits set in a word; the portable form, as common code may not use POPCNT. */
static inline unsigned wn_count_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(x * 0x0101010101010101u >> 56);
}

#endif
