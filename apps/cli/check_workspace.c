/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check on a workspace.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"
#include "winnow/memory.h"

enum { MOST_WORDS = 64 };

/* A text with commas, cut in place into its words. */
typedef struct words {
    char *text;
    const char *items[MOST_WORDS + 1];
    size_t len;
} words;

static wn_status cut_words(session *run, const char *text, words *out, wn_error *err)
{
    size_t bytes = text ? strlen(text) + 1 : 1;
    *out = (words){.text = wn_alloc(WN_MEMORY_TEXT, bytes, 1)};
    if (!out->text) return command_fail(err, WN_NOMEM, "out of memory");
    memcpy(out->text, text ? text : "", bytes);
    for (char *at = out->text, *end; at && *at; at = end ? end + 1 : NULL) {
        if ((end = strchr(at, ','))) *end = 0;
        if (out->len == MOST_WORDS) return command_usage_error(run, err, "more than %d words in a list", MOST_WORDS);
        out->items[out->len++] = at;
    }
    return WN_OK;
}

/* "blur.threshold=0.2" becomes two entries of the list of settings. */
static wn_status cut_settings(session *run, words *list, const char **settings, wn_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < list->len; i++) {
        char *equals = strchr((char *)(uintptr_t)list->items[i], '=');
        if (!equals)
            return command_usage_error(run, err, "'%s' is no setting; write CHECK.OPTION=VALUE", list->items[i]);
        *equals = 0;
        settings[n++] = list->items[i];
        settings[n++] = equals + 1;
    }
    settings[n] = NULL;
    return WN_OK;
}

static json_t *json_checks(const wn_check_job_result *result)
{
    json_t *out = json_array();
    for (size_t i = 0; i < result->check_count; i++) {
        const wn_check_summary *check = &result->checks[i];
        json_array_append_new(out,
                              json_pack("{s:s, s:o, s:o, s:s?, s:o, s:s?}", "name", check->name, "issues",
                                        check->left_out ? json_null() : json_integer((json_int_t)check->issues),
                                        "threshold", json_figure(check->threshold), "figure_name", check->figure_name,
                                        "figure", json_figure(check->figure), "left_out", check->left_out));
    }
    return out;
}

static wn_status print_json(const wn_check_job_result *result, wn_error *err)
{
    return json_print(
        json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
                  "workspace", json_name(result->workspace), "run", result->run ? json_name(result->run) : json_null(),
                  "model", result->model ? json_name(result->model) : json_null(), "rows", (json_int_t)result->rows,
                  "bad", (json_int_t)result->bad, "checks", json_checks(result), "exact_duplicates",
                  (json_int_t)result->exact_duplicates, "duplicates", (json_int_t)result->duplicates, "groups",
                  (json_int_t)result->groups, "leaks", (json_int_t)result->leaks, "leaks_with_disagreement",
                  (json_int_t)result->leaks_with_disagreement, "label_errors", (json_int_t)result->label_errors,
                  "mask_issue_pixels", (json_int_t)result->mask_pixels, "mask_problems",
                  (json_int_t)result->mask_problems, "tagged", (json_int_t)result->tagged, "report",
                  result->report ? json_name(result->report) : json_null(), "seconds",
                  json_seconds(&result->seconds, "read check report total"), "peak_memory_bytes", json_peak_memory()),
        err);
}

static void print_text(session *run, const wn_check_job_result *result)
{
    char a[32], b[32], c[32];
    for (size_t i = 0; i < result->check_count; i++) {
        const wn_check_summary *check = &result->checks[i];
        if (check->left_out) {
            printf("%-21s %8s  left out: %s\n", check->name, "-", check->left_out);
        } else {
            printf("%-21s %8s  %s", check->name, human_count((uint64_t)check->issues, a), check->summary);
            if (check->figure_name && isfinite(check->figure)) printf("; %s %.3g", check->figure_name, check->figure);
            printf("\n");
        }
    }
    terminal_say(run->terminal, "  checked     %s images", human_count((uint64_t)result->rows, a));
    terminal_say(run->terminal, "  repeats     %s images in %s groups; %s leaks between splits",
                 human_count((uint64_t)result->duplicates, a), human_count((uint64_t)result->groups, b),
                 human_count((uint64_t)result->leaks, c));
    if (result->leaks_with_disagreement)
        terminal_say(run->terminal,
                     "              %s of the leaks have another label, or lie in a folder of another name",
                     human_count((uint64_t)result->leaks_with_disagreement, a));
    if (result->label_errors)
        terminal_say(run->terminal, "  labels      about %s are wrong", human_count((uint64_t)result->label_errors, a));
    if (result->mask_pixels || result->mask_problems)
        terminal_say(run->terminal, "  masks       %s pixels are issues; %s masks or predictions were left out",
                     human_count((uint64_t)result->mask_pixels, a), human_count((uint64_t)result->mask_problems, b));
    if (result->report) terminal_say(run->terminal, "  page        %s", result->report);
    say_seconds(run, &result->seconds);
}

static wn_status check(session *run, const wn_check_options *options, wn_error *err)
{
    wn_job job = job_of(run);
    wn_check_job_result result = {0};
    wn_status status = wn_job_check(&job, options, &result, err);
    if (status == WN_INVALID && !result.workspace) run->usage_error = true;
    if (!status && run->common.json) {
        status = print_json(&result, err);
    } else if (!status) {
        print_text(run, &result);
        if (run->common.dry_run) terminal_say(run->terminal, "  nothing was written (--dry-run)");
    }
    wn_check_job_result_clear(&result);
    return status;
}

wn_status check_workspace(session *run, wn_error *err)
{
    const check_params *params = run->params;
    const char *settings[2 * MOST_WORDS + 1];
    words set = {0}, tags = {0};
    wn_status status = cut_words(run, params->settings, &set, err);
    if (!status) status = cut_words(run, params->tags, &tags, err);
    if (!status) status = cut_settings(run, &set, settings, err);
    if (!status) {
        wn_check_options options = {.workspace = run->common.workspace,
                                    .checks = run->paths,
                                    .check_count = run->path_count,
                                    .settings = settings,
                                    .model = params->model,
                                    .reduce = params->reduce,
                                    .tags = tags.items,
                                    .tag_count = tags.len,
                                    .masks = params->probabilities,
                                    .ignore = params->ignore,
                                    .apply = params->apply};
        status = check(run, &options, err);
    }
    wn_free(tags.text);
    wn_free(set.text);
    return status;
}
