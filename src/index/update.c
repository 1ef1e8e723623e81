/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists after rows were added. Rows whose list is wanted anew are searched among all rows; for the others all that can
 * change is that a new row is nearer than the last one listed, so they are searched among the new rows alone and the
 * two lists are merged by (value, row), the order of a search from nothing.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "index/index_task.h"
#include "winnow/memory.h"

/* Old rows that are compared with the new ones at once, and rows of one piece of work. */
enum { BLOCK = 65536, GRAIN = 256 };

typedef struct update {
    const wn_neighbours_request *request;
    wn_precise_kernels precise;
    size_t old, rows, k;
    int64_t *ids; /* rows x k: the lists to be */
    float *distances;
    uint32_t *wanted; /* rows that are searched anew */
    size_t wanted_len;
    uint8_t *is_wanted; /* one byte a row */
    /* what is merged or copied at the moment */
    const wn_neighbours *found;
    size_t begin;
} update;

/* One entry of a list, with what decides its place. */
typedef struct entry {
    double value;
    int64_t id;
} entry;

static bool comes_before(const entry *a, const entry *b)
{
    return a->value != b->value ? a->value < b->value : a->id < b->id;
}

static entry make_entry(const update *u, size_t row, int64_t id)
{
    const wn_matrix *m = &u->request->embeddings;
    wn_index_metric metric = u->request->metric;
    if (id < 0) return (entry){INFINITY, INT64_MAX};
    const float *a = wn_matrix_row(m, row), *b = wn_matrix_row(m, (size_t)id);
    double a_scale = wn_index_scale(&u->precise, metric, a, m->cols);
    double b_scale = wn_index_scale(&u->precise, metric, b, m->cols);
    return (entry){wn_index_value(&u->precise, metric, a, a_scale, b, b_scale, m->cols), id};
}

/* Whether a new row may belong into the list; the reported distances round alike, so equal ones are looked into. */
static bool may_enter(const update *u, size_t row, float distance, int64_t id)
{
    size_t last = row * u->k + u->k - 1;
    if (id < 0) return false;
    if (u->ids[last] < 0) return true;
    return u->request->metric == WN_INDEX_METRIC_IP ? distance >= u->distances[last] : distance <= u->distances[last];
}

/* Merges the old list of `row` with that among the new rows, from the last place back, which needs no second list: of
 * the two lists of k the k last in order are dropped first. */
static void merge_list(const update *u, size_t row, const int64_t *ids, const float *distances)
{
    size_t k = u->k, a = k, b = 0;
    int64_t *old_ids = u->ids + row * k;
    float *old_distances = u->distances + row * k;
    while (b < k && may_enter(u, row, distances[b], ids[b])) b++;
    if (b == 0) return;
    entry x = make_entry(u, row, old_ids[a - 1]), y = make_entry(u, row, ids[b - 1] + (int64_t)u->old);
    for (size_t total = a + b; total > 0 && b > 0; total--) {
        bool old_last = a > 0 && comes_before(&y, &x);
        if (total <= k) {
            old_ids[total - 1] = old_last ? old_ids[a - 1] : y.id;
            old_distances[total - 1] = old_last ? old_distances[a - 1] : distances[b - 1];
        }
        if (old_last) {
            if (--a) x = make_entry(u, row, old_ids[a - 1]);
        } else if (--b) {
            y = make_entry(u, row, ids[b - 1] + (int64_t)u->old);
        }
    }
}

static void merge_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const update *u = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        if (!u->is_wanted[u->begin + i])
            merge_list(u, u->begin + i, u->found->ids + i * u->k, u->found->distances + i * u->k);
    }
}

/* The lists that were searched with one place more, for the row itself. */
static void copy_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const update *u = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t row = u->wanted[i], place = 0;
        for (size_t j = 0; j <= u->k && place < u->k; j++) {
            size_t at = i * (u->k + 1) + j;
            if (u->found->ids[at] == (int64_t)row) continue;
            u->ids[row * u->k + place] = u->found->ids[at];
            u->distances[row * u->k + place++] = u->found->distances[at];
        }
    }
}

