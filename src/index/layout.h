/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which an index keeps its rows.
 */
#ifndef INDEX_LAYOUT_H
#define INDEX_LAYOUT_H

#include "index/index_cells.h"

/* Blocks of at most WN_SCAN_BLOCK rows; with cells, cell c is the blocks first_block[c] .. first_block[c + 1] - 1. */
typedef struct wn_index_layout {
    uint32_t *order; /* all slots, block by block */
    uint32_t *sizes; /* of the blocks */
    size_t blocks;
    wn_index_cells cells;  /* count 0: none */
    uint32_t *first_block; /* cells.count + 1; NULL without cells */
} wn_index_layout;

/* Room for `rows` rows in blocks of `cells` cells. Release with wn_index_layout_clear. */
WN_NODISCARD wn_status wn_index_layout_new(size_t rows, size_t cells, wn_index_layout *out, wn_error *err);
void wn_index_layout_clear(wn_index_layout *layout);

/* Takes over `cells`: the order, sizes and first_block that they give. */
WN_NODISCARD wn_status wn_index_layout_of_cells(wn_index_cells *cells, wn_index_layout *out, wn_error *err);

#endif
