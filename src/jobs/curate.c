/* SPDX-License-Identifier: Apache-2.0
 *
 * curate: the stages in a row. Each stage skips what is done, so a run that was killed is finished by the same command,
 * in the same run folder, with the same result.
 */
#include "jobs/curate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/path_list.h"
#include "winnow/log.h"
#include "winnow/memory.h"

typedef struct curating {
    const wn_job *job;
    const wn_curate_options *options;
    wn_curate_result *result;
    wn_workspace *workspace;
    int64_t run;
    char *folder;
    wn_buffer config;
    wn_roots roots;
    wn_row_list rows, earlier; /* earlier: those that count as picked already */
    wn_embedded embedded;
    wn_selecting selecting;
    wn_alike_list alike;
    wn_coverings coverings;
    double share[2];
    int64_t selection; /* of this run; 0 = not stored yet */
    char *model_file;
    double started;
} curating;

/* ---- the run: its configuration, its folder, its log ---- */

static void add_field(wn_buffer *out, const char *name, const char *value)
{
    wn_buffer_format(out, "  \"%s\": ", name);
    if (value)
        wn_json_text(out, value);
    else
        wn_buffer_text(out, "null");
    wn_buffer_text(out, ",\n");
}

/* Everything that decides about the result; two runs with the same text are the same run. */
static wn_status write_config(curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    const wn_train_params *train = options->train;
    wn_buffer *out = &run->config;
    wn_buffer_text(out, "{\n  \"paths\": [");
    for (size_t i = 0; i < options->path_count; i++) {
        wn_buffer_text(out, i ? ", " : "");
        wn_json_text(out, options->paths[i]);
    }
    wn_buffer_text(out, "],\n");
    add_field(out, "count", options->count);
    add_field(out, "strategy", options->strategy ? options->strategy : "farthest-first");
    wn_buffer_text(out, "  \"settings\": {");
    for (size_t i = 0; options->settings && options->settings[i]; i += 2) {
        wn_buffer_text(out, i ? ", " : "");
        wn_json_text(out, options->settings[i]);
        wn_buffer_text(out, ": ");
        wn_json_text(out, options->settings[i + 1]);
    }
    wn_buffer_text(out, "},\n");
    add_field(out, "model", options->model);
    add_field(out, "except_tag", options->except_tag);
    add_field(out, "copy", options->copy);
    add_field(out, "link", options->link);
    if (train) {
        add_field(out, "train_method", train->method);
        add_field(out, "train_network", train->network);
        wn_buffer_format(out, "  \"train_minutes\": %g,\n  \"train_epochs\": %lld,\n  \"train_steps\": %lld,\n",
                         train->minutes, (long long)train->epochs, (long long)train->steps);
    }
    wn_buffer_format(out, "  \"input_side\": %lld,\n", (long long)options->input_side);
    wn_buffer_format(out, "  \"at_most\": %s,\n  \"keep_duplicates\": %s,\n  \"seed\": %llu\n}\n",
                     options->at_most ? "true" : "false", options->keep_duplicates ? "true" : "false",
                     (unsigned long long)run->job->seed);
    return out->status ? wn_fail(err, WN_NOMEM, "out of memory") : WN_OK;
}

/* A run that goes on may have stored its selection before it was stopped. */
static wn_status find_selection(curating *run, wn_error *err)
{
    wn_selection_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_selection_list(run->workspace, &records, &count, err));
    for (size_t i = 0; i < count; i++)
        if (records[i].run == run->run) run->selection = records[i].id;
    wn_free(records);
    return WN_OK;
}

/* Goes on with the last run of the same configuration if it did not end, else begins one. */
static wn_status begin_run(curating *run, wn_error *err)
{
    wn_run_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_run_list(run->workspace, &records, &count, err));
    for (size_t i = count; i-- > 0;) {
        if (strcmp(records[i].command, "curate") != 0 || strcmp(records[i].config, run->config.data) != 0) continue;
        if (strcmp(records[i].state, "done") != 0) run->run = records[i].id;
        break;
    }
    wn_free(records);
    if (!run->run) {
        WN_TRY(wn_run_begin(run->workspace, "curate", run->config.data, &run->run, &run->folder, err));
    } else {
        char name[32];
        run->result->resumed = true;
        snprintf(name, sizeof name, "runs/%04lld", (long long)run->run);
        if (!(run->folder = wn_path_join(wn_workspace_path(run->workspace), name)))
            return wn_fail(err, WN_NOMEM, "out of memory");
        WN_TRY(wn_file_make_folder(run->folder, err));
        WN_TRY(wn_run_end(run->workspace, run->run, "running", NULL, NULL, err));
        WN_TRY(find_selection(run, err));
        wn_log(WN_LOG_INFO, "going on with run %lld, which did not come to its end", (long long)run->run);
    }
    char *path = wn_path_join(run->folder, "config.json");
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_file_write(path, run->config.data, run->config.len, err);
    wn_free(path);
    return status;
}

