/* SPDX-License-Identifier: Apache-2.0
 *
 * import: labels, predictions and metadata from the files of other tools.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_builder.h"
#include "jobs/import.h"
#include "winnow/memory.h"

enum { SHOWN_MAX = 5 };

typedef struct importing {
    const wn_job *job;
    const wn_import_options *options;
    wn_annotation_options reader;
    wn_workspace *workspace;
    wn_import_result *out;
    wn_buffer problems; /* CSV */
} importing;

/* Gives the images of an array their paths. */
static wn_status name_rows(wn_annotations *set, const char *path, wn_error *err)
{
    wn_buffer text;
    size_t line = 0, at = 0;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, (size_t)4 << 30, &text, err);
    for (; !status && at < text.len && line < set->image_count; line++) {
        size_t len = strcspn(text.data + at, "\r\n");
        set->images[line].path = wn_arena_text(&set->storage->texts, text.data + at, len);
        if (!set->images[line].path) status = wn_fail(err, WN_NOMEM, "no memory to read '%s'", path);
        at += len;
        if (at < text.len && text.data[at] == '\r') at++;
        if (at < text.len && text.data[at] == '\n') at++;
    }
    if (!status && (line < set->image_count || at < text.len))
        status = wn_fail(err, WN_INVALID, "'%s' has %s lines than the array has rows (%zu)", path,
                         line < set->image_count ? "fewer" : "more", set->image_count);
    wn_buffer_clear(&text);
    set->by_row = false;
    return status;
}

