/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow neighbours: the k nearest rows of each row of an array, or the neighbour graph of a workspace.
 */
#include <stdio.h>

#include "../human.h"
#include "../job_setup.h"
#include "../kept_index.h"
#include "../reduce_options.h"
#include "../terminal.h"
#include "winnow/index.h"
#include "winnow/npy.h"

typedef struct neighbours_params {
    const char *embeddings, *queries, *index, *out_ids, *out_distances, *kind, *model;
    int64_t k;
    double recall;
    int metric;
    wn_reduce reduce;
} neighbours_params;

#define AT(field) offsetof(neighbours_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "embeddings", "N x dim values", AT(embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "queries", "rows whose neighbours are wanted (default: each embedding, without itself)",
     AT(queries), 0, 0, NULL, NULL, "Q.npy", 0},
    {WN_OPTION_TEXT, "index", "with --queries: keep the index of E.npy in this file, which is made, grown or read",
     AT(index), 0, 0, NULL, NULL, "FILE", 0},
    {WN_OPTION_INT, "neighbours", "how many for each row", AT(k), 1, 1e6, "20", NULL, "K", 'k'},
    {WN_OPTION_CHOICE, "metric", "how near two rows are", AT(metric), 0, 0, "l2", wn_index_metric_names, NULL, 0},
    {WN_OPTION_REAL, "recall", "share of the true neighbours that must be found; 1 = all of them", AT(recall), 0.5, 1,
     "0.98", NULL, "R", 0},
    {WN_OPTION_TEXT, "kind", "how to search (default: exactly up to 250,000 rows or for --recall 1)", AT(kind), 0, 0,
     NULL, NULL, "NAME", 0},
    {WN_OPTION_TEXT, "model", "whose embeddings of the workspace (default: its newest model)", AT(model), 0, 0, NULL,
     NULL, "NAME", 'm'},
    REDUCE_OPTION_ROWS(neighbours_params, reduce),
    {WN_OPTION_TEXT, "out-ids", "row numbers, nearest first (int64, rows x K)", AT(out_ids), 0, 0, NULL, NULL, "I.npy",
     0},
    {WN_OPTION_TEXT, "out-distances", "their distances (float32, rows x K)", AT(out_distances), 0, 0, NULL, NULL,
     "D.npy", 0},
    {0},
};

static const char *const examples[] = {
    "winnow neighbours --embeddings e.npy -k 20 --out-ids i.npy --out-distances d.npy",
    "the 20 nearest rows of each row",
    "winnow neighbours --embeddings e.npy --queries q.npy --metric cosine --out-ids i.npy --json",
    "the rows most like those of another array",
    "winnow neighbours --embeddings e.npy --queries q.npy --index e.index --out-ids i.npy",
    "the same for a few queries at a time: the index is made once, then read in milliseconds",
    "winnow neighbours -w photos.winnow",
    "the neighbour graph of a workspace, kept for the commands that use it",
    NULL,
};

typedef struct arrays {
    wn_npy *embeddings, *queries;
    const wn_index_kind *kind;
    wn_index *index;
    const char *index_how; /* NULL = none is kept */
    wn_neighbours_request request;
    wn_neighbours found;
    double read_seconds, search_seconds, write_seconds;
} arrays;