/* One line in the log of the run, and in the talk of the program at the level given. */
static void note(curating *run, wn_log_level level, const char *format, ...) WN_PRINTF(3, 4);
static void note(curating *run, wn_log_level level, const char *format, ...)
{
    char text[512], when[32];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    wn_log(level, "%s", text);
    char *path = run->folder ? wn_path_join(run->folder, "log.txt") : NULL;
    FILE *file = path ? fopen(path, "ae") : NULL;
    time_t now = (time_t)wn_clock_unix();
    struct tm parts;
    if (file && gmtime_r(&now, &parts) && strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts))
        fprintf(file, "%s  %s\n", when, text);
    if (file) fclose(file);
    wn_free(path);
}

/* ---- stages ---- */

static wn_status add_paths(curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    int64_t side = 0;
    WN_TRY(wn_model_wants_side(run->workspace, options->model, &side, err));
    if (options->path_count) {
        wn_add_options add = {.paths = options->paths,
                              .path_count = options->path_count,
                              .input_side = options->input_side ? options->input_side : side};
        wn_add_result added = {0};
        WN_TRY(wn_stage_add(run->job, run->workspace, &add, &added, err));
        result->found = added.found;
        result->readable = added.readable;
        result->bad = added.bad;
        result->seconds.scan = added.seconds.scan;
        result->seconds.read = added.seconds.read;
        note(run, WN_LOG_VERBOSE,
             "found %llu files: %llu new, %llu changed, %llu known, %llu gone; %llu cannot be read",
             (unsigned long long)added.found, (unsigned long long)added.added, (unsigned long long)added.changed,
             (unsigned long long)added.unchanged, (unsigned long long)added.gone, (unsigned long long)added.bad);
    } else {
        wn_workspace_counts counts;
        WN_TRY(wn_workspace_count(run->workspace, &counts, err));
        result->readable = (uint64_t)counts.ok;
        result->bad = (uint64_t)counts.bad;
        result->found = result->readable + result->bad;
    }
    WN_TRY(wn_roots_load(run->workspace, options->paths, options->path_count, WN_ROOTS_KNOWN, &run->roots, err));
    WN_TRY(wn_rows_load(run->workspace, &run->roots, &run->rows, err));
    WN_TRY(wn_write_bad_files(run->workspace, &run->roots, run->folder, err));
    if (run->rows.len == 0)
        return wn_fail(err, WN_NOTFOUND, "none of the %llu files found is a readable image; the reasons are in %s",
                       (unsigned long long)result->found, result->bad_list);
    return WN_OK;
}

/* Duplicates, and whether the count can be met, before the long work. */
static wn_status check_images(curating *run, wn_error *err)
{
    double started = wn_clock_seconds();
    const wn_curate_options *options = run->options;
    size_t count, repeats;
    if (options->except_tag) {
        /* A stored selection may have replaced this very tag. */
        wn_status found = run->selection ? wn_earlier_rows_load(run->folder, &run->earlier, err) : WN_NOTFOUND;
        if (found == WN_NOTFOUND)
            found = wn_earlier_rows_keep(run->workspace, options->except_tag, run->folder, &run->earlier, err);
        if (found) return found;
    }
    WN_TRY(wn_stage_duplicates(run->job, run->workspace, &run->rows, &run->alike, err));
    WN_TRY(wn_write_duplicates(run->workspace, &run->roots, &run->alike, run->folder, err));
    run->result->exact_duplicates = run->alike.exact;
    run->result->near_duplicates = run->alike.near;
    note(run, WN_LOG_VERBOSE, "%zu images repeat the pixels of another, %zu nearly", run->alike.exact, run->alike.near);
    repeats = options->keep_duplicates ? 0 : run->alike.exact;
    WN_TRY(wn_count_parse(options->count, run->rows.len - repeats, repeats, options->at_most, &count, err));
    run->result->seconds.check = wn_clock_seconds() - started;
    return WN_OK;
}

