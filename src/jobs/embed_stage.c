/* SPDX-License-Identifier: Apache-2.0
 *
 * Embedding with a model. Embeddings are stored under the hash of the model's content, so a model file that changes
 * never mixes with what an older one gave.
 */
#include "jobs/embed_stage.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "jobs/find_model.h"
#include "jobs/image_shapes.h"
#include "jobs/open_model.h"
#include "jobs/vectors.h"
#include "num/resample.h"
#include "winnow/log.h"
#include "winnow/memory.h"

static const double BLOCK_SECONDS = 1.0;
enum { FIRST_BLOCK = 128, MOST_BLOCK = 4096 };

void wn_embedded_clear(wn_embedded *embedded)
{
    wn_free(embedded->column);
    wn_free(embedded->model);
    *embedded = (wn_embedded){0};
}

/* What the model wants to see of rows that are squeezed to its side. */
static wn_status fit_rows(const wn_job *job, wn_workspace *workspace, const wn_model *model, int64_t first,
                          size_t count, uint8_t *images, wn_error *err)
{
    if (!(wn_model_get_info(model)->cut > 1.0F)) return WN_OK;
    float *aspects = NULL;
    WN_TRY(wn_load_shapes(workspace, first, count, &aspects, err));
    wn_model_fit(model, job->pool, images, count, aspects);
    wn_free(aspects);
    return WN_OK;
}

static wn_status embed_rows(const wn_job *job, wn_workspace *workspace, wn_model *model, int64_t side, wn_embedded *out,
                            int64_t from, wn_error *err)
{
    wn_status status;
    const wn_model_info *info = wn_model_get_info(model);
    const size_t kept_bytes = (size_t)side * (size_t)side * 3, input_bytes = (size_t)info->side * info->side * 3;
    size_t block = FIRST_BLOCK, most = (48u << 20) / (kept_bytes + input_bytes);
    if (most > MOST_BLOCK) most = MOST_BLOCK;
    wn_column *inputs = NULL;
    uint8_t *kept = wn_alloc(WN_MEMORY_IMAGE, most, kept_bytes);
    uint8_t *images = wn_alloc(WN_MEMORY_IMAGE, most, input_bytes);
    float *values = wn_alloc(WN_MEMORY_MATRIX, most, info->dim * sizeof(float));
    if (!kept || !images || !values) {
        status = wn_fail(err, WN_NOMEM, "no memory for blocks of %zu images", most);
        goto done;
    }
    if ((status = wn_column_open(workspace, WN_INPUT_COLUMN, &inputs, err))) goto done;
    for (int64_t row = from; row < out->rows && !status;) {
        double begun = wn_clock_seconds();
        size_t count = out->rows - row < (int64_t)block ? (size_t)(out->rows - row) : block;
        if ((status = wn_column_read(inputs, row, count, kept, err))) break;
        if ((status = wn_resample_squares(kept, count, (size_t)side, info->side, job->pool, images, err))) break;
        if ((status = fit_rows(job, workspace, model, row, count, images, err))) break;
        if ((status = wn_model_embed(model, job->pool, images, count, values, err))) break;
        if ((status = wn_column_append(workspace, out->column, row, values, count, err))) break;
        row += (int64_t)count;
        out->fresh += (int64_t)count;
        double took = wn_clock_seconds() - begun, fit = (double)count * BLOCK_SECONDS / (took > 1e-3 ? took : 1e-3);
        block = fit < (double)most ? (size_t)fit : most;
        if (block < 16) block = 16;
        wn_progress_report report = {
            .stage = "embed", .unit = "images", .done = (uint64_t)row, .total = (uint64_t)out->rows};
        if (wn_progress_tell(job->progress, &report) && row < out->rows)
            status = wn_fail(err, WN_CANCELLED, "stopped while embedding");
    }
done:
    wn_column_close(&inputs);
    wn_free(values);
    wn_free(images);
    wn_free(kept);
    return status;
}

/* Models of the workspace are registered when they are made. */
static wn_status register_file(wn_workspace *workspace, const char *file, const wn_model_info *info,
                               const wn_embedded *embedded, wn_error *err)
{
    if (wn_is_workspace_file(workspace, file)) return WN_OK;
    char *stored = wn_real_model_file(file);
    if (!stored) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_model_record record = {.name = embedded->model, .file = stored, .dim = info->dim, .note = info->options};
    wn_status status = wn_model_add(workspace, &record, err);
    wn_free(stored);
    return status;
}

