/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings of fewer dimensions in a workspace. The axes are fitted once, to the embeddings that the workspace has by
 * then, and stand in models/NAME-pcaDIM.wnr as a model of their own; rows that come later are turned by the same axes.
 * wn_stage_embed chooses between that and embedding as the model does it (embed_stage.h).
 */
#include "jobs/reduction_stage.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/embed_stage.h"
#include "jobs/find_model.h"
#include "jobs/read_reduction.h"
#include "jobs/vectors.h"
#include "winnow/log.h"
#include "winnow/memory.h"

enum { BLOCK_FLOATS = 1 << 22, BLOCK_LEAST = 256 };

static char *name_reduced(const char *model, const wn_reduce *reduce)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    (void)wn_buffer_format(&text, "%s-pca%lld%s", model, (long long)reduce->dim, reduce->whiten ? "w" : "");
    char *name = text.status ? NULL : wn_text_copy(text.data);
    wn_buffer_clear(&text);
    return name;
}

/* Replaces a reduction by the model behind it, unless it is what is asked for already and kept as it is. */
static wn_status step_behind(const wn_reduce *reduce, bool keep, char **name, char **file, bool *same, wn_error *err)
{
    wn_reduction reduction;
    char *base = NULL;
    *same = false;
    if (!wn_is_reduction(*file)) return WN_OK;
    WN_TRY(wn_read_model_reduction(*file, &reduction, &base, err));
    *same = keep && (int64_t)reduction.pca.dim == reduce->dim && reduction.pca.whiten == reduce->whiten;
    wn_reduction_clear(&reduction);
    wn_status status = WN_OK;
    if (!*same) {
        wn_free(*name);
        wn_free(*file);
        *name = *file = NULL;
        status = wn_name_model_file(base, name, file, err);
    }
    wn_free(base);
    return status;
}

wn_status wn_find_reduced(wn_workspace *workspace, const char *wanted, const wn_reduce *reduce, char **name,
                          char **file, wn_error *err)
{
    bool same;
    WN_TRY(wn_find_model(workspace, wanted, name, file, err));
    if (!reduce->dim) return WN_OK;
    wn_status status = step_behind(reduce, true, name, file, &same, err);
    if (status || same) return status;
    char *model = *name, *reduced = name_reduced(model, reduce);
    wn_free(*file);
    *name = *file = NULL;
    if (!reduced) status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status && (status = wn_find_model(workspace, reduced, name, file, err)) == WN_NOTFOUND)
        status =
            wn_fail(err, WN_NOTFOUND,
                    "the embeddings of '%s' are not reduced to %lld dimensions yet; run 'winnow embed --model %s "
                    "--dim %lld%s'",
                    model, (long long)reduce->dim, model, (long long)reduce->dim, reduce->whiten ? " --whiten" : "");
    wn_free(reduced);
    wn_free(model);
    return status;
}

/* ---- fitting ---- */

static void say_fit(const wn_pca *pca, const char *model)
{
    wn_log(WN_LOG_INFO, "%zu of the %zu dimensions of '%s' keep %.1f %% of the variance of %llu images%s", pca->dim,
           pca->from, model, 100 * wn_pca_explained(pca), (unsigned long long)pca->rows,
           pca->whiten ? ", whitened" : "");
    if (pca->rank < pca->dim)
        wn_log(WN_LOG_WARNING, "only %zu of the %zu dimensions carry anything: %llu images vary in no more", pca->rank,
               pca->dim, (unsigned long long)pca->rows);
}

wn_status wn_fit_reduction(const wn_job *job, const wn_matrix *rows, const wn_reduce *reduce, const char *model,
                           wn_pca *out, wn_error *err)
{
    const wn_pca_request request = {.matrix = *rows,
                                    .dim = (size_t)reduce->dim,
                                    .whiten = reduce->whiten,
                                    .seed = job->seed,
                                    .pool = job->pool,
                                    .progress = job->progress};
    if (reduce->dim < 1 || reduce->dim > (int64_t)rows->cols)
        return wn_fail(err, WN_INVALID, "'%s' gives rows of %zu numbers; --dim takes 1 to %zu, not %lld", model,
                       rows->cols, rows->cols, (long long)reduce->dim);
    WN_TRY(wn_job_plan(job, "principal components", wn_pca_memory(&request), err));
    WN_TRY(wn_pca_fit(&request, out, err));
    say_fit(out, model);
    return WN_OK;
}