static wn_status get_model(curating *run, char **name, wn_error *err)
{
    wn_error why = {0};
    wn_status status = wn_find_model(run->workspace, run->options->model, name, &run->model_file, &why);
    if (status != WN_NOTFOUND || run->options->model) {
        if (status && err) *err = why;
        return status;
    }
    double started = wn_clock_seconds();
    wn_train_result trained;
    const wn_train_params *train = run->options->train;
    if (train->epochs || train->steps)
        note(run, WN_LOG_INFO, "no model yet: training one on these images");
    else
        note(run, WN_LOG_INFO, "no model yet: training one on these images, about %g minutes (--train-minutes)",
             train->minutes);
    WN_TRY(wn_stage_train(run->job, run->workspace, &run->rows, NULL, train, name, &run->model_file, &trained, err));
    run->result->trained = true;
    run->result->seconds.train = wn_clock_seconds() - started;
    note(run, WN_LOG_VERBOSE, "trained '%s': %lld steps of %lld images, loss %.3f", *name,
         (long long)trained.plan.steps, (long long)trained.plan.batch, trained.loss);
    return WN_OK;
}

static wn_status embed_images(curating *run, wn_error *err)
{
    char *name = NULL;
    wn_status status = get_model(run, &name, err);
    double started = wn_clock_seconds();
    if (!status) status = wn_stage_embed(run->job, run->workspace, name, run->model_file, &run->embedded, err);
    wn_free(name);
    if (status) return status;
    run->result->seconds.embed = wn_clock_seconds() - started;
    run->result->embedded = (int64_t)run->rows.len;
    run->result->dim = run->embedded.dim;
    note(run, WN_LOG_VERBOSE, "%lld images have an embedding of '%s' with %lld dimensions, %lld of them new",
         (long long)run->rows.len, run->embedded.model, (long long)run->embedded.dim, (long long)run->embedded.fresh);
    return WN_OK;
}

static wn_status select_images(curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    double started = wn_clock_seconds();
    wn_select_options select = {.count = options->count,
                                .strategy = options->strategy,
                                .settings = options->settings,
                                .except_tag = options->except_tag,
                                .at_most = options->at_most,
                                .keep_duplicates = options->keep_duplicates};
    WN_TRY(wn_stage_select(run->job, run->workspace, &select, &run->roots, &run->earlier, &run->embedded,
                           &run->selecting, err));
    result->selected = (int64_t)run->selecting.selection.len;
    if (run->selecting.selection.stopped)
        note(run, WN_LOG_INFO, "stopped at %lld picks: every other image is nearer to a pick than the minimum distance",
             (long long)result->selected);
    WN_TRY(wn_stage_covering(run->job, &run->selecting, &run->coverings, err));
    result->covering_rows = (int64_t)run->coverings.rows;
    result->covering_selected = run->coverings.selected.radius;
    result->covering_random_mean = run->coverings.radius_mean;
    result->covering_random_std = run->coverings.radius_std;
    result->mean_selected = run->coverings.selected.mean;
    result->mean_random_mean = run->coverings.mean_mean;
    result->mean_random_std = run->coverings.mean_std;
    WN_TRY(wn_stage_map(run->job, run->workspace, &run->selecting, run->share, err));
    result->seconds.select = wn_clock_seconds() - started;
    note(run, WN_LOG_VERBOSE, "picked %lld of %zu images; every image is within %.3f of a pick (random picks: %.3f)",
         (long long)result->selected, run->selecting.candidates, result->covering_selected,
         result->covering_random_mean);
    return WN_OK;
}

/* A stored selection stays when it has the same picks: images may have come or gone since. */
static wn_status store_selection(curating *run, wn_error *err)
{
    const wn_selection *selection = &run->selecting.selection;
    wn_pick *picks = NULL;
    size_t count = 0;
    if (run->selection) {
        WN_TRY(wn_selection_picks(run->workspace, run->selection, &picks, &count, err));
        bool same = count == selection->len;
        for (size_t i = 0; i < count && same; i++) same = picks[i].row == run->selecting.rows.rows[selection->picks[i]];
        wn_free(picks);
        if (same) return WN_OK;
    }
    return wn_selecting_store(run->workspace, &run->selecting, "selected", run->run, (int64_t)run->job->seed,
                              &run->selection, err);
}

