/* SPDX-License-Identifier: Apache-2.0
 *
 * embed: embeddings for the samples of a workspace that have none, or straight from files to arrays.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/bad_paths.h"
#include "jobs/find_model.h"
#include "jobs/job.h"
#include "jobs/open_model.h"
#include "jobs/path_list.h"
#include "jobs/read_reduction.h"
#include "jobs/read_stage.h"
#include "jobs/reduction_stage.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

/* ---- straight from files to arrays ---- */

/* Members of compressed tars are held until they are read; more than this is read at once. */
static const uint64_t HELD_BYTES = 64u << 20;

typedef struct streaming {
    const wn_job *job;
    wn_model *model;
    char *model_file; /* of it, as wn_locate_model found it */
    size_t dim, input_bytes;
    wn_arena arena;
    wn_entry *entries;
    size_t len, capacity;
    uint64_t held, found; /* bytes of compressed members in `entries`; files so far */
    wn_read_stage stage;
    uint8_t *images;
    float *aspects; /* of the images */
    size_t image_capacity;
    float *rows; /* of all readable images so far */
    size_t row_count, row_capacity;
    const char *const *typed;
    wn_buffer paths;
    wn_bad_paths bad;
} streaming;

/* Reads and embeds the entries noted so far, and forgets them. */
static wn_status read_noted(streaming *stream, wn_error *err)
{
    stream->stage.total += stream->len;
    wn_status status = wn_read_stage_run(&stream->stage, stream->entries, stream->len, err);
    for (size_t i = 0; i < stream->len; i++) wn_free((void *)(uintptr_t)stream->entries[i].bytes);
    stream->len = 0;
    stream->held = 0;
    return status;
}

static wn_status note_entry(void *context, const wn_entry *entry, wn_error *err)
{
    streaming *stream = context;
    if (stream->len == stream->capacity) {
        size_t capacity = stream->capacity ? stream->capacity * 2 : 1024;
        wn_entry *entries = wn_realloc(WN_MEMORY_GENERAL, stream->entries, capacity, sizeof *entries);
        if (!entries) return wn_fail(err, WN_NOMEM, "no memory for a list of %zu files", capacity);
        stream->entries = entries;
        stream->capacity = capacity;
    }
    wn_entry *copy = &stream->entries[stream->len];
    *copy = *entry;
    copy->bytes = NULL;
    copy->path = wn_arena_text(&stream->arena, entry->path, strlen(entry->path));
    copy->name = wn_arena_text(&stream->arena, entry->name, strlen(entry->name));
    copy->member = entry->member ? wn_arena_text(&stream->arena, entry->member, strlen(entry->member)) : NULL;
    if (!copy->path || !copy->name || (entry->member && !copy->member)) return wn_fail(err, WN_NOMEM, "out of memory");
    stream->len++;
    stream->found++;
    if (!entry->bytes) return WN_OK;
    void *bytes = wn_alloc(WN_MEMORY_IMAGE, entry->size, 1);
    if (!bytes) return wn_fail(err, WN_NOMEM, "no memory for '%s'", entry->name);
    memcpy(bytes, entry->bytes, entry->size);
    copy->bytes = bytes;
    stream->held += entry->size;
    return stream->held > HELD_BYTES ? read_noted(stream, err) : WN_OK;
}

static wn_status reserve_rows(streaming *stream, size_t more, wn_error *err)
{
    if (more > stream->image_capacity) {
        uint8_t *images = wn_realloc(WN_MEMORY_IMAGE, stream->images, more, stream->input_bytes);
        if (!images) return wn_fail(err, WN_NOMEM, "out of memory");
        stream->images = images;
        float *aspects = wn_realloc(WN_MEMORY_IMAGE, stream->aspects, more, sizeof *aspects);
        if (!aspects) return wn_fail(err, WN_NOMEM, "out of memory");
        stream->aspects = aspects;
        stream->image_capacity = more;
    }
    if (stream->row_count + more <= stream->row_capacity) return WN_OK;
    size_t capacity = stream->row_capacity ? stream->row_capacity * 2 : stream->found;
    if (capacity < stream->row_count + more) capacity = stream->row_count + more;
    float *rows = wn_realloc(WN_MEMORY_MATRIX, stream->rows, capacity, stream->dim * sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "no memory for %zu embeddings", capacity);
    stream->rows = rows;
    stream->row_capacity = capacity;
    return WN_OK;
}

