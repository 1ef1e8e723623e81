/* SPDX-License-Identifier: Apache-2.0
 *
 * check: runs the checks that were asked for, or all that the workspace can serve, and writes what they found.
 */
#include "jobs/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

/* Not checks of the table: they need labels and predictions, which no other does. */
static const struct {
    const char *name;
    wn_status (*run)(wn_checking *checking, wn_check_summary *summary, wn_error *err);
} label_checks[] = {{"labels", wn_checking_labels}, {"boxes", wn_checking_boxes}, {"masks", wn_checking_masks}};

enum { LABEL_CHECKS = sizeof label_checks / sizeof *label_checks };

static wn_status check_names(const wn_check_options *options, wn_error *err)
{
    for (size_t i = 0; i < options->check_count; i++) {
        bool known = wn_check_find(options->checks[i]) != NULL;
        for (size_t c = 0; c < LABEL_CHECKS; c++)
            known = known || strcmp(options->checks[i], label_checks[c].name) == 0;
        if (known) continue;
        const char *names[64];
        size_t n = 0;
        for (; wn_check_at(n) && n + LABEL_CHECKS + 1 < sizeof names / sizeof *names; n++)
            names[n] = wn_check_at(n)->name;
        for (size_t c = 0; c < LABEL_CHECKS; c++) names[n++] = label_checks[c].name;
        names[n] = NULL;
        const char *near = wn_nearest_word(options->checks[i], names);
        return wn_fail(err, WN_INVALID, "there is no check '%s'%s%s%s; 'winnow help check' lists them",
                       options->checks[i], near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return WN_OK;
}

/* Sets the parameters of a check: its defaults, then every setting "CHECK.OPTION" that names it. */
static wn_status set_params(const wn_check_options *options, const wn_check *check, void *params, wn_error *err)
{
    size_t len = strlen(check->name);
    if (check->options) WN_TRY(wn_options_init(check->options, params, err));
    for (size_t i = 0; options->settings && options->settings[i]; i += 2) {
        const char *name = options->settings[i];
        if (strncmp(name, check->name, len) != 0 || name[len] != '.') continue;
        if (!check->options)
            return wn_fail(err, WN_INVALID, "the check '%s' has no option '%s'", check->name, name + len + 1);
        WN_TRY(wn_options_set(check->options, params, name + len + 1, options->settings[i + 1], err));
    }
    return WN_OK;
}

static wn_status check_settings(const wn_check_options *options, wn_error *err)
{
    for (size_t i = 0; options->settings && options->settings[i]; i += 2) {
        const char *dot = strchr(options->settings[i], '.');
        char name[64];
        snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - options->settings[i]) : 0, options->settings[i]);
        const wn_check *check = wn_check_find(name);
        if (!check)
            return wn_fail(err, WN_INVALID, "'%s' is no setting; write CHECK.OPTION=VALUE, as in blur.threshold=0.2",
                           options->settings[i]);
        void *params = wn_calloc(WN_MEMORY_GENERAL, 1, check->params_size);
        if (!params) return wn_fail(err, WN_NOMEM, "out of memory");
        wn_status status = set_params(options, check, params, err);
        wn_free(params);
        if (status) return status;
    }
    return WN_OK;
}

static const char *missing_part(unsigned needs, unsigned known)
{
    unsigned missing = needs & ~known;
    if (missing & WN_CHECK_LABELS) return "there are no labels of images; 'winnow import' brings them";
    if (missing & WN_CHECK_GRAPH) return "there are no embeddings; 'winnow embed' or 'winnow curate' makes them";
    return "the workspace has no such facts; 'winnow add' on the images again measures them";
}

static wn_status run_one(wn_checking *s, const wn_check *check, wn_error *err)
{
    void *params = wn_calloc(WN_MEMORY_GENERAL, 1, check->params_size);
    if (!params) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = set_params(s->options, check, params, err);
    if (!status) status = wn_check_run(check, params, &s->input, &s->results[s->count], err);
    wn_free(params);
    if (!status) s->checks[s->count++] = check;
    return status;
}

static wn_status count_bad(void *context, const wn_bad_file *file)
{
    wn_checking *s = context;
    s->out->bad += wn_roots_find(&s->roots, file->source) != NULL;
    return WN_OK;
}

