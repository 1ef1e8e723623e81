/* SPDX-License-Identifier: Apache-2.0
 *
 * The arrays of an index: how long they are, who points at them.
 */
#include "index/parts.h"

#include <string.h>

#include "base/hash.h"
#include "index/keys.h"
#include "winnow/memory.h"

static const size_t sizes[WN_INDEX_PART_COUNT] = {
#define X(id, type) sizeof(type),
    WN_INDEX_PART_MAP(X)
#undef X
};

/* Elements of a part. */
static uint64_t count_of(const wn_index_shape *s, wn_index_part part)
{
    switch (part) {
    case WN_INDEX_PART_MEAN:
        return s->metric == WN_INDEX_METRIC_IP ? 0 : s->dim;
    case WN_INDEX_PART_ROTATION:
        return wn_tile_panel_len(s->dim, s->dim, 1);
    case WN_INDEX_PART_FIRSTS:
        return s->slots;
    case WN_INDEX_PART_MEMBERS:
        return s->members;
    case WN_INDEX_PART_STARTS:
        return s->members ? s->slots + 1 : 0;
    case WN_INDEX_PART_BEGINS:
    case WN_INDEX_PART_LENS:
    case WN_INDEX_PART_SUMS:
        return s->blocks;
    case WN_INDEX_PART_FACTS:
        return 2 * s->blocks;
    case WN_INDEX_PART_CENTRES:
        return wn_tile_panel_len(s->cells, s->padded, 4);
    case WN_INDEX_PART_CENTRE_BIAS:
    case WN_INDEX_PART_CENTRE_NORMS:
        return wn_tile_padded(s->cells);
    case WN_INDEX_PART_FIRST_BLOCK:
        return s->cells ? s->cells + 1 : 0;
    case WN_INDEX_PART_CURVE:
        return s->cells;
    case WN_INDEX_PART_SCALES:
        return s->metric == WN_INDEX_METRIC_COSINE ? s->positions : 0;
    case WN_INDEX_PART_PANELS:
        return s->positions * s->padded;
    default:
        return s->positions;
    }
}

uint64_t wn_index_part_bytes(const wn_index_shape *shape, wn_index_part part)
{
    return count_of(shape, part) * sizes[part];
}

void wn_index_bind(wn_index *index)
{
    const wn_index_shape *s = &index->shape;
    void **parts = index->parts;
    index->form.mean = s->metric == WN_INDEX_METRIC_IP ? NULL : parts[WN_INDEX_PART_MEAN];
    index->form.panels = parts[WN_INDEX_PART_ROTATION];
    index->from = (wn_index_rows){index->embeddings, parts[WN_INDEX_PART_FIRSTS], s->slots};
    index->side =
        (wn_scan_side){.bytes = {.rows = s->positions,
                                 .norms = parts[WN_INDEX_PART_NORMS],
                                 .errors = parts[WN_INDEX_PART_ERRORS],
                                 .lengths = parts[WN_INDEX_PART_LENGTHS],
                                 .scales = s->metric == WN_INDEX_METRIC_COSINE ? parts[WN_INDEX_PART_SCALES] : NULL},
                       .from = &index->from,
                       .slots = parts[WN_INDEX_PART_SLOTS],
                       .positions = s->positions,
                       .begins = parts[WN_INDEX_PART_BEGINS],
                       .lens = parts[WN_INDEX_PART_LENS],
                       .facts = parts[WN_INDEX_PART_FACTS],
                       .blocks = s->blocks,
                       .panels = parts[WN_INDEX_PART_PANELS],
                       .starts = parts[WN_INDEX_PART_SCORES]};
}

uint64_t wn_index_block_sum(const wn_index *index, size_t block)
{
    uint64_t sum = block;
    size_t begin = index->side.begins[block], len = wn_tile_padded(index->side.lens[block]);
    for (wn_index_part part = WN_INDEX_PART_SUMS + 1; part < WN_INDEX_PART_COUNT; part++) {
        size_t each = part == WN_INDEX_PART_PANELS ? index->shape.padded : sizes[part];
        if (part == WN_INDEX_PART_SCALES && index->shape.metric != WN_INDEX_METRIC_COSINE) continue;
        sum = wn_hash64_seeded((const char *)index->parts[part] + begin * each, len * each, sum);
    }
    return sum;
}

uint64_t wn_index_probe(const wn_matrix *embeddings, size_t rows)
{
    enum { PROBES = 64 };
    uint64_t sum = 0;
    for (size_t i = 0; i < PROBES; i++) {
        const float *row = wn_matrix_row(embeddings, i * rows / PROBES);
        sum = wn_hash64_seeded(row, embeddings->cols * sizeof *row, sum);
    }
    return sum;
}

void wn_index_rank_cells(const wn_index *index, const wn_bytes *queries, size_t query, size_t wanted, int32_t *values,
                         uint64_t *keys)
{
    size_t cells = index->shape.cells, padded = index->shape.padded;
    bool product = index->shape.metric == WN_INDEX_METRIC_IP;
    wn_tile_u8s8 tile = {.rows = queries->codes + query * padded,
                         .stride = padded,
                         .row_norms = queries->norms + query,
                         .m = 1,
                         .dim = padded,
                         .panels = index->parts[WN_INDEX_PART_CENTRES],
                         .panel_bias = index->parts[WN_INDEX_PART_CENTRE_BIAS],
                         .panel_norms = index->parts[WN_INDEX_PART_CENTRE_NORMS],
                         .n = cells};
    (product ? index->form.tile.dot_u8s8 : index->form.tile.l2sq_u8s8)(&tile, values, cells);
    for (size_t i = 0; i < cells; i++) keys[i] = wn_key_make(product ? -values[i] : values[i], (uint32_t)i);
    wn_keys_select(keys, cells, wanted);
    wn_keys_sort(keys, wanted);
}

void wn_index_list_cells(const wn_index *index, uint32_t *cell_of)
{
    const uint32_t *first_block = index->parts[WN_INDEX_PART_FIRST_BLOCK];
    for (size_t cell = 0; cell < index->shape.cells; cell++) {
        for (size_t block = first_block[cell]; block < first_block[cell + 1]; block++) {
            const uint32_t *slots = index->side.slots + index->side.begins[block];
            for (size_t i = 0; i < index->side.lens[block]; i++) cell_of[slots[i]] = (uint32_t)cell;
        }
    }
}

bool wn_index_copy_part(wn_index *index, wn_index_part part, const void *from)
{
    uint64_t bytes = wn_index_part_bytes(&index->shape, part);
    if (bytes == 0) return true;
    index->parts[part] = wn_alloc(WN_MEMORY_MATRIX, (size_t)bytes, 1);
    if (index->parts[part] && from) memcpy(index->parts[part], from, (size_t)bytes);
    return index->parts[part] != NULL;
}

const wn_index_info *wn_index_describe(const wn_index *index)
{
    return &index->info;
}

void wn_index_release(wn_index *index)
{
    for (size_t i = 0; i < WN_INDEX_PART_COUNT && !index->map.data; i++) wn_free(index->parts[i]);
    wn_file_map_close(&index->map);
    wn_free(index->path);
    wn_free(index->checked);
    *index = (wn_index){0};
}

void wn_index_close(wn_index **index)
{
    if (!*index) return;
    wn_index_release(*index);
    wn_free(*index);
    *index = NULL;
}
