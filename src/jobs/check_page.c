/* SPDX-License-Identifier: Apache-2.0
 *
 * The page of the check job.
 */
#include "jobs/check.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/findings.h"
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

wn_status wn_checking_report(wn_checking *s, wn_error *err)
{
    wn_workspace_counts counts;
    wn_status status = wn_workspace_count(s->workspace, &counts, err);
    if (status) return status;
    wn_findings found = {0};
    char *path = wn_path_join(s->folder, "report.html");
    if (!path) return wn_fail(err, WN_NOMEM, "no memory for the report");
    if (!(status = wn_checking_findings(s, SHOWN, &found, err))) {
        const wn_report_line files[] = {{"Scores and issues of every image", "issues.csv"},
                                        {"Repeats", "duplicates.csv"},
                                        {"Groups of repeats, and which member to keep", "components.csv"},
                                        {"Outliers", "outliers.csv"},
                                        {"Repeats across splits", "leaks.csv"},
                                        {"Facts of every image", "stats.csv"},
                                        {"Labels", "label_issues.csv"},
                                        {"Labels by class", "label_health.csv"},
                                        {"Classes that overlap", "label_overlaps.csv"},
                                        {"Boxes", "box_issues.csv"},
                                        {"Masks", "mask_issues.csv"},
                                        {"Masks by class", "mask_health.csv"},
                                        {"Masks that were left out", "mask_problems.csv"},
                                        {"Bad files", "bad_files.csv"}};
        wn_report report = {.title = "Checks",
                            .found = s->rows.len + (uint64_t)s->out->bad,
                            .readable = s->rows.len,
                            .bad_count = (uint64_t)s->out->bad,
                            .model = s->out->model,
                            .dim = s->input.embeddings.cols,
                            .exact_duplicates = (uint64_t)s->out->exact_duplicates,
                            .rows = (size_t)counts.rows,
                            .checks = found.checks,
                            .checks_len = found.len,
                            .command = s->job->command,
                            .files = files,
                            .files_len = sizeof files / sizeof *files,
                            .seconds = s->out->seconds.read + s->out->seconds.check,
                            .context = s,
                            .name = add_name,
                            .thumb = add_thumb};
        status = wn_report_write(path, &report, s->job->progress, err);
    }
    s->out->report = path;
    wn_findings_clear(&found);
    return status;
}
