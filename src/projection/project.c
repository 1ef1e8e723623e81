/* SPDX-License-Identifier: Apache-2.0
 *
 * What all projection methods share: the request is checked and the result gets its points.
 */
#include <math.h>

#include "base/error.h"
#include "num/convert.h"
#include "winnow/memory.h"
#include "winnow/projection.h"

void wn_projection_clear(wn_projection *projection)
{
    wn_free(projection->points);
    wn_free(projection->variance);
    wn_free(projection->mean);
    wn_free(projection->axes);
    *projection = (wn_projection){0};
}

uint64_t wn_project_memory(const wn_projection_method *method, const void *params, const wn_projection_request *request)
{
    uint64_t points = (uint64_t)request->matrix.rows * request->dims * sizeof(float);
    return points + (method->memory ? method->memory(params, request) : 0);
}

/* The numbers of a graph that somebody else made become places in memory. */
static wn_status check_graph(const wn_projection_request *request, wn_error *err)
{
    const wn_neighbours *graph = request->graph;
    if (request->metric != WN_INDEX_METRIC_L2 && request->metric != WN_INDEX_METRIC_COSINE)
        return wn_fail(err, WN_INVALID, "a map needs distances: the metric must be l2 or cosine");
    if (!graph) return WN_OK;
    if (graph->rows != request->matrix.rows || graph->k == 0) {
        return wn_fail(err, WN_INVALID, "the neighbour graph has %zu rows of %zu, the embeddings have %zu rows",
                       graph->rows, graph->k, request->matrix.rows);
    }
    for (size_t i = 0; i < graph->rows * graph->k; i++) {
        if (graph->ids[i] < -1 || graph->ids[i] >= (int64_t)graph->rows)
            return wn_fail(err, WN_INVALID, "row %zu of the neighbour graph names row %lld of %zu", i / graph->k,
                           (long long)graph->ids[i], graph->rows);
        if (graph->ids[i] >= 0 && !(graph->distances[i] >= 0))
            return wn_fail(err, WN_INVALID, "row %zu of the neighbour graph has a distance that is not a number",
                           i / graph->k);
    }
    return WN_OK;
}

/* Squares of values beyond these are lost in float32. */
static wn_status check_magnitude(const wn_matrix *matrix, wn_error *err)
{
    wn_convert_kernels kernels;
    float most = 0;
    wn_convert_kernels_init(&kernels, wn_cpu_level());
    for (size_t row = 0; row < matrix->rows; row++)
        most = fmaxf(most, kernels.max_abs(wn_matrix_row(matrix, row), matrix->cols));
    if (most == 0 || (most >= 1e-15f && most <= 1e15f)) return WN_OK;
    return wn_fail(
        err, WN_INVALID,
        "the greatest value of the embeddings is %g, and float32 has no squares of such values; divide them all "
        "by %g",
        (double)most, (double)most);
}

wn_status wn_project(const wn_projection_method *method, const void *params, const wn_projection_request *request,
                     wn_projection *out, wn_error *err)
{
    const wn_matrix *matrix = &request->matrix;
    wn_status status;
    *out = (wn_projection){0};
    if (matrix->rows == 0 || matrix->cols == 0) return wn_fail(err, WN_INVALID, "no rows to make a map of");
    if (!method->dims_most && (request->dims < 1 || request->dims > matrix->cols)) {
        return wn_fail(err, WN_INVALID, "a map of %zu dimensions cannot be made of rows of %zu; ask for 1 to %zu",
                       request->dims, matrix->cols, matrix->cols);
    }
    if (method->dims_most && (request->dims < 1 || request->dims > method->dims_most)) {
        return wn_fail(err, WN_INVALID, "a map by %s has 1 to %zu dimensions, not %zu", method->name, method->dims_most,
                       request->dims);
    }
    WN_TRY(check_graph(request, err));
    WN_TRY(wn_matrix_check_finite(matrix, "embeddings", request->pool, err));
    WN_TRY(check_magnitude(matrix, err));
    out->rows = matrix->rows;
    out->dims = request->dims;
    if (!(out->points = wn_alloc(WN_MEMORY_MATRIX, out->rows * out->dims, sizeof *out->points)))
        return wn_fail(err, WN_NOMEM, "no memory for a map of %zu rows", out->rows);
    status = method->fit(params, request, out, err);
    if (status) wn_projection_clear(out);
    return status;
}
