/* SPDX-License-Identifier: Apache-2.0
 *
 * add: compares what lies under the paths with the catalogue and reads what is new or changed.
 *
 * Rows are given in the order of the walk, which depends on the paths and names alone, so a run that was killed and
 * started again ends in the same rows.
 */
#include "jobs/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "jobs/add_batch.h"
#include "jobs/bad_paths.h"
#include "jobs/read_stage.h"
#include "winnow/log.h"
#include "winnow/memory.h"

/* Members of compressed tars are held until they are read; more than this is read at once. */
static const uint64_t HELD_BYTES = 64u << 20;
/* Photos are kept at the side that the built-in model looks at; small images are not enlarged before they are embedded.
 */
enum { PROBED_IMAGES = 256, SMALL_SIDE = 48, SMALL_INPUT = 32, PHOTO_INPUT = 112 };

typedef struct adding {
    const wn_job *job;
    wn_workspace *workspace;
    const wn_add_options *options;
    wn_add_result *result;
    wn_roots roots;
    wn_known_files *known;
    wn_arena arena;
    wn_entry *entries; /* new and changed */
    int64_t *replaced; /* the row that each makes obsolete, or -1 */
    size_t len, capacity;
    uint64_t held; /* bytes of compressed members */
    wn_add_batch batch;
    wn_read_stage stage;
    bool reading; /* the stage is open */
    uint64_t bad_now;
} adding;

/* ---- model input ---- */

typedef struct probe {
    int64_t sides[PROBED_IMAGES];
    size_t len;
} probe;

static wn_status keep_side(void *context, const wn_read_result *results, size_t count, wn_error *err)
{
    (void)err;
    probe *probed = context;
    for (size_t i = 0; i < count && probed->len < PROBED_IMAGES; i++)
        if (results[i].status == WN_OK)
            probed->sides[probed->len++] =
                results[i].facts.width < results[i].facts.height ? results[i].facts.width : results[i].facts.height;
    return WN_OK;
}

