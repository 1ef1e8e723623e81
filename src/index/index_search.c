/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking an index. Each query is coded like the rows, the cells whose centres are nearest are compared with it in
 * bytes, and exact values rank what the bounds of bytes leave. Without cells all rows are compared and the answer is
 * exact.
 *
 * A query whose magnitude the form cannot code gets the codes of the mean, and its whole length is what bytes took from
 * it. For ip, queries are first brought to the magnitude of the rows by a power of two, which no order depends on.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "index/keys.h"
#include "index/parts.h"
#include "index/spread.h"
#include "winnow/memory.h"

/* Queries at once; magnitudes that are coded; the scale of rows so small that bringing a query to it would cost bits;
 * the greatest length and error that are told. */
enum { SLAB = 256 };
static const double magnitude_most = 0x1p20, scale_most = 0x1p66, length_most = 1e37;
static const double margin = 0.004; /* asked for beyond the recall, as the curve is of a sample */

typedef struct searching {
    wn_index *index;
    const wn_index_query *query;
    wn_index_task *task;
    size_t begin, len;
    float *exact, *coded; /* len x dim: what is ranked by, and what is coded */
    double *factors;      /* of each query in `exact` */
    float *lengths;
    bool *far;
    int32_t *values; /* of the cells, per worker */
    uint64_t *keys;
    uint32_t *lists; /* len x list_len: blocks */
    size_t list_len, cells;
    wn_scan_side side;
} searching;

/* ---- queries ---- */

/* For ip: the power of two that brings the query to the magnitude of the rows. */
static void fit_query(searching *s, size_t i, float *values)
{
    const wn_bytes_form *form = &s->index->form;
    double greatest = (double)form->convert.max_abs(values, form->dim);
    int exponent;
    if (greatest == 0) return;
    s->far[i] = form->scale > scale_most;
    if (s->far[i]) return;
    (void)frexp(greatest * form->scale, &exponent);
    s->factors[i] = ldexp(1, -exponent);
    for (size_t k = 0; k < form->dim; k++) values[k] = ldexpf(values[k], -exponent);
}

static void prepare_query(searching *s, size_t i)
{
    const wn_bytes_form *form = &s->index->form;
    size_t dim = form->dim;
    float *exact = s->exact + i * dim, *coded = s->coded + i * dim;
    double greatest = 0, square = 0;
    memcpy(exact, wn_matrix_row(&s->query->queries, s->begin + i), dim * sizeof *exact);
    s->factors[i] = 1;
    s->far[i] = false;
    if (form->metric == WN_INDEX_METRIC_IP) fit_query(s, i, exact);
    for (size_t k = 0; k < dim; k++) {
        double value = (double)exact[k] - (form->mean ? form->mean[k] : 0);
        greatest = fmax(greatest, fabs(value));
        square += value * value;
    }
    if (form->metric == WN_INDEX_METRIC_L2) s->far[i] = !(greatest * form->scale < magnitude_most);
    s->lengths[i] = (float)fmin(1.01 * sqrt(square) * form->scale, length_most);
    for (size_t k = 0; k < dim; k++) coded[k] = !s->far[i] ? exact[k] : form->mean ? (float)form->mean[k] : 0;
}

/* ---- blocks ---- */

static double asked_for(const searching *s)
{
    double recall = s->query->recall > 0 ? s->query->recall : 0.98;
    return fmin(recall + margin, (1 + recall) / 2);
}

/* How many cells the curve wants. */
static size_t wanted_cells(const searching *s)
{
    const float *curve = s->index->parts[WN_INDEX_PART_CURVE];
    size_t cells = s->index->shape.cells, wanted = 1;
    if (s->query->recall >= 1) return cells;
    while (wanted < cells && (double)curve[wanted - 1] < asked_for(s)) wanted++;
    return wanted;
}