static wn_status search_wanted(update *u, const wn_index_kind *kind, double *recall, wn_error *err)
{
    const wn_matrix *m = &u->request->embeddings;
    wn_neighbours_request request = *u->request;
    wn_neighbours found = {0};
    float *rows = wn_alloc(WN_MEMORY_MATRIX, u->wanted_len * sizeof *rows, m->cols);
    if (!rows) return wn_fail(err, WN_NOMEM, "no memory for %zu rows to search", u->wanted_len);
    for (size_t i = 0; i < u->wanted_len; i++)
        memcpy(rows + i * m->cols, wn_matrix_row(m, u->wanted[i]), m->cols * sizeof *rows);
    request.queries = (wn_matrix){rows, u->wanted_len, m->cols, m->cols};
    request.k = u->k + 1;
    wn_status status = wn_neighbours_find(kind, &request, &found, err);
    if (!status) {
        u->found = &found;
        wn_pool_for(request.pool, u->wanted_len, GRAIN, copy_rows, u);
        *recall = fmin(*recall, found.recall);
    }
    wn_neighbours_clear(&found);
    wn_free(rows);
    return status;
}

static wn_status merge_new(update *u, wn_error *err)
{
    const wn_matrix *m = &u->request->embeddings;
    wn_neighbours_request request = *u->request;
    request.embeddings = (wn_matrix){wn_matrix_row(m, u->old), u->rows - u->old, m->cols, m->stride};
    for (u->begin = 0; u->begin < u->old && u->rows > u->old; u->begin += BLOCK) {
        size_t len = u->old - u->begin < BLOCK ? u->old - u->begin : BLOCK;
        wn_neighbours found = {0};
        request.queries = (wn_matrix){wn_matrix_row(m, u->begin), len, m->cols, m->stride};
        WN_TRY(wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, err));
        u->found = &found;
        wn_pool_for(request.pool, len, GRAIN, merge_rows, u);
        wn_neighbours_clear(&found);
    }
    return WN_OK;
}

static wn_status begin_update(update *u, const uint8_t *stale, const wn_neighbours *lists, wn_error *err)
{
    size_t len = 0;
    if (wn_mul_size(u->rows, u->k, &len)) {
        u->ids = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *u->ids);
        u->distances = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *u->distances);
    }
    u->wanted = wn_alloc(WN_MEMORY_MATRIX, u->rows, sizeof *u->wanted);
    u->is_wanted = wn_calloc(WN_MEMORY_MATRIX, u->rows, 1);
    if (!u->ids || !u->distances || !u->wanted || !u->is_wanted)
        return wn_fail(err, WN_NOMEM, "no memory for %zu neighbours of %zu rows", u->k, u->rows);
    memcpy(u->ids, lists->ids, u->old * u->k * sizeof *u->ids);
    memcpy(u->distances, lists->distances, u->old * u->k * sizeof *u->distances);
    for (size_t row = 0; row < u->rows; row++) {
        if (row < u->old && !(stale && stale[row])) continue;
        u->wanted[u->wanted_len++] = (uint32_t)row;
        u->is_wanted[row] = 1;
    }
    return WN_OK;
}

static wn_status check_lists(const wn_neighbours_request *request, const wn_neighbours *lists, wn_error *err)
{
    size_t rows = request->embeddings.rows;
    if (request->queries.data || lists->k != request->k || lists->rows > rows || rows >= UINT32_MAX || !lists->k)
        return wn_fail(err, WN_INVALID, "lists of %zu neighbours of %zu rows do not fit a request for %zu of %zu",
                       lists->k, lists->rows, request->k, rows);
    for (size_t i = 0; i < lists->rows * lists->k; i++) {
        if (lists->ids[i] < -1 || lists->ids[i] >= (int64_t)lists->rows)
            return wn_fail(err, WN_INVALID, "list %zu names row %lld of %zu", i / lists->k, (long long)lists->ids[i],
                           lists->rows);
    }
    return WN_OK;
}

wn_status wn_neighbours_update(const wn_index_kind *kind, const wn_neighbours_request *request, const uint8_t *stale,
                               wn_neighbours *lists, wn_error *err)
{
    wn_status status;
    double recall = lists->recall;
    WN_TRY(check_lists(request, lists, err));
    update u = {.request = request, .old = lists->rows, .rows = request->embeddings.rows, .k = request->k};
    wn_precise_kernels_init(&u.precise, wn_cpu_level());
    if ((status = begin_update(&u, stale, lists, err))) goto done;
    if (u.wanted_len && (status = search_wanted(&u, kind, &recall, err))) goto done;
    if ((status = merge_new(&u, err))) goto done;
    wn_free(lists->ids);
    wn_free(lists->distances);
    lists->ids = u.ids;
    lists->distances = u.distances;
    lists->rows = u.rows;
    lists->recall = recall;
    u.ids = NULL;
    u.distances = NULL;
done:
    wn_free(u.ids);
    wn_free(u.distances);
    wn_free(u.wanted);
    wn_free(u.is_wanted);
    return status;
}
