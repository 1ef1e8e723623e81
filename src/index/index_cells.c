/* SPDX-License-Identifier: Apache-2.0
 *
 * Lloyd's rounds: every row of the sample goes to the nearest centre, by tiles of bytes, and every centre to the mean
 * of its rows, rounded to bytes. A centre without rows takes a row at random.
 */
#include "index/index_cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "index/keys.h"
#include "winnow/memory.h"

enum { GRAIN = 1024, SAMPLE_LEAST = 16384, SAMPLE_PER_CELL = 48 };

typedef struct assign_job {
    const wn_bytes_form *form;
    const wn_bytes *bytes;
    const wn_index_cells *cells;
    const uint32_t *index; /* NULL = all rows */
    int32_t *best;         /* per row */
    uint32_t *arg;
} assign_job;

static void assign_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const assign_job *job = context;
    const wn_index_cells *cells = job->cells;
    size_t padded = job->form->padded, first = job->index ? 0 : begin;
    (void)worker;
    for (size_t i = begin; i < end; i++) job->best[job->index ? job->index[i] : i] = INT32_MAX;
    wn_tile_u8s8 tile = {.rows = job->bytes->codes + first * padded,
                         .stride = padded,
                         .index = job->index ? job->index + begin : NULL,
                         .row_norms = job->bytes->norms + first,
                         .m = end - begin,
                         .dim = padded,
                         .panels = cells->panels,
                         .panel_bias = cells->bias,
                         .panel_norms = cells->norms,
                         .n = cells->count};
    job->form->tile.nearest_u8s8(&tile, 0, job->best + first, job->arg + first);
}

static void pack_centres(const wn_bytes_form *form, wn_index_cells *cells)
{
    form->tile.pack_s8(cells->centres, form->padded, NULL, cells->count, form->padded, 128, cells->panels, cells->bias,
                       cells->norms);
}

static void take_row(const wn_bytes_form *form, const wn_bytes *bytes, size_t row, int8_t *centre)
{
    for (size_t k = 0; k < form->padded; k++) centre[k] = (int8_t)((int)bytes->codes[row * form->padded + k] - 128);
}

typedef struct training {
    uint32_t *sample;
    size_t sample_len;
    int32_t *sums; /* count x padded */
    uint32_t *counts;
    wn_rng rng;
} training;

static void move_centres(const wn_bytes_form *form, const wn_bytes *bytes, wn_index_cells *cells, training *t)
{
    size_t padded = form->padded;
    memset(t->sums, 0, cells->count * padded * sizeof *t->sums);
    memset(t->counts, 0, cells->count * sizeof *t->counts);
    for (size_t i = 0; i < t->sample_len; i++) {
        size_t row = t->sample[i], cell = cells->cell_of[row];
        const uint8_t *codes = bytes->codes + row * padded;
        int32_t *sums = t->sums + cell * padded;
        for (size_t k = 0; k < padded; k++) sums[k] += (int32_t)codes[k] - 128;
        t->counts[cell]++;
    }
    for (size_t cell = 0; cell < cells->count; cell++) {
        int8_t *centre = cells->centres + cell * padded;
        int32_t count = (int32_t)t->counts[cell];
        if (count == 0) {
            take_row(form, bytes, t->sample[wn_rng_below(&t->rng, (uint32_t)t->sample_len)], centre);
            continue;
        }
        for (size_t k = 0; k < padded; k++) {
            int32_t sum = t->sums[cell * padded + k];
            centre[k] = (int8_t)((sum + (sum < 0 ? -count / 2 : count / 2)) / count);
        }
    }
    pack_centres(form, cells);
}

/* Every n-th row is the sample; the first centres are rows of it at random. */
static wn_status begin_training(const wn_bytes_form *form, const wn_bytes *bytes, wn_index_cells *cells, uint64_t seed,
                                training *t, wn_error *err)
{
    size_t most = cells->count * SAMPLE_PER_CELL > SAMPLE_LEAST ? cells->count * SAMPLE_PER_CELL : SAMPLE_LEAST;
    int64_t *drawn = wn_alloc(WN_MEMORY_MATRIX, cells->count, sizeof *drawn);
    t->sample_len = bytes->rows < most ? bytes->rows : most;
    t->sample = wn_alloc(WN_MEMORY_MATRIX, t->sample_len, sizeof *t->sample);
    t->sums = wn_alloc(WN_MEMORY_MATRIX, cells->count * form->padded, sizeof *t->sums);
    t->counts = wn_alloc(WN_MEMORY_MATRIX, cells->count, sizeof *t->counts);
    wn_rng_init(&t->rng, seed, 0xCE115);
    bool whole = drawn && t->sample && t->sums && t->counts &&
                 wn_rng_sample(&t->rng, (int64_t)t->sample_len, (int64_t)cells->count, drawn);
    for (size_t i = 0; i < t->sample_len && whole; i++) t->sample[i] = (uint32_t)(i * bytes->rows / t->sample_len);
    for (size_t i = 0; i < cells->count && whole; i++)
        take_row(form, bytes, t->sample[drawn[i]], cells->centres + i * form->padded);
    wn_free(drawn);
    return whole ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu cells", cells->count);
}