static wn_status list_problems(importing *run, const wn_annotations *set, wn_import_set *out, wn_error *err)
{
    size_t kept = set->storage->problems.len / sizeof *set->problems, shown = kept < SHOWN_MAX ? kept : SHOWN_MAX;
    out->problems = (int64_t)set->problem_count;
    if (!(out->shown = wn_calloc(WN_MEMORY_TEXT, SHOWN_MAX, sizeof *out->shown)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < kept; i++) {
        const wn_annotation_problem *problem = &set->problems[i];
        char line[24] = "";
        if (problem->line) snprintf(line, sizeof line, "%zu", problem->line);
        wn_text_add_csv(&run->problems, problem->file);
        wn_buffer_format(&run->problems, ",%s,", line);
        wn_text_add_csv(&run->problems, problem->reason);
        wn_buffer_text(&run->problems, "\n");
        if (i >= shown) continue;
        wn_buffer text;
        wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
        wn_buffer_format(&text, "%s%s%s: %s", problem->file, *line ? ":" : "", line, problem->reason);
        if (!text.status && (out->shown[out->shown_count] = wn_text_copy(text.data))) out->shown_count++;
        wn_buffer_clear(&text);
    }
    return run->problems.status ? wn_fail(err, WN_NOMEM, "out of memory") : WN_OK;
}

static wn_status store_scores(importing *run, int64_t id, const wn_annotations *set, const wn_matching *matching,
                              wn_import_set *result, wn_error *err)
{
    float *weights = NULL;
    size_t count = 0;
    if (run->options->role != WN_ROLE_PREDICTIONS) return WN_OK;
    WN_TRY(wn_import_parse_weights(set, run->options->class_weights, &weights, err));
    wn_status status = wn_import_scores(run->workspace, id, set, matching, weights, run->job->pool, &count, err);
    wn_free(weights);
    result->scores = (int64_t)count;
    return status;
}

static wn_status store_set(importing *run, const wn_annotations *set, const wn_matching *matching,
                           wn_import_set *result, wn_error *err)
{
    int64_t id = 0;
    wn_annotation_set_record record = {.role = run->options->role,
                                       .task = set->task,
                                       .name = result->name,
                                       .format = set->format,
                                       .path = run->options->path,
                                       .images = result->rows,
                                       .items = result->items};
    WN_TRY(wn_annotation_set_begin(run->workspace, &record, set, matching->rows, &id, err));
    WN_TRY(wn_import_columns(run->workspace, id, run->options->role, set, matching, err));
    WN_TRY(store_scores(run, id, set, matching, result, err));
    return wn_annotation_set_end(run->workspace, id, err);
}

static void count_item(const wn_annotation_item *item, wn_import_set *out)
{
    if (item->flags & WN_ITEM_DROPPED) return;
    out->items++;
    if (!isnan(item->score)) out->confident++;
}

static void count_items(const wn_annotations *set, const wn_matching *matching, wn_import_set *out)
{
    for (size_t i = 0; i < set->image_count; i++)
        for (size_t j = 0; j < set->images[i].count && matching->rows[i] >= 0; j++)
            count_item(&set->items[set->images[i].first + j], out);
}

static wn_status fail_unmatched(const importing *run, const wn_annotations *set, wn_error *err)
{
    return wn_fail(err, WN_NOTFOUND, "none of the %zu images of '%s' is in the workspace, the first is %s'%s'%s",
                   set->image_count, run->options->path, set->images[0].number ? "the number " : "",
                   set->images[0].path,
                   set->images[0].number ? "; name the COCO annotation file that has the names of these numbers with "
                                           "--reference"
                                         : "; add the images, or leave out a beginning of the paths with --strip");
}

static wn_status match_set(importing *run, wn_annotations *set, wn_matching *matching, wn_import_set *out,
                           wn_error *err)
{
    size_t dropped = 0;
    const wn_import_options *options = run->options;
    if (set->by_row && options->paths) WN_TRY(name_rows(set, options->paths, err));
    WN_TRY(wn_match_images(run->workspace, set, options->path, options->strip, matching, err));
    WN_TRY(wn_match_sizes(set, matching, &dropped, err));
    out->task = wn_annotation_task_text(set->task);
    out->format = set->format;
    out->images = (int64_t)set->image_count;
    out->matched = (int64_t)matching->matched;
    out->unmatched = (int64_t)matching->unmatched;
    out->ambiguous = (int64_t)matching->ambiguous;
    out->rows = (int64_t)matching->covered;
    out->dropped = (int64_t)dropped;
    out->categories = (int64_t)set->category_count;
    out->fields = (int64_t)set->field_count;
    count_items(set, matching, out);
    WN_TRY(list_problems(run, set, out, err));
    if (matching->matched || set->image_count == 0) return WN_OK;
    return fail_unmatched(run, set, err);
}

/* Reads and keeps one set. */
static wn_status import_set(importing *run, const char *task, wn_error *err)
{
    wn_annotations *set = NULL;
    wn_matching matching = {0};
    wn_import_set *out = &run->out->sets[run->out->set_count++];
    run->reader.task = task;
    wn_status status = wn_annotations_read(run->options->path, &run->reader, &set, err);
    if (!status) status = match_set(run, set, &matching, out, err);
    if (!status && !(out->name = wn_text_copy(run->options->name ? run->options->name : set->name)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status && !run->job->dry_run) status = store_set(run, set, &matching, out, err);
    wn_matching_clear(&matching);
    wn_annotations_free(&set);
    return status;
}

/* All tasks of the path, or the one that was named. */
static wn_status import_sets(importing *run, wn_error *err)
{
    const char **tasks = NULL;
    size_t count = 0;
    WN_TRY(wn_annotations_tasks(run->options->path, &run->reader, &tasks, &count, err));
    wn_status status = WN_OK;
    const char *only = run->reader.task;
    if (only) count = 1;
    if (count > 1 && run->options->name)
        status = wn_fail(err, WN_INVALID, "'%s' holds %zu tasks; --name goes with one, chosen with --task",
                         run->options->path, count);
    if (!status && !(run->out->sets = wn_calloc(WN_MEMORY_GENERAL, count, sizeof *run->out->sets)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++)
        status = import_set(run, only ? only : count > 1 ? tasks[i] : NULL, err);
    wn_free(tasks);
    return status;
}

/* Keeps the list of problems in the folder of the run. */
static wn_status write_problems(importing *run, const char *folder, wn_error *err)
{
    static const char head[] = "file,line,reason\n";
    if (run->problems.len == sizeof head - 1) return WN_OK;
    if (!(run->out->problems = wn_path_join(folder, "import_problems.csv")))
        return wn_fail(err, WN_NOMEM, "out of memory");
    return wn_file_write(run->out->problems, run->problems.data, run->problems.len, err);
}

static wn_status run_import(importing *run, wn_error *err)
{
    int64_t id = 0;
    char *folder = NULL;
    if (run->job->dry_run) return import_sets(run, err);
    WN_TRY(wn_run_begin(run->workspace, "import", "{}", &id, &folder, err));
    wn_status status = import_sets(run, err);
    wn_status listed = write_problems(run, folder, status ? NULL : err);
    if (!status) status = listed;
    wn_status ended = wn_run_end(run->workspace, id, status ? "failed" : "done", "{}",
                                 status && err ? err->message : NULL, status ? NULL : err);
    wn_free(folder);
    return status ? status : ended;
}

wn_status wn_job_import(const wn_job *job, const wn_import_options *options, wn_import_result *out, wn_error *err)
{
    *out = (wn_import_result){0};
    importing run = {.job = job, .options = options, .out = out};
    double started = wn_clock_seconds();
    if (options->reader) run.reader = *options->reader;
    run.reader.role = options->role;
    run.reader.progress = job->progress;
    wn_buffer_init(&run.problems, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&run.problems, "file,line,reason\n");
    wn_status status =
        wn_job_open_workspace(job, options->workspace, NULL, 0, job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE,
                              &run.workspace, &out->workspace, err);
    if (!status) status = run_import(&run, err);
    wn_workspace_close(&run.workspace);
    wn_buffer_clear(&run.problems);
    out->seconds = wn_clock_seconds() - started;
    if (status) wn_import_result_clear(out);
    return status;
}

void wn_import_result_clear(wn_import_result *result)
{
    for (size_t i = 0; i < result->set_count; i++) {
        for (size_t j = 0; j < result->sets[i].shown_count; j++) wn_free(result->sets[i].shown[j]);
        wn_free(result->sets[i].shown);
        wn_free(result->sets[i].name);
    }
    wn_free(result->sets);
    wn_free(result->problems);
    wn_free(result->workspace);
    *result = (wn_import_result){0};
}
