/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands share in starting a job and in telling what it did.
 */
#include "job_setup.h"

#include <stdio.h>
#include <string.h>

#include "human.h"
#include "terminal.h"
#include "winnow/log.h"
#include "winnow/memory.h"

enum { BAD_FILES_TOLD = 5 };

wn_job job_of(const session *run)
{
    return (wn_job){
        .pool = run->pool,
        .progress = &run->progress,
        .memory_limit = run->memory_limit,
        .seed = (uint64_t)run->common.seed,
        .strict = run->common.strict,
        .dry_run = run->common.dry_run,
        .command = run->line,
    };
}

static const struct {
    const char *name;
    size_t offset;
} stages[] = {
    {"scan", offsetof(wn_job_seconds, scan)},
    {"read", offsetof(wn_job_seconds, read)},
    {"train", offsetof(wn_job_seconds, train)},
    {"embed", offsetof(wn_job_seconds, embed)},
    {"neighbours", offsetof(wn_job_seconds, neighbours)},
    {"map", offsetof(wn_job_seconds, map)},
    {"check", offsetof(wn_job_seconds, check)},
    {"select", offsetof(wn_job_seconds, select)},
    {"report", offsetof(wn_job_seconds, report)},
    {"total", offsetof(wn_job_seconds, total)},
};

static double stage_seconds(const wn_job_seconds *seconds, size_t i)
{
    double value;
    memcpy(&value, (const char *)seconds + stages[i].offset, sizeof value);
    return value;
}

json_t *json_seconds(const wn_job_seconds *seconds, const char *names)
{
    json_t *out = json_object();
    for (size_t i = 0; out && i < sizeof stages / sizeof stages[0]; i++) {
        if (!strstr(names, stages[i].name)) continue;
        double rounded = (double)(int64_t)(stage_seconds(seconds, i) * 1000 + 0.5) / 1000;
        if (json_object_set_new(out, stages[i].name, json_real(rounded))) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

void say_seconds(session *run, const wn_job_seconds *seconds)
{
    char line[320] = "", text[32];
    size_t used = 0;
    for (size_t i = 0; i + 1 < sizeof stages / sizeof stages[0]; i++) {
        double value = stage_seconds(seconds, i);
        if (value < 0.05) continue;
        int added = snprintf(line + used, sizeof line - used, "%s%s %s", used ? ", " : "", stages[i].name,
                             human_seconds(value, text));
        if (added > 0 && used + (size_t)added < sizeof line) used += (size_t)added;
    }
    terminal_say(run->terminal, "  time        %s%s%s%s", human_seconds(seconds->total, text), used ? " (" : "", line,
                 used ? ")" : "");
}

void say_bad_files(const session *run, const wn_bad_paths *list)
{
    const size_t told = run->common.verbose || list->len <= BAD_FILES_TOLD ? list->len : BAD_FILES_TOLD;
    for (size_t i = 0; i < told; i++) wn_log(WN_LOG_WARNING, "'%s': %s", list->items[i].path, list->items[i].reason);
    if (told < list->len)
        wn_log(WN_LOG_WARNING, "%zu more files are bad; -v and --json list them all", list->len - told);
}

json_t *json_bad_files(const wn_bad_paths *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->len; i++)
        json_array_append_new(out, json_pack("{s:o, s:o}", "path", json_name(list->items[i].path), "reason",
                                             json_name(list->items[i].reason)));
    return out;
}

json_t *json_peak_memory(void)
{
    return json_count(wn_memory_process_peak());
}

wn_status check_input_side(session *run, int64_t side, wn_error *err)
{
    wn_status status = wn_job_check_input_side(side, err);
    if (status) run->usage_error = true;
    return status;
}

wn_status say_how_to_resume(session *run, wn_status status)
{
    if (status == WN_NOSPACE)
        terminal_say(run->terminal,
                     "What was saved so far is kept. Make room, then run the same command again to go on.");
    if (status == WN_CANCELLED)
        terminal_say(run->terminal, "What was saved so far is kept. Run the same command again to go on.");
    return status;
}