static void list_rows(wn_index_cells *cells)
{
    memset(cells->starts, 0, (cells->count + 1) * sizeof *cells->starts);
    for (size_t row = 0; row < cells->rows; row++) cells->starts[cells->cell_of[row] + 1]++;
    for (size_t cell = 0; cell < cells->count; cell++) cells->starts[cell + 1] += cells->starts[cell];
    for (size_t row = 0; row < cells->rows; row++) cells->order[cells->starts[cells->cell_of[row]]++] = (uint32_t)row;
    for (size_t cell = cells->count; cell > 0; cell--) cells->starts[cell] = cells->starts[cell - 1];
    cells->starts[0] = 0;
}

static wn_status get_cells(const wn_bytes_form *form, size_t rows, size_t count, wn_index_cells *out, wn_error *err)
{
    *out = (wn_index_cells){.count = count, .rows = rows};
    out->centres = wn_alloc(WN_MEMORY_MATRIX, count, form->padded);
    out->panels = wn_alloc(WN_MEMORY_MATRIX, wn_tile_panel_len(count, form->padded, 4), 1);
    out->bias = wn_alloc(WN_MEMORY_MATRIX, wn_tile_padded(count), sizeof *out->bias);
    out->norms = wn_alloc(WN_MEMORY_MATRIX, wn_tile_padded(count), sizeof *out->norms);
    out->cell_of = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->cell_of);
    out->starts = wn_alloc(WN_MEMORY_MATRIX, count + 1, sizeof *out->starts);
    out->order = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->order);
    if (out->centres && out->panels && out->bias && out->norms && out->cell_of && out->starts && out->order)
        return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory for the cells of %zu rows", rows);
}

wn_status wn_index_cells_find(const wn_bytes_form *form, const wn_bytes *bytes, size_t wanted, size_t iterations,
                              uint64_t seed, wn_pool *pool, wn_index_cells *out, wn_error *err)
{
    wn_status status;
    training t = {0};
    assign_job job = {.form = form, .bytes = bytes, .cells = out};
    size_t count = wanted < bytes->rows ? wanted : bytes->rows;
    if ((status = get_cells(form, bytes->rows, count > 0 ? count : 1, out, err))) goto done;
    if ((status = begin_training(form, bytes, out, seed, &t, err))) goto done;
    if (!(job.best = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *job.best))) {
        status = wn_fail(err, WN_NOMEM, "no memory for the cells of %zu rows", bytes->rows);
        goto done;
    }
    job.arg = out->cell_of;
    job.index = t.sample;
    pack_centres(form, out);
    for (size_t i = 0; i < iterations; i++) {
        wn_pool_for(pool, t.sample_len, GRAIN, assign_rows, &job);
        move_centres(form, bytes, out, &t);
    }
    job.index = NULL;
    wn_pool_for(pool, bytes->rows, GRAIN, assign_rows, &job);
    list_rows(out);
done:
    wn_free(job.best);
    wn_free(t.sample);
    wn_free(t.sums);
    wn_free(t.counts);
    if (status) wn_index_cells_clear(out);
    return status;
}

wn_status wn_index_cells_assign(const wn_bytes_form *form, const wn_index_cells *cells, const wn_bytes *bytes,
                                wn_pool *pool, wn_index_cells *out, wn_error *err)
{
    assign_job job = {.form = form, .bytes = bytes, .cells = cells};
    *out = (wn_index_cells){.count = cells->count, .rows = bytes->rows};
    job.best = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *job.best);
    job.arg = out->cell_of = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *out->cell_of);
    out->starts = wn_alloc(WN_MEMORY_MATRIX, cells->count + 1, sizeof *out->starts);
    out->order = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *out->order);
    bool whole = job.best && out->cell_of && out->starts && out->order;
    if (whole) {
        wn_pool_for(pool, bytes->rows, GRAIN, assign_rows, &job);
        list_rows(out);
    } else {
        wn_index_cells_clear(out);
    }
    wn_free(job.best);
    return whole ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the cells of %zu rows", bytes->rows);
}

