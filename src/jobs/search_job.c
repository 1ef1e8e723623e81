/* SPDX-License-Identifier: Apache-2.0
 *
 * search: the samples most like a query, or least. Where an index of the embeddings is kept it answers; else, and for
 * filters and the farthest, the column is mapped and compared row by row, which at a million rows is one pass over
 * memory.
 */
#include "jobs/reduction_stage.h"
#include "jobs/search.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/vectors.h"
#include "num/distance.h"
#include "winnow/memory.h"

enum { GRAIN = 4096, OUTLIER_NEIGHBOURS = 10 };

typedef struct comparing {
    const float *values;
    const wn_search_query *query;
    const uint8_t *allowed;
    float *distances; /* NaN = not to be found */
    wn_distance_kernels distance;
} comparing;

static void compare_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const comparing *c = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        bool taken = !c->allowed || c->allowed[row];
        c->distances[row] = taken ? wn_search_distance(&c->distance, c->values + row * c->query->dim, c->query) : NAN;
    }
}

/* Distances of all rows to the query. */
static wn_status compare_all(const wn_job *job, wn_column *column, const wn_search_query *query, const uint8_t *allowed,
                             float *distances, wn_error *err)
{
    const void *values = NULL;
    size_t rows = (size_t)wn_column_describe(column)->rows;
    WN_TRY(wn_column_map(column, &values, err));
    comparing c = {.values = values, .query = query, .allowed = allowed, .distances = distances};
    wn_distance_kernels_init(&c.distance, wn_cpu_level());
    wn_pool_for(job->pool, rows, GRAIN, compare_rows, &c);
    return WN_OK;
}

/* Without a query: how far each row is from its nearest neighbours. */
static wn_status measure_outliers(const wn_job *job, wn_workspace *workspace, const char *column,
                                  const uint8_t *allowed, float *distances, wn_error *err)
{
    wn_vectors vectors = {0};
    wn_graph graph = {0};
    wn_graph_request request = {.column = column, .k = OUTLIER_NEIGHBOURS, .only_memory = true};
    WN_TRY(wn_vectors_load(job, workspace, column, &vectors, err));
    wn_status status = wn_stage_graph(job, workspace, &request, &vectors, &graph, err);
    for (int64_t row = 0; row < vectors.column_rows; row++) distances[row] = NAN;
    for (size_t i = 0; i < vectors.rows.len && !status; i++) {
        size_t row = (size_t)vectors.rows.rows[i], count = 0;
        double sum = 0;
        if (allowed && !allowed[row]) continue;
        for (size_t j = 0; j < graph.lists.k; j++) {
            if (graph.lists.ids[i * graph.lists.k + j] < 0) continue;
            sum += (double)graph.lists.distances[i * graph.lists.k + j];
            count++;
        }
        distances[row] = (float)(count ? sum / (double)count : 0);
    }
    wn_graph_clear(&graph);
    wn_vectors_clear(&vectors);
    return status;
}

static wn_status search_rows(const wn_job *job, wn_workspace *workspace, const wn_search_options *options,
                             wn_column *column, const wn_search_query *query, wn_search_result *out, wn_error *err)
{
    const wn_column_info *info = wn_column_describe(column);
    size_t rows = (size_t)info->rows;
    uint8_t *allowed = NULL;
    float *distances = NULL;
    bool served = false;
    WN_TRY(wn_search_filter(workspace, options->where, rows, &allowed, err));
    wn_status status = WN_OK;
    if (query->vector && !allowed && !options->farthest)
        status = wn_search_by_index(job, workspace, column, query, options->count, &served, out, err);
    if (status || served) goto done;
    if (!(distances = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *distances))) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu distances", rows);
        goto done;
    }
    status = query->vector ? compare_all(job, column, query, allowed, distances, err)
                           : measure_outliers(job, workspace, info->name, allowed, distances, err);
    if (!status)
        status =
            wn_search_take_best(workspace, query, NULL, distances, rows, options->farthest, options->count, out, err);
done:
    wn_free(distances);
    wn_free(allowed);
    return status;
}

static wn_status search_column(const wn_job *job, wn_workspace *workspace, const wn_search_options *options,
                               const char *column_name, const char *file, wn_search_result *out, wn_error *err)
{
    wn_column *column = NULL;
    wn_search_query query = {0};
    double started = wn_clock_seconds();
    WN_TRY(wn_column_open(workspace, column_name, &column, err));
    out->dim = (int64_t)wn_column_describe(column)->width;
    wn_status status = wn_search_query_make(job, workspace, options, file, column, &query, err);
    out->seconds.embed = wn_clock_seconds() - started;
    started = wn_clock_seconds();
    if (!status && !query.vector && !options->farthest)
        status = wn_fail(err, WN_INVALID,
                         "name what to look for with --image, --sample or --tag; --farthest alone finds outliers");
    if (!status) status = search_rows(job, workspace, options, column, &query, out, err);
    out->seconds.select = wn_clock_seconds() - started;
    wn_search_query_clear(&query);
    wn_column_close(&column);
    return status;
}

static wn_status search_in(const wn_job *job, wn_workspace *workspace, const wn_search_options *options,
                           wn_search_result *out, wn_error *err)
{
    wn_status status;
    char *file = NULL, *column = NULL;
    wn_roots roots = {0};
    if ((status = wn_search_sheet_check(options, err))) goto done;
    if ((status = wn_find_reduced(workspace, options->model, &options->reduce, &out->model, &file, err))) goto done;
    if ((status = wn_find_embedding(workspace, out->model, &column, err))) goto done;
    if ((status = search_column(job, workspace, options, column, file, out, err))) goto done;
    if ((status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err))) goto done;
    if ((status = wn_rows_paths(workspace, &roots, out->found, out->count, &out->paths, err))) goto done;
    if (options->sheet && !job->dry_run) status = wn_search_sheet(workspace, out, options->sheet, err);
done:
    wn_roots_clear(&roots);
    wn_free(column);
    wn_free(file);
    return status;
}

wn_status wn_job_search(const wn_job *job, const wn_search_options *options, wn_search_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    double started = wn_clock_seconds();
    *out = (wn_search_result){0};
    WN_TRY(
        wn_job_open_workspace(job, options->workspace, NULL, 0, WN_WORKSPACE_READ, &workspace, &out->workspace, err));
    wn_status status = search_in(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_search_result_clear(out);
    return status;
}

void wn_search_result_clear(wn_search_result *result)
{
    wn_paths_clear(&result->paths, result->count);
    wn_free(result->workspace);
    wn_free(result->model);
    wn_free(result->found);
    wn_free(result->distances);
    *result = (wn_search_result){0};
}
