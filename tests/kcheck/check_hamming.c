/* SPDX-License-Identifier: Apache-2.0
 *
 * Bits that differ: exact integers, of random words and of words that are all 0 or all 1.
 */
#include "kcheck.h"

static uint64_t *fill_words(kcheck *check, unsigned slot, size_t words)
{
    uint64_t *out = kcheck_place(check, slot, words, sizeof(*out));
    for (size_t i = 0; i < words; i++) {
        uint64_t random = wn_rng_u64(&check->rng);
        out[i] = check->data == KCHECK_ZEROS ? 0 : check->data == KCHECK_DENORMALS ? 0 - random % 2 : random;
    }
    return out;
}

static void entry_bits_256(kcheck *check)
{
    size_t n = check->dim;
    const uint64_t *query = fill_words(check, 0, 4), *hashes = fill_words(check, 1, 4 * n);
    uint16_t *found = kcheck_place(check, 2, n, sizeof(*found)), expected[1000];
    check->now->hamming.bits_256(query, hashes, n, found);
    check->reference->hamming.bits_256(query, hashes, n, expected);
    kcheck_exact_bytes(check, found, expected, n * sizeof(*found), "bits");
}

const kcheck_case kcheck_hamming_cases[] = {KCHECK_CASE(hamming, bits_256, "exact", entry_bits_256), {0}};
