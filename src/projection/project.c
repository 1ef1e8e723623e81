/* SPDX-License-Identifier: Apache-2.0
 *
 * What all projection methods share: the request is checked and the result gets its points.
 */
#include "base/error.h"
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

wn_status wn_project(const wn_projection_method *method, const void *params, const wn_projection_request *request,
                     wn_projection *out, wn_error *err)
{
    const wn_matrix *matrix = &request->matrix;
    wn_status status;
    *out = (wn_projection){0};
    if (matrix->rows == 0 || matrix->cols == 0) return wn_fail(err, WN_INVALID, "no rows to make a map of");
    if (request->dims < 1 || request->dims > matrix->cols) {
        return wn_fail(err, WN_INVALID, "a map of %zu dimensions cannot be made of rows of %zu; ask for 1 to %zu",
                       request->dims, matrix->cols, matrix->cols);
    }
    WN_TRY(wn_matrix_check_finite(matrix, "embeddings", request->pool, err));
    out->rows = matrix->rows;
    out->dims = request->dims;
    if (!(out->points = wn_alloc(WN_MEMORY_MATRIX, out->rows * out->dims, sizeof *out->points)))
        return wn_fail(err, WN_NOMEM, "no memory for a map of %zu rows", out->rows);
    status = method->fit(params, request, out, err);
    if (status) wn_projection_clear(out);
    return status;
}