static wn_status write_lists(curating *run, wn_error *err)
{
    const wn_selection *selection = &run->selecting.selection;
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    char **paths = NULL;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < selection->len; i++) rows[i] = run->selecting.rows.rows[selection->picks[i]];
    const wn_rows picked = {rows, selection->len};
    wn_status status = wn_rows_paths(run->workspace, &run->roots, rows, selection->len, &paths, err);
    if (!status) status = wn_write_selected(run->folder, paths, selection->distances, selection->len, err);
    if (!status && options->copy)
        status = wn_stage_copy(run->job, run->workspace, &run->roots, picked, options->copy, false, run->folder, result,
                               err);
    if (!status && options->link)
        status =
            wn_stage_copy(run->job, run->workspace, &run->roots, picked, options->link, true, run->folder, result, err);
    wn_paths_clear(&paths, selection->len);
    wn_free(rows);
    return status;
}

/* ---- the page ---- */

static void describe_roots(const curating *run, wn_buffer *roots, wn_buffer *random)
{
    for (size_t i = 0; i < run->roots.len; i++) {
        const wn_root *root = &run->roots.items[i];
        wn_buffer_format(roots, "%s%lld %s", i ? "\n" : "", (long long)root->source,
                         root->typed ? root->typed : root->path);
    }
    for (size_t i = 0; i < WN_RANDOM_SETS; i++) {
        const wn_report_covering *set = &run->coverings.random[i];
        wn_buffer_format(random, "%s%.7g %.7g %.7g", i ? " " : "", set->radius, set->percentile95, set->mean);
    }
}

/* The last part of a path, with what follows it. */
static const char *title_of(const char *path)
{
    const char *title = path;
    for (const char *at = path; *at; at++)
        if (at[0] == '/' && at[1] && at[1] != '/') title = at + 1;
    return title;
}

static wn_status draw_page(curating *run, wn_error *err)
{
    double started = wn_clock_seconds();
    const wn_curate_result *result = run->result;
    const wn_job_seconds *seconds = &result->seconds;
    wn_buffer roots, random;
    wn_buffer_init(&roots, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&random, WN_MEMORY_TEXT, 0);
    describe_roots(run, &roots, &random);
    const char *first = run->roots.items[0].typed ? run->roots.items[0].typed : run->roots.items[0].path;
    wn_run_figures figures = {
        .title = title_of(first),
        .model = run->embedded.model,
        .model_file = run->model_file,
        .strategy = run->selecting.strategy->name,
        .command = run->job->command,
        .earlier_tag = run->options->except_tag,
        .roots = roots.len ? roots.data : "",
        .random = random.data,
        .trained = result->trained,
        .created = wn_clock_unix(),
        .selection = run->selection,
        .found = (int64_t)result->found,
        .readable = (int64_t)result->readable,
        .bad = (int64_t)result->bad,
        .exact_duplicates = (int64_t)result->exact_duplicates,
        .near_duplicates = (int64_t)result->near_duplicates,
        .dim = result->dim,
        .seed = (int64_t)run->job->seed,
        .peak_memory = (int64_t)wn_memory_process_peak(),
        .covering_rows = run->coverings.rows < run->rows.len ? (int64_t)run->coverings.rows : 0,
        .radius = run->coverings.selected.radius,
        .percentile95 = run->coverings.selected.percentile95,
        .mean = run->coverings.selected.mean,
        .share_x = run->share[0],
        .share_y = run->share[1],
        .scan = seconds->scan,
        .read = seconds->read,
        .train = seconds->train,
        .embed = seconds->embed,
        .check = seconds->check,
        .select = seconds->select,
        .total = wn_clock_seconds() - run->started,
    };
    wn_status status = roots.status || random.status ? wn_fail(err, WN_NOMEM, "out of memory") : WN_OK;
    if (!status) status = wn_run_figures_save(&figures, run->folder, err);
    if (!status) status = wn_stage_report(run->job, run->workspace, &figures, run->folder, err);
    wn_buffer_clear(&roots);
    wn_buffer_clear(&random);
    run->result->seconds.report = wn_clock_seconds() - started;
    return status;
}

