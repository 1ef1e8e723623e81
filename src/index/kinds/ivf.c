/* SPDX-License-Identifier: Apache-2.0
 *
 * Inverted file: rows in cells by k-means, and each cell compared with the cells near it, in bytes, as whole blocks
 * (scan.h). How many cells are near enough follows from the recall that is asked for: the exact neighbours of a
 * sample of rows are found, and the rank of their cells among the cells near the row's own tells which share of
 * them any number of near cells would find. Another sample, searched exactly too, measures what was reached.
 *
 * Whatever cells do not pay for is searched exactly by `flat`: few rows or queries, data without structure, memory for
 * flat's blocks only.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "index/layout.h"
#include "index/rounds.h"
#include "winnow/memory.h"

/* Rows of a cell on average; cells; k-means rounds. Below ROWS_LEAST rows or queries comparing all pairs is faster. */
enum { CELL_ROWS = 384, CELLS_MOST = 8192, CELL_ROUNDS = 5, ROWS_LEAST = 16384 };

/* Near cells that are listed: two fifths of them, as with more comparing all pairs is hardly slower; at least and at
 * most these. */
enum { NEAR_LEAST = 384, NEAR_MOST = 1536 };

/* Rows that tune, and as many that measure. What is asked of the first is a little more than the recall asked for. */
enum { SAMPLE = 512 };
static const double margin = 0.004;

typedef struct ivf {
    const wn_index_task *task;
    wn_bytes_form form;
    wn_index_cells cells;
    wn_scan_side points, queries;
    uint32_t *near; /* cells x near_most */
    size_t near_most, near_len;
    uint32_t *first_block; /* cells + 1: of the points */
    uint32_t *block_cell;  /* of each block of queries (or points) */
    wn_scan *scan;
    bool copies, by_bytes;
    /* the exact neighbours of 2 x SAMPLE queries */
    uint32_t *sample, *true_slots;
    double *true_values;
    size_t sample_len;
} ivf;

/* ---- setting up ---- */

/* Blocks of whole cells: `starts` says where each cell begins in the order. Returns the number of blocks; first[c] is
 * the first of cell c, cell_of[b] the cell of block b. */
static size_t cut_cells(const uint32_t *starts, size_t cells, uint32_t *sizes, uint32_t *first, uint32_t *cell_of)
{
    size_t count = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        size_t begin = count;
        first[cell] = (uint32_t)count;
        count = wn_scan_cut(starts[cell + 1] - starts[cell], 0, sizes, count);
        for (; begin < count; begin++) cell_of[begin] = (uint32_t)cell;
    }
    first[cells] = (uint32_t)count;
    return count;
}

/* Puts a side into the order of its cells. */
static wn_status make_side(ivf *f, wn_bytes *bytes, const wn_index_rows *rows, const uint32_t *order,
                           const uint32_t *starts, bool points, wn_scan_side *out, wn_error *err)
{
    size_t cells = f->cells.count, most = rows->len / WN_SCAN_BLOCK + cells + 1;
    uint32_t *sizes = wn_alloc(WN_MEMORY_MATRIX, most, sizeof *sizes);
    uint32_t *cell_of = wn_alloc(WN_MEMORY_MATRIX, most, sizeof *cell_of);
    uint32_t *first = wn_alloc(WN_MEMORY_MATRIX, cells + 1, sizeof *first);
    wn_status status = sizes && cell_of && first ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu cells", cells);
    if (!status) {
        size_t blocks = cut_cells(starts, cells, sizes, first, cell_of);
        status = wn_scan_side_make(&f->form, bytes, rows, order, sizes, blocks, points, points && f->copies,
                                   f->task->pool, out, err);
        if (points) {
            f->first_block = first;
            first = NULL;
        }
        if (!points || f->task->self) {
            f->block_cell = cell_of;
            cell_of = NULL;
        }
    }
    wn_free(first);
    wn_free(cell_of);
    wn_free(sizes);
    return status;
}

