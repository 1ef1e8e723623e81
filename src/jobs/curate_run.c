/* SPDX-License-Identifier: Apache-2.0
 *
 * The run of curate in the workspace: its configuration, its folder, its log, its end.
 */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/curate_stage.h"
#include "jobs/path_list.h"
#include "winnow/memory.h"

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
static wn_status write_config(wn_curating *run, wn_error *err)
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
    const char *strategy = options->strategy;
    if (!strategy && !options->config) WN_TRY(wn_default_strategy(run->workspace, options->settings, &strategy, err));
    add_field(out, "strategy", strategy);
    if (options->config) add_field(out, "selection_config", options->config->text);
    wn_buffer_text(out, "  \"settings\": {");
    for (size_t i = 0; options->settings && options->settings[i]; i += 2) {
        wn_buffer_text(out, i ? ", " : "");
        wn_json_text(out, options->settings[i]);
        wn_buffer_text(out, ": ");
        wn_json_text(out, options->settings[i + 1]);
    }
    wn_buffer_text(out, "},\n");
    add_field(out, "model", options->model);
    if (options->reduce.dim)
        wn_buffer_format(out, "  \"dim\": %lld,\n  \"whiten\": %s,\n", (long long)options->reduce.dim,
                         options->reduce.whiten ? "true" : "false");
    add_field(out, "except_tag", options->except_tag);
    if (options->since_last) wn_buffer_text(out, "  \"since_last\": true,\n");
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
static wn_status find_selection(wn_curating *run, wn_error *err)
{
    wn_selection_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_selection_list(run->workspace, &records, &count, err));
    for (size_t i = 0; i < count; i++)
        if (records[i].run == run->run) run->selection = records[i].id;
    wn_free(records);
    return WN_OK;
}

wn_status wn_curating_begin(wn_curating *run, wn_error *err)
{
    wn_run_record *records = NULL;
    size_t count = 0;
    WN_TRY(write_config(run, err));
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

void wn_curating_note(wn_curating *run, wn_log_level level, const char *format, ...)
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

wn_status wn_curating_end(wn_curating *run, wn_status status, wn_error *err)
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
        wn_curating_note(run, WN_LOG_VERBOSE, "%s: %s", status == WN_CANCELLED ? "stopped" : "failed", message);
        wn_json_text(&summary, message);
    } else {
        wn_buffer_format(&summary, "{\"found\":%llu,\"readable\":%llu,\"bad\":%llu,\"selected\":%lld}",
                         (unsigned long long)run->result->found, (unsigned long long)run->result->readable,
                         (unsigned long long)run->result->bad, (long long)run->result->selected);
        wn_curating_note(run, WN_LOG_VERBOSE, "done in %.1f s; the report is %s", wn_clock_seconds() - run->started,
                         run->result->report);
    }
    if (!status) status = wn_curating_seen(run, err);
    const char *state = status == WN_OK ? "done" : status == WN_CANCELLED ? "cancelled" : "failed";
    wn_status ended = stages.status || summary.status
                          ? WN_NOMEM
                          : wn_run_end(run->workspace, run->run, state, stages.data, summary.data, status ? NULL : err);
    wn_buffer_clear(&summary);
    wn_buffer_clear(&stages);
    return status ? status : ended;
}
