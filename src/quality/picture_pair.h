/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture has up to two hashes: of the whole, and of what its frame surrounds. Two pictures are as near as the
 * nearest two of them.
 */
#ifndef WINNOW_QUALITY_PICTURE_PAIR_H
#define WINNOW_QUALITY_PICTURE_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow/duplicates.h"

enum { WN_PICTURE_HASHES = 2 };

/* The hashes of one picture, of WN_PICTURE_WORDS each; NULL or four zeros = it has none of that kind. */
typedef struct wn_picture_hashes {
    const uint64_t *of[WN_PICTURE_HASHES];
} wn_picture_hashes;

/* Whether a hash says anything; NULL says nothing. */
bool wn_picture_hash_tells(const uint64_t *hash);

/* Least number of bits in which a hash of `b` differs from a turn of a hash of `a`; WN_PICTURE_BITS + 1 where one of
 * them has none. */
unsigned wn_picture_pair_bits(wn_picture_hashes a, wn_picture_hashes b);

#endif