static wn_status find_cells(const wn_index_task *task, const wn_bytes_form *form, const wn_bytes *bytes,
                            wn_index_cells *out, wn_error *err)
{
    size_t wanted = bytes->rows / CELL_ROWS < CELLS_MOST ? bytes->rows / CELL_ROWS : CELLS_MOST;
    return wn_index_cells_find(form, bytes, wanted, CELL_ROUNDS, task->seed, task->pool, out, err);
}

static wn_status arrange(const wn_index_task *task, const wn_bytes_form *form, const wn_bytes *bytes,
                         wn_index_layout *out, wn_error *err)
{
    wn_index_cells cells;
    WN_TRY(find_cells(task, form, bytes, &cells, err));
    wn_status status = wn_index_layout_of_cells(&cells, out, err);
    wn_index_cells_clear(&cells);
    return status;
}

static size_t near_cells(size_t cells)
{
    size_t near = cells * 2 / 5;
    near = near < NEAR_LEAST ? NEAR_LEAST : near > NEAR_MOST ? NEAR_MOST : near;
    return near < cells ? near : cells;
}

static wn_status make_points(ivf *f, wn_error *err)
{
    const wn_index_task *task = f->task;
    wn_bytes bytes = {0};
    WN_TRY(wn_bytes_form_make(task, &f->form, err));
    wn_status status = wn_bytes_make(&f->form, &task->points, task->pool, &bytes, err);
    if (!status) status = find_cells(task, &f->form, &bytes, &f->cells, err);
    if (!status) status = make_side(f, &bytes, &task->points, f->cells.order, f->cells.starts, true, &f->points, err);
    wn_bytes_clear(&bytes);
    if (status) return status;
    f->near_most = near_cells(f->cells.count);
    f->near = wn_alloc(WN_MEMORY_MATRIX, f->cells.count * f->near_most, sizeof *f->near);
    if (!f->near) return wn_fail(err, WN_NOMEM, "no memory for the neighbours of %zu cells", f->cells.count);
    return wn_index_cells_near(&f->form, &f->cells, f->near_most, task->pool, f->near, err);
}

/* Queries of their own go to the cell of their nearest centre. */
static wn_status make_queries(ivf *f, uint32_t **cell_of, wn_error *err)
{
    const wn_index_task *task = f->task;
    wn_bytes bytes = {0};
    wn_index_cells own = {0};
    WN_TRY(wn_bytes_make(&f->form, &task->queries, task->pool, &bytes, err));
    wn_status status = wn_index_cells_assign(&f->form, &f->cells, &bytes, task->pool, &own, err);
    if (!status) status = make_side(f, &bytes, &task->queries, own.order, own.starts, false, &f->queries, err);
    *cell_of = own.cell_of;
    own.cell_of = NULL;
    wn_index_cells_clear(&own);
    wn_bytes_clear(&bytes);
    return status;
}

/* ---- the sample ---- */

static wn_status search_sample(ivf *f, wn_error *err)
{
    wn_status status;
    const wn_index_task *task = f->task;
    wn_index_task exact = *task;
    wn_scan_side side = {0};
    wn_scan *scan = NULL;
    size_t queries = task->queries.len, len = queries < 2 * SAMPLE ? queries : 2 * SAMPLE;
    uint32_t *rows = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *rows);
    f->sample_len = len;
    f->sample = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *f->sample);
    f->true_slots = wn_alloc(WN_MEMORY_MATRIX, len * task->k, sizeof *f->true_slots);
    f->true_values = wn_alloc(WN_MEMORY_MATRIX, len * task->k, sizeof *f->true_values);
    if (!rows || !f->sample || !f->true_slots || !f->true_values) {
        status = wn_fail(err, WN_NOMEM, "no memory for a sample of %zu rows", len);
        goto done;
    }
    /* the odd ones measure, the even ones tune */
    for (size_t i = 0; i < len; i++) {
        f->sample[i] = (uint32_t)(i * queries / len);
        rows[i] = task->queries.rows ? task->queries.rows[f->sample[i]] : f->sample[i];
    }
    exact.self = false;
    exact.queries = (wn_index_rows){task->queries.matrix, rows, len};
    exact.slots = f->true_slots;
    exact.values = f->true_values;
    if ((status = wn_scan_queries_make(&f->form, &exact.queries, task->pool, &side, err))) goto done;
    if ((status = wn_scan_new(&exact, &f->form, &f->points, &side, false, &scan, err))) goto done;
    wn_scan_run_lists(scan, NULL, 0);
    wn_scan_finish(scan);