static int compare_sides(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Decides the side of the model input once, from the headers of images spread evenly over what was found. */
static wn_status decide_input_side(adding *add, int64_t *side, wn_error *err)
{
    wn_status status;
    probe probed = {0};
    wn_read_stage stage = {0};
    wn_entry sample[PROBED_IMAGES];
    size_t count = 0, step = add->len / PROBED_IMAGES + 1;
    for (size_t i = 0; i < add->len && count < PROBED_IMAGES; i += step)
        if (add->entries[i].status == WN_OK) sample[count++] = add->entries[i];
    wn_read_request request = {.thumb_side = -1, .input_side = -1};
    wn_job quiet = *add->job;
    quiet.progress = NULL;
    if ((status = wn_read_stage_open(&quiet, &request, keep_side, &probed, &stage, err))) return status;
    stage.headers_only = true;
    status = wn_read_stage_run(&stage, sample, count, err);
    wn_read_stage_close(&stage);
    if (status) return status;
    qsort(probed.sides, probed.len, sizeof *probed.sides, compare_sides);
    *side = probed.len && probed.sides[probed.len / 2] <= SMALL_SIDE ? SMALL_INPUT : PHOTO_INPUT;
    return WN_OK;
}

static wn_status settle_input_side(adding *add, wn_error *err)
{
    int64_t side = 0;
    char text[24];
    WN_TRY(wn_job_input_side(add->workspace, &side, err));
    int64_t wanted = add->options->input_side;
    if (side && wanted && wanted != side)
        return wn_fail(err, WN_INVALID,
                       "this workspace keeps model inputs of %lld pixels, not %lld; use another workspace (-w)",
                       (long long)side, (long long)wanted);
    if (!side) {
        side = wanted;
        if (!side) WN_TRY(decide_input_side(add, &side, err));
        snprintf(text, sizeof text, "%lld", (long long)side);
        WN_TRY(wn_add_batch_create_columns(add->workspace, side, err));
        WN_TRY(wn_setting_set(add->workspace, WN_SETTING_INPUT_SIDE, text, err));
        wn_log(WN_LOG_VERBOSE, "model input: %lld x %lld pixels", (long long)side, (long long)side);
    }
    add->result->input_side = side;
    return WN_OK;
}

/* ---- reading ---- */

static wn_status commit_results(void *context, const wn_read_result *results, size_t count, wn_error *err)
{
    adding *add = context;
    const int64_t *replaced = add->replaced + (results[0].entry - add->entries);
    wn_status status = wn_add_batch_write(&add->batch, add->workspace, &add->roots, results, replaced, count, err);
    for (size_t i = 0; !status && i < count; i++)
        if (results[i].status) add->bad_now++;
    return status;
}

static wn_status open_reading(adding *add, wn_error *err)
{
    if (add->reading) return WN_OK;
    WN_TRY(settle_input_side(add, err));
    wn_read_request request = {.input_side = (int)add->result->input_side};
    wn_add_batch_init(&add->batch, add->result->input_side);
    WN_TRY(wn_read_stage_open(add->job, &request, commit_results, add, &add->stage, err));
    add->reading = true;
    return WN_OK;
}

/* Reads all entries collected so far and forgets them. */
static wn_status read_collected(adding *add, wn_error *err)
{
    if (add->len == 0) return WN_OK;
    WN_TRY(open_reading(add, err));
    add->stage.total += add->len;
    wn_status status = wn_read_stage_run(&add->stage, add->entries, add->len, err);
    for (size_t i = 0; i < add->len; i++) wn_free((void *)(uintptr_t)add->entries[i].bytes);
    add->len = 0;
    add->held = 0;
    return status;
}

/* ---- scanning ---- */

static wn_status grow_entries(adding *add, wn_error *err)
{
    size_t capacity = add->capacity ? add->capacity * 2 : 1024;
    wn_entry *entries = wn_realloc(WN_MEMORY_GENERAL, add->entries, capacity, sizeof *entries);
    if (entries) add->entries = entries;
    int64_t *replaced = wn_realloc(WN_MEMORY_GENERAL, add->replaced, capacity, sizeof *replaced);
    if (replaced) add->replaced = replaced;
    if (!entries || !replaced) return wn_fail(err, WN_NOMEM, "no memory for a list of %zu files", capacity);
    add->capacity = capacity;
    return WN_OK;
}

static wn_status copy_entry(adding *add, const wn_entry *entry, int64_t replaced, wn_error *err)
{
    if (add->len == add->capacity) WN_TRY(grow_entries(add, err));
    add->replaced[add->len] = replaced;
    wn_entry *copy = &add->entries[add->len];
    *copy = *entry;
    copy->bytes = NULL;
    copy->path = wn_arena_text(&add->arena, entry->path, strlen(entry->path));
    copy->name = wn_arena_text(&add->arena, entry->name, strlen(entry->name));
    copy->member = entry->member ? wn_arena_text(&add->arena, entry->member, strlen(entry->member)) : NULL;
    if (!copy->path || !copy->name || (entry->member && !copy->member)) return wn_fail(err, WN_NOMEM, "out of memory");
    if (entry->bytes) {
        void *bytes = wn_alloc(WN_MEMORY_IMAGE, entry->size, 1);
        if (!bytes) return wn_fail(err, WN_NOMEM, "no memory for '%s'", entry->name);
        memcpy(bytes, entry->bytes, entry->size);
        copy->bytes = bytes;
        add->held += entry->size;
    }
    add->len++;
    return WN_OK;
}

static wn_status meet_entry(void *context, const wn_entry *entry, wn_error *err)
{
    adding *add = context;
    wn_add_result *result = add->result;
    const wn_known_file *known = NULL;
    wn_known_state state = wn_known_files_check(add->known, add->roots.items[entry->root].source, entry->name,
                                                strlen(entry->name), entry->size, entry->mtime_ns, &known);
    if (state == WN_KNOWN_REPEATED) return WN_OK;
    result->found++;
    if (state == WN_KNOWN_UNCHANGED) {
        result->unchanged++;
        if (known->row < 0) add->bad_now++;
        return WN_OK;
    }
    if (state == WN_KNOWN_NEW)
        result->added++;
    else if (known->row < 0 && known->mtime_ns == WN_RETRY_TIME)
        result->unchanged++;
    else
        result->changed++;
    WN_TRY(copy_entry(add, entry, known ? known->row : -1, err));
    if (!add->job->dry_run && add->held > HELD_BYTES) return read_collected(add, err);
    return WN_OK;
}

/* Rows of files that are no longer there. */
static wn_status mark_vanished(adding *add, wn_error *err)
{
    size_t count, gone = 0, forgotten = 0;
    wn_status status = WN_OK;
    const wn_known_file *files = wn_known_files_entries(add->known, &count);
    int64_t *rows = wn_alloc(WN_MEMORY_GENERAL, count, sizeof *rows);
    const wn_known_file **bad = wn_alloc(WN_MEMORY_GENERAL, count, sizeof *bad);
    if (!rows || !bad) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i].seen || !wn_roots_find(&add->roots, files[i].source)) continue;
        if (files[i].row >= 0)
            rows[gone++] = files[i].row;
        else
            bad[forgotten++] = &files[i];
    }
    add->result->gone = gone;
    if (add->job->dry_run) goto done;
    wn_sample_batch batch = {.gone = rows, .gone_count = gone};
    if (gone) status = wn_workspace_append(add->workspace, &batch, NULL, err);
    if (!status && forgotten) status = wn_workspace_forget_bad(add->workspace, bad, forgotten, err);
done:
    wn_free(bad);
    wn_free(rows);
    return status;
}

