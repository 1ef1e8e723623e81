/* SPDX-License-Identifier: Apache-2.0
 *
 * reduce: fewer dimensions for the rows of an array, without a workspace.
 */
#include "base/clock.h"
#include "base/error.h"
#include "embed/reduction.h"
#include "jobs/reduction_stage.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

/* The axes: read, or fitted to the rows. */
static wn_status get_axes(const wn_job *job, const wn_reduce_options *options, const wn_matrix *rows, wn_reduction *out,
                          wn_error *err)
{
    if (!options->model) return wn_fit_reduction(job, rows, &options->reduce, options->embeddings, &out->pca, err);
    WN_TRY(wn_reduction_read(options->model, out, err));
    if (out->pca.from != rows->cols)
        return wn_fail(err, WN_INVALID, "'%s' was fitted to rows of %zu numbers, '%s' has rows of %zu", options->model,
                       out->pca.from, options->embeddings, rows->cols);
    return wn_matrix_check_finite(rows, options->embeddings, job->pool, err);
}

static wn_status reduce(const wn_job *job, const wn_reduce_options *options, const wn_matrix *rows,
                        wn_reduce_result *out, wn_error *err)
{
    wn_reduction reduction = {0};
    float *reduced = NULL;
    wn_status status = get_axes(job, options, rows, &reduction, err);
    const size_t dim = reduction.pca.dim;
    if (!status) status = wn_job_plan(job, "reduced rows", (uint64_t)rows->rows * dim * sizeof(float), err);
    if (!status && !(reduced = wn_alloc(WN_MEMORY_MATRIX, rows->rows, dim * sizeof *reduced)))
        status = wn_fail(err, WN_NOMEM, "no memory for %zu rows of %zu numbers", rows->rows, dim);
    if (!status) status = wn_reduction_apply(&reduction, rows, job->pool, reduced, err);
    const wn_matrix matrix = {reduced, rows->rows, dim, dim};
    if (!status && !job->dry_run) status = wn_npy_write_matrix(options->out, &matrix, err);
    if (!status && !job->dry_run && options->out_model)
        status = wn_reduction_write(options->out_model, &reduction, err);
    out->rows = (int64_t)rows->rows;
    out->from = (int64_t)rows->cols;
    out->dim = (int64_t)dim;
    out->rank = (int64_t)reduction.pca.rank;
    if (!status) out->explained = wn_pca_explained(&reduction.pca);
    wn_free(reduced);
    wn_reduction_clear(&reduction);
    return status;
}

wn_status wn_job_reduce(const wn_job *job, const wn_reduce_options *options, wn_reduce_result *out, wn_error *err)
{
    wn_npy *file = NULL;
    wn_matrix rows;
    const double started = wn_clock_seconds();
    *out = (wn_reduce_result){0};
    wn_status status = wn_npy_open(options->embeddings, &file, err);
    if (!status) status = wn_npy_matrix(file, &rows, err);
    if (!status && rows.rows == 0) status = wn_fail(err, WN_INVALID, "'%s' has no rows to reduce", options->embeddings);
    if (!status) status = reduce(job, options, &rows, out, err);
    wn_npy_close(&file);
    out->seconds.embed = out->seconds.total = wn_clock_seconds() - started;
    return status;
}
