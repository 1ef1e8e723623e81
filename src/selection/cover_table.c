/* SPDX-License-Identifier: Apache-2.0
 *
 * The square table, made by float32 tiles. The linear nearness of the cosine metric is the product itself; the others
 * come from squared distances.
 */
#include "selection/cover_table.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/convert.h"
#include "num/distance.h"
#include "num/tile.h"
#include "winnow/memory.h"

enum { GRAIN = 128, MIRROR = 32 };

typedef struct build {
    wn_cover_table *table;
    const wn_nearness *nearness;
    bool product; /* values are the products themselves */
    size_t dim;
    float *norms, *panels, *panel_norms;
    wn_tile_kernels tile;
} build;

static void clear_negative(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) values[i] = values[i] < WN_NEARNESS_LEAST ? 0 : values[i];
}

/* Table rows [begin, end) from the panel of `begin` on, and their mirror image below. */
static void fill_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    wn_cover_table *table = b->table;
    size_t first = begin / WN_TILE_WIDTH * WN_TILE_WIDTH;
    float *out = table->values + begin * table->stride + first;
    wn_tile_f32 tile = {.rows = table->points + begin * b->dim,
                        .stride = b->dim,
                        .row_norms = b->norms + begin,
                        .m = end - begin,
                        .dim = b->dim,
                        .panels = b->panels + first * b->dim,
                        .panel_norms = b->panel_norms + first,
                        .n = table->len - first};
    (void)worker;
    if (b->product) {
        b->tile.dot_f32(&tile, out, table->stride);
    } else {
        b->tile.l2sq_f32(&tile, out, table->stride);
    }
    for (size_t i = begin; i < end; i++) {
        float *row = table->values + i * table->stride;
        if (b->product) {
            clear_negative(row + first, table->len - first);
        } else {
            wn_nearness_values(b->nearness, row + first, table->len - first, row + first);
        }
        row[i] = 1;
    }
    for (size_t to = end; to < table->len; to += MIRROR) {
        size_t last = to + MIRROR < table->len ? to + MIRROR : table->len;
        for (size_t i = begin; i < end; i++) {
            const float *row = table->values + i * table->stride;
            for (size_t j = to; j < last; j++) table->values[j * table->stride + i] = row[j];
        }
    }
}

/* Within a block both halves were computed, in different orders of adding: the upper half counts. */
static void mirror_diagonal(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    wn_cover_table *table = b->table;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        for (size_t j = begin; j < i; j++) table->values[i * table->stride + j] = table->values[j * table->stride + i];
    }
}

static size_t stride_of(size_t len)
{
    return (len + 15) / 16 * 16;
}

uint64_t wn_cover_table_bytes(size_t len, size_t dim, unsigned threads)
{
    uint64_t padded = wn_tile_padded(len);
    (void)threads;
    return (uint64_t)len * (stride_of(len) + dim + 2) * sizeof(float) + padded * (dim + 1) * sizeof(float) +
           sizeof(wn_cover_table);
}

static wn_status fill_table(build *b, const wn_roster *roster, const uint32_t *rows, wn_error *err)
{
    wn_cover_table *table = b->table;
    wn_pool *pool = roster->request->pool;
    wn_convert_kernels convert;
    table->rows = wn_alloc(WN_MEMORY_SELECTION, table->len, sizeof *table->rows);
    table->points = wn_alloc(WN_MEMORY_SELECTION, table->len * b->dim, sizeof *table->points);
    table->values = wn_alloc(WN_MEMORY_SELECTION, table->len * table->stride, sizeof *table->values);
    b->norms = wn_alloc(WN_MEMORY_SELECTION, table->len, sizeof *b->norms);
    b->panels = wn_alloc(WN_MEMORY_SELECTION, wn_tile_panel_len(table->len, b->dim, 1), sizeof *b->panels);
    b->panel_norms = wn_alloc(WN_MEMORY_SELECTION, wn_tile_padded(table->len), sizeof *b->panel_norms);
    if (!table->rows || !table->points || !table->values || !b->norms || !b->panels || !b->panel_norms)
        return wn_fail(err, WN_NOMEM, "no memory for a table of %zu x %zu rows", table->len, table->len);
    memcpy(table->rows, rows, table->len * sizeof *rows);
    wn_roster_gather(roster, rows, table->len, table->points);
    wn_tile_kernels_init(&b->tile, wn_cpu_level());
    wn_convert_kernels_init(&convert, wn_cpu_level());
    convert.norms_f32(table->points, table->len, b->dim, b->dim, b->norms);
    b->tile.pack_f32(table->points, b->dim, NULL, table->len, b->dim, b->panels, b->panel_norms);
    wn_pool_for(pool, table->len, GRAIN, fill_rows, b);
    wn_pool_for(pool, table->len, GRAIN, mirror_diagonal, b);
    return WN_OK;
}

wn_status wn_cover_table_new(const wn_roster *roster, const uint32_t *rows, size_t len, const wn_nearness *nearness,
                             wn_cover_table **out, wn_error *err)
{
    build b = {.nearness = nearness, .dim = roster->space.matrix.cols};
    b.product = nearness->kind == WN_NEARNESS_LINEAR && roster->space.metric == WN_METRIC_COSINE &&
                fabs(nearness->radius - 1) < 1e-12;
    *out = b.table = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *b.table);
    if (!b.table) return wn_fail(err, WN_NOMEM, "no memory for a table of %zu x %zu rows", len, len);
    b.table->len = len;
    b.table->stride = stride_of(len);
    wn_status status = fill_table(&b, roster, rows, err);
    wn_free(b.panel_norms);
    wn_free(b.panels);
    wn_free(b.norms);
    if (status) wn_cover_table_free(out);
    return status;
}

void wn_cover_table_free(wn_cover_table **table)
{
    if (!*table) return;
    wn_free((*table)->values);
    wn_free((*table)->points);
    wn_free((*table)->rows);
    wn_free(*table);
    *table = NULL;
}

void wn_cover_table_measure(const wn_cover_table *table, const wn_roster *roster, const wn_nearness *nearness,
                            uint32_t row, float *scratch, float *values)
{
    size_t dim = roster->space.matrix.cols;
    wn_distance_kernels kernels;
    wn_distance_kernels_init(&kernels, wn_cpu_level());
    wn_roster_gather(roster, &row, 1, scratch);
    kernels.l2sq_rows_f32(scratch, table->points, dim, NULL, table->len, dim, values);
    wn_nearness_values(nearness, values, table->len, values);
}