/* Lists the blocks of the nearest cells, at least as many as hold k rows. */
static void list_blocks(searching *s, const wn_bytes *bytes, size_t i, unsigned worker)
{
    const wn_index *index = s->index;
    const uint32_t *first_block = index->parts[WN_INDEX_PART_FIRST_BLOCK];
    size_t cells = index->shape.cells, len = 0, points = 0, wanted = s->cells;
    uint64_t *keys = s->keys + worker * cells;
    uint32_t *list = s->lists + i * s->list_len;
    wn_index_rank_cells(index, bytes, i, wanted, s->values + worker * wn_tile_padded(cells), keys);
    for (size_t at = 0; at < cells && (at < s->cells || points < s->task->k); at++) {
        uint32_t cell;
        if (at == wanted) { /* rare: small cells; rank all */
            wanted = cells;
            wn_index_rank_cells(index, bytes, i, wanted, s->values + worker * wn_tile_padded(cells), keys);
        }
        cell = (uint32_t)keys[at];
        for (uint32_t block = first_block[cell]; block < first_block[cell + 1]; block++) {
            list[len++] = block;
            points += index->side.lens[block];
        }
    }
    for (; len < s->list_len; len++) list[len] = UINT32_MAX;
}

static void list_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    searching *s = context;
    for (size_t i = begin; i < end; i++) list_blocks(s, &s->side.bytes, i, worker);
}

static wn_status choose_blocks(searching *s, wn_error *err)
{
    wn_index *index = s->index;
    size_t cells = index->shape.cells, workers = wn_pool_threads(s->task->pool);
    if (cells == 0 || s->cells == cells) return wn_index_check_all(index, err);
    s->list_len = index->shape.blocks;
    s->values = wn_alloc(WN_MEMORY_MATRIX, workers * wn_tile_padded(cells), sizeof *s->values);
    s->keys = wn_alloc(WN_MEMORY_MATRIX, workers * cells, sizeof *s->keys);
    s->lists = wn_alloc(WN_MEMORY_MATRIX, s->len * s->list_len, sizeof *s->lists);
    if (!s->values || !s->keys || !s->lists) return wn_fail(err, WN_NOMEM, "no memory to search %zu cells", cells);
    wn_pool_for(s->task->pool, s->len, 1, list_rows, s);
    for (size_t i = 0; i < s->len; i++) {
        const uint32_t *list = s->lists + i * s->list_len;
        for (size_t j = 0; j < s->list_len && list[j] != UINT32_MAX; j++)
            WN_TRY(wn_index_check_block(index, list[j], err));
    }
    return WN_OK;
}

/* ---- the search ---- */

static wn_status code_queries(searching *s, wn_index_rows *exact, wn_error *err)
{
    size_t dim = s->index->shape.dim;
    wn_bytes bytes = {0};
    s->exact = wn_alloc(WN_MEMORY_MATRIX, s->len * dim, sizeof *s->exact);
    s->coded = wn_alloc(WN_MEMORY_MATRIX, s->len * dim, sizeof *s->coded);
    s->factors = wn_alloc(WN_MEMORY_MATRIX, s->len, sizeof *s->factors);
    s->lengths = wn_alloc(WN_MEMORY_MATRIX, s->len, sizeof *s->lengths);
    s->far = wn_alloc(WN_MEMORY_MATRIX, s->len, sizeof *s->far);
    if (!s->exact || !s->coded || !s->factors || !s->lengths || !s->far)
        return wn_fail(err, WN_NOMEM, "no memory for %zu queries", s->len);
    for (size_t i = 0; i < s->len; i++) prepare_query(s, i);
    wn_index_rows coded = {{s->coded, s->len, dim, dim}, NULL, s->len};
    *exact = (wn_index_rows){{s->exact, s->len, dim, dim}, NULL, s->len};
    WN_TRY(wn_bytes_make(&s->index->form, &coded, s->task->pool, &bytes, err));
    for (size_t i = 0; i < s->len; i++) {
        if (s->far[i]) bytes.errors[i] = bytes.lengths[i] = s->lengths[i];
    }
    return wn_scan_singles_make(&bytes, exact, &s->side, err);
}

