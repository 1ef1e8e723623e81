/* SPDX-License-Identifier: Apache-2.0
 *
 * train: adds the paths, trains on them, keeps the model in the workspace.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/reduction.h"
#include "jobs/find_model.h"
#include "jobs/job.h"
#include "jobs/open_model.h"
#include "winnow/hub.h"
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

/* ---- the teacher ---- */

/* What a student learns from: a row for each image, mapped from a file or gathered from the workspace. */
typedef struct teaching {
    wn_matrix rows;
    wn_npy *file;
    void *gathered;
} teaching;

static void clear_teaching(teaching *teacher)
{
    wn_npy_close(&teacher->file);
    wn_free(teacher->gathered);
    *teacher = (teaching){0};
}

/* A .npy file, by its name or by what it holds. */
static bool is_array(const char *path)
{
    wn_npy *file = NULL;
    if (wn_text_ends_with(path, ".npy")) return true;
    const bool opened = wn_npy_open(path, &file, NULL) == WN_OK;
    wn_npy_close(&file);
    return opened;
}

static bool is_named_as_model(const char *path)
{
    static const char *const endings[] = {".wnm", ".safetensors", ".onnx", WN_REDUCTION_ENDING};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (wn_text_ends_with(path, endings[i])) return true;
    }
    return wn_hub_find(path) != NULL;
}

/* Found out before the pictures are read: whether a model that is to teach can be opened. */
static wn_status check_teacher(wn_workspace *workspace, const char *wanted, wn_error *err)
{
    wn_error why = {0};
    int64_t side;
    if (!wanted || is_array(wanted)) return WN_OK;
    wn_status status = wn_model_wants_side(workspace, wanted, &side, &why);
    if (!status) return WN_OK;
    if (is_named_as_model(wanted)) return wn_fail(err, status, "%s", why.message);
    return wn_fail(err, status,
                   "%s; --teacher takes a model, as 'winnow embed --model' does, or the embeddings of the images in a "
                   ".npy file",
                   why.message);
}

static wn_status open_array(const char *path, size_t images, teaching *out, wn_error *err)
{
    WN_TRY(wn_npy_open(path, &out->file, err));
    WN_TRY(wn_npy_matrix(out->file, &out->rows, err));
    if (out->rows.rows != images)
        return wn_fail(
            err, WN_INVALID,
            "%s has %zu rows, but there are %zu readable images; 'winnow embed' with the same paths gives one "
            "for each, and a model as --teacher needs no file",
            path, out->rows.rows, images);
    if (out->rows.stride != out->rows.cols) return wn_fail(err, WN_UNSUPPORTED, "%s: rows with gaps", path);
    return WN_OK;
}

/* Embeds what the workspace has no rows of yet, and takes those of the images. */
static wn_status embed_by_teacher(const wn_job *job, wn_workspace *workspace, const char *wanted,
                                  const wn_row_list *rows, teaching *out, wn_error *err)
{
    char *name = NULL, *file = NULL;
    wn_embedded embedded = {0};
    wn_status status = wn_find_model(workspace, wanted, &name, &file, err);
    if (!status) status = wn_stage_embed(job, workspace, name, file, NULL, &embedded, err);
    const size_t dim = (size_t)embedded.dim;
    if (!status) status = wn_job_plan(job, "what the teacher says", (uint64_t)rows->len * dim * sizeof(float), err);
    if (!status) status = wn_rows_gather(workspace, embedded.column, rows, &out->gathered, err);
    if (!status) out->rows = (wn_matrix){out->gathered, rows->len, dim, dim};
    wn_embedded_clear(&embedded);
    wn_free(name);
    wn_free(file);
    return status;
}

static wn_status open_teacher(const wn_job *job, wn_workspace *workspace, const char *wanted, const wn_row_list *rows,
                              teaching *out, wn_error *err)
{
    if (!wanted) return WN_OK;
    return is_array(wanted) ? open_array(wanted, rows->len, out, err)
                            : embed_by_teacher(job, workspace, wanted, rows, out, err);
}

/* ---- the training ---- */

static wn_status train_on(const wn_job *job, wn_workspace *workspace, const wn_train_job_options *options,
                          wn_train_job_result *out, wn_error *err)
{
    wn_status status;
    wn_roots roots = {0};
    wn_row_list rows = {0};
    teaching teacher = {0};
    char *origin = NULL;
    WN_TRY(wn_find_origin(workspace, options->train->from, &origin, err));
    wn_free(origin);
    WN_TRY(check_teacher(workspace, options->teacher, err));
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
    if ((status = open_teacher(job, workspace, options->teacher, &rows, &teacher, err))) goto done;
    out->seconds.embed = wn_clock_seconds() - started;
    started = wn_clock_seconds();
    status = wn_stage_train(job, workspace, &rows, options->name, options->teacher ? &teacher.rows : NULL,
                            options->train, &out->model, &out->file, &out->training, err);
    if (!status && options->copy_to) status = copy_file(out->file, options->copy_to, err);
    if (!status) {
        wn_model *model = NULL;
        status = wn_model_open(out->file, WN_PRECISION_FP32, &model, err);
        if (!status) out->dim = wn_model_get_info(model)->dim;
        wn_model_close(&model);
    }
    out->seconds.train = wn_clock_seconds() - started;
done:
    clear_teaching(&teacher);
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
