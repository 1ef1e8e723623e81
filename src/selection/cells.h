/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells of similar vectors, so that one bound serves many rows: the distinct vectors where they are few, else a few
 * rounds of k-means. How good the cells are decides how fast bounds are, never what is picked.
 */
#ifndef SELECTION_CELLS_H
#define SELECTION_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/status.h"

/* Writes the vector of an item (dim values). Called by several threads. */
typedef void wn_cells_read(const void *context, size_t item, double *vector);

typedef struct wn_cells {
    size_t count, dim;
    double *centres; /* count x dim */
    double *radii;   /* greatest distance of a member to its centre */
    uint16_t *of;    /* n: cell of each item */
} wn_cells;

enum { WN_CELLS_MOST = 256 };

/* Divides n items; at most WN_CELLS_MOST cells. Release with wn_cells_clear, also after a failure. */
WN_NODISCARD wn_status wn_cells_make(wn_cells_read *read, const void *context, size_t n, size_t dim, wn_pool *pool,
                                     wn_cells *out, wn_error *err);
void wn_cells_clear(wn_cells *cells);

uint64_t wn_cells_bytes(size_t n, size_t dim, unsigned threads);

#endif
