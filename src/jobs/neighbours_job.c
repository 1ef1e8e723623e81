/* SPDX-License-Identifier: Apache-2.0
 *
 * neighbours: the neighbour graph of a workspace and the index that searches read, brought up to date.
 */
#include "base/clock.h"
#include "base/error.h"
#include "jobs/reduction_stage.h"
#include "jobs/vectors.h"
#include "winnow/memory.h"

static wn_status update_graph(const wn_job *job, wn_workspace *workspace, const wn_neighbours_options *options,
                              wn_neighbours_result *out, wn_error *err)
{
    wn_status status;
    char *file = NULL, *column = NULL;
    wn_vectors vectors = {0};
    wn_graph graph = {0};
    if ((status = wn_find_reduced(workspace, options->model, &options->reduce, &out->model, &file, err))) goto done;
    if ((status = wn_find_embedding(workspace, out->model, &column, err))) goto done;
    if ((status = wn_vectors_load(job, workspace, column, &vectors, err))) goto done;
    wn_graph_request request = {
        .column = column, .k = options->k, .metric = options->metric, .recall = options->recall};
    double started = wn_clock_seconds();
    if ((status = wn_stage_graph(job, workspace, &request, &vectors, &graph, err))) goto done;
    if (!job->dry_run && (status = wn_stage_index(job, workspace, column, WN_INDEX_METRIC_COSINE, err))) goto done;
    out->seconds.neighbours = wn_clock_seconds() - started;
    out->rows = (int64_t)vectors.rows.len;
    out->dim = (int64_t)vectors.matrix.cols;
    out->kept = (int64_t)graph.kept;
    out->searched = (int64_t)graph.searched;
    out->recall = graph.lists.recall;
done:
    wn_graph_clear(&graph);
    wn_vectors_clear(&vectors);
    wn_free(column);
    wn_free(file);
    return status;
}

wn_status wn_job_neighbours(const wn_job *job, const wn_neighbours_options *options, wn_neighbours_result *out,
                            wn_error *err)
{
    wn_workspace *workspace = NULL;
    double started = wn_clock_seconds();
    *out = (wn_neighbours_result){0};
    const wn_workspace_mode mode = job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE;
    WN_TRY(wn_job_open_workspace(job, options->workspace, NULL, 0, mode, &workspace, &out->workspace, err));
    wn_status status = update_graph(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_neighbours_result_clear(out);
    return status;
}

void wn_neighbours_result_clear(wn_neighbours_result *result)
{
    wn_free(result->workspace);
    wn_free(result->model);
    *result = (wn_neighbours_result){0};
}
