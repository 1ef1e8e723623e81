/* SPDX-License-Identifier: Apache-2.0
 *
 * From rows to centred and scaled points.
 */
#include "index/flat_points.h"

#include <math.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

enum { GRAIN = 512 };

typedef struct fill_job {
    const wn_index_rows *from;
    wn_index_metric metric;
    wn_flat_points *to;
    const double *mean; /* NULL = 0 */
    double *greatest;   /* per chunk */
    wn_convert_kernels convert;
    wn_precise_kernels precise;
} fill_job;

static void copy_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const fill_job *job = context;
    size_t dim = job->to->dim;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *row = wn_index_row(job->from, i);
        float *out = job->to->values + i * dim;
        double scale = 1;
        if (job->to->scales) scale = job->to->scales[i] = wn_index_scale(&job->precise, job->metric, row, dim);
        for (size_t k = 0; k < dim; k++) out[k] = (float)((double)row[k] * scale);
    }
}

static void find_greatest(void *context, size_t begin, size_t end, unsigned worker)
{
    const fill_job *job = context;
    size_t dim = job->to->dim;
    double greatest = 0;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *row = job->to->values + i * dim;
        for (size_t k = 0; k < dim; k++) {
            double magnitude = fabs((double)row[k] - (job->mean ? job->mean[k] : 0));
            greatest = magnitude > greatest ? magnitude : greatest;
        }
    }
    job->greatest[begin / GRAIN] = greatest;
}

static void scale_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const fill_job *job = context;
    size_t dim = job->to->dim;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        float *row = job->to->values + i * dim;
        for (size_t k = 0; k < dim; k++)
            row[k] = (float)(((double)row[k] - (job->mean ? job->mean[k] : 0)) * job->to->scale);
    }
    job->convert.norms_f32(job->to->values + begin * dim, end - begin, dim, dim, job->to->norms + begin);
}

static wn_status get_points(const wn_index_task *task, const wn_index_rows *from, wn_flat_points *to, wn_error *err)
{
    *to = (wn_flat_points){.rows = from->len, .dim = from->matrix.cols, .scale = 1};
    to->values = wn_alloc(WN_MEMORY_MATRIX, to->rows * sizeof *to->values, to->dim);
    to->norms = wn_alloc(WN_MEMORY_MATRIX, to->rows, sizeof *to->norms);
    if (task->metric == WN_INDEX_METRIC_COSINE) to->scales = wn_alloc(WN_MEMORY_MATRIX, to->rows, sizeof *to->scales);
    if (!to->values || !to->norms || (task->metric == WN_INDEX_METRIC_COSINE && !to->scales))
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows of %zu dimensions", to->rows, to->dim);
    return WN_OK;
}

static wn_status measure_greatest(fill_job *job, wn_pool *pool, double *out, wn_error *err)
{
    size_t chunks = (job->to->rows + GRAIN - 1) / GRAIN;
    if (!(job->greatest = wn_alloc(WN_MEMORY_MATRIX, chunks, sizeof *job->greatest)))
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", job->to->rows);
    wn_pool_for(pool, job->to->rows, GRAIN, find_greatest, job);
    for (size_t i = 0; i < chunks; i++) *out = job->greatest[i] > *out ? job->greatest[i] : *out;
    wn_free(job->greatest);
    return WN_OK;
}

/* The power of two that brings `greatest` into [0.5, 1). */
static double fitting_scale(double greatest)
{
    int exponent = 0;
    if (greatest > 0) (void)frexp(greatest, &exponent);
    return ldexp(1, -exponent);
}

static wn_status fill_points(const wn_index_task *task, fill_job jobs[2], size_t count, double *mean, wn_error *err)
{
    double greatest[2] = {0};
    wn_matrix matrix = {jobs[0].to->values, jobs[0].to->rows, jobs[0].to->dim, jobs[0].to->dim};
    for (size_t i = 0; i < count; i++) wn_pool_for(task->pool, jobs[i].to->rows, GRAIN, copy_rows, &jobs[i]);
    if (mean) WN_TRY(wn_linear_mean(&matrix, task->pool, mean, err));
    for (size_t i = 0; i < count; i++) {
        jobs[i].mean = mean;
        WN_TRY(measure_greatest(&jobs[i], task->pool, &greatest[i], err));
    }
    if (mean) greatest[0] = greatest[1] = fmax(greatest[0], greatest[1]); /* distances need one scale */
    for (size_t i = 0; i < count; i++) {
        jobs[i].to->scale = fitting_scale(greatest[i]);
        if (jobs[i].to->scales) jobs[i].to->unit_slack = 0x1p-22 * jobs[i].to->scale;
        wn_pool_for(task->pool, jobs[i].to->rows, GRAIN, scale_rows, &jobs[i]);
    }
    return WN_OK;
}

wn_status wn_flat_points_make(const wn_index_task *task, wn_flat_points *points, wn_flat_points *queries, wn_error *err)
{
    wn_status status;
    double *mean = NULL;
    fill_job jobs[2] = {{.from = &task->points, .metric = task->metric, .to = points},
                        {.from = &task->queries, .metric = task->metric, .to = queries}};
    *points = *queries = (wn_flat_points){0};
    if ((status = get_points(task, &task->points, points, err))) goto done;
    if (!task->self && (status = get_points(task, &task->queries, queries, err))) goto done;
    wn_convert_kernels_init(&jobs[0].convert, wn_cpu_level());
    wn_precise_kernels_init(&jobs[0].precise, wn_cpu_level());
    jobs[1].convert = jobs[0].convert;
    jobs[1].precise = jobs[0].precise;
    if (task->metric != WN_INDEX_METRIC_IP && !(mean = wn_alloc(WN_MEMORY_MATRIX, points->dim, sizeof *mean))) {
        status = wn_fail(err, WN_NOMEM, "no memory for the mean of %zu rows", points->rows);
        goto done;
    }
    status = fill_points(task, jobs, task->self ? 1 : 2, mean, err);
done:
    wn_free(mean);
    return status;
}

void wn_flat_points_clear(wn_flat_points *points)
{
    wn_free(points->values);
    wn_free(points->norms);
    wn_free(points->scales);
    *points = (wn_flat_points){0};
}
