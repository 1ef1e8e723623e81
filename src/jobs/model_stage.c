/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of a workspace: finding one, training one, and embedding with one. Embeddings are stored under the hash of the
 * model's content, so a model file that changes never mixes with what an older one gave.
 */
#include "jobs/job.h"
#include "jobs/open_model.h"
#include "jobs/reduction_stage.h"
#include "jobs/vectors.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "num/resample.h"
#include "winnow/hub.h"
#include "winnow/log.h"
#include "winnow/memory.h"

static char *join_text(const char *format, const char *a, const char *b)
{
    int len = snprintf(NULL, 0, format, a, b);
    char *out = len < 0 ? NULL : wn_alloc(WN_MEMORY_TEXT, (size_t)len + 1, 1);
    if (out) snprintf(out, (size_t)len + 1, format, a, b);
    return out;
}

/* ---- finding ---- */

static wn_status take_record(wn_workspace *workspace, const wn_model_record *record, char **name, char **file,
                             wn_error *err)
{
    *name = wn_text_copy(record->name);
    *file = record->file[0] == '/' || strcmp(record->file, WN_MODEL_DEFAULT) == 0
                ? wn_text_copy(record->file)
                : wn_path_join(wn_workspace_path(workspace), record->file);
    if (*name && *file) return WN_OK;
    wn_free(*name);
    wn_free(*file);
    *name = *file = NULL;
    return wn_fail(err, WN_NOMEM, "out of memory");
}

/* The stem of a file name: "models/a.wnm" gives "a". */
static char *stem_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *start = slash ? slash + 1 : file, *dot = strrchr(start, '.');
    return wn_text_copy_len(start, dot && dot > start ? (size_t)(dot - start) : strlen(start));
}

wn_status wn_find_model(wn_workspace *workspace, const char *wanted, char **name, char **file, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    wn_status status = WN_NOTFOUND;
    for (size_t i = 0; i < count && status == WN_NOTFOUND; i++)
        if (wanted ? strcmp(records[i].name, wanted) == 0 : strcmp(records[i].file, WN_MODEL_DEFAULT) != 0)
            status = take_record(workspace, &records[i], name, file, err);
    wn_free(records);
    if (status != WN_NOTFOUND) return status;
    char *located = NULL;
    status = wn_locate_model(wanted ? wanted : WN_MODEL_DEFAULT, &located, err);
    if (status == WN_NOTFOUND && !wn_hub_find(wanted))
        status = wn_fail(err, WN_NOTFOUND,
                         "'%s' is neither a model of the workspace, nor a file, nor the name of an open model "
                         "('winnow model list')",
                         wanted);
    if (!status) status = wn_name_model_file(located, name, file, err);
    wn_free(located);
    return status;
}

