/* SPDX-License-Identifier: Apache-2.0
 *
 * Bits that differ: the C reference, which is the definition of correct, and the choice of level.
 */
#include "num/hamming.h"

#if defined(__x86_64__)
#include "num/x86/hamming_init.h"
#endif

static void bits_256_c(const uint64_t *query, const uint64_t *hashes, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned bits = 0;
        for (size_t w = 0; w < 4; w++) bits += wn_count_bits(query[w] ^ hashes[4 * i + w]);
        out[i] = (uint16_t)bits;
    }
}

void wn_hamming_kernels_init(wn_hamming_kernels *kernels, wn_cpu level)
{
    *kernels = (wn_hamming_kernels){.bits_256 = bits_256_c};
#if defined(__x86_64__)
    hamming_init_x86(kernels, level);
#else
    (void)level;
#endif
}
