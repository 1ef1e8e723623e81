/* SPDX-License-Identifier: Apache-2.0
 *
 * map: the map of a workspace, brought up to date.
 */
#include "base/clock.h"
#include "base/error.h"
#include "jobs/map_stage.h"
#include "jobs/reduction_stage.h"
#include "jobs/vectors.h"
#include "winnow/memory.h"

static wn_status draw(const wn_job *job, wn_workspace *workspace, const wn_map_options *options, wn_map_result *out,
                      wn_error *err)
{
    char *file = NULL, *column = NULL;
    wn_map_stage_result drawn = {0};
    wn_status status = wn_find_reduced(workspace, options->model, &options->reduce, &out->model, &file, err);
    if (!status) status = wn_find_embedding(workspace, out->model, &column, err);
    const wn_map_stage_options stage = {.embedding = column,
                                        .method = options->method ? options->method : "umap",
                                        .settings = options->settings,
                                        .dims = options->dims,
                                        .metric = options->metric,
                                        .anew = options->anew};
    double started = wn_clock_seconds();
    if (!status) status = wn_stage_draw_map(job, workspace, &stage, &drawn, err);
    out->seconds.map = wn_clock_seconds() - started;
    if (!status && options->plot && !job->dry_run)
        status = wn_stage_plot_map(job, workspace, &stage, &drawn, options->plot, err);
    out->rows = drawn.rows;
    out->dim = drawn.dim;
    out->placed = drawn.placed;
    out->quality = drawn.quality;
    out->objective_name = drawn.objective_name;
    out->objective = drawn.objective;
    out->iterations = drawn.iterations;
    wn_free(column);
    wn_free(file);
    return status;
}

wn_status wn_job_map(const wn_job *job, const wn_map_options *options, wn_map_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    double started = wn_clock_seconds();
    *out = (wn_map_result){0};
    const wn_workspace_mode mode = job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE;
    WN_TRY(wn_job_open_workspace(job, options->workspace, NULL, 0, mode, &workspace, &out->workspace, err));
    wn_status status = draw(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_map_result_clear(out);
    return status;
}

void wn_map_result_clear(wn_map_result *result)
{
    wn_free(result->workspace);
    wn_free(result->model);
    *result = (wn_map_result){0};
}
