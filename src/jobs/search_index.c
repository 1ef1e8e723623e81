/* SPDX-License-Identifier: Apache-2.0
 *
 * A search that the index of the embeddings answers. Candidates come from the index and from the rows that were added
 * since it was made; their embeddings are read again, with their checksums, and give the distances that are told.
 */
#include <stdlib.h>

#include "base/error.h"
#include "jobs/search.h"
#include "jobs/vectors.h"
#include "winnow/log.h"
#include "winnow/memory.h"

/* More candidates, or more rows that the index lacks, and reading all rows is as fast. */
enum { CANDIDATES_MOST = 4096, GONE_MOST = 256, TAIL_MOST = 65536, BLOCK = 512 };
static const double recall = 0.99;

typedef struct candidates {
    int64_t *rows; /* rising */
    float *distances;
    size_t len, room;
} candidates;

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static wn_status make_room(candidates *c, size_t room, wn_error *err)
{
    c->room = room;
    c->rows = wn_alloc(WN_MEMORY_GENERAL, room, sizeof *c->rows);
    c->distances = wn_alloc(WN_MEMORY_GENERAL, room, sizeof *c->distances);
    return c->rows && c->distances ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu candidates", room);
}

/* Distances of the rows from `begin` of the list on, a block at a time. */
static wn_status measure(wn_column *column, const wn_search_query *query, candidates *c, size_t begin, wn_error *err)
{
    wn_distance_kernels kernels;
    wn_status status = WN_OK;
    float *values = wn_alloc(WN_MEMORY_MATRIX, BLOCK * sizeof *values, query->dim);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory for %d rows", BLOCK);
    wn_distance_kernels_init(&kernels, wn_cpu_level());
    for (size_t at = begin; at < c->len && !status; at += BLOCK) {
        size_t len = c->len - at < BLOCK ? c->len - at : BLOCK;
        status = wn_column_gather(column, c->rows + at, len, values, err);
        for (size_t i = 0; i < len && !status; i++)
            c->distances[at + i] = wn_search_distance(&kernels, values + i * query->dim, query);
    }
    wn_free(values);
    return status;
}

/* The nearest rows of the index. `enough` is false where a block of it is damaged, and where rows of zeros are among
 * them: the metric of the index puts those nearer than a search does. */
static wn_status ask_index(const wn_job *job, wn_index *index, wn_column *column, const wn_search_query *query,
                           size_t k, candidates *c, bool *enough, double *told, wn_error *err)
{
    wn_neighbours found = {0};
    wn_error reason = {0};
    wn_index_query wanted = {
        .queries = {query->vector, 1, query->dim, query->dim}, .k = k, .recall = recall, .pool = job->pool};
    wn_status status = wn_index_search(index, &wanted, &found, &reason);
    *enough = status == WN_OK;
    *told = found.recall;
    if (status == WN_CORRUPT) {
        wn_log(WN_LOG_WARNING, "%s", reason.message);
        return WN_OK;
    }
    if (status) return wn_fail(err, status, "%s", reason.message);
    for (size_t i = 0; i < k; i++) {
        if (found.ids[i] >= 0) c->rows[c->len++] = found.ids[i];
    }
    wn_neighbours_clear(&found);
    qsort(c->rows, c->len, sizeof *c->rows, compare_rows);
    WN_TRY(measure(column, query, c, 0, err));
    for (size_t i = 0; i < c->len; i++) *enough = *enough && c->distances[i] != 1;
    return WN_OK;
}

static wn_status answer(const wn_job *job, wn_workspace *workspace, wn_column *column, wn_index *index,
                        const wn_search_query *query, size_t wanted, bool *served, wn_search_result *out, wn_error *err)
{
    wn_status status;
    wn_workspace_counts counts;
    candidates c = {0};
    double told = 0;
    const wn_index_info *info = wn_index_describe(index);
    size_t rows = (size_t)wn_column_describe(column)->rows, tail = rows - info->rows;
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    size_t gone = counts.gone < GONE_MOST ? (size_t)counts.gone : GONE_MOST, k = wanted + query->row_count + gone;
    if (k > CANDIDATES_MOST || tail > TAIL_MOST) return WN_OK;
    if ((status = make_room(&c, k + tail, err))) goto done;
    if ((status = ask_index(job, index, column, query, k, &c, served, &told, err)) || !*served) goto done;
    size_t begin = c.len, all = info->finite;
    for (size_t row = info->rows; row < rows; row++) c.rows[c.len++] = (int64_t)row;
    if ((status = measure(column, query, &c, begin, err))) goto done;
    for (size_t i = begin; i < c.len; i++) all += isnan(c.distances[i]) ? 0 : 1;
    if ((status = wn_search_take_best(workspace, query, c.rows, c.distances, c.len, false, wanted, out, err)))
        goto done;
    *served = out->count == wanted || begin == info->finite;
    if (*served) wn_log(WN_LOG_VERBOSE, "answered by the index, recall %.4f on a sample", told);
    out->rows = (int64_t)all;
    if (!*served) { /* too many of them are gone */
        wn_free(out->found);
        wn_free(out->distances);
        out->found = NULL;
        out->distances = NULL;
        out->count = 0;
    }
done:
    wn_free(c.rows);
    wn_free(c.distances);
    return status;
}

wn_status wn_search_by_index(const wn_job *job, wn_workspace *workspace, wn_column *column,
                             const wn_search_query *query, size_t wanted, bool *served, wn_search_result *out,
                             wn_error *err)
{
    wn_index *index = NULL;
    *served = false;
    WN_TRY(wn_kept_index_open(workspace, column, WN_INDEX_METRIC_COSINE, &index, err));
    if (!index) {
        if (wn_column_describe(column)->rows >= WN_KEPT_INDEX_LEAST)
            wn_log(WN_LOG_VERBOSE, "all rows are compared; 'winnow neighbours' makes an index that answers faster");
        return WN_OK;
    }
    wn_status status = answer(job, workspace, column, index, query, wanted, served, out, err);
    wn_index_close(&index);
    return status;
}