static wn_status search_slab(searching *s, wn_error *err)
{
    wn_status status;
    wn_scan *scan = NULL;
    wn_index_task task = *s->task;
    wn_index_rows exact;
    if ((status = code_queries(s, &exact, err))) goto done;
    if ((status = choose_blocks(s, err))) goto done;
    task.slots += s->begin * task.k;
    task.values += s->begin * task.k;
    if ((status = wn_scan_new(&task, &s->index->form, &s->index->side, &s->side, false, &scan, err))) goto done;
    wn_scan_run_lists(scan, s->lists, s->list_len);
    wn_scan_finish(scan);
    for (size_t i = 0; i < s->len * task.k; i++) task.values[i] /= s->factors[i / task.k];
done:
    wn_scan_free(&scan);
    wn_scan_side_clear(&s->side);
    wn_free(s->exact);
    wn_free(s->coded);
    wn_free(s->factors);
    wn_free(s->lengths);
    wn_free(s->far);
    wn_free(s->values);
    wn_free(s->keys);
    wn_free(s->lists);
    return status;
}

static wn_status check_query(const wn_index *index, const wn_index_query *query, wn_error *err)
{
    const wn_matrix *queries = &query->queries;
    if (query->k == 0) return wn_fail(err, WN_INVALID, "k is 0; ask for at least one neighbour");
    if (queries->rows && queries->cols != index->shape.dim)
        return wn_fail(err, WN_INVALID, "the index has %zu dimensions, the queries %zu; both must come from one model",
                       index->shape.dim, queries->cols);
    return wn_matrix_check_finite(queries, "queries", query->pool, err);
}

/* Distinct slots as rows again. */
static wn_status spread(const wn_index *index, const wn_index_task *task, wn_neighbours *out, wn_error *err)
{
    const wn_index_shape *s = &index->shape;
    if (s->members) {
        wn_distinct distinct = {.rows = s->members,
                                .groups = s->slots,
                                .firsts = index->parts[WN_INDEX_PART_FIRSTS],
                                .members = index->parts[WN_INDEX_PART_MEMBERS],
                                .starts = index->parts[WN_INDEX_PART_STARTS]};
        return wn_spread_lists(task, &distinct, out, err);
    }
    float none = s->metric == WN_INDEX_METRIC_IP ? -INFINITY : INFINITY;
    for (size_t row = 0; row < out->rows; row++) {
        for (size_t i = 0; i < out->k; i++) {
            size_t from = row * task->k + i, to = row * out->k + i;
            out->ids[to] = i < task->k ? (int64_t)index->from.rows[task->slots[from]] : -1;
            out->distances[to] = i < task->k ? wn_index_distance(s->metric, task->values[from]) : none;
        }
    }
    return WN_OK;
}

static wn_status get_lists(wn_index_task *task, size_t rows, wn_neighbours *out, wn_error *err)
{
    size_t len = 0, inner = 0;
    if (wn_mul_size(rows, out->k, &len) && wn_mul_size(rows, task->k, &inner)) {
        out->ids = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *out->ids);
        out->distances = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *out->distances);
        task->slots = wn_alloc(WN_MEMORY_MATRIX, inner, sizeof *task->slots);
        task->values = wn_alloc(WN_MEMORY_MATRIX, inner, sizeof *task->values);
    }
    if (out->ids && out->distances && task->slots && task->values) return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory for %zu neighbours of %zu queries", out->k, rows);
}

wn_status wn_index_search(wn_index *index, const wn_index_query *query, wn_neighbours *out, wn_error *err)
{
    wn_status status;
    size_t rows = query->queries.rows, slots = index->shape.slots;
    wn_index_task task = {.k = query->k < slots ? query->k : slots, .metric = index->shape.metric, .pool = query->pool};
    *out = (wn_neighbours){.rows = rows, .k = query->k, .recall = 1, .distinct = slots};
    WN_TRY(check_query(index, query, err));
    if ((status = get_lists(&task, rows, out, err))) goto done;
    searching all = {.index = index, .query = query, .task = &task};
    if (index->shape.cells) {
        all.cells = wanted_cells(&all);
        if (all.cells < index->shape.cells)
            out->recall = (double)((const float *)index->parts[WN_INDEX_PART_CURVE])[all.cells - 1];
    }
    for (size_t begin = 0; begin < rows && !status; begin += SLAB) {
        searching slab = all;
        slab.begin = begin;
        slab.len = rows - begin < SLAB ? rows - begin : SLAB;
        status = search_slab(&slab, err);
    }
    if (!status) status = spread(index, &task, out, err);
done:
    wn_free(task.slots);
    wn_free(task.values);
    if (status) wn_neighbours_clear(out);
    return status;
}
