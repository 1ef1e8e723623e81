/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact neighbours by comparing all pairs: in bytes where that pays (scan.h), else in float32 (flat_floats.h).
 *
 * In bytes, rows are put into an order in which near ones stand together, so that lists fill with near rows at once and
 * nearly all later pairs are dropped by the first comparison. Where rows search themselves each pair of blocks is
 * compared once, for both. Rows that bytes represent badly (outliers) stand in blocks of their own, so that
 * their error does not loosen the bounds of the others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "index/flat_floats.h"
#include "index/layout.h"
#include "index/rounds.h"
#include "winnow/memory.h"

/* Cells that order the rows, and rows below which that does not pay; queries searched at once. */
enum { CELLS = 256, CELL_ROUNDS = 2, ORDERED_LEAST = 16384, SLAB = 65536 };

typedef struct flat {
    const wn_index_task *task;
    wn_bytes_form form;
    wn_scan_side points, queries;
    wn_scan *scan;
    bool copies, symmetric; /* what the memory limit allows */
} flat;

/* ---- order ---- */

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The error above which a row is an outlier: 1.5 times the typical one, of a sample. */
static wn_status typical_error(const wn_bytes *bytes, float *out, wn_error *err)
{
    enum { SAMPLE = 8192 };
    size_t len = bytes->rows < SAMPLE ? bytes->rows : SAMPLE;
    float *errors = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *errors);
    if (!errors) return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", bytes->rows);
    for (size_t i = 0; i < len; i++) errors[i] = bytes->errors[i * bytes->rows / len];
    qsort(errors, len, sizeof *errors, compare_floats);
    *out = 1.25f * errors[len / 2];
    wn_free(errors);
    return WN_OK;
}

/* All rows by cell, then the outliers at the end: `apart` of them. */
static wn_status set_outliers_apart(const wn_bytes *bytes, float limit, uint32_t *order, size_t *apart, wn_error *err)
{
    size_t count = 0, far = 0;
    uint32_t *end = wn_alloc(WN_MEMORY_MATRIX, bytes->rows, sizeof *end);
    if (!end) return wn_fail(err, WN_NOMEM, "no memory to order %zu rows", bytes->rows);
    for (size_t i = 0; i < bytes->rows; i++) {
        if (bytes->errors[order[i]] > limit)
            end[far++] = order[i];
        else
            order[count++] = order[i];
    }
    memcpy(order + count, end, far * sizeof *end);
    wn_free(end);
    *apart = far;
    return WN_OK;
}

static wn_status order_rows(const wn_bytes_form *form, const wn_bytes *bytes, const wn_index_task *task,
                            uint32_t *order, wn_error *err)
{
    wn_index_cells cells;
    uint32_t chain[CELLS];
    for (size_t i = 0; i < bytes->rows; i++) order[i] = (uint32_t)i;
    if (bytes->rows < ORDERED_LEAST) return WN_OK;
    WN_TRY(wn_index_cells_find(form, bytes, CELLS, CELL_ROUNDS, task->seed, task->pool, &cells, err));
    wn_status status = wn_index_cells_chain(form, &cells, task->pool, chain, err);
    size_t at = 0;
    for (size_t i = 0; i < cells.count && !status; i++) {
        size_t begin = cells.starts[chain[i]], len = cells.starts[chain[i] + 1] - begin;
        memcpy(order + at, cells.order + begin, len * sizeof *order);
        at += len;
    }
    wn_index_cells_clear(&cells);
    return status;
}

/* Blocks of near rows, and blocks of outliers; full ones, unless those are fewer than `least_blocks`. */
static wn_status arrange_blocks(const wn_index_task *task, const wn_bytes_form *form, const wn_bytes *bytes,
                                size_t least_blocks, wn_index_layout *out, wn_error *err)
{
    float limit = 0;
    size_t apart = 0;
    WN_TRY(wn_index_layout_new(bytes->rows, 0, out, err));
    wn_status status = order_rows(form, bytes, task, out->order, err);
    if (!status) status = typical_error(bytes, &limit, err);
    if (!status) status = set_outliers_apart(bytes, limit, out->order, &apart, err);
    if (status) {
        wn_index_layout_clear(out);
        return status;
    }
    out->blocks = wn_scan_cut(bytes->rows - apart, least_blocks, out->sizes, 0);
    out->blocks = wn_scan_cut(apart, 1, out->sizes, out->blocks);
    return WN_OK;
}

static wn_status arrange(const wn_index_task *task, const wn_bytes_form *form, const wn_bytes *bytes,
                         wn_index_layout *out, wn_error *err)
{
    return arrange_blocks(task, form, bytes, 1, out, err);
}

static wn_status make_points(flat *f, wn_error *err)
{
    const wn_index_task *task = f->task;
    wn_bytes bytes = {0};
    wn_index_layout layout = {0};
    wn_status status = wn_bytes_make(&f->form, &task->points, task->pool, &bytes, err);
    if (!status) status = arrange_blocks(task, &f->form, &bytes, 8 * wn_pool_threads(task->pool), &layout, err);
    if (!status)
        status = wn_scan_side_make(&f->form, &bytes, &task->points, layout.order, layout.sizes, layout.blocks, true,
                                   f->copies, task->pool, &f->points, err);
    wn_index_layout_clear(&layout);
    wn_bytes_clear(&bytes);
    return status;
}

