/* SPDX-License-Identifier: Apache-2.0 */
#include "quality/picture_pair.h"

#include <stddef.h>

bool wn_picture_hash_tells(const uint64_t *hash)
{
    return hash && (hash[0] | hash[1] | hash[2] | hash[3]) != 0;
}

unsigned wn_picture_pair_bits(wn_picture_hashes a, wn_picture_hashes b)
{
    unsigned least = WN_PICTURE_BITS + 1;
    for (unsigned i = 0; i < WN_PICTURE_HASHES * WN_PICTURE_HASHES; i++) {
        const uint64_t *x = a.of[i / WN_PICTURE_HASHES], *y = b.of[i % WN_PICTURE_HASHES];
        if (!wn_picture_hash_tells(x) || !wn_picture_hash_tells(y)) continue;
        unsigned bits = wn_picture_hash_bits(x, y, NULL);
        least = bits < least ? bits : least;
    }
    return least;
}
