/* SPDX-License-Identifier: Apache-2.0
 *
 * What all kinds share. The request is checked, rows of equal values are searched once, and the lists of distinct rows
 * are spread out again. The first k (+ 1 for the row itself) distinct rows by (value, first row) hold the k
 * nearest rows: before a row of another group come at least as many rows as groups.
 */
#include <math.h>

#include "base/error.h"
#include "index/distinct.h"
#include "index/index_task.h"
#include "winnow/memory.h"

enum { GRAIN = 256, DIM_MOST = 16384 };

typedef struct spread {
    const wn_index_task *task;
    const wn_distinct *distinct;
    wn_neighbours *out;
    uint32_t *cursors; /* task->k a worker */
} spread;

void wn_neighbours_clear(wn_neighbours *neighbours)
{
    wn_free(neighbours->ids);
    wn_free(neighbours->distances);
    *neighbours = (wn_neighbours){0};
}

static wn_status check_request(const wn_neighbours_request *request, wn_error *err)
{
    const wn_matrix *points = &request->embeddings, *queries = &request->queries;
    if (request->k == 0) return wn_fail(err, WN_INVALID, "k is 0; ask for at least one neighbour");
    if (queries->data && queries->cols != points->cols && queries->rows && points->rows) {
        return wn_fail(err, WN_INVALID, "embeddings have %zu dimensions, queries %zu; both must come from one model",
                       points->cols, queries->cols);
    }
    if (points->cols == 0 && points->rows) return wn_fail(err, WN_INVALID, "the rows have no dimensions");
    if (points->rows >= UINT32_MAX || queries->rows >= UINT32_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "more rows than 32 bits count");
    if (points->cols > DIM_MOST)
        return wn_fail(err, WN_UNSUPPORTED, "%zu dimensions; at most %d can be searched", points->cols, DIM_MOST);
    WN_TRY(wn_matrix_check_finite(points, "embeddings", request->pool, err));
    return queries->data ? wn_matrix_check_finite(queries, "queries", request->pool, err) : WN_OK;
}

/* The members of the groups listed from `begin` to `end`, which are equally near, by row number. Returns the place
 * after the last one written. */
static size_t write_equals(const spread *s, const uint32_t *slots, size_t begin, size_t end, float distance,
                           size_t leave_out, size_t row, size_t place, uint32_t *cursors)
{
    const wn_distinct *distinct = s->distinct;
    size_t k = s->out->k;
    for (size_t i = begin; i < end; i++) cursors[i] = distinct->starts[slots[i]];
    while (place < k) {
        size_t best = end;
        uint32_t least = UINT32_MAX;
        for (size_t i = begin; i < end; i++) {
            if (cursors[i] == distinct->starts[slots[i] + 1]) {
                begin += i == begin; /* most groups have one row, and are used up in order */
            } else if (distinct->members[cursors[i]] < least) {
                least = distinct->members[cursors[i]];
                best = i;
            }
            /* first rows ascend: no group after one that was not begun comes before it */
            if (cursors[i] == distinct->starts[slots[i]]) break;
        }
        if (best == end) break;
        cursors[best]++;
        if (least == leave_out) continue;
        s->out->ids[row * k + place] = least;
        s->out->distances[row * k + place++] = distance;
    }
    return place;
}

static void spread_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const spread *s = context;
    const wn_index_task *task = s->task;
    uint32_t *cursors = s->cursors + worker * task->k;
    size_t k = s->out->k;
    for (size_t row = begin; row < end; row++) {
        size_t query = task->self ? s->distinct->group_of[row] : row, place = 0;
        const uint32_t *slots = task->slots + query * task->k;
        const double *values = task->values + query * task->k;
        for (size_t i = 0, next; i < task->k && place < k; i = next) {
            for (next = i + 1; next < task->k && values[next] == values[i];) next++;
            place = write_equals(s, slots, i, next, wn_index_distance(task->metric, values[i]),
                                 task->self ? row : SIZE_MAX, row, place, cursors);
        }
        for (; place < k; place++) {
            s->out->ids[row * k + place] = -1;
            s->out->distances[row * k + place] = task->metric == WN_INDEX_METRIC_IP ? -INFINITY : INFINITY;
        }
    }
}

