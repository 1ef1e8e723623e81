/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the selection better than chance? The distance of every image to its nearest pick, for the selection and for ten
 * random selections of the same size. And the map of the report.
 */
#include "jobs/curate.h"

#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"
#include "winnow/projection.h"

static wn_status measure(const wn_job *job, const wn_matrix *matrix, wn_rows picks, wn_report_covering *out,
                         wn_error *err)
{
    wn_covering covering = {0};
    WN_TRY(wn_covering_measure(matrix, picks, WN_METRIC_L2, job->pool, job->progress, NULL, &covering, err));
    *out = (wn_report_covering){covering.radius, covering.percentile95, covering.mean};
    return WN_OK;
}

static double mean_of(const double *values, size_t count, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);
    *deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    return mean;
}

wn_status wn_stage_covering(const wn_job *job, const wn_selecting *selecting, wn_coverings *out, wn_error *err)
{
    wn_status status;
    size_t rows = selecting->rows.len, count = selecting->selection.len;
    wn_matrix matrix = {selecting->embeddings, rows, selecting->dim, selecting->dim};
    double radii[WN_RANDOM_SETS], means[WN_RANDOM_SETS];
    *out = (wn_coverings){0};
    WN_TRY(wn_job_plan(job, "measuring the covering", (uint64_t)(rows + count) * 32, err));
    int64_t *picks = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *picks);
    if (!picks) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_rows selected = {selecting->selection.picks, count};
    status = measure(job, &matrix, selected, &out->selected, err);
    for (uint64_t set = 0; set < WN_RANDOM_SETS && !status; set++) {
        wn_rng rng;
        wn_rng_init(&rng, job->seed, 0xC0FE0000u + set);
        if (!wn_rng_sample(&rng, (int64_t)rows, (int64_t)count, picks)) {
            status = wn_fail(err, WN_NOMEM, "out of memory");
            break;
        }
        status = measure(job, &matrix, (wn_rows){picks, count}, &out->random[set], err);
        radii[set] = out->random[set].radius;
        means[set] = out->random[set].mean;
    }
    wn_free(picks);
    if (status) return status;
    out->radius_mean = mean_of(radii, WN_RANDOM_SETS, &out->radius_std);
    out->mean_mean = mean_of(means, WN_RANDOM_SETS, &out->mean_std);
    return WN_OK;
}

wn_status wn_stage_map(const wn_job *job, wn_workspace *workspace, const wn_selecting *selecting, double share[2],
                       wn_error *err)
{
    wn_status status;
    wn_workspace_counts counts;
    wn_projection map = {0};
    float *points = NULL;
    void *params = NULL;
    size_t rows = selecting->rows.len;
    const wn_projection_method *method = wn_projection_method_find("pca");
    if (!method) return wn_fail(err, WN_INTERNAL, "the projection method 'pca' is missing");
    wn_projection_request request = {.matrix = {selecting->embeddings, rows, selecting->dim, selecting->dim},
                                     .dims = 2,
                                     .seed = job->seed,
                                     .pool = job->pool,
                                     .progress = job->progress};
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    if (method->params_size && !(params = wn_calloc(WN_MEMORY_MATRIX, 1, method->params_size)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    if (method->options && (status = wn_options_init(method->options, params, err))) goto done;
    uint64_t bytes = wn_project_memory(method, params, &request) + (uint64_t)counts.rows * 2 * sizeof *points;
    if ((status = wn_job_plan(job, "the map", bytes, err))) goto done;
    if ((status = wn_project(method, params, &request, &map, err))) goto done;
    if (!(points = wn_alloc(WN_MEMORY_MATRIX, (size_t)counts.rows, 2 * sizeof *points))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < 2 * (size_t)counts.rows; i++) points[i] = NAN;
    for (size_t i = 0; i < rows; i++)
        for (size_t axis = 0; axis < 2; axis++)
            points[2 * (size_t)selecting->rows.rows[i] + axis] = map.points[2 * i + axis];
    share[0] = map.variance ? map.variance[0] : 0;
    share[1] = map.variance ? map.variance[1] : 0;
    status = wn_column_replace(workspace, WN_MAP_COLUMN, WN_COLUMN_F32, 2, points, (size_t)counts.rows, err);
done:
    wn_free(points);
    wn_projection_clear(&map);
    wn_free(params);
    return status;
}