static wn_status scan_and_read(adding *add, wn_error *err)
{
    wn_source_counts counts = {0};
    double started = wn_clock_seconds();
    WN_TRY(wn_workspace_load_known(add->workspace, -1, &add->known, err));
    WN_TRY(wn_source_walk(add->options->paths, add->options->path_count, NULL, add->job->progress, meet_entry, add,
                          &counts, err));
    add->result->skipped = counts.skipped;
    add->result->seconds.scan = wn_clock_seconds() - started - add->stage.seconds;
    if (add->result->found == 0)
        return wn_fail(err, WN_NOTFOUND, "no image was found under '%s'%s", add->options->paths[0],
                       add->options->path_count > 1 ? " and the other paths" : "");
    if (!add->job->dry_run) WN_TRY(read_collected(add, err));
    return mark_vanished(add, err);
}

wn_status wn_stage_add(const wn_job *job, wn_workspace *workspace, const wn_add_options *options, wn_add_result *out,
                       wn_error *err)
{
    adding add = {.job = job, .workspace = workspace, .options = options, .result = out};
    wn_arena_init(&add.arena, WN_MEMORY_TEXT, 1 << 20);
    wn_status status;
    if ((status = wn_media_init(err))) goto done;
    if ((status = wn_roots_load(workspace, options->paths, options->path_count,
                                job->dry_run ? WN_ROOTS_ANY : WN_ROOTS_ADD, &add.roots, err)))
        goto done;
    status = scan_and_read(&add, err);
    out->bad = add.bad_now;
    out->readable = out->found - out->bad;
    out->seconds.read = add.stage.seconds;
    if (!status && !out->input_side) status = wn_job_input_side(workspace, &out->input_side, err);
done:
    if (add.reading) wn_read_stage_close(&add.stage);
    wn_add_batch_clear(&add.batch);
    for (size_t i = 0; i < add.len; i++) wn_free((void *)(uintptr_t)add.entries[i].bytes);
    wn_free(add.entries);
    wn_free(add.replaced);
    wn_known_files_free(&add.known);
    wn_roots_clear(&add.roots);
    wn_arena_clear(&add.arena);
    return status;
}

/* A dry run where no workspace is yet: everything is new. */
static wn_status count_entry(void *context, const wn_entry *entry, wn_error *err)
{
    (void)err;
    wn_add_result *result = context;
    result->found++;
    result->added++;
    if (entry->status) result->bad++;
    return WN_OK;
}

static wn_status count_only(const wn_job *job, const wn_add_options *options, wn_add_result *out, wn_error *err)
{
    wn_source_counts counts = {0};
    WN_TRY(wn_media_init(err));
    WN_TRY(wn_source_walk(options->paths, options->path_count, NULL, job->progress, count_entry, out, &counts, err));
    out->skipped = counts.skipped;
    out->readable = out->found - out->bad;
    return out->found ? WN_OK : wn_fail(err, WN_NOTFOUND, "no image was found under '%s'", options->paths[0]);
}

wn_status wn_job_add(const wn_job *job, const wn_add_options *options, wn_add_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    char first[WN_BAD_FIRST_MAX];
    double started = wn_clock_seconds();
    *out = (wn_add_result){0};
    if (options->path_count == 0) return wn_fail(err, WN_INVALID, "name a folder, a list, a tar or a file to add");
    for (size_t i = 0; i < options->path_count; i++) {
        const char *kind; /* a typing error must not leave an empty workspace behind */
        WN_TRY(wn_root_kind(options->paths[i], &kind, err));
    }
    WN_TRY(wn_job_check_input_side(options->input_side, err));
    wn_status status;
    if (job->dry_run) {
        WN_TRY(wn_job_workspace_path(options->workspace, options->paths, options->path_count, &out->workspace, err));
        if (!wn_file_exists(out->workspace)) {
            status = count_only(job, options, out, err);
            if (status) wn_add_result_clear(out);
            return status;
        }
        wn_free(out->workspace);
        out->workspace = NULL;
    }
    status =
        wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                              job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_CREATE, &workspace, &out->workspace, err);
    if (status) return status;
    status = wn_stage_add(job, workspace, options, out, err);
    if (!status && out->bad && !job->dry_run)
        status = wn_bad_paths_load(workspace, options->paths, options->path_count, &out->bad_paths, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (!status && job->strict && out->bad)
        status = wn_fail(
            err, WN_CORRUPT, "%llu of %llu files are bad, and --strict was given; everything else was added%s",
            (unsigned long long)out->bad, (unsigned long long)out->found, wn_bad_paths_first(&out->bad_paths, first));
    if (status) wn_add_result_clear(out);
    return status;
}

void wn_add_result_clear(wn_add_result *result)
{
    wn_free(result->workspace);
    wn_bad_paths_clear(&result->bad_paths);
    *result = (wn_add_result){0};
}