done:
    wn_scan_free(&scan);
    wn_scan_side_clear(&side);
    wn_free(rows);
    return status;
}

/* Near cells that the tuning half of the sample wants, and that give every query k points to choose from; 0 when no
 * number of them does. */
static wn_status tune(const ivf *f, const uint32_t *cell_of, size_t *out, wn_error *err)
{
    size_t k = f->task->k, cells = f->cells.count, found = 0, total = 0, len = 0;
    double wanted = fmin(f->task->recall + margin, (1 + f->task->recall) / 2);
    size_t *counts = wn_calloc(WN_MEMORY_MATRIX, f->near_most + 1, sizeof *counts);
    uint32_t *rank = wn_alloc(WN_MEMORY_MATRIX, cells, sizeof *rank);
    if (!counts || !rank) {
        wn_free(counts);
        wn_free(rank);
        return wn_fail(err, WN_NOMEM, "no memory to tune %zu cells", cells);
    }
    for (size_t i = 0; i < f->sample_len; i += 2) {
        const uint32_t *near = f->near + cell_of[f->sample[i]] * f->near_most;
        for (size_t cell = 0; cell < cells; cell++) rank[cell] = (uint32_t)f->near_most;
        for (size_t j = 0; j < f->near_most; j++) rank[near[j]] = (uint32_t)j;
        for (size_t j = 0; j < k; j++) {
            uint32_t slot = f->true_slots[i * k + j];
            if (f->task->self && slot == f->sample[i]) continue; /* a row finds itself anyway */
            counts[rank[f->cells.cell_of[slot]]]++;
            total++;
        }
    }
    while (len < f->near_most && (double)found < wanted * (double)total) found += counts[len++];
    if ((double)found < wanted * (double)total) len = 0;
    for (size_t cell = 0; cell < cells && len > 0; cell++) {
        const uint32_t *near = f->near + cell * f->near_most;
        size_t points = 0, needed = 0;
        while (points < k && needed < f->near_most) {
            points += f->cells.starts[near[needed] + 1] - f->cells.starts[near[needed]];
            needed++;
        }
        if (points < k)
            len = 0;
        else if (needed > len)
            len = needed;
    }
    *out = len;
    wn_free(counts);
    wn_free(rank);
    return WN_OK;
}

static double measure(const ivf *f)
{
    const wn_index_task *task = f->task;
    size_t k = task->k, found = 0, total = 0;
    for (size_t i = f->sample_len > 1; i < f->sample_len; i += 2) {
        const double *values = task->values + f->sample[i] * k;
        for (size_t j = 0; j < k; j++) found += values[j] <= f->true_values[i * k + k - 1];
        total += k;
        if (task->self && k > 1) { /* a row finds itself anyway */
            found--;
            total--;
        }
    }
    return total ? (double)found / (double)total : 1;
}

/* ---- pairs of blocks ---- */

typedef struct ranked_pair {
    uint32_t rank, a, b; /* a < b */
} ranked_pair;

