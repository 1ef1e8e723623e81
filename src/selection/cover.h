/* SPDX-License-Identifier: Apache-2.0
 *
 * How well picks cover the rows of a space.
 */
#ifndef SELECTION_COVER_H
#define SELECTION_COVER_H

#include "selection/space.h"

/* Exact distances of the slots to the nearest of `picks` (checked rows of the matrix, at least one). `distances` is
 * NULL or gets one value a slot. */
WN_NODISCARD wn_status wn_cover_measure(const wn_space *space, wn_rows picks, wn_pool *pool,
                                        const wn_progress *progress, float *distances, wn_covering *out, wn_error *err);

/* Pairs that wn_cover_order compares at most: all of up to 280,000 picks, and 39,000 behind a million that were
 * picked before. In 128 dimensions that takes about a minute of one core with AVX2. */
#define WN_COVER_ORDER_PAIRS 4e10

/* Distance of each pick from number `from` on to the nearest pick before it, infinite for the first of all; the pairs
 * are compared in tiles. What lies beyond WN_COVER_ORDER_PAIRS is not measured: NaN. distances[i] is of pick from + i.
 * `out` (may be NULL) receives how well all picks cover the slots. */
WN_NODISCARD wn_status wn_cover_order(const wn_space *space, wn_rows picks, size_t from, wn_pool *pool,
                                      const wn_progress *progress, float *distances, wn_covering *out, wn_error *err);

/* Bytes that either allocates at most. */
uint64_t wn_cover_bytes(size_t len, size_t dim, size_t picks, unsigned threads);

#endif