/* To the paths of the rows, or to the bad files. */
static wn_status note_path(streaming *stream, const wn_read_result *result, wn_error *err)
{
    const wn_entry *entry = result->entry;
    const char *kind;
    WN_TRY(wn_root_kind(stream->typed[entry->root], &kind, err));
    char *path = wn_sample_path(kind, stream->typed[entry->root], entry->name, strlen(entry->name));
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = WN_OK;
    if (result->status)
        status = wn_bad_paths_add(&stream->bad, path, result->reason, err);
    else
        wn_path_list_add(&stream->paths, path);
    wn_free(path);
    return status;
}

static wn_status embed_window(void *context, const wn_read_result *results, size_t count, wn_error *err)
{
    streaming *stream = context;
    size_t good = 0;
    WN_TRY(reserve_rows(stream, count, err));
    for (size_t i = 0; i < count; i++) {
        WN_TRY(note_path(stream, &results[i], err));
        if (results[i].status) continue;
        stream->aspects[good] = results[i].facts.aspect;
        memcpy(stream->images + good++ * stream->input_bytes, results[i].input, stream->input_bytes);
    }
    wn_model_fit(stream->model, stream->job->pool, stream->images, good, stream->aspects);
    float *rows = stream->rows + stream->row_count * stream->dim;
    WN_TRY(wn_model_embed(stream->model, stream->job->pool, stream->images, good, rows, err));
    stream->row_count += good;
    return WN_OK;
}

static wn_status stream_paths(const wn_job *job, const wn_embed_options *options, streaming *stream,
                              wn_embed_result *out, wn_error *err)
{
    double started = wn_clock_seconds();
    WN_TRY(wn_media_init(err));
    WN_TRY(wn_locate_model(options->model ? options->model : WN_MODEL_DEFAULT, &stream->model_file, err));
    if (options->reduce.dim && wn_is_reduction(stream->model_file))
        return wn_fail(err, WN_INVALID,
                       "'%s' gives few dimensions already; name the model behind it, or leave --dim out",
                       options->model);
    WN_TRY(wn_open_model(stream->model_file, WN_PRECISION_AUTO, options->onnx, &stream->model, err));
    const wn_model_info *info = wn_model_get_info(stream->model);
    stream->dim = info->dim;
    stream->input_bytes = (size_t)info->side * info->side * 3;
    WN_TRY(wn_job_plan(job, "the model", wn_model_get_memory(stream->model, wn_pool_threads(job->pool)), err));
    wn_read_request request = {.thumb_side = -1, .input_side = (int)info->side};
    WN_TRY(wn_read_stage_open(job, &request, embed_window, stream, &stream->stage, err));
    WN_TRY(wn_source_walk(options->paths, options->path_count, NULL, job->progress, note_entry, stream, NULL, err));
    out->seconds.scan = wn_clock_seconds() - started - stream->stage.seconds;
    if (stream->found == 0) return wn_fail(err, WN_NOTFOUND, "no image was found under '%s'", options->paths[0]);
    WN_TRY(wn_job_plan(job, "embedding", (uint64_t)stream->found * stream->dim * sizeof(float), err));
    return read_noted(stream, err);
}

