/* SPDX-License-Identifier: Apache-2.0
 *
 * Training a model on images of a workspace.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "jobs/find_model.h"
#include "jobs/image_shapes.h"
#include "jobs/job.h"
#include "jobs/open_model.h"
#include "winnow/memory.h"
#include "winnow/train.h"

typedef struct training_source {
    wn_column *column;
    const wn_row_list *rows;
    int64_t *numbers; /* scratch */
    size_t capacity;
    float *aspects; /* of each of the rows */
} training_source;

static wn_status fetch_inputs(void *context, const int64_t *wanted, size_t n, uint8_t *out, wn_error *err)
{
    training_source *source = context;
    if (n > source->capacity) {
        int64_t *numbers = wn_realloc(WN_MEMORY_TRAINING, source->numbers, n, sizeof *numbers);
        if (!numbers) return wn_fail(err, WN_NOMEM, "out of memory");
        source->numbers = numbers;
        source->capacity = n;
    }
    for (size_t i = 0; i < n; i++) source->numbers[i] = source->rows->rows[wanted[i]];
    return wn_column_gather(source->column, source->numbers, n, out, err);
}

/* A name for the content: the hashes of the files in row order. */
static wn_status hash_images(wn_workspace *workspace, const wn_row_list *rows, uint64_t side, uint64_t *hash,
                             wn_error *err)
{
    void *hashes = NULL;
    WN_TRY(wn_rows_gather(workspace, "byte_hash", rows, &hashes, err));
    *hash = wn_hash64_seeded(hashes, rows->len * 16, side);
    wn_free(hashes);
    return WN_OK;
}

/* Adds a model of the folder models/ to the catalogue. */
static wn_status register_model(wn_workspace *workspace, const char *name, const char *relative, const char *file,
                                wn_error *err)
{
    wn_model *model = NULL;
    WN_TRY(wn_open_model(file, WN_PRECISION_FP32, NULL, &model, err));
    const wn_model_info *info = wn_model_get_info(model);
    const wn_model_record record = {.name = name, .file = relative, .dim = info->dim, .note = info->options};
    wn_status status = wn_add_newest_model(workspace, record, err);
    wn_model_close(&model);
    return status;
}

/* The shapes of the rows, which ascend: those up to the last are read, and moved together. */
static wn_status load_row_shapes(wn_workspace *workspace, training_source *source, wn_error *err)
{
    const wn_row_list *rows = source->rows;
    const size_t count = rows->len > 0 ? (size_t)rows->rows[rows->len - 1] + 1 : 1;
    WN_TRY(wn_load_shapes(workspace, 0, count, &source->aspects, err));
    for (size_t i = 0; i < rows->len; i++) source->aspects[i] = source->aspects[rows->rows[i]];
    return WN_OK;
}

/* The plan knows what is left to it alone; the user gave the limit of the whole process. */
static wn_status tell_limit(const wn_job *job, const wn_train_plan *plan, uint64_t held, wn_error *err)
{
    char need[32], beside[32], limit[32];
    wn_text_bytes(plan->memory, need);
    wn_text_bytes(held, beside);
    wn_text_bytes(job->memory_limit, limit);
    return wn_fail(err, WN_LIMIT,
                   "training needs %s with batches of %" PRId64
                   ", and winnow itself %s beside: more than --memory-limit %s; a higher limit, fewer views or a "
                   "smaller network helps",
                   need, plan->batch, beside, limit);
}

static wn_status run_training(const wn_job *job, wn_workspace *workspace, const wn_row_list *rows, const char *file,
                              const wn_matrix *teacher, const wn_train_params *given, wn_train_result *out,
                              wn_error *err)
{
    wn_status status;
    int64_t side = 0;
    wn_train_params params = *given;
    training_source source = {.rows = rows};
    char *origin = NULL;
    WN_TRY(wn_job_input_side(workspace, &side, err));
    wn_train_images images = {
        .count = (int64_t)rows->len, .side = (uint32_t)side, .fetch = fetch_inputs, .context = &source};
    if (teacher) images.teacher = teacher->data, images.teacher_dim = teacher->cols;
    WN_TRY(hash_images(workspace, rows, (uint64_t)side, &images.hash, err));
    WN_TRY(wn_find_origin(workspace, given->from, &origin, err));
    params.from = origin;
    if ((status = wn_column_open(workspace, WN_INPUT_COLUMN, &source.column, err))) goto done;
    if ((status = load_row_shapes(workspace, &source, err))) goto done;
    images.aspects = source.aspects;
    params.seed = job->seed;
    const uint64_t share = wn_job_memory_share(job, rows->len);
    const uint64_t taught = teacher ? (uint64_t)teacher->rows * teacher->cols * sizeof(float) : 0;
    params.memory_limit = share > taught ? share - taught : share > 0;
    wn_train_plan plan;
    status = wn_train_make_plan(&images, &params, &plan, err);
    if (status == WN_LIMIT) status = tell_limit(job, &plan, wn_job_memory_aside(rows->len) + taught, err);
    if (status) goto done;
    if ((status = wn_job_plan(job, "training", plan.memory, err))) goto done;
    wn_train_files files = {.model = file};
    status = wn_train_run(&images, &params, &files, job->pool, job->progress, out, err);
done:
    wn_column_close(&source.column);
    wn_free(source.aspects);
    wn_free(source.numbers);
    wn_free(origin);
    return status;
}

wn_status wn_stage_train(const wn_job *job, wn_workspace *workspace, const wn_row_list *rows, const char *name,
                         const wn_matrix *teacher, const wn_train_params *params, char **model, char **file,
                         wn_train_result *out, wn_error *err)
{
    wn_status status;
    char *folder = NULL, *relative = NULL;
    *model = *file = NULL;
    *out = (wn_train_result){0};
    if (name) {
        if (!(*model = wn_text_copy(name))) return wn_fail(err, WN_NOMEM, "out of memory");
    } else
        WN_TRY(wn_unused_model_name(workspace, model, err));
    relative = wn_model_file_within(*model, ".wnm");
    folder = wn_path_join(wn_workspace_path(workspace), "models");
    *file = wn_workspace_model_file(workspace, *model, ".wnm");
    if (!relative || !folder || !*file) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    if ((status = wn_file_make_folder(folder, err))) goto done;
    /* A model file without a record was finished just before a kill. */
    if (!wn_file_exists(*file) && (status = run_training(job, workspace, rows, *file, teacher, params, out, err)))
        goto done;
    status = register_model(workspace, *model, relative, *file, err);
done:
    wn_free(relative);
    wn_free(folder);
    if (status) {
        wn_free(*model);
        wn_free(*file);
        *model = *file = NULL;
    }
    return status;
}
