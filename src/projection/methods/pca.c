/* SPDX-License-Identifier: Apache-2.0
 *
 * Principal components: the axes along which the rows vary most, from the eigenvectors of their covariance.
 */
#include "winnow/pca.h"
#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/projection.h"

typedef struct params {
    char none;
} params;

static const wn_option options[] = {{0}};

static wn_pca_request request_of(const wn_projection_request *request)
{
    return (wn_pca_request){.matrix = request->matrix,
                            .dim = request->dims,
                            .seed = request->seed,
                            .pool = request->pool,
                            .progress = request->progress};
}

static uint64_t memory(const void *parameters, const wn_projection_request *request)
{
    const wn_pca_request pca = request_of(request);
    (void)parameters;
    return wn_pca_memory(&pca);
}

/* Variances become shares of the total; axes and their array are handed over. */
static wn_status fit(const void *parameters, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    const wn_pca_request wanted = request_of(request);
    wn_pca pca;
    (void)parameters;
    WN_TRY(wn_pca_fit(&wanted, &pca, err));
    wn_status status = wn_pca_apply(&pca, &request->matrix, request->pool, out->points, err);
    if (!(out->mean = wn_alloc(WN_MEMORY_MATRIX, pca.from, sizeof *out->mean)) && !status)
        status = wn_fail(err, WN_NOMEM, "no memory for the principal components of %zu dimensions", pca.from);
    for (size_t k = 0; k < pca.from && !status; k++) out->mean[k] = (float)pca.mean[k];
    for (size_t i = 0; i < pca.dim; i++) pca.variance[i] = pca.total > 0 ? pca.variance[i] / pca.total : 0;
    out->axes = pca.axes;
    out->variance = pca.variance;
    pca.axes = NULL;
    pca.variance = NULL;
    wn_pca_clear(&pca);
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
