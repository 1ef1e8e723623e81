/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in cells: k-means in bytes (Lloyd 1982), on a sample. Cells order a scan so that near rows meet first, and tell
 * which rows need not meet at all.
 */
#ifndef INDEX_INDEX_CELLS_H
#define INDEX_INDEX_CELLS_H

#include "index/bytes.h"

typedef struct wn_index_cells {
    size_t count, rows;
    int8_t *centres; /* count x padded */
    int8_t *panels;  /* the centres as tiles take them */
    int32_t *bias, *norms;
    uint32_t *cell_of; /* per row */
    uint32_t *starts;  /* count + 1: of each cell in `order` */
    uint32_t *order;   /* rows by cell, rising within one */
} wn_index_cells;

/* Finds at most `wanted` cells (fewer where there are fewer rows) in `iterations` rounds. The same rows and seed give
 * the same cells for any number of threads. Release with wn_index_cells_clear. */
WN_NODISCARD wn_status wn_index_cells_find(const wn_bytes_form *form, const wn_bytes *bytes, size_t wanted,
                                           size_t iterations, uint64_t seed, wn_pool *pool, wn_index_cells *out,
                                           wn_error *err);
void wn_index_cells_clear(wn_index_cells *cells);

/* Puts other rows into the same cells: `out` has cell_of, starts and order, and no centres. */
WN_NODISCARD wn_status wn_index_cells_assign(const wn_bytes_form *form, const wn_index_cells *cells,
                                             const wn_bytes *bytes, wn_pool *pool, wn_index_cells *out, wn_error *err);

/* Cells of which only the members are known: cell_of[row] < count (copied). `out` has cell_of, starts and order. */
WN_NODISCARD wn_status wn_index_cells_of(size_t count, const uint32_t *cell_of, size_t rows, wn_index_cells *out,
                                         wn_error *err);

/* near[a * wanted ..] = the `wanted` cells nearest to cell a (itself included), nearest first, equals by number; for IP
 * the ones of greatest product. wanted <= count. */
WN_NODISCARD wn_status wn_index_cells_near(const wn_bytes_form *form, const wn_index_cells *cells, size_t wanted,
                                           wn_pool *pool, uint32_t *near, wn_error *err);

/* Renumbers nothing, but lists the cells so that each is followed by the nearest that is not listed yet. For a few
 * hundred cells. `out` has room for count. */
WN_NODISCARD wn_status wn_index_cells_chain(const wn_bytes_form *form, const wn_index_cells *cells, wn_pool *pool,
                                            uint32_t *out, wn_error *err);

#endif
