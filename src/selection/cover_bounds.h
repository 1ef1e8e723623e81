/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds of the similarity max(0, cos) of all pairs of some rows: a square table of 16 bits a pair. Products of
 * integers make it, at up to twice the rate of float32, in half of the memory. Who needs a similarity exactly measures
 * it.
 */
#ifndef SELECTION_COVER_BOUNDS_H
#define SELECTION_COVER_BOUNDS_H

#include "selection/roster.h"

/* A similarity of 1. */
#define WN_COVER_BOUNDS_ONE 16384

/* Rows of the greatest table: sums over a row fit int32. */
#define WN_COVER_BOUNDS_ROWS 65536

typedef struct wn_cover_bounds {
    size_t len, stride, dim; /* rows of the table, numbers from one to the next */
    uint32_t *rows;          /* row numbers of the matrix, ascending */
    int16_t *values; /* len x stride, symmetric: similarity <= value / WN_COVER_BOUNDS_ONE; exact on the diagonal */
    float *points;   /* len x dim: the rows, of length 1 or 0 */
} wn_cover_bounds;

/* `rows` ascend; at most WN_COVER_BOUNDS_ROWS. The metric of the roster is the cosine. */
WN_NODISCARD wn_status wn_cover_bounds_new(const wn_roster *roster, const uint32_t *rows, size_t len,
                                           wn_cover_bounds **out, wn_error *err);
void wn_cover_bounds_free(wn_cover_bounds **table);

/* Bytes that new allocates. */
uint64_t wn_cover_bounds_bytes(size_t len, size_t dim, unsigned threads);

#endif