static wn_status fit(const wn_job *job, wn_workspace *workspace, const wn_reduce *reduce, const wn_embedded *from,
                     wn_reduction *out, wn_error *err)
{
    wn_vectors vectors = {0};
    wn_status status = wn_vectors_load(job, workspace, from->column, &vectors, err);
    if (!status && vectors.rows.len == 0)
        status = wn_fail(err, WN_NOTFOUND, "no image of the workspace has an embedding of '%s'", from->model);
    if (!status) status = wn_fit_reduction(job, &vectors.matrix, reduce, from->model, &out->pca, err);
    wn_vectors_clear(&vectors);
    return status;
}

/* How the file of the reduction, in models/, names the model behind it. */
static char *base_text(wn_workspace *workspace, const char *file)
{
    char *models = wn_path_join(wn_workspace_path(workspace), "models");
    const size_t len = models ? strlen(models) : 0;
    char *text = NULL;
    if (models && strncmp(file, models, len) == 0 && file[len] == '/')
        text = wn_text_copy(file + len + 1);
    else if (models)
        text = wn_real_model_file(file);
    wn_free(models);
    return text;
}

/* Whether the file is a reduction that was fitted to that model. */
static wn_status is_fitted(const char *file, const wn_embedded *from, bool *right, wn_error *err)
{
    wn_reduction reduction = {0};
    *right = false;
    if (!wn_file_exists(file)) return WN_OK;
    WN_TRY(wn_reduction_read(file, &reduction, err));
    *right = reduction.base_hash == from->hash;
    wn_reduction_clear(&reduction);
    return WN_OK;
}

/* The reduction of that name for the model behind it: the one that is there, if it was fitted to the same model, else
 * a new one. */
static wn_status ensure(const wn_job *job, wn_workspace *workspace, const wn_reduce *reduce, const wn_embedded *from,
                        const char *base, const char *file, wn_error *err)
{
    wn_reduction reduction = {0};
    bool right;
    WN_TRY(is_fitted(file, from, &right, err));
    if (right) return WN_OK;
    wn_status status = fit(job, workspace, reduce, from, &reduction, err);
    reduction.base_hash = from->hash;
    if (!status && !(reduction.base = base_text(workspace, base))) status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) {
        char *folder = wn_path_join(wn_workspace_path(workspace), "models");
        status = folder ? wn_file_make_folder(folder, err) : wn_fail(err, WN_NOMEM, "out of memory");
        wn_free(folder);
    }
    if (!status) status = wn_reduction_write(file, &reduction, err);
    wn_reduction_clear(&reduction);
    return status;
}

/* ---- turning rows ---- */

static wn_status turn_rows(const wn_job *job, wn_workspace *workspace, const wn_reduction *reduction,
                           const wn_embedded *from, wn_embedded *out, int64_t row, wn_error *err)
{
    const wn_pca *pca = &reduction->pca;
    size_t block = BLOCK_FLOATS / pca->from;
    wn_column *column = NULL;
    wn_status status;
    if (block < BLOCK_LEAST) block = BLOCK_LEAST;
    float *rows = wn_alloc(WN_MEMORY_MATRIX, block, pca->from * sizeof *rows);
    float *reduced = wn_alloc(WN_MEMORY_MATRIX, block, pca->dim * sizeof *reduced);
    if (!rows || !reduced) {
        status = wn_fail(err, WN_NOMEM, "no memory for blocks of %zu embeddings", block);
        goto done;
    }
    status = wn_column_open(workspace, from->column, &column, err);
    while (!status && row < from->rows) {
        const size_t count = from->rows - row < (int64_t)block ? (size_t)(from->rows - row) : block;
        const wn_matrix matrix = {rows, count, pca->from, pca->from};
        if ((status = wn_column_read(column, row, count, rows, err))) break;
        if ((status = wn_reduction_apply(reduction, &matrix, job->pool, reduced, err))) break;
        if ((status = wn_column_append(workspace, out->column, row, reduced, count, err))) break;
        row += (int64_t)count;
        out->fresh += (int64_t)count;
        wn_progress_report report = {
            .stage = "reduce", .unit = "images", .done = (uint64_t)row, .total = (uint64_t)from->rows};
        if (wn_progress_tell(job->progress, &report) && row < from->rows)
            status = wn_fail(err, WN_CANCELLED, "stopped while reducing");
    }
done:
    wn_column_close(&column);
    wn_free(reduced);
    wn_free(rows);
    return status;
}