static int compare_cells(const void *a, const void *b)
{
    const ranked_pair *x = a, *y = b;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    if (x->b != y->b) return x->b < y->b ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

static int compare_ranks(const void *a, const void *b)
{
    const ranked_pair *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return compare_cells(a, b);
}

/* Pairs of cells where one is near the other, nearest first. */
static size_t pair_cells(const ivf *f, ranked_pair *pairs)
{
    size_t len = 0, count = 0;
    for (uint32_t cell = 0; cell < f->cells.count; cell++) {
        for (uint32_t i = 1; i < f->near_len; i++) {
            uint32_t other = f->near[cell * f->near_most + i];
            pairs[len++] = (ranked_pair){i, cell < other ? cell : other, cell < other ? other : cell};
        }
    }
    qsort(pairs, len, sizeof *pairs, compare_cells);
    for (size_t i = 0; i < len; i++) {
        if (count && pairs[count - 1].a == pairs[i].a && pairs[count - 1].b == pairs[i].b) continue;
        pairs[count++] = pairs[i];
    }
    qsort(pairs, count, sizeof *pairs, compare_ranks);
    return count;
}

/* All pairs of blocks of two cells, or of one. Counts only, where `out` is NULL. */
static size_t pair_blocks(const ivf *f, uint32_t a, uint32_t b, wn_scan_pair *out)
{
    size_t count = 0;
    for (uint32_t i = f->first_block[a]; i < f->first_block[a + 1]; i++) {
        for (uint32_t j = a == b ? i + 1 : f->first_block[b]; j < f->first_block[b + 1]; j++, count++) {
            if (out) out[count] = (wn_scan_pair){i, j, true};
        }
    }
    return count;
}

static wn_status search_self(ivf *f, wn_error *err)
{
    wn_status status;
    wn_rounds rounds = {0};
    size_t cells = f->cells.count, len = 0, total = 0;
    ranked_pair *pairs = wn_alloc(WN_MEMORY_MATRIX, cells * f->near_len, sizeof *pairs);
    wn_scan_pair *blocks = NULL;
    if (!pairs) return wn_fail(err, WN_NOMEM, "no memory for %zu cells near %zu", f->near_len, cells);
    len = pair_cells(f, pairs);
    for (uint32_t cell = 0; cell < cells; cell++) total += pair_blocks(f, cell, cell, NULL);
    for (size_t i = 0; i < len; i++) total += pair_blocks(f, pairs[i].a, pairs[i].b, NULL);
    if (!(blocks = wn_alloc(WN_MEMORY_MATRIX, total, sizeof *blocks))) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu pairs of blocks", total);
        goto done;
    }
    total = 0;
    for (uint32_t cell = 0; cell < cells; cell++) total += pair_blocks(f, cell, cell, blocks + total);
    for (size_t i = 0; i < len; i++) total += pair_blocks(f, pairs[i].a, pairs[i].b, blocks + total);
    if ((status = wn_rounds_of(f->points.blocks, blocks, total, &rounds, err))) goto done;
    if ((status = wn_scan_new(f->task, &f->form, &f->points, &f->points, f->by_bytes, &f->scan, err))) goto done;
    status = wn_rounds_run(&rounds, f->scan, f->task->progress, f->task->points.len, err);
done:
    wn_rounds_clear(&rounds);
    wn_free(blocks);
    wn_free(pairs);
    return status;
}

/* Each block of queries with the blocks of the cells near its own. */
static wn_status search_queries(ivf *f, wn_error *err)
{
    size_t most = 0, blocks = f->queries.blocks;
    for (size_t a = 0; a < blocks; a++) {
        const uint32_t *near = f->near + f->block_cell[a] * f->near_most;
        size_t count = 0;
        for (size_t i = 0; i < f->near_len; i++) count += f->first_block[near[i] + 1] - f->first_block[near[i]];
        most = count > most ? count : most;
    }
    uint32_t *lists = wn_alloc(WN_MEMORY_MATRIX, blocks * most, sizeof *lists);
    if (!lists) return wn_fail(err, WN_NOMEM, "no memory for the cells near %zu blocks of queries", blocks);
    memset(lists, 0xff, blocks * most * sizeof *lists);
    for (size_t a = 0; a < blocks; a++) {
        const uint32_t *near = f->near + f->block_cell[a] * f->near_most;
        size_t count = 0;
        for (size_t i = 0; i < f->near_len; i++) {
            for (uint32_t b = f->first_block[near[i]]; b < f->first_block[near[i] + 1]; b++)
                lists[a * most + count++] = b;
        }
    }
    wn_status status = wn_scan_new(f->task, &f->form, &f->points, &f->queries, f->by_bytes, &f->scan, err);
    if (!status) wn_scan_run_lists(f->scan, lists, most);
    wn_free(lists);
    return status;
}

/* ---- the kind ---- */

