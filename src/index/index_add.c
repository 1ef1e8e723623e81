/* SPDX-License-Identifier: Apache-2.0
 *
 * Adding rows to an index. They are coded by the form that is there and join the cells that are there; the arrays are
 * then laid out again, which is a copy of the bytes and no work on the embeddings.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "index/layout.h"
#include "index/parts.h"
#include "winnow/memory.h"

/* Bytes of the rows of an index, in slot order, with room for `rows`. */
static wn_status unpack(const wn_index *index, size_t rows, wn_bytes *out, wn_error *err)
{
    size_t padded = index->shape.padded;
    const int8_t *panels = index->parts[WN_INDEX_PART_PANELS];
    const wn_bytes *from = &index->side.bytes;
    WN_TRY(wn_bytes_new(&index->form, rows, out, err));
    for (size_t at = 0; at < index->shape.positions; at++) {
        size_t slot = index->side.slots[at];
        if (slot == UINT32_MAX) continue;
        const int8_t *panel = panels + at / WN_TILE_WIDTH * WN_TILE_WIDTH * padded + at % WN_TILE_WIDTH * 4;
        uint8_t *codes = out->codes + slot * padded;
        for (size_t k = 0; k < padded; k++) codes[k] = (uint8_t)panel[k / 4 * 4 * WN_TILE_WIDTH + k % 4] ^ 0x80;
        out->norms[slot] = from->norms[at];
        out->errors[slot] = from->errors[at];
        out->lengths[slot] = from->lengths[at];
        if (from->scales) out->scales[slot] = from->scales[at];
    }
    return WN_OK;
}

/* Codes the new rows behind the old ones. `bytes` has room for all. */
static wn_status code_new(const wn_index *index, const wn_index_rows *added, size_t old, wn_bytes *bytes, wn_pool *pool,
                          wn_error *err)
{
    wn_bytes fresh = {0};
    size_t padded = index->shape.padded;
    WN_TRY(wn_bytes_make(&index->form, added, pool, &fresh, err));
    memcpy(bytes->codes + old * padded, fresh.codes, added->len * padded);
    memcpy(bytes->norms + old, fresh.norms, added->len * sizeof *fresh.norms);
    memcpy(bytes->errors + old, fresh.errors, added->len * sizeof *fresh.errors);
    memcpy(bytes->lengths + old, fresh.lengths, added->len * sizeof *fresh.lengths);
    if (fresh.scales) memcpy(bytes->scales + old, fresh.scales, added->len * sizeof *fresh.scales);
    wn_bytes_clear(&fresh);
    return WN_OK;
}

/* Whether the form can take the rows: no magnitude of a point is far above 1. */
static bool fits_form(const wn_index *index, const wn_index_rows *added)
{
    double mean = 0;
    if (index->shape.metric == WN_INDEX_METRIC_COSINE) return true;
    for (size_t k = 0; index->form.mean && k < index->shape.dim; k++) mean = fmax(mean, fabs(index->form.mean[k]));
    for (size_t i = 0; i < added->len; i++) {
        double greatest = (double)index->form.convert.max_abs(wn_index_row(added, i), index->shape.dim);
        if ((greatest + mean) * index->form.scale > 16) return false;
    }
    return true;
}

/* Old rows where they are, new ones behind them. */
static wn_status arrange_flat(const wn_index *index, const wn_bytes *bytes, wn_index_layout *out, wn_error *err)
{
    size_t at = 0;
    WN_TRY(wn_index_layout_new(bytes->rows, 0, out, err));
    for (size_t i = 0; i < index->shape.positions; i++) {
        if (index->side.slots[i] != UINT32_MAX) out->order[at++] = index->side.slots[i];
    }
    for (; at < bytes->rows; at++) out->order[at] = (uint32_t)at;
    memcpy(out->sizes, index->side.lens, index->shape.blocks * sizeof *out->sizes);
    out->blocks = wn_scan_cut(bytes->rows - index->shape.slots, 1, out->sizes, index->shape.blocks);
    return WN_OK;
}