static wn_status open_array(session *run, const char *path, bool finite, wn_npy **file, wn_matrix *matrix,
                            wn_error *err)
{
    wn_status status;
    if ((status = wn_npy_open(path, file, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(*file);
    uint64_t bytes = (uint64_t)shape->rows * shape->cols * sizeof(float) + wn_npy_matrix_bytes(*file);
    char need[32], limit[32];
    if (run->memory_limit && bytes >= run->memory_limit)
        return command_fail(err, WN_LIMIT, "'%s' takes %s, more than --memory-limit %s; raise the limit", path,
                            human_bytes(bytes, need), human_bytes(run->memory_limit, limit));
    if ((status = wn_npy_matrix(*file, matrix, err)) || !finite) return status;
    return wn_matrix_check_finite(matrix, path, run->pool, err);
}

static wn_status open_arrays(session *run, const neighbours_params *params, arrays *all, wn_error *err)
{
    wn_neighbours_request *request = &all->request;
    wn_status status = open_array(run, params->embeddings, !params->index, &all->embeddings, &request->embeddings, err);
    if (!status && params->queries) {
        status = open_array(run, params->queries, true, &all->queries, &request->queries, err);
        if (!status && request->queries.cols != request->embeddings.cols)
            return command_fail(err, WN_INVALID, "'%s' has %zu dimensions, '%s' has %zu", params->embeddings,
                                request->embeddings.cols, params->queries, request->queries.cols);
    }
    request->k = (size_t)params->k;
    request->recall = params->recall;
    request->metric = (wn_index_metric)params->metric;
    request->seed = (uint64_t)run->common.seed;
    request->pool = run->pool;
    request->progress = &run->progress;
    request->memory_limit = run->memory_limit;
    return status;
}

static wn_status write_arrays(const neighbours_params *params, const wn_neighbours *found, wn_error *err)
{
    wn_matrix distances = {found->distances, found->rows, found->k, found->k};
    wn_status status = WN_OK;
    if (params->out_ids) status = wn_npy_write_integer_matrix(params->out_ids, found->ids, found->rows, found->k, err);
    if (!status && params->out_distances) status = wn_npy_write_matrix(params->out_distances, &distances, err);
    return status;
}

static json_t *json_neighbours(const arrays *all)
{
    const wn_neighbours *found = &all->found;
    json_t *seconds = json_pack("{s:o, s:o, s:o, s:o}", "read", json_figure(all->read_seconds), "search",
                                json_figure(all->search_seconds), "write", json_figure(all->write_seconds), "total",
                                json_figure(all->read_seconds + all->search_seconds + all->write_seconds));
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:s*, s:o, s:o, s:o, s:o, s:o}", "rows",
                     json_count(all->request.embeddings.rows), "queries", json_count(found->rows), "dim",
                     json_count(all->request.embeddings.cols), "k", json_count(found->k), "metric",
                     wn_index_metric_names[all->request.metric], "kind", all->kind->name, "index", all->index_how,
                     "recall", json_figure(found->recall), "distinct", json_count(found->distinct), "rescanned",
                     json_count(found->rescanned), "seconds", seconds, "peak_memory_bytes", json_peak_memory());
}

static wn_status search_index(session *run, const neighbours_params *params, arrays *all, wn_error *err)
{
    const wn_neighbours_request *request = &all->request;
    wn_index_options wanted = {.kind = params->kind ? all->kind : NULL,
                               .metric = request->metric,
                               .seed = request->seed,
                               .memory_limit = request->memory_limit,
                               .pool = run->pool};
    wn_index_query query = {.queries = request->queries, .k = request->k, .recall = request->recall, .pool = run->pool};
    wn_status status =
        kept_index_open(run, params->index, &request->embeddings, &wanted, &all->index, &all->index_how, err);
    if (status) return status;
    all->kind = wn_index_describe(all->index)->kind;
    terminal_say(run->terminal, "  index       %s, %s", params->index, all->index_how);
    return wn_index_search(all->index, &query, &all->found, err);
}

static wn_status search(session *run, const neighbours_params *params, arrays *all, wn_error *err)
{
    char a[32], b[32];
    double started = now();
    wn_status status = params->index ? search_index(run, params, all, err)
                                     : wn_neighbours_find(all->kind, &all->request, &all->found, err);
    if (status) return status;
    all->search_seconds = now() - started;
    started = now();
    if ((status = write_arrays(params, &all->found, err))) return status;
    all->write_seconds = now() - started;
    char how[64] = "exact";
    if (!all->kind->exact || all->found.recall < 1)
        snprintf(how, sizeof how, "recall %.4f on a sample", all->found.recall);
    terminal_say(run->terminal, "  found       the %zu nearest of %s rows, for %s rows (%s)", all->found.k,
                 human_count(all->request.embeddings.rows, a), human_count(all->found.rows, b), how);
    return run->common.json ? json_print(json_neighbours(all), err) : WN_OK;
}

static wn_status run_workspace(session *run, const neighbours_params *params, wn_error *err)
{
    wn_job job = job_of(run);
    wn_neighbours_result result;
    char a[32], b[32];
    if (params->queries || params->out_ids || params->out_distances || params->kind || params->index)
        return command_usage_error(run, err, "--queries, --index, --kind and --out-... go with --embeddings E.npy");
    wn_neighbours_options wanted = {.workspace = run->common.workspace,
                                    .model = params->model,
                                    .reduce = params->reduce,
                                    .k = (size_t)params->k,
                                    .metric = (wn_index_metric)params->metric,
                                    .recall = params->recall};
    wn_status status = wn_job_neighbours(&job, &wanted, &result, err);
    if (status) return status;
    terminal_say(run->terminal, "  neighbours  the %lld nearest for %s images (%s searched now), recall %.4f",
                 (long long)params->k, human_count((uint64_t)result.rows, a), human_count((uint64_t)result.searched, b),
                 result.recall);
    terminal_say(run->terminal, "  workspace   %s", result.workspace);
    if (run->common.dry_run) terminal_say(run->terminal, "  nothing was written (--dry-run)");
    if (run->common.json)
        status = json_print(
            json_pack("{s:I, s:I, s:I, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "rows", (json_int_t)result.rows, "dim",
                      (json_int_t)result.dim, "k", (json_int_t)params->k, "metric",
                      wn_index_metric_names[params->metric], "recall", json_figure(result.recall), "kept",
                      (json_int_t)result.kept, "searched", (json_int_t)result.searched, "model",
                      json_name(result.model), "workspace", json_name(result.workspace), "seconds",
                      json_seconds(&result.seconds, "neighbours total"), "peak_memory_bytes", json_peak_memory()),
            err);
    wn_neighbours_result_clear(&result);
    return status;
}

static wn_status choose_kind(session *run, const neighbours_params *params, arrays *all, wn_error *err)
{
    all->kind = params->kind ? wn_index_kind_find(params->kind)
                             : wn_index_kind_choose(all->request.embeddings.rows, params->recall);
    return all->kind
               ? WN_OK
               : command_usage_error(run, err, "--kind %s: there is no such way to search; flat is one", params->kind);
}

static wn_status run_neighbours(session *run, wn_error *err)
{
    const neighbours_params *params = run->params;
    arrays all = {0};
    wn_status status = check_reduce(run, &params->reduce, params->embeddings != NULL, err);
    if (status) return status;
    if (!params->embeddings) return run_workspace(run, params, err);
    if (run->common.workspace || params->model)
        return command_usage_error(run, err, "name --embeddings E.npy or a workspace, not both");
    if (params->index && !params->queries)
        return command_usage_error(run, err,
                                   "--index goes with --queries Q.npy; without, all rows are searched at once");
    if (!params->out_ids && !params->out_distances && !run->common.json && !run->common.dry_run)
        return command_usage_error(run, err, "name --out-ids I.npy or --out-distances D.npy");
    double started = now();
    status = open_arrays(run, params, &all, err);
    if (!status) status = choose_kind(run, params, &all, err);
    all.read_seconds = now() - started;
    if (!status && run->common.dry_run) {
        terminal_say(run->terminal, "would find the %zu nearest of %zu rows; nothing was written (--dry-run)",
                     all.request.k, all.request.embeddings.rows);
    } else if (!status) {
        status = search(run, params, &all, err);
    }
    wn_neighbours_clear(&all.found);
    wn_index_close(&all.index);
    wn_npy_close(&all.queries);
    wn_npy_close(&all.embeddings);
    return status;
}

const command command_neighbours = {
    .name = "neighbours",
    .summary = "the nearest rows of each row, of an array or in a workspace",
    .usage = "[--embeddings E.npy [--queries Q.npy] --out-ids I.npy --out-distances D.npy] [-k K] [OPTIONS]",
    .details =
        "Reads E.npy (float16/32/64 or integers, any order) and writes, for each of its rows, the K nearest other "
        "rows; with --queries, for each row of Q.npy the K nearest rows of E.npy. Rows equally near come by row "
        "number. "
        "Where there are fewer than K, the id is -1 and the distance infinite.\n\n"
        "Up to 250,000 rows, and with --recall 1, the answer is exact. Beyond, at least the share --recall of the true "
        "neighbours is found; what was reached is measured on a sample of rows and printed.\n\n"
        "--index keeps rows in bytes in a file beside E.npy (about a third of its size for 128 dimensions), so that "
        "the next queries "
        "are answered in milliseconds. It is made when it is not there and takes in rows that were added at the end "
        "of E.npy; rows with NaN are left out.\n\n"
        "Without --embeddings: brings the neighbour graph of a workspace up to date, and the index that 'winnow "
        "search' "
        "reads. Both are kept there; when images were added, only those are searched.\n\n"
        "Metrics: l2 is the Euclidean distance; cosine is 1 - cos; ip is the inner product, greatest first.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(neighbours_params),
    .flags = COMMAND_WRITES,
    .run = run_neighbours,
};