static wn_status name_files(curating *run, wn_error *err)
{
    wn_curate_result *result = run->result;
    const struct {
        char **out;
        const char *name;
    } files[] = {{&result->list, "selected.txt"},
                 {&result->csv, "selected.csv"},
                 {&result->bad_list, "bad_files.csv"},
                 {&result->duplicates, "duplicates.csv"},
                 {&result->report, "report.html"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!(*files[i].out = wn_path_join(run->folder, files[i].name))) return wn_fail(err, WN_NOMEM, "out of memory");
    if (!(result->run = wn_text_copy(run->folder))) return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

static wn_status run_stages(curating *run, wn_error *err)
{
    wn_curate_result *result = run->result;
    WN_TRY(name_files(run, err));
    WN_TRY(add_paths(run, err));
    WN_TRY(check_images(run, err));
    if (run->job->strict && result->bad)
        return wn_fail(err, WN_CORRUPT, "%llu files are bad, and --strict was given; they are listed in %s",
                       (unsigned long long)result->bad, result->bad_list);
    WN_TRY(embed_images(run, err));
    WN_TRY(select_images(run, err));
    WN_TRY(store_selection(run, err));
    WN_TRY(write_lists(run, err));
    WN_TRY(draw_page(run, err));
    if (!(result->model = wn_text_copy(run->embedded.model))) return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

/* Keeps the end of the run in the catalogue; a failure to do so does not hide the first failure. */
static wn_status end_run(curating *run, wn_status status, wn_error *err)
{
    const wn_job_seconds *seconds = &run->result->seconds;
    wn_buffer stages, summary;
    wn_buffer_init(&stages, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&summary, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&stages,
                     "{\"scan\":%.3f,\"read\":%.3f,\"train\":%.3f,\"embed\":%.3f,\"check\":%.3f,\"select\":%.3f,"
                     "\"report\":%.3f}",
                     seconds->scan, seconds->read, seconds->train, seconds->embed, seconds->check, seconds->select,
                     seconds->report);
    if (status) {
        const char *message = err && err->message[0] ? err->message : wn_status_text(status);
        note(run, WN_LOG_VERBOSE, "%s: %s", status == WN_CANCELLED ? "stopped" : "failed", message);
        wn_json_text(&summary, message);
    } else {
        wn_buffer_format(&summary, "{\"found\":%llu,\"readable\":%llu,\"bad\":%llu,\"selected\":%lld}",
                         (unsigned long long)run->result->found, (unsigned long long)run->result->readable,
                         (unsigned long long)run->result->bad, (long long)run->result->selected);
        note(run, WN_LOG_VERBOSE, "done in %.1f s; the report is %s", wn_clock_seconds() - run->started,
             run->result->report);
    }
    const char *state = status == WN_OK ? "done" : status == WN_CANCELLED ? "cancelled" : "failed";
    wn_status ended = stages.status || summary.status
                          ? WN_NOMEM
                          : wn_run_end(run->workspace, run->run, state, stages.data, summary.data, status ? NULL : err);
    wn_buffer_clear(&summary);
    wn_buffer_clear(&stages);
    return status ? status : ended;
}

/* What a run would begin with. */
static wn_status try_run(const wn_job *job, const wn_curate_options *options, wn_curate_result *out, wn_error *err)
{
    size_t count;
    wn_add_result added = {0};
    wn_add_options add = {.workspace = options->workspace, .paths = options->paths, .path_count = options->path_count};
    WN_TRY(wn_job_add(job, &add, &added, err));
    out->found = added.found;
    out->readable = added.readable;
    out->bad = added.bad;
    out->workspace = added.workspace;
    out->seconds.scan = added.seconds.scan;
    WN_TRY(wn_count_parse(options->count, (size_t)added.readable, 0, options->at_most, &count, err));
    out->selected = (int64_t)count;
    wn_log(WN_LOG_INFO,
           "would read %" PRIu64 " new or changed files of %" PRIu64 ", and pick %zu; nothing was written (--dry-run)",
           added.added + added.changed, added.found, count);
    return WN_OK;
}

wn_status wn_job_curate(const wn_job *job, const wn_curate_options *options, wn_curate_result *out, wn_error *err)
{
    wn_status status;
    const wn_strategy *strategy;
    void *params = NULL;
    curating run = {.job = job, .options = options, .result = out, .started = wn_clock_seconds()};
    *out = (wn_curate_result){0};
    /* What can be wrong is found before anything is written. */
    for (size_t i = 0; i < options->path_count; i++) {
        const char *kind;
        WN_TRY(wn_root_kind(options->paths[i], &kind, err));
    }
    if (job->dry_run && !options->path_count)
        return wn_fail(err, WN_INVALID, "--dry-run needs the paths: there is nothing new to find without them");
    WN_TRY(wn_job_check_side(options->input_side, err));
    size_t ignored;
    WN_TRY(wn_count_parse(options->count, SIZE_MAX, 0, true, &ignored, err));
    WN_TRY(wn_job_prepare_strategy(options->strategy, options->settings, &strategy, &params, err));
    wn_free(params);
    if (job->dry_run) {
        status = try_run(job, options, out, err);
        if (status) wn_curate_result_clear(out);
        return status;
    }

    wn_buffer_init(&run.config, WN_MEMORY_TEXT, 0);
    status = wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                                   options->path_count ? WN_WORKSPACE_CREATE : WN_WORKSPACE_WRITE, &run.workspace,
                                   &out->workspace, err);
    if (!status) status = write_config(&run, err);
    if (!status) status = begin_run(&run, err);
    if (!status) {
        status = run_stages(&run, err);
        status = end_run(&run, status, err);
    }
    wn_selecting_clear(&run.selecting);
    wn_embedded_clear(&run.embedded);
    wn_roots_clear(&run.roots);
    wn_buffer_clear(&run.config);
    wn_free(run.alike.pairs);
    wn_free(run.rows.rows);
    wn_free(run.earlier.rows);
    wn_free(run.model_file);
    wn_free(run.folder);
    wn_workspace_close(&run.workspace);
    out->seconds.total = wn_clock_seconds() - run.started;
    if (status) wn_curate_result_clear(out);
    return status;
}

void wn_curate_result_clear(wn_curate_result *result)
{
    wn_free(result->workspace);
    wn_free(result->run);
    wn_free(result->model);
    wn_free(result->list);
    wn_free(result->csv);
    wn_free(result->bad_list);
    wn_free(result->duplicates);
    wn_free(result->report);
    *result = (wn_curate_result){0};
}

/* ---- report ---- */

wn_status wn_job_report(const wn_job *job, const char *workspace_path, int64_t wanted, char **out, wn_error *err)
{
    wn_status status;
    wn_workspace *workspace = NULL;
    wn_run_record *records = NULL;
    wn_run_figures figures = {0};
    char *path = NULL, *folder = NULL, name[32];
    size_t count = 0;
    int64_t run = 0;
    *out = NULL;
    WN_TRY(wn_job_open_workspace(job, workspace_path, NULL, 0, WN_WORKSPACE_READ, &workspace, &path, err));
    if ((status = wn_run_list(workspace, &records, &count, err))) goto done;
    for (size_t i = 0; i < count; i++)
        if (strcmp(records[i].command, "curate") == 0 && strcmp(records[i].state, "done") == 0 &&
            (!wanted || records[i].id == wanted))
            run = records[i].id;
    if (!run) {
        status = wanted ? wn_fail(err, WN_NOTFOUND, "run %lld is no finished curate run; 'winnow status' lists them",
                                  (long long)wanted)
                        : wn_fail(err, WN_NOTFOUND, "no curate run has finished in this workspace yet");
        goto done;
    }
    snprintf(name, sizeof name, "runs/%04lld", (long long)run);
    folder = wn_path_join(path, name);
    if (!folder || !(*out = wn_path_join(folder, "report.html"))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    if ((status = wn_run_figures_load(folder, &figures, err))) goto done;
    status = wn_stage_report(job, workspace, &figures, folder, err);
    wn_run_figures_clear(&figures);
done:
    if (status) {
        wn_free(*out);
        *out = NULL;
    }
    wn_free(folder);
    wn_free(path);
    wn_free(records);
    wn_workspace_close(&workspace);
    return status;
}