/* Fewer dimensions: axes of the rows that are there. */
static wn_status reduce_rows(const wn_job *job, const wn_embed_options *options, streaming *stream,
                             wn_embed_result *out, wn_error *err)
{
    const char *model = stream->model_file;
    const wn_matrix matrix = {stream->rows, stream->row_count, stream->dim, stream->dim};
    const size_t dim = (size_t)options->reduce.dim;
    wn_reduction reduction = {.base_hash = wn_model_get_info(stream->model)->hash};
    float *reduced = NULL;
    wn_status status = wn_fit_reduction(job, &matrix, &options->reduce, model, &reduction.pca, err);
    if (!status && !(reduction.base = wn_real_model_file(model))) status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status && !(reduced = wn_alloc(WN_MEMORY_MATRIX, stream->row_count, dim * sizeof *reduced)))
        status = wn_fail(err, WN_NOMEM, "no memory for %zu embeddings", stream->row_count);
    if (!status) status = wn_reduction_apply(&reduction, &matrix, job->pool, reduced, err);
    if (!status && options->out_model) status = wn_reduction_write(options->out_model, &reduction, err);
    if (!status) {
        out->explained = wn_pca_explained(&reduction.pca);
        wn_free(stream->rows);
        stream->rows = reduced;
        stream->dim = dim;
        reduced = NULL;
    }
    wn_free(reduced);
    wn_reduction_clear(&reduction);
    return status;
}