static uint64_t plan_bytes(const wn_index_task *task, bool copies)
{
    uint64_t dim = task->points.matrix.cols, cells = task->points.len / CELL_ROWS + 1;
    uint64_t rows = task->points.len + cells * WN_TILE_WIDTH, queries = task->self ? 0 : task->queries.len + 1024;
    uint64_t row = 2 * wn_bytes_memory(dim) + dim + 40 + (copies ? dim * sizeof(float) : 0);
    uint64_t lists = (task->self ? rows : queries) * (wn_scan_list_memory(task->k) + 8);
    return rows * row + queries * (2 * wn_bytes_memory(dim) + 24) + lists + cells * (near_cells(cells) * 40 + 8 * dim) +
           dim * dim * 8 + (uint64_t)wn_pool_threads(task->pool) * wn_scan_worker_memory() + ((uint64_t)32 << 20);
}

/* Whether cells pay; memory apart. */
static bool suits(const wn_index_task *task)
{
    return wn_bytes_suit(task->points.len, task->points.matrix.cols) && task->points.len >= ROWS_LEAST &&
           task->queries.len >= ROWS_LEAST && task->k <= task->points.len / 64 && task->recall < 1 &&
           (task->self || task->metric != WN_INDEX_METRIC_IP);
}

static uint64_t ivf_memory(const wn_index_task *task)
{
    return wn_index_kind_find("flat")->memory(task);
}

static wn_status search_near(ivf *f, wn_error *err)
{
    wn_scan_free(&f->scan);
    WN_TRY(f->task->self ? search_self(f, err) : search_queries(f, err));
    wn_scan_finish(f->scan);
    *f->task->reached = measure(f);
    return WN_OK;
}

static wn_status search_cells(ivf *f, bool *fits, wn_error *err)
{
    uint32_t *query_cells = NULL;
    WN_TRY(make_points(f, err));
    if (!f->task->self) WN_TRY(make_queries(f, &query_cells, err));
    wn_progress_report report = {.stage = "neighbours", .unit = "rows", .total = f->task->queries.len};
    wn_status status = wn_progress_tell(f->task->progress, &report) ? wn_fail(err, WN_CANCELLED, "cancelled") : WN_OK;
    if (!status) status = search_sample(f, err);
    if (!status) status = tune(f, query_cells ? query_cells : f->cells.cell_of, &f->near_len, err);
    wn_free(query_cells);
    *fits = f->near_len > 0;
    if (status || !*fits) return status;
    f->by_bytes = true;
    WN_TRY(search_near(f, err));
    double chance = fmin(margin, (1 - f->task->recall) / 2); /* what a sample may be off by */
    if (*f->task->reached < f->task->recall - chance) {      /* bytes do not tell the rows apart */
        f->by_bytes = false;
        WN_TRY(search_near(f, err));
    }
    report.done = report.total;
    (void)wn_progress_tell(f->task->progress, &report);
    return WN_OK;
}

static wn_status search(const wn_index_task *task, wn_error *err)
{
    ivf f = {.task = task};
    uint64_t limit = task->memory_limit ? task->memory_limit : UINT64_MAX;
    bool fits = suits(task) && plan_bytes(task, false) <= limit;
    wn_status status = WN_OK;
    f.copies = plan_bytes(task, true) <= limit;
    if (fits) status = search_cells(&f, &fits, err);
    wn_scan_free(&f.scan);
    wn_scan_side_clear(&f.queries);
    wn_scan_side_clear(&f.points);
    wn_index_cells_clear(&f.cells);
    wn_bytes_form_clear(&f.form);
    wn_free(f.near);
    wn_free(f.first_block);
    wn_free(f.block_cell);
    wn_free(f.sample);
    wn_free(f.true_slots);
    wn_free(f.true_values);
    return status || fits ? status : wn_index_kind_find("flat")->search(task, err);
}

const wn_index_kind wn_index_kind_ivf = {
    .name = "ivf",
    .summary = "compares rows of cells that are near each other: as exact as asked for",
    .search = search,
    .memory = ivf_memory,
    .arrange = arrange,
};
