/* SPDX-License-Identifier: Apache-2.0
 *
 * train: adds the paths, trains on them, keeps the model in the workspace.
 */
#include "jobs/job.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

static wn_status copy_file(const char *from, const char *to, wn_error *err)
{
    wn_buffer bytes;
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    wn_status status = wn_file_read(from, (size_t)1 << 32, &bytes, err);
    if (!status) status = wn_file_write(to, bytes.data, bytes.len, err);
    wn_buffer_clear(&bytes);
    return status;
}

/* The teacher's rows, one for each image. */
static wn_status open_teacher(const char *path, size_t images, wn_npy **file, wn_matrix *out, wn_error *err)
{
    WN_TRY(wn_npy_open(path, file, err));
    WN_TRY(wn_npy_matrix(*file, out, err));
    if (out->rows != images)
        return wn_fail(
            err, WN_INVALID,
            "%s has %zu rows, but there are %zu readable images; 'winnow embed' with the same paths gives one "
            "for each",
            path, out->rows, images);
    if (out->stride != out->cols) return wn_fail(err, WN_UNSUPPORTED, "%s: rows with gaps", path);
    return WN_OK;
}

static wn_status train_on(const wn_job *job, wn_workspace *workspace, const wn_train_job_options *options,
                          wn_train_job_result *out, wn_error *err)
{
    wn_status status;
    wn_roots roots = {0};
    wn_row_list rows = {0};
    wn_npy *file = NULL;
    wn_matrix teacher = {0};
    char *origin = NULL;
    WN_TRY(wn_find_origin(workspace, options->train->from, &origin, err));
    wn_free(origin);
    if (options->path_count) {
        int64_t side = 0;
        WN_TRY(wn_model_wants_side(workspace, options->train->from, &side, err));
        wn_add_options add = {.paths = options->paths, .path_count = options->path_count, .input_side = side};
        wn_add_result added = {0};
        WN_TRY(wn_stage_add(job, workspace, &add, &added, err));
        out->seconds.scan = added.seconds.scan;
        out->seconds.read = added.seconds.read;
    }
    double started = wn_clock_seconds();
    if ((status = wn_roots_load(workspace, options->paths, options->path_count, WN_ROOTS_KNOWN, &roots, err)))
        goto done;
    if ((status = wn_rows_load(workspace, &roots, &rows, err))) goto done;
    if (rows.len == 0) {
        status = wn_fail(err, WN_NOTFOUND, "the workspace has no readable image to train on");
        goto done;
    }
    out->images = (int64_t)rows.len;
    if (options->teacher && (status = open_teacher(options->teacher, rows.len, &file, &teacher, err))) goto done;
    status = wn_stage_train(job, workspace, &rows, options->name, options->teacher ? &teacher : NULL, options->train,
                            &out->model, &out->file, &out->training, err);
    if (!status && options->copy_to) status = copy_file(out->file, options->copy_to, err);
    if (!status) {
        wn_model *model = NULL;
        status = wn_model_open(out->file, WN_PRECISION_FP32, &model, err);
        if (!status) out->dim = wn_model_get_info(model)->dim;
        wn_model_close(&model);
    }
    out->seconds.train = wn_clock_seconds() - started;
done:
    wn_npy_close(&file);
    wn_free(rows.rows);
    wn_roots_clear(&roots);
    return status;
}

wn_status wn_job_train(const wn_job *job, const wn_train_job_options *options, wn_train_job_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    double started = wn_clock_seconds();
    *out = (wn_train_job_result){0};
    for (size_t i = 0; i < options->path_count; i++) {
        const char *kind;
        WN_TRY(wn_root_kind(options->paths[i], &kind, err));
    }
    WN_TRY(wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                                 options->path_count ? WN_WORKSPACE_CREATE : WN_WORKSPACE_WRITE, &workspace,
                                 &out->workspace, err));
    wn_status status = train_on(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_train_job_result_clear(out);
    return status;
}

void wn_train_job_result_clear(wn_train_job_result *result)
{
    wn_free(result->workspace);
    wn_free(result->model);
    wn_free(result->file);
    *result = (wn_train_job_result){0};
}
