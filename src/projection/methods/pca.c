/* SPDX-License-Identifier: Apache-2.0
 *
 * Principal components: the axes along which the rows vary most, from the eigenvectors of their covariance.
 */
#include <stdbool.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"
#include "winnow/projection.h"

typedef struct params {
    char none;
} params;

static const wn_option options[] = {{0}};

static uint64_t memory(const void *parameters, const wn_projection_request *request)
{
    uint64_t dim = request->matrix.cols, blocks = wn_pool_threads(request->pool) + 1;
    (void)parameters;
    return dim * dim * sizeof(double) * (2 + blocks) + dim * request->dims * (sizeof(float) + sizeof(double));
}

/* Copies the result of the eigenvectors; variances are shares of the trace. */
static void fill(wn_projection *out, const double *mean, const double *values, const double *vectors, double trace,
                 size_t dim)
{
    for (size_t k = 0; k < dim; k++) out->mean[k] = (float)mean[k];
    for (size_t k = 0; k < out->dims * dim; k++) out->axes[k] = (float)vectors[k];
    for (size_t i = 0; i < out->dims; i++) out->variance[i] = trace > 0 && values[i] > 0 ? values[i] / trace : 0;
}

static bool stops(const wn_projection_request *request, uint64_t done)
{
    wn_progress_report report = {.stage = "map", .unit = "rows", .done = done, .total = 2 * request->matrix.rows};
    return wn_progress_tell(request->progress, &report);
}

static wn_status fit(const void *parameters, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    const wn_matrix *x = &request->matrix;
    size_t dim = x->cols, dims = request->dims;
    double trace = 0;
    wn_status status;
    double *mean = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *mean);
    double *covariance = wn_alloc(WN_MEMORY_MATRIX, dim * dim, sizeof *covariance);
    double *values = wn_alloc(WN_MEMORY_MATRIX, dims, sizeof *values);
    double *vectors = wn_alloc(WN_MEMORY_MATRIX, dims * dim, sizeof *vectors);
    (void)parameters;

    out->mean = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *out->mean);
    out->axes = wn_alloc(WN_MEMORY_MATRIX, dims * dim, sizeof *out->axes);
    out->variance = wn_alloc(WN_MEMORY_MATRIX, dims, sizeof *out->variance);
    if (!mean || !covariance || !values || !vectors || !out->mean || !out->axes || !out->variance) {
        status = wn_fail(err, WN_NOMEM, "no memory for the principal components of %zu dimensions", dim);
        goto done;
    }
    if ((status = wn_linear_mean(x, request->pool, mean, err))) goto done;
    double divisor = x->rows > 1 ? (double)(x->rows - 1) : 1;
    if ((status = wn_linear_covariance(x, mean, divisor, request->pool, covariance, err))) goto done;
    for (size_t k = 0; k < dim; k++) trace += covariance[k * dim + k];
    if ((status = wn_linear_eigen(covariance, dim, dims, values, vectors, err))) goto done;
    if (stops(request, x->rows)) {
        status = wn_fail(err, WN_CANCELLED, "cancelled");
        goto done;
    }
    fill(out, mean, values, vectors, trace, dim);
    status = wn_linear_project(x, mean, out->axes, dims, request->pool, out->points, err);
done:
    wn_free(vectors);
    wn_free(values);
    wn_free(covariance);
    wn_free(mean);
    return status;
}

const wn_projection_method wn_projection_method_pca = {
    .name = "pca",
    .summary = "the directions in which the rows vary most",
    .options = options,
    .params_size = sizeof(params),
    .fit = fit,
    .memory = memory,
};
