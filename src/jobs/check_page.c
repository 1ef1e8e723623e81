/* SPDX-License-Identifier: Apache-2.0
 *
 * The page of the check job.
 */
#include "jobs/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "report/report.h"
#include "winnow/memory.h"

enum { SHOWN = 12 };

static wn_status add_name(void *context, int64_t row, wn_buffer *out)
{
    const wn_checking *s = context;
    size_t at = wn_rows_find(&s->rows, row);
    return at == SIZE_MAX ? WN_NOTFOUND : wn_buffer_text(out, s->images[at].path);
}

static wn_status add_thumb(void *context, int64_t row, wn_buffer *out)
{
    const wn_checking *s = context;
    unsigned char *bytes = NULL;
    size_t len = 0;
    wn_status status = wn_workspace_thumb(s->workspace, row, &bytes, &len, NULL);
    if (status == WN_NOTFOUND || status == WN_CORRUPT) return WN_OK; /* a picture less, not a page less */
    if (!status) status = wn_buffer_add(out, bytes, len);
    wn_free(bytes);
    return status;
}

/* Whether finding a comes before b: the lower score, then the smaller distance, then the earlier row. */
static bool is_worse(const wn_report_finding *a, const wn_report_finding *b)
{
    if (a->score < b->score || a->score > b->score) return a->score < b->score;
    if (a->distance < b->distance || a->distance > b->distance) return a->distance < b->distance;
    return a->row < b->row;
}

/* The worst findings of a check, kept in order by insertion: few are shown. */
static size_t find_worst(const wn_checking *s, const wn_check_result *found, wn_report_finding *out)
{
    size_t len = 0;
    for (size_t i = 0; i < s->rows.len; i++) {
        if (!found->is_issue[i]) continue;
        int64_t other = found->evidence ? found->evidence[i] : -1;
        wn_report_finding finding = {s->rows.rows[i], other < 0 ? -1 : s->rows.rows[other], found->scores[i],
                                     found->evidence ? found->distances[i] : NAN};
        size_t at = len;
        if (len == SHOWN && !is_worse(&finding, &out[len - 1])) continue;
        if (len < SHOWN) len++;
        at = len - 1;
        for (; at > 0 && is_worse(&finding, &out[at - 1]); at--) out[at] = out[at - 1];
        out[at] = finding;
    }
    return len;
}

static void fill_checks(const wn_checking *s, wn_report_check *checks, wn_report_finding *findings)
{
    size_t ran = 0;
    for (size_t i = 0; i < s->out->check_count; i++) {
        const wn_check_summary *summary = &s->out->checks[i];
        checks[i] = (wn_report_check){.name = summary->name,
                                      .summary = summary->summary,
                                      .left_out = summary->left_out,
                                      .issues = (uint64_t)summary->issues};
        if (summary->left_out) continue;
        checks[i].findings = findings + ran * SHOWN;
        checks[i].findings_len = find_worst(s, &s->results[ran], findings + ran * SHOWN);
        ran++;
    }
}

wn_status wn_checking_report(wn_checking *s, wn_error *err)
{
    wn_workspace_counts counts;
    wn_status status = wn_workspace_count(s->workspace, &counts, err);
    if (status) return status;
    wn_report_check *checks = wn_calloc(WN_MEMORY_REPORT, s->out->check_count, sizeof *checks);
    wn_report_finding *findings = wn_alloc(WN_MEMORY_REPORT, s->count * SHOWN, sizeof *findings);
    char *path = wn_path_join(s->folder, "report.html");
    if (checks && findings && path) {
        fill_checks(s, checks, findings);
        const wn_report_line files[] = {{"Scores and issues of every image", "issues.csv"},
                                        {"Repeats", "duplicates.csv"},
                                        {"Groups of repeats, and which member to keep", "components.csv"},
                                        {"Outliers", "outliers.csv"},
                                        {"Repeats across splits", "leaks.csv"},
                                        {"Facts of every image", "stats.csv"},
                                        {"Labels", "label_issues.csv"},
                                        {"Labels by class", "label_health.csv"},
                                        {"Boxes", "box_issues.csv"},
                                        {"Bad files", "bad_files.csv"}};
        wn_report report = {.title = "Checks",
                            .found = s->rows.len + (uint64_t)s->out->bad,
                            .readable = s->rows.len,
                            .bad_count = (uint64_t)s->out->bad,
                            .model = s->out->model,
                            .dim = s->input.embeddings.cols,
                            .exact_duplicates = (uint64_t)s->out->exact_duplicates,
                            .rows = (size_t)counts.rows,
                            .checks = checks,
                            .checks_len = s->out->check_count,
                            .command = s->job->command,
                            .files = files,
                            .files_len = sizeof files / sizeof *files,
                            .seconds = s->out->seconds.check,
                            .context = s,
                            .name = add_name,
                            .thumb = add_thumb};
        status = wn_report_write(path, &report, s->job->progress, err);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory for the report");
    }
    s->out->report = path;
    wn_free(findings);
    wn_free(checks);
    return status;
}
