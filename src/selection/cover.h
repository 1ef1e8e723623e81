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

/* Distance of each pick to the nearest pick before it, infinite for the first; all pairs are compared in tiles. */
WN_NODISCARD wn_status wn_cover_order(const wn_space *space, wn_rows picks, wn_pool *pool, const wn_progress *progress,
                                      float *distances, wn_error *err);

/* Bytes that either allocates at most. */
uint64_t wn_cover_bytes(size_t len, size_t dim, size_t picks, unsigned threads);

#endif
