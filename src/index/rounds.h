/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of blocks in rounds. The pairs of one round have no block in common, so that they can run at the same time and
 * write the lists of both their blocks.
 */
#ifndef INDEX_ROUNDS_H
#define INDEX_ROUNDS_H

#include "index/scan.h"

/* Round r is pairs[starts[r] .. starts[r + 1] - 1]. */
typedef struct wn_rounds {
    wn_scan_pair *pairs;
    size_t *starts; /* count + 1 */
    size_t count;
} wn_rounds;

/* Every block with itself, then with every other one: a tournament. Release with wn_rounds_clear. */
WN_NODISCARD wn_status wn_rounds_of_all(size_t blocks, wn_rounds *out, wn_error *err);

/* Every block with itself, then the `len` pairs given (a < b, each once), each in the first round that has room. */
WN_NODISCARD wn_status wn_rounds_of(size_t blocks, const wn_scan_pair *pairs, size_t len, wn_rounds *out,
                                    wn_error *err);
void wn_rounds_clear(wn_rounds *rounds);

/* Runs them, telling progress between `first` and `last` of `total` rows. WN_CANCELLED when asked to stop. */
WN_NODISCARD wn_status wn_rounds_run(const wn_rounds *rounds, wn_scan *scan, const wn_progress *progress,
                                     uint64_t total, wn_error *err);

#endif