/* Old rows in their cells, new ones in those of the nearest centre. */
static wn_status arrange_cells(const wn_index *index, const wn_bytes *bytes, wn_pool *pool, wn_index_layout *out,
                               wn_error *err)
{
    size_t old = index->shape.slots;
    wn_bytes fresh = {
        .rows = bytes->rows - old, .codes = bytes->codes + old * index->shape.padded, .norms = bytes->norms + old};
    wn_index_cells cells = {.count = index->shape.cells,
                            .panels = index->parts[WN_INDEX_PART_CENTRES],
                            .bias = index->parts[WN_INDEX_PART_CENTRE_BIAS],
                            .norms = index->parts[WN_INDEX_PART_CENTRE_NORMS]};
    wn_index_cells own = {0}, all = {0};
    uint32_t *cell_of = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *cell_of);
    if (!cell_of) return wn_fail(err, WN_NOMEM, "no memory for the cells of %zu rows", bytes->rows);
    wn_status status = wn_index_cells_assign(&index->form, &cells, &fresh, pool, &own, err);
    if (!status) {
        wn_index_list_cells(index, cell_of);
        memcpy(cell_of + old, own.cell_of, fresh.rows * sizeof *cell_of);
        status = wn_index_cells_of(cells.count, cell_of, bytes->rows, &all, err);
    }
    if (!status) status = wn_index_layout_of_cells(&all, out, err);
    wn_index_cells_clear(&all);
    wn_index_cells_clear(&own);
    wn_free(cell_of);
    return status;
}

/* Fills `grown`, which has the head of the old index and nothing else. */
static wn_status grow(const wn_index *index, const wn_distinct *distinct, wn_index *grown, wn_pool *pool, wn_error *err)
{
    wn_status status;
    wn_bytes bytes = {0};
    wn_index_layout layout = {0};
    size_t old = index->shape.slots;
    wn_index_rows added = {grown->embeddings, distinct->firsts + old, distinct->groups - old};
    if ((status = unpack(index, distinct->groups, &bytes, err))) goto done;
    if ((status = code_new(index, &added, old, &bytes, pool, err))) goto done;
    if ((status = index->shape.cells ? arrange_cells(index, &bytes, pool, &layout, err)
                                     : arrange_flat(index, &bytes, &layout, err)))
        goto done;
    bool whole = wn_index_copy_part(grown, WN_INDEX_PART_MEAN, index->parts[WN_INDEX_PART_MEAN]) &&
                 wn_index_copy_part(grown, WN_INDEX_PART_ROTATION, index->parts[WN_INDEX_PART_ROTATION]);
    if (!whole) {
        status = wn_fail(err, WN_NOMEM, "no memory for an index of %zu rows", grown->shape.rows);
        goto done;
    }
    grown->form.mean = grown->parts[WN_INDEX_PART_MEAN];
    grown->form.panels = grown->parts[WN_INDEX_PART_ROTATION];
    layout.cells.panels = index->shape.cells ? index->parts[WN_INDEX_PART_CENTRES] : NULL;
    layout.cells.bias = index->parts[WN_INDEX_PART_CENTRE_BIAS];
    layout.cells.norms = index->parts[WN_INDEX_PART_CENTRE_NORMS];
    status = wn_index_assemble(grown, distinct, &bytes, &layout, pool, err);
    layout.cells.panels = NULL; /* borrowed */
    layout.cells.bias = layout.cells.norms = NULL;
    if (!status) status = wn_index_measure(grown, pool, err);
done:
    wn_index_layout_clear(&layout);
    wn_bytes_clear(&bytes);
    return status;
}

wn_status wn_index_add(wn_index *index, const wn_matrix *embeddings, wn_pool *pool, wn_error *err)
{
    wn_distinct distinct;
    size_t old = index->shape.slots;
    if (embeddings->cols != index->shape.dim || embeddings->rows < index->shape.rows)
        return wn_fail(err, WN_INVALID, "an index of %zu x %zu values cannot grow to %zu x %zu", index->shape.rows,
                       index->shape.dim, embeddings->rows, embeddings->cols);
    WN_TRY(wn_index_check_slots(index, err));
    WN_TRY(wn_index_distinct(embeddings, pool, &distinct, err));
    wn_index grown = {.info = index->info, .shape = index->shape, .seed = index->seed, .form = index->form};
    grown.embeddings = *embeddings;
    grown.shape.rows = embeddings->rows;
    wn_index_rows added = {*embeddings, distinct.firsts + old, distinct.groups - old};
    bool same = distinct.groups >= old && memcmp(distinct.firsts, index->from.rows, old * sizeof(uint32_t)) == 0;
    wn_status status = WN_OK;
    if (!same)
        status = wn_fail(err, WN_INVALID, "the first %zu rows are not those that the index was made of; build it anew",
                         index->shape.rows);
    else if (distinct.groups < 2 * index->info.trained && fits_form(index, &added))
        status = grow(index, &distinct, &grown, pool, err);
    else
        status = wn_index_make(&grown, pool, err);
    wn_distinct_clear(&distinct);
    if (status) {
        wn_index_release(&grown);
        return status;
    }
    wn_index_release(index);
    *index = grown;
    wn_index_bind(index);
    return WN_OK;
}
