/* SPDX-License-Identifier: Apache-2.0
 *
 * A plain count of the labels of the nearest neighbours of a row.
 */
#ifndef QUALITY_BALLOT_H
#define QUALITY_BALLOT_H

#include <stddef.h>
#include <stdint.h>

enum { WN_VOTERS_MOST = 256 };

typedef struct wn_ballot {
    size_t votes, len;               /* labelled neighbours, and the classes that they name */
    int64_t classes[WN_VOTERS_MOST]; /* in the order in which they were first named */
    uint32_t counts[WN_VOTERS_MOST];
    int64_t winner; /* most votes; of equal ones the class that was named first, by the nearest neighbour; -1 = none */
} wn_ballot;

/* Counts the first `voters` of `k` ids; -1 = none, and neighbours with a negative label have no vote. `voters` is at
 * most WN_VOTERS_MOST. */
void wn_ballot_count(const int64_t *ids, size_t k, size_t voters, const int64_t *labels, wn_ballot *out);

#endif
