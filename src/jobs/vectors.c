/* SPDX-License-Identifier: Apache-2.0
 *
 * The embeddings of a workspace as one matrix: mapped from the column where every row takes part, copied where some
 * do not.
 */
#include "jobs/vectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "embed/model_file.h"
#include "winnow/log.h"
#include "winnow/memory.h"
#include "winnow/model.h"

enum { GRAIN = 1024 };

void wn_embedding_column(uint64_t hash, char out[WN_EMBEDDING_COLUMN_MAX])
{
    snprintf(out, WN_EMBEDDING_COLUMN_MAX, "embedding.%016" PRIx64, hash);
}

bool wn_embedding_is_outdated(const wn_model_record *model, const char *column)
{
    char current[WN_EMBEDDING_COLUMN_MAX];
    wn_embedding_column(wn_model_file_builtin_hash(), current);
    return strcmp(model->file, WN_MODEL_DEFAULT) == 0 && strcmp(column, current) != 0;
}

static wn_status tell_outdated(wn_workspace *workspace, const char *model, const char *column, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    bool outdated = false;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    for (size_t i = 0; i < count && !outdated; i++)
        outdated = strcmp(records[i].name, model) == 0 && wn_embedding_is_outdated(&records[i], column);
    wn_free(records);
    if (outdated)
        wn_log(WN_LOG_WARNING,
               "the embeddings are those of the built-in model of another version of winnow; 'winnow embed --model %s' "
               "makes them anew",
               model);
    return WN_OK;
}

wn_status wn_find_embedding(wn_workspace *workspace, const char *model, char **column, wn_error *err)
{
    wn_embedding_record *records = NULL;
    size_t count = 0;
    *column = NULL;
    WN_TRY(wn_embedding_list(workspace, &records, &count, err));
    wn_status status = WN_NOTFOUND;
    for (size_t i = 0; i < count && status == WN_NOTFOUND; i++) {
        if (strcmp(records[i].model, model) != 0) continue;
        *column = wn_text_copy(records[i].column);
        status = *column ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    }
    wn_free(records);
    if (status == WN_NOTFOUND)
        return wn_fail(err, WN_NOTFOUND, "nothing is embedded with the model '%s' yet; run 'winnow embed --model %s'",
                       model, model);
    if (!status && (status = tell_outdated(workspace, model, *column, err))) {
        wn_free(*column);
        *column = NULL;
    }
    return status;
}

typedef struct finite_job {
    const float *values;
    size_t width;
    uint8_t *takes_part; /* in: the file is there; out: and the embedding is finite */
} finite_job;

static void check_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const finite_job *job = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        const float *values = job->values + row * job->width;
        float sum = 0;
        for (size_t k = 0; k < job->width; k++) sum += values[k] - values[k]; /* NaN once a value is not finite */
        if (!(sum == 0)) job->takes_part[row] = 0;
    }
}

static wn_status note_sample(void *context, const wn_sample *sample)
{
    uint8_t *takes_part = context;
    takes_part[sample->row] = sample->status == WN_SAMPLE_OK;
    return WN_OK;
}

static wn_status list_rows(const wn_job *job, wn_workspace *workspace, const float *values, wn_vectors *out,
                           wn_error *err)
{
    finite_job finite = {values, out->matrix.cols, NULL};
    size_t rows = (size_t)out->column_rows;
    uint8_t *takes_part = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    out->rows.rows = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->rows.rows);
    wn_status status = takes_part && out->rows.rows ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu rows", rows);
    if (!status) status = wn_workspace_visit_samples(workspace, 0, out->column_rows, note_sample, takes_part, err);
    if (!status) {
        finite.takes_part = takes_part;
        wn_pool_for(job->pool, rows, GRAIN, check_rows, &finite);
        for (size_t row = 0; row < rows; row++) {
            if (takes_part[row]) out->rows.rows[out->rows.len++] = (int64_t)row;
        }
    }
    wn_free(takes_part);
    return status;
}

wn_status wn_vectors_load(const wn_job *job, wn_workspace *workspace, const char *column, wn_vectors *out,
                          wn_error *err)
{
    wn_status status;
    const void *values = NULL;
    *out = (wn_vectors){0};
    WN_TRY(wn_column_open(workspace, column, &out->column, err));
    const wn_column_info *info = wn_column_describe(out->column);
    if (info->type != WN_COLUMN_F32) {
        status = wn_fail(err, WN_INVALID, "column '%s' holds %s, not f32: it is no embedding", column,
                         wn_column_type_text(info->type));
        goto done;
    }
    out->column_rows = info->rows;
    out->matrix = (wn_matrix){NULL, 0, info->width, info->width};
    uint64_t bytes = (uint64_t)info->rows * info->row_bytes;
    if ((status = wn_job_plan(job, "reading the embeddings", bytes + (uint64_t)info->rows * 9, err))) goto done;
    if ((status = wn_column_map(out->column, &values, err))) goto done;
    if ((status = list_rows(job, workspace, values, out, err))) goto done;
    out->matrix.data = values;
    out->matrix.rows = out->rows.len;
    if ((int64_t)out->rows.len == info->rows) return WN_OK;
    if ((status = wn_job_plan(job, "copying the embeddings", bytes, err))) goto done;
    if (!(out->copy = wn_alloc(WN_MEMORY_MATRIX, out->rows.len * sizeof *out->copy, info->width))) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu embeddings", out->rows.len);
        goto done;
    }
    for (size_t i = 0; i < out->rows.len; i++) {
        memcpy(out->copy + i * info->width, (const float *)values + (size_t)out->rows.rows[i] * info->width,
               info->row_bytes);
    }
    out->matrix.data = out->copy;
    wn_column_close(&out->column);
    return WN_OK;
done:
    wn_vectors_clear(out);
    return status;
}

void wn_vectors_clear(wn_vectors *vectors)
{
    wn_column_close(&vectors->column);
    wn_free(vectors->copy);
    wn_free(vectors->rows.rows);
    *vectors = (wn_vectors){0};
}