wn_status wn_name_model_file(const char *path, char **name, char **file, wn_error *err)
{
    *name = stem_of(path);
    *file = wn_text_copy(path);
    return *name && *file ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

char *wn_workspace_model_file(wn_workspace *workspace, const char *name, const char *ending)
{
    char *relative = join_text("models/%s%s", name, ending);
    char *file = relative ? wn_path_join(wn_workspace_path(workspace), relative) : NULL;
    wn_free(relative);
    return file;
}

bool wn_is_workspace_file(wn_workspace *workspace, const char *file)
{
    const size_t len = strlen(wn_workspace_path(workspace));
    return strncmp(file, wn_workspace_path(workspace), len) == 0 && file[len] == '/';
}

char *wn_real_model_file(const char *file)
{
    char root[PATH_MAX];
    return wn_text_copy(strcmp(file, WN_MODEL_DEFAULT) != 0 && realpath(file, root) ? root : file);
}

wn_status wn_model_wants_side(wn_workspace *workspace, const char *wanted, int64_t *side, wn_error *err)
{
    char *name = NULL, *file = NULL;
    wn_model *model = NULL;
    int64_t kept = 0;
    *side = 0;
    if (!wanted) return WN_OK;
    WN_TRY(wn_find_model(workspace, wanted, &name, &file, err));
    wn_status status = wn_open_model(file, WN_PRECISION_FP32, NULL, &model, err);
    if (!status) status = wn_job_input_side(workspace, &kept, err);
    if (!status && !kept) *side = wn_model_get_info(model)->side;
    wn_model_close(&model);
    wn_free(name);
    wn_free(file);
    return status;
}

/* ---- shapes ---- */

/* Width / height of a run of rows. */
typedef struct shape_list {
    int64_t first;
    float *aspects;
} shape_list;

static wn_status take_shape(void *context, const wn_sample *sample)
{
    const shape_list *list = context;
    const bool known = sample->width > 0 && sample->height > 0;
    list->aspects[sample->row - list->first] = known ? (float)sample->width / (float)sample->height : 1.0F;
    return WN_OK;
}

/* Of `count` rows from `first`; release with wn_free. */
static wn_status load_shapes(wn_workspace *workspace, int64_t first, size_t count, float **aspects, wn_error *err)
{
    shape_list list = {first, wn_alloc(WN_MEMORY_IMAGE, count, sizeof(float))};
    *aspects = NULL;
    if (!list.aspects) return wn_fail(err, WN_NOMEM, "no memory for the shapes of %zu images", count);
    for (size_t i = 0; i < count; i++) list.aspects[i] = 1.0F;
    wn_status status = wn_workspace_visit_samples(workspace, first, (int64_t)count, take_shape, &list, err);
    if (status)
        wn_free(list.aspects);
    else
        *aspects = list.aspects;
    return status;
}

/* ---- training ---- */

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

/* The first of "trained", "trained-2", ... that the workspace does not have. */
static wn_status free_model_name(wn_workspace *workspace, char **name, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    char text[32] = "trained";
    for (size_t number = 2, i = 0; i < count;) {
        if (strcmp(records[i].name, text) != 0) {
            i++;
            continue;
        }
        snprintf(text, sizeof text, "trained-%zu", number++);
        i = 0;
    }
    wn_free(records);
    *name = wn_text_copy(text);
    return *name ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

wn_status wn_add_newest_model(wn_workspace *workspace, wn_model_record record, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    record.created_at = wn_clock_unix();
    for (size_t i = 0; i < count; i++) {
        if (records[i].created_at >= record.created_at) record.created_at = records[i].created_at + 1;
    }
    wn_free(records);
    return wn_model_add(workspace, &record, err);
}

/* Adds a model of the folder models/ to the catalogue. */
static wn_status register_model(wn_workspace *workspace, const char *name, const char *relative, const char *file,
                                int64_t *dim, wn_error *err)
{
    wn_model *model = NULL;
    WN_TRY(wn_open_model(file, WN_PRECISION_FP32, NULL, &model, err));
    const wn_model_info *info = wn_model_get_info(model);
    *dim = info->dim;
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
    WN_TRY(load_shapes(workspace, 0, count, &source->aspects, err));
    for (size_t i = 0; i < rows->len; i++) source->aspects[i] = source->aspects[rows->rows[i]];
    return WN_OK;
}

wn_status wn_find_origin(wn_workspace *workspace, const char *from, char **file, wn_error *err)
{
    char *name = NULL;
    *file = NULL;
    if (!from) return WN_OK;
    WN_TRY(wn_find_model(workspace, from, &name, file, err));
    wn_free(name);
    if (!wn_text_ends_with(*file, ".onnx") && !wn_is_reduction(*file)) return WN_OK;
    wn_free(*file);
    *file = NULL;
    return wn_fail(err, WN_UNSUPPORTED,
                   "training starts from a model that winnow made, and '%s' is none; --method distill --teacher %s "
                   "learns from it",
                   from, from);
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
    int64_t dim;
    char *folder = NULL, *relative = NULL;
    *model = *file = NULL;
    *out = (wn_train_result){0};
    if (name) {
        if (!(*model = wn_text_copy(name))) return wn_fail(err, WN_NOMEM, "out of memory");
    } else
        WN_TRY(free_model_name(workspace, model, err));
    relative = join_text("models/%s%s", *model, ".wnm");
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
    status = register_model(workspace, *model, relative, *file, &dim, err);
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

/* ---- embedding ---- */

static const double BLOCK_SECONDS = 1.0;
enum { FIRST_BLOCK = 128, MOST_BLOCK = 4096 };

void wn_embedded_clear(wn_embedded *embedded)
{
    wn_free(embedded->column);
    wn_free(embedded->model);
    *embedded = (wn_embedded){0};
}

static bool same_file(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    return strcmp(a, b) == 0 || (realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0);
}

/* The name under which a model file stands in the catalogue: its stem, with its hash where another has that name. */
static wn_status name_model(wn_workspace *workspace, const char *name, const char *file, const wn_model_info *info,
                            char **out, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    char hash[24];
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    snprintf(hash, sizeof hash, "%016" PRIx64, info->hash);
    bool taken = false;
    for (size_t i = 0; i < count && !taken; i++) {
        char *known_name = NULL, *known_file = NULL;
        if (strcmp(records[i].name, name) != 0) continue;
        if (take_record(workspace, &records[i], &known_name, &known_file, NULL) == WN_OK)
            taken = !same_file(known_file, file);
        wn_free(known_name);
        wn_free(known_file);
    }
    wn_free(records);
    *out = taken ? join_text("%s-%.8s", name, hash) : wn_text_copy(name);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

/* What the model wants to see of rows that are squeezed to its side. */
static wn_status fit_rows(const wn_job *job, wn_workspace *workspace, const wn_model *model, int64_t first,
                          size_t count, uint8_t *images, wn_error *err)
{
    if (!(wn_model_get_info(model)->cut > 1.0F)) return WN_OK;
    float *aspects = NULL;
    WN_TRY(load_shapes(workspace, first, count, &aspects, err));
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
    WN_TRY(name_model(workspace, name, file, info, &out->model, err));
    wn_embedding_column(info->hash, column);
    if (!(out->column = wn_text_copy(column))) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status found = wn_column_find(workspace, column, &stored, err);
    *known = stored.rows;
    if (job->dry_run) return found == WN_NOTFOUND ? WN_OK : found;
    if (found == WN_NOTFOUND) return add_records(workspace, file, info, out, err);
    return found ? found : keep_record(workspace, file, info, out, err);
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

wn_status wn_stage_embed(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                         const wn_reduce *reduce, wn_embedded *out, wn_error *err)
{
    wn_model *model = NULL;
    wn_status status;
    *out = (wn_embedded){0};
    if (reduce && reduce->dim)
        status = wn_stage_reduce(job, workspace, name, file, reduce, out, err);
    else if (wn_is_reduction(file))
        status = wn_stage_turn(job, workspace, name, file, out, err);
    else if (!(status = wn_open_model(file, WN_PRECISION_AUTO, NULL, &model, err)))
        status = embed_with(job, workspace, name, file, model, out, err);
    wn_model_close(&model);
    if (!status && !job->dry_run && out->fresh > 0 && out->rows >= WN_KEPT_INDEX_LEAST)
        status = wn_stage_index(job, workspace, out->column, WN_INDEX_METRIC_COSINE, err);
    if (status) wn_embedded_clear(out);
    return status;
}