wn_status wn_index_cells_of(size_t count, const uint32_t *cell_of, size_t rows, wn_index_cells *out, wn_error *err)
{
    *out = (wn_index_cells){.count = count, .rows = rows};
    out->cell_of = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->cell_of);
    out->starts = wn_alloc(WN_MEMORY_MATRIX, count + 1, sizeof *out->starts);
    out->order = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->order);
    if (!out->cell_of || !out->starts || !out->order) {
        wn_index_cells_clear(out);
        return wn_fail(err, WN_NOMEM, "no memory for the cells of %zu rows", rows);
    }
    memcpy(out->cell_of, cell_of, rows * sizeof *cell_of);
    list_rows(out);
    return WN_OK;
}

void wn_index_cells_clear(wn_index_cells *cells)
{
    wn_free(cells->centres);
    wn_free(cells->panels);
    wn_free(cells->bias);
    wn_free(cells->norms);
    wn_free(cells->cell_of);
    wn_free(cells->starts);
    wn_free(cells->order);
    *cells = (wn_index_cells){0};
}

/* ---- cells near cells ---- */

typedef struct near_job {
    const wn_bytes_form *form;
    const wn_index_cells *cells;
    size_t wanted;
    uint32_t *near;
    uint64_t *keys; /* count a worker */
    int32_t *tile;  /* count a worker */
    uint8_t *codes; /* padded a worker */
} near_job;

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void list_near(void *context, size_t begin, size_t end, unsigned worker)
{
    const near_job *job = context;
    const wn_index_cells *cells = job->cells;
    size_t count = cells->count, padded = job->form->padded;
    uint64_t *keys = job->keys + worker * count;
    int32_t *values = job->tile + worker * count;
    uint8_t *codes = job->codes + worker * padded;
    for (size_t cell = begin; cell < end; cell++) {
        for (size_t k = 0; k < padded; k++) codes[k] = (uint8_t)((int)cells->centres[cell * padded + k] + 128);
        wn_tile_u8s8 tile = {.rows = codes,
                             .stride = padded,
                             .row_norms = cells->norms + cell,
                             .m = 1,
                             .dim = padded,
                             .panels = cells->panels,
                             .panel_bias = cells->bias,
                             .panel_norms = cells->norms,
                             .n = count};
        bool product = job->form->metric == WN_INDEX_METRIC_IP;
        (product ? job->form->tile.dot_u8s8 : job->form->tile.l2sq_u8s8)(&tile, values, count);
        for (size_t other = 0; other < count; other++) {
            int32_t value = other == cell ? INT32_MIN : product ? -values[other] : values[other];
            keys[other] = wn_key_make(value, (uint32_t)other);
        }
        wn_keys_select(keys, count, job->wanted);
        qsort(keys, job->wanted, sizeof *keys, compare_keys);
        for (size_t i = 0; i < job->wanted; i++) job->near[cell * job->wanted + i] = (uint32_t)keys[i];
    }
}

wn_status wn_index_cells_near(const wn_bytes_form *form, const wn_index_cells *cells, size_t wanted, wn_pool *pool,
                              uint32_t *near, wn_error *err)
{
    size_t workers = wn_pool_threads(pool);
    near_job job = {.form = form, .cells = cells, .wanted = wanted, .near = near};
    job.keys = wn_alloc(WN_MEMORY_MATRIX, workers * cells->count, sizeof *job.keys);
    job.tile = wn_alloc(WN_MEMORY_MATRIX, workers * cells->count, sizeof *job.tile);
    job.codes = wn_alloc(WN_MEMORY_MATRIX, workers, form->padded);
    bool whole = job.keys && job.tile && job.codes;
    if (whole) wn_pool_for(pool, cells->count, 4, list_near, &job);
    wn_free(job.keys);
    wn_free(job.tile);
    wn_free(job.codes);
    return whole ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to compare %zu cells", cells->count);
}

wn_status wn_index_cells_chain(const wn_bytes_form *form, const wn_index_cells *cells, wn_pool *pool, uint32_t *out,
                               wn_error *err)
{
    size_t count = cells->count, len = 0;
    uint32_t *near = wn_alloc(WN_MEMORY_MATRIX, count * count, sizeof *near);
    uint8_t *listed = wn_calloc(WN_MEMORY_MATRIX, count, 1);
    wn_status status = near && listed ? wn_index_cells_near(form, cells, count, pool, near, err)
                                      : wn_fail(err, WN_NOMEM, "no memory to order %zu cells", count);
    for (size_t cell = 0; len < count && !status;) {
        out[len++] = (uint32_t)cell;
        listed[cell] = 1;
        size_t next = 0;
        while (next < count && listed[near[cell * count + next]]) next++;
        if (next < count) cell = near[cell * count + next];
    }
    wn_free(near);
    wn_free(listed);
    return status;
}