/* ---- scans ---- */

static wn_status search_self(flat *f, wn_error *err)
{
    wn_rounds rounds;
    WN_TRY(wn_rounds_of_all(f->points.blocks, &rounds, err));
    wn_status status = wn_rounds_run(&rounds, f->scan, f->task->progress, f->task->points.len, err);
    wn_rounds_clear(&rounds);
    return status;
}

static wn_status search_slab(flat *f, const wn_index_task *slab, wn_error *err)
{
    wn_status status;
    if ((status = wn_scan_queries_make(&f->form, &slab->queries, slab->pool, &f->queries, err))) goto done;
    if ((status = wn_scan_new(slab, &f->form, &f->points, &f->queries, false, &f->scan, err))) goto done;
    wn_scan_run_lists(f->scan, NULL, 0);
    wn_scan_finish(f->scan);
done:
    wn_scan_free(&f->scan);
    wn_scan_side_clear(&f->queries);
    return status;
}

/* `most` queries at a time. */
static wn_status search_slabs(flat *f, size_t most, wn_error *err)
{
    const wn_index_task *task = f->task;
    for (size_t begin = 0; begin < task->queries.len; begin += most) {
        wn_index_task slab = *task;
        wn_progress_report report = {.stage = "neighbours", .unit = "rows", .done = begin, .total = task->queries.len};
        if (wn_progress_tell(task->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
        slab.self = false;
        slab.queries.len = task->queries.len - begin < most ? task->queries.len - begin : most;
        if (task->queries.rows)
            slab.queries.rows = task->queries.rows + begin;
        else
            slab.queries.matrix.data = wn_matrix_row(&task->queries.matrix, begin);
        slab.slots = task->slots + begin * task->k;
        slab.values = task->values + begin * task->k;
        WN_TRY(search_slab(f, &slab, err));
    }
    return WN_OK;
}

static bool in_bytes(const wn_index_task *task)
{
    return wn_bytes_suit(task->points.len, task->points.matrix.cols) &&
           (task->self || task->metric != WN_INDEX_METRIC_IP);
}

/* Bytes that a scan takes, with the lists of `lists` rows at once. */
static uint64_t plan_bytes(const wn_index_task *task, size_t lists, bool copies)
{
    uint64_t dim = task->points.matrix.cols, rows = task->points.len + 2 * WN_SCAN_BLOCK;
    uint64_t row = 2 * wn_bytes_memory(dim) + dim + 24 + (copies ? dim * sizeof(float) : 0);
    uint64_t list = wn_scan_list_memory(task->k) + 2 * wn_bytes_memory(dim) + 16;
    return rows * row + lists * list + dim * dim * 8 + (uint64_t)wn_pool_threads(task->pool) * wn_scan_worker_memory() +
           ((uint64_t)16 << 20);
}

static size_t slab_of(const wn_index_task *task)
{
    return task->queries.len < SLAB ? task->queries.len : SLAB;
}

static uint64_t flat_memory(const wn_index_task *task)
{
    return in_bytes(task) ? plan_bytes(task, slab_of(task) / 8 + 1, false) : wn_flat_floats_memory(task);
}

static wn_status search(const wn_index_task *task, wn_error *err)
{
    wn_status status;
    flat f = {.task = task};
    uint64_t limit = task->memory_limit ? task->memory_limit : UINT64_MAX;
    size_t slab = slab_of(task);
    if (!in_bytes(task)) return wn_flat_floats_search(task, err);
    f.symmetric = task->self && plan_bytes(task, task->points.len, false) <= limit;
    f.copies = plan_bytes(task, f.symmetric ? task->points.len : slab, true) <= limit;
    while (slab > 64 && plan_bytes(task, slab, false) > limit) slab /= 2;
    if ((status = wn_bytes_form_make(task, &f.form, err))) goto done;
    if ((status = make_points(&f, err))) goto done;
    if (f.symmetric) {
        if ((status = wn_scan_new(task, &f.form, &f.points, &f.points, false, &f.scan, err))) goto done;
        if ((status = search_self(&f, err))) goto done;
        wn_scan_finish(f.scan);
    } else if ((status = search_slabs(&f, slab, err))) {
        goto done;
    }
    wn_progress_report report = {
        .stage = "neighbours", .unit = "rows", .done = task->queries.len, .total = task->queries.len};
    (void)wn_progress_tell(task->progress, &report);
done:
    wn_scan_free(&f.scan);
    wn_scan_side_clear(&f.queries);
    wn_scan_side_clear(&f.points);
    wn_bytes_form_clear(&f.form);
    return status;
}

const wn_index_kind wn_index_kind_flat = {
    .name = "flat",
    .summary = "compares all pairs: exact",
    .exact = true,
    .search = search,
    .memory = flat_memory,
    .arrange = arrange,
};