/* Sizes of everything, as if all rows differed. */
static wn_status check_plan(const wn_index_kind *kind, wn_index_task *task, size_t k, uint64_t limit, wn_error *err)
{
    double lists = (double)task->queries.len * ((double)k + (double)task->k) * (sizeof(int64_t) + sizeof(float));
    lists += (double)task->points.len * (4 * sizeof(uint32_t) + 16);
    double plan = lists + (double)kind->memory(task);
    if (limit && plan > (double)limit) {
        return wn_fail(err, WN_LIMIT,
                       "%zu neighbours of %zu rows take %.0f MB, more than the limit of %.0f MB; raise --memory-limit "
                       "or ask for fewer neighbours",
                       k, task->queries.len, plan / 1e6, (double)limit / 1e6);
    }
    task->memory_limit = limit ? limit - (uint64_t)lists : 0;
    return WN_OK;
}

static wn_status get_lists(wn_index_task *task, wn_neighbours *out, wn_error *err)
{
    size_t len = 0, inner = 0;
    if (wn_mul_size(out->rows, out->k, &len) && wn_mul_size(task->queries.len, task->k, &inner)) {
        out->ids = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *out->ids);
        out->distances = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *out->distances);
        task->slots = wn_alloc(WN_MEMORY_MATRIX, inner, sizeof *task->slots);
        task->values = wn_alloc(WN_MEMORY_MATRIX, inner, sizeof *task->values);
    }
    if (!out->ids || !out->distances || !task->slots || !task->values)
        return wn_fail(err, WN_NOMEM, "no memory for %zu neighbours of %zu rows", out->k, out->rows);
    return WN_OK;
}

wn_status wn_neighbours_find(const wn_index_kind *kind, const wn_neighbours_request *request, wn_neighbours *out,
                             wn_error *err)
{
    wn_status status;
    wn_distinct distinct = {0};
    bool self = !request->queries.data;
    wn_matrix queries = self ? request->embeddings : request->queries;
    wn_index_task task = {.self = self,
                          .metric = request->metric,
                          .seed = request->seed,
                          .recall = request->recall > 0 ? request->recall : 0.98,
                          .reached = &out->recall,
                          .pool = request->pool,
                          .progress = request->progress,
                          .rescanned = &out->rescanned};
    spread s = {.task = &task, .distinct = &distinct, .out = out};
    size_t rows = request->embeddings.rows, most = request->k + (request->k < SIZE_MAX && self);
    *out = (wn_neighbours){.rows = queries.rows, .k = request->k, .recall = 1};
    if ((status = check_request(request, err))) goto done;
    task.points = (wn_index_rows){request->embeddings, NULL, rows};
    task.queries = (wn_index_rows){queries, NULL, queries.rows};
    task.k = most < rows ? most : rows;
    if ((status = check_plan(kind, &task, request->k, request->memory_limit, err))) goto done;
    if ((status = wn_distinct_find(&request->embeddings, request->pool, &distinct, err))) goto done;
    out->distinct = distinct.groups;
    task.points = (wn_index_rows){request->embeddings, distinct.firsts, distinct.groups};
    if (self) task.queries = task.points;
    task.k = most < distinct.groups ? most : distinct.groups;
    if ((status = get_lists(&task, out, err))) goto done;
    if (task.k && task.queries.len && (status = kind->search(&task, err))) goto done;
    s.cursors = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(request->pool) * task.k, sizeof *s.cursors);
    if (!s.cursors) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu neighbours", request->k);
        goto done;
    }
    wn_pool_for(request->pool, out->rows, GRAIN, spread_rows, &s);
done:
    wn_free(s.cursors);
    wn_free(task.values);
    wn_free(task.slots);
    wn_distinct_clear(&distinct);
    if (status) wn_neighbours_clear(out);
    return status;
}
