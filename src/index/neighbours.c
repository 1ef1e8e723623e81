/* SPDX-License-Identifier: Apache-2.0
 *
 * What all kinds share. The request is checked, rows of equal values are searched once, and the lists of distinct rows
 * are spread out again.
 */
#include "base/error.h"
#include "index/distinct.h"
#include "index/index_task.h"
#include "index/spread.h"
#include "winnow/memory.h"

enum { DIM_MOST = 16384 };

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
    size_t rows = request->embeddings.rows, most = request->k + (request->k < SIZE_MAX && self);
    *out = (wn_neighbours){.rows = queries.rows, .k = request->k, .recall = 1};
    if ((status = check_request(request, err))) goto done;
    task.points = (wn_index_rows){request->embeddings, NULL, rows};
    task.queries = (wn_index_rows){queries, NULL, queries.rows};
    task.k = most < rows ? most : rows;
    if ((status = check_plan(kind, &task, request->k, request->memory_limit, err))) goto done;
    if ((status = wn_distinct_find(&request->embeddings, NULL, request->pool, &distinct, err))) goto done;
    out->distinct = distinct.groups;
    task.points = (wn_index_rows){request->embeddings, distinct.firsts, distinct.groups};
    if (self) task.queries = task.points;
    task.k = most < distinct.groups ? most : distinct.groups;
    if ((status = get_lists(&task, out, err))) goto done;
    if (task.k && task.queries.len && (status = kind->search(&task, err))) goto done;
    status = wn_spread_lists(&task, &distinct, out, err);
done:
    wn_free(task.values);
    wn_free(task.slots);
    wn_distinct_clear(&distinct);
    if (status) wn_neighbours_clear(out);
    return status;
}
