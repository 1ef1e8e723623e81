/* SPDX-License-Identifier: Apache-2.0
 *
 * Layouts: room for them, and that of cells.
 */
#include "index/layout.h"

#include <string.h>

#include "base/error.h"
#include "index/scan.h"
#include "winnow/memory.h"

wn_status wn_index_layout_new(size_t rows, size_t cells, wn_index_layout *out, wn_error *err)
{
    *out = (wn_index_layout){0};
    out->order = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->order);
    out->sizes = wn_alloc(WN_MEMORY_MATRIX, rows / WN_TILE_WIDTH + cells + 4, sizeof *out->sizes);
    if (cells) out->first_block = wn_alloc(WN_MEMORY_MATRIX, cells + 1, sizeof *out->first_block);
    if (out->order && out->sizes && (!cells || out->first_block)) return WN_OK;
    wn_index_layout_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory to order %zu rows", rows);
}

void wn_index_layout_clear(wn_index_layout *layout)
{
    wn_free(layout->order);
    wn_free(layout->sizes);
    wn_free(layout->first_block);
    wn_index_cells_clear(&layout->cells);
    *layout = (wn_index_layout){0};
}

wn_status wn_index_layout_of_cells(wn_index_cells *cells, wn_index_layout *out, wn_error *err)
{
    WN_TRY(wn_index_layout_new(cells->rows, cells->count, out, err));
    out->cells = *cells;
    *cells = (wn_index_cells){0};
    memcpy(out->order, out->cells.order, out->cells.rows * sizeof *out->order);
    for (size_t cell = 0; cell < out->cells.count; cell++) {
        out->first_block[cell] = (uint32_t)out->blocks;
        out->blocks = wn_scan_cut(out->cells.starts[cell + 1] - out->cells.starts[cell], 0, out->sizes, out->blocks);
    }
    out->first_block[out->cells.count] = (uint32_t)out->blocks;
    return WN_OK;
}