static wn_status embed_to_arrays(const wn_job *job, const wn_embed_options *options, wn_embed_result *out,
                                 wn_error *err)
{
    char first[WN_BAD_FIRST_MAX];
    streaming stream = {.job = job, .typed = options->paths};
    wn_arena_init(&stream.arena, WN_MEMORY_TEXT, 1 << 20);
    wn_buffer_init(&stream.paths, WN_MEMORY_TEXT, 0);
    wn_status status = stream_paths(job, options, &stream, out, err);
    out->seconds.read = stream.stage.seconds;
    wn_read_stage_close(&stream.stage);
    for (size_t i = 0; i < stream.len; i++) wn_free((void *)(uintptr_t)stream.entries[i].bytes);
    if (!status && stream.row_count == 0)
        status =
            wn_fail(err, WN_NOTFOUND, "none of the images could be read%s", wn_bad_paths_first(&stream.bad, first));
    if (!status && options->reduce.dim) status = reduce_rows(job, options, &stream, out, err);
    wn_matrix matrix = {stream.rows, stream.row_count, stream.dim, stream.dim};
    if (!status) status = wn_npy_write_matrix(options->out, &matrix, err);
    if (!status && options->out_paths)
        status = wn_file_write(options->out_paths, stream.paths.data, stream.paths.len, err);
    out->rows = out->fresh = (int64_t)stream.row_count;
    out->dim = (int64_t)stream.dim;
    out->bad = stream.bad.len;
    out->bad_paths = stream.bad;
    if (!status && !(out->model = wn_text_copy(options->model ? options->model : WN_MODEL_DEFAULT)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    wn_model_close(&stream.model);
    wn_free(stream.model_file);
    wn_free(stream.entries);
    wn_free(stream.images);
    wn_free(stream.aspects);
    wn_free(stream.rows);
    wn_buffer_clear(&stream.paths);
    wn_arena_clear(&stream.arena);
    return status;
}

/* ---- in a workspace ---- */

static wn_status write_arrays(const wn_job *job, wn_workspace *workspace, const wn_embed_options *options,
                              const wn_embedded *embedded, wn_embed_result *out, wn_error *err)
{
    wn_status status;
    wn_roots roots = {0};
    wn_row_list rows = {0};
    void *values = NULL;
    char **paths = NULL;
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    if ((status = wn_roots_load(workspace, options->paths, options->path_count, WN_ROOTS_KNOWN, &roots, err)))
        goto done;
    if ((status = wn_rows_load(workspace, &roots, &rows, err))) goto done;
    out->rows = (int64_t)rows.len;
    uint64_t bytes = (uint64_t)rows.len * (uint64_t)embedded->dim * sizeof(float);
    if ((status = wn_job_plan(job, "writing embeddings", bytes, err))) goto done;
    if ((status = wn_rows_gather(workspace, embedded->column, &rows, &values, err))) goto done;
    size_t dim = (size_t)embedded->dim;
    wn_matrix matrix = {values, rows.len, dim, dim};
    if ((status = wn_npy_write_matrix(options->out, &matrix, err))) goto done;
    if (!options->out_paths) goto done;
    if ((status = wn_rows_paths(workspace, &roots, rows.rows, rows.len, &paths, err))) goto done;
    for (size_t i = 0; i < rows.len; i++) wn_path_list_add(&text, paths[i]);
    status = text.status ? wn_fail(err, text.status, "out of memory")
                         : wn_file_write(options->out_paths, text.data, text.len, err);
done:
    wn_buffer_clear(&text);
    wn_paths_clear(&paths, rows.len);
    wn_free(values);
    wn_free(rows.rows);
    wn_roots_clear(&roots);
    return status;
}

static wn_status embed_in(const wn_job *job, wn_workspace *workspace, const wn_embed_options *options,
                          wn_embed_result *out, wn_error *err)
{
    wn_status status;
    char *name = NULL, *file = NULL;
    wn_embedded embedded = {0};
    if (options->path_count) {
        int64_t side = 0;
        WN_TRY(wn_model_wants_side(workspace, options->model, &side, err));
        wn_add_options add = {.paths = options->paths, .path_count = options->path_count, .input_side = side};
        wn_add_result added = {0};
        WN_TRY(wn_stage_add(job, workspace, &add, &added, err));
        out->seconds.scan = added.seconds.scan;
        out->seconds.read = added.seconds.read;
        out->bad = added.bad;
        if (out->bad) WN_TRY(wn_bad_paths_load(workspace, options->paths, options->path_count, &out->bad_paths, err));
    }
    double started = wn_clock_seconds();
    if ((status = wn_find_model(workspace, options->model, &name, &file, err))) goto done;
    if ((status = wn_stage_embed(job, workspace, name, file, &options->reduce, &embedded, err))) goto done;
    out->seconds.embed = wn_clock_seconds() - started;
    out->dim = embedded.dim;
    out->fresh = embedded.fresh;
    out->rows = embedded.rows;
    out->explained = embedded.explained;
    out->model = embedded.model;
    embedded.model = NULL;
    if (options->out) status = write_arrays(job, workspace, options, &embedded, out, err);
done:
    wn_embedded_clear(&embedded);
    wn_free(name);
    wn_free(file);
    return status;
}

wn_status wn_job_embed(const wn_job *job, const wn_embed_options *options, wn_embed_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    wn_status status;
    char first[WN_BAD_FIRST_MAX];
    double started = wn_clock_seconds();
    *out = (wn_embed_result){0};
    for (size_t i = 0; i < options->path_count; i++) {
        const char *kind;
        WN_TRY(wn_root_kind(options->paths[i], &kind, err));
    }
    if (options->out && options->path_count && !options->workspace) {
        status = embed_to_arrays(job, options, out, err);
    } else {
        status = wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                                       options->path_count ? WN_WORKSPACE_CREATE : WN_WORKSPACE_WRITE, &workspace,
                                       &out->workspace, err);
        if (!status) status = embed_in(job, workspace, options, out, err);
        wn_workspace_close(&workspace);
    }
    out->seconds.total = wn_clock_seconds() - started;
    if (!status && job->strict && out->bad)
        status = wn_fail(err, WN_CORRUPT, "%llu files are bad, and --strict was given; everything else was embedded%s",
                         (unsigned long long)out->bad, wn_bad_paths_first(&out->bad_paths, first));
    if (status) wn_embed_result_clear(out);
    return status;
}

void wn_embed_result_clear(wn_embed_result *result)
{
    wn_free(result->workspace);
    wn_free(result->model);
    wn_bad_paths_clear(&result->bad_paths);
    *result = (wn_embed_result){0};
}