/* Brings the embeddings of the model behind a reduction up to date, and turns the rows that are new. */
static wn_status stage_turn(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                            wn_embedded *out, wn_error *err)
{
    wn_reduction reduction;
    wn_embedded from = {0};
    char *base = NULL, *base_name = NULL, *base_file = NULL;
    WN_TRY(wn_read_model_reduction(file, &reduction, &base, err));
    wn_status status = wn_name_model_file(base, &base_name, &base_file, err);
    if (!status) status = wn_stage_embed_plain(job, workspace, base_name, base_file, &from, err);
    if (!status && (from.hash != reduction.base_hash || from.dim != (int64_t)reduction.pca.from))
        status = wn_fail(err, WN_INVALID,
                         "%s: the model behind it, '%s', is not the one that it was fitted to; make it again with "
                         "'winnow embed --model %s --dim %zu'",
                         file, base, base, reduction.pca.dim);
    const wn_model_info info = {.dim = (uint32_t)reduction.pca.dim, .hash = reduction.hash, .options = "reduced"};
    int64_t known = 0;
    if (!status) status = wn_embedded_open(job, workspace, name, file, &info, out, &known, err);
    if (!status) {
        out->explained = wn_pca_explained(&reduction.pca);
        out->rows = from.rows;
        if (job->dry_run)
            out->missing = known < from.rows ? from.rows - known : 0;
        else if (known < from.rows)
            status = turn_rows(job, workspace, &reduction, &from, out, known, err);
    }
    wn_embedded_clear(&from);
    wn_free(base_file);
    wn_free(base_name);
    wn_free(base);
    wn_reduction_clear(&reduction);
    return status;
}

/* ---- both ---- */

/* What stage_reduce would do: turn the rows that are new, or all of them by axes that are not fitted yet. */
static wn_status foresee(const wn_job *job, wn_workspace *workspace, const char *name, const char *path,
                         const wn_reduce *reduce, const wn_embedded *from, wn_embedded *out, wn_error *err)
{
    bool right;
    WN_TRY(is_fitted(path, from, &right, err));
    if (right) return stage_turn(job, workspace, name, path, out, err);
    out->rows = out->missing = from->rows;
    out->dim = reduce->dim;
    out->model = wn_text_copy(name);
    out->column = wn_text_copy(""); /* there is none yet */
    return out->model && out->column ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

/* Makes it the newest model. */
static wn_status register_reduced(wn_workspace *workspace, const char *name, const char *base, int64_t dim,
                                  wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    const bool known = count > 0 && strcmp(records[0].name, name) == 0;
    wn_free(records);
    if (known) return WN_OK;
    char *file = wn_model_file_within(name, WN_REDUCTION_ENDING);
    const wn_model_record record = {.name = name, .file = file, .dim = dim, .note = base};
    wn_status status = file ? wn_add_newest_model(workspace, record, err) : wn_fail(err, WN_NOMEM, "out of memory");
    wn_free(file);
    return status;
}

/* Embeds with any model and turns its rows to the dimensions that are asked for, with axes fitted where there are none
 * yet. */
static wn_status stage_reduce(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                              const wn_reduce *reduce, wn_embedded *out, wn_error *err)
{
    wn_status status;
    bool same;
    wn_embedded from = {0};
    char *path = NULL, *reduced = NULL, *model = wn_text_copy(name), *base = wn_text_copy(file);
    if (!model || !base) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    /* One of the workspace is made again where the model behind it has changed. */
    if ((status = step_behind(reduce, !wn_is_workspace_file(workspace, base), &model, &base, &same, err))) goto done;
    if (same) {
        status = stage_turn(job, workspace, model, base, out, err);
        goto done;
    }
    if ((status = wn_stage_embed_plain(job, workspace, model, base, &from, err))) goto done;
    reduced = name_reduced(from.model, reduce);
    path = reduced ? wn_workspace_model_file(workspace, reduced, WN_REDUCTION_ENDING) : NULL;
    if (!path) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    if (job->dry_run) {
        status = foresee(job, workspace, reduced, path, reduce, &from, out, err);
        goto done;
    }
    if ((status = ensure(job, workspace, reduce, &from, base, path, err))) goto done;
    if ((status = register_reduced(workspace, reduced, from.model, reduce->dim, err))) goto done;
    status = stage_turn(job, workspace, reduced, path, out, err);
done:
    wn_embedded_clear(&from);
    wn_free(base);
    wn_free(model);
    wn_free(reduced);
    wn_free(path);
    return status;
}

wn_status wn_stage_embed(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                         const wn_reduce *reduce, wn_embedded *out, wn_error *err)
{
    const bool fewer = reduce && reduce->dim;
    if (!fewer && !wn_is_reduction(file)) return wn_stage_embed_plain(job, workspace, name, file, out, err);
    *out = (wn_embedded){0};
    wn_status status = fewer ? stage_reduce(job, workspace, name, file, reduce, out, err)
                             : stage_turn(job, workspace, name, file, out, err);
    return wn_embedded_finish(job, workspace, status, out, err);
}