wn_status wn_checking_run(wn_checking *s, wn_error *err)
{
    unsigned known = wn_check_known(&s->input);
    size_t all = 0;
    while (wn_check_at(all)) all++;
    all += LABEL_CHECKS;
    s->checks = wn_alloc(WN_MEMORY_GENERAL, all, sizeof *s->checks);
    s->results = wn_calloc(WN_MEMORY_GENERAL, all, sizeof *s->results);
    s->out->checks = wn_calloc(WN_MEMORY_GENERAL, all, sizeof *s->out->checks);
    if (!s->checks || !s->results || !s->out->checks) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(wn_workspace_visit_bad(s->workspace, count_bad, s, err));
    for (size_t i = 0; wn_check_at(i); i++) {
        const wn_check *check = wn_check_at(i);
        if (!wn_checking_wants(s, check->name)) continue;
        wn_check_summary *summary = &s->out->checks[s->out->check_count++];
        *summary = (wn_check_summary){.name = check->name, .summary = check->summary, .threshold = NAN, .figure = NAN};
        if ((check->needs & known) != check->needs) {
            summary->left_out = missing_part(check->needs, known);
            continue;
        }
        WN_TRY(run_one(s, check, err));
        const wn_check_result *found = &s->results[s->count - 1];
        summary->issues = (int64_t)found->issues;
        summary->threshold = found->threshold;
        summary->figure_name = check->figure;
        summary->figure = found->figure;
        if (strcmp(check->name, "corrupt") == 0) summary->issues = s->out->bad;
        if (strcmp(check->name, "exact-duplicate") == 0) s->out->exact_duplicates = summary->issues;
    }
    return WN_OK;
}

static wn_status check_labels(wn_checking *s, wn_error *err)
{
    for (size_t c = 0; c < LABEL_CHECKS; c++) {
        if (wn_checking_wants(s, label_checks[c].name))
            WN_TRY(label_checks[c].run(s, &s->out->checks[s->out->check_count++], err));
    }
    return WN_OK;
}

static wn_status set_tag(wn_checking *s, const char *name, const uint8_t *marks, bool wanted, int64_t *rows,
                         wn_error *err)
{
    size_t n = 0;
    char tag[96];
    for (size_t i = 0; i < s->rows.len; i++) {
        if ((marks[i] != 0) == wanted) rows[n++] = s->rows.rows[i];
    }
    snprintf(tag, sizeof tag, "check:%s", name);
    s->out->tagged += (int64_t)n;
    return wn_tag_set(s->workspace, tag, (wn_rows){rows, n}, err);
}

/* Tags "check:NAME" for the issues, and "check:drop" for the repeats that are not kept. Nothing is deleted. */
static wn_status apply(wn_checking *s, wn_error *err)
{
    int64_t *rows = wn_alloc(WN_MEMORY_GENERAL, s->rows.len, sizeof *rows);
    uint8_t *keep = wn_alloc(WN_MEMORY_GENERAL, s->rows.len, 1);
    wn_status status = rows && keep ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t c = 0; c < s->count && !status; c++)
        status = set_tag(s, s->checks[c]->name, s->results[c].is_issue, true, rows, err);
    if (!status) {
        wn_checking_choose(s, keep);
        status = set_tag(s, "drop", keep, false, rows, err);
    }
    wn_free(keep);
    wn_free(rows);
    return status;
}

static wn_status write_run(wn_checking *s, wn_error *err)
{
    int64_t id;
    WN_TRY(wn_run_begin(s->workspace, "check", NULL, &id, &s->folder, err));
    wn_status status = wn_checking_write(s, err);
    if (!status) status = wn_checking_report(s, err);
    if (!status && s->options->apply) status = apply(s, err);
    wn_status ended = wn_run_end(s->workspace, id, status ? "failed" : "done", NULL, NULL, status ? NULL : err);
    if (!(s->out->run = wn_text_copy(s->folder)) && !status) return wn_fail(err, WN_NOMEM, "out of memory");
    return status ? status : ended;
}

static wn_status check_in(wn_checking *s, wn_error *err)
{
    double started = wn_clock_seconds();
    WN_TRY(wn_checking_load(s, err));
    s->out->rows = (int64_t)s->rows.len;
    s->out->seconds.read = wn_clock_seconds() - started;
    started = wn_clock_seconds();
    WN_TRY(wn_checking_split(s, err));
    WN_TRY(wn_checking_run(s, err));
    WN_TRY(check_labels(s, err));
    WN_TRY(wn_checking_group(s, err));
    s->out->seconds.check = wn_clock_seconds() - started;
    if (s->job->dry_run) return WN_OK;
    started = wn_clock_seconds();
    WN_TRY(write_run(s, err));
    s->out->seconds.report = wn_clock_seconds() - started;
    return WN_OK;
}

wn_status wn_job_check(const wn_job *job, const wn_check_options *options, wn_check_job_result *out, wn_error *err)
{
    wn_checking s = {.job = job, .options = options, .out = out};
    double started = wn_clock_seconds();
    *out = (wn_check_job_result){0};
    WN_TRY(check_names(options, err));
    WN_TRY(check_settings(options, err));
    WN_TRY(wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                                 job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE, &s.workspace, &out->workspace,
                                 err));
    wn_status status = check_in(&s, err);
    wn_checking_clear(&s);
    wn_workspace_close(&s.workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_check_job_result_clear(out);
    return status;
}

void wn_check_job_result_clear(wn_check_job_result *result)
{
    wn_free(result->checks);
    wn_free(result->report);
    wn_free(result->run);
    wn_free(result->model);
    wn_free(result->workspace);
    *result = (wn_check_job_result){0};
}