/* What the catalogue says of the embeddings of the model's name. */
static wn_status look_up(wn_workspace *workspace, const wn_embedded *embedded, bool *known, bool *same, wn_error *err)
{
    wn_embedding_record *records = NULL;
    size_t count = 0;
    *known = *same = false;
    WN_TRY(wn_embedding_list(workspace, &records, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (strcmp(records[i].model, embedded->model) != 0) continue;
        *known = true;
        *same = strcmp(records[i].column, embedded->column) == 0;
    }
    wn_free(records);
    return WN_OK;
}

/* Records of a model that is new here. */
static wn_status add_records(wn_workspace *workspace, const char *file, const wn_model_info *info,
                             const wn_embedded *embedded, wn_error *err)
{
    bool known, same;
    WN_TRY(look_up(workspace, embedded, &known, &same, err));
    if (known)
        wn_log(WN_LOG_INFO, "'%s' is another model than the one that embedded the images: they are embedded anew",
               embedded->model);
    WN_TRY(register_file(workspace, file, info, embedded, err));
    WN_TRY(wn_column_create(workspace, embedded->column, WN_COLUMN_F32, info->dim, err));
    wn_embedding_record embedding = {.model = embedded->model, .column = embedded->column, .dim = info->dim};
    return wn_embedding_add(workspace, &embedding, err);
}

/* A file that holds again what it held before, or what another file held: the old column counts. */
static wn_status keep_record(wn_workspace *workspace, const char *file, const wn_model_info *info,
                             const wn_embedded *embedded, wn_error *err)
{
    bool known, same;
    WN_TRY(look_up(workspace, embedded, &known, &same, err));
    if (same) return WN_OK;
    if (!known) WN_TRY(register_file(workspace, file, info, embedded, err));
    wn_embedding_record record = {.model = embedded->model, .column = embedded->column, .dim = embedded->dim};
    return wn_embedding_add(workspace, &record, err);
}

wn_status wn_embedded_open(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                           const wn_model_info *info, wn_embedded *out, int64_t *known, wn_error *err)
{
    char column[WN_EMBEDDING_COLUMN_MAX];
    wn_column_info stored = {0};
    out->dim = info->dim;
    out->hash = info->hash;
    WN_TRY(wn_name_in_catalogue(workspace, name, file, info, &out->model, err));
    wn_embedding_column(info->hash, column);
    if (!(out->column = wn_text_copy(column))) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status found = wn_column_find(workspace, column, &stored, err);
    *known = stored.rows;
    if (job->dry_run) return found == WN_NOTFOUND ? WN_OK : found;
    if (found == WN_NOTFOUND) return add_records(workspace, file, info, out, err);
    return found ? found : keep_record(workspace, file, info, out, err);
}

wn_status wn_embedded_finish(const wn_job *job, wn_workspace *workspace, wn_status status, wn_embedded *out,
                             wn_error *err)
{
    if (!status && !job->dry_run && out->fresh > 0 && out->rows >= WN_KEPT_INDEX_LEAST)
        status = wn_stage_index(job, workspace, out->column, WN_INDEX_METRIC_COSINE, err);
    if (status) wn_embedded_clear(out);
    return status;
}

static wn_status embed_with(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                            wn_model *model, wn_embedded *out, wn_error *err)
{
    const wn_model_info *info = wn_model_get_info(model);
    int64_t side = 0, known = 0;
    wn_workspace_counts counts;
    WN_TRY(wn_job_input_side(workspace, &side, err));
    if (side < (int64_t)info->side)
        wn_log(WN_LOG_VERBOSE, "the workspace keeps pictures of %lld pixels; they are enlarged to the model's %u",
               (long long)side, (unsigned)info->side);
    WN_TRY(wn_embedded_open(job, workspace, name, file, info, out, &known, err));
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    out->rows = counts.rows;
    if (known >= counts.rows) return WN_OK;
    if (job->dry_run) {
        out->missing = counts.rows - known;
        return WN_OK;
    }
    WN_TRY(wn_job_plan(job, "embedding", wn_model_get_memory(model, wn_pool_threads(job->pool)) + (64u << 20), err));
    return embed_rows(job, workspace, model, side, out, known, err);
}

wn_status wn_stage_embed_plain(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                               wn_embedded *out, wn_error *err)
{
    wn_model *model = NULL;
    *out = (wn_embedded){0};
    wn_status status = wn_open_model(file, WN_PRECISION_AUTO, NULL, &model, err);
    if (!status) status = embed_with(job, workspace, name, file, model, out, err);
    wn_model_close(&model);
    return wn_embedded_finish(job, workspace, status, out, err);
}
