/* SPDX-License-Identifier: Apache-2.0
 *
 * The worst findings of each check: from the results, into a file of the run, and out of it.
 */
#include "jobs/findings.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

static const char file_name[] = "findings.txt";
enum { MOST_CHECKS = 64, MOST_SHOWN = 64, MOST_FILE_BYTES = 1 << 20 };

static wn_status no_memory(wn_error *err)
{
    return wn_fail(err, WN_NOMEM, "no memory for the findings");
}

/* ---- from results ---- */

/* Whether finding a comes before b: the lower score, then the smaller distance, then the earlier row. */
static bool is_worse(const wn_report_finding *a, const wn_report_finding *b)
{
    if (a->score < b->score || a->score > b->score) return a->score < b->score;
    if (a->distance < b->distance || a->distance > b->distance) return a->distance < b->distance;
    return a->row < b->row;
}

/* The worst findings of a check, kept in order by insertion: few are shown. */
static size_t find_worst(const wn_checking *s, const wn_check_result *found, size_t most, wn_report_finding *out)
{
    size_t len = 0;
    for (size_t i = 0; i < s->rows.len; i++) {
        if (!found->is_issue[i]) continue;
        int64_t other = found->evidence ? found->evidence[i] : -1;
        wn_report_finding finding = {s->rows.rows[i], other < 0 ? -1 : s->rows.rows[other], found->scores[i],
                                     found->evidence ? found->distances[i] : NAN};
        if (len == most && !is_worse(&finding, &out[len - 1])) continue;
        if (len < most) len++;
        size_t at = len - 1;
        for (; at > 0 && is_worse(&finding, &out[at - 1]); at--) out[at] = out[at - 1];
        out[at] = finding;
    }
    return len;
}

wn_status wn_checking_findings(const wn_checking *s, size_t most, wn_findings *out, wn_error *err)
{
    size_t ran = 0;
    wn_arena_init(&out->arena, WN_MEMORY_REPORT, 0);
    out->checks = wn_arena_alloc(&out->arena, s->out->check_count, sizeof *out->checks);
    wn_report_finding *items = wn_arena_alloc(&out->arena, s->count * most, sizeof *items);
    if (!out->checks || !items) return no_memory(err);
    for (; out->len < s->out->check_count; out->len++) {
        const wn_check_summary *summary = &s->out->checks[out->len];
        wn_report_check *check = &out->checks[out->len];
        *check = (wn_report_check){.name = summary->name,
                                   .summary = summary->summary,
                                   .left_out = summary->left_out,
                                   .issues = (uint64_t)summary->issues};
        if (summary->left_out) continue;
        check->findings = items;
        check->findings_len = find_worst(s, &s->results[ran++], most, items);
        items += check->findings_len;
    }
    return WN_OK;
}

/* ---- the file ---- */

wn_status wn_findings_save(const wn_findings *findings, const char *folder, wn_error *err)
{
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    for (size_t c = 0; c < findings->len; c++) {
        const wn_report_check *check = &findings->checks[c];
        wn_buffer_format(&out, "check %s %" PRIu64 "%s%s\n", check->name, check->issues, check->left_out ? " " : "",
                         check->left_out ? check->left_out : "");
        for (size_t i = 0; i < check->findings_len; i++) {
            const wn_report_finding *finding = &check->findings[i];
            wn_buffer_format(&out, "finding %" PRId64 " %" PRId64 " %.7g %.7g\n", finding->row, finding->other,
                             (double)finding->score, (double)finding->distance);
        }
    }
    char *path = wn_path_join(folder, file_name);
    wn_status status = out.status || !path ? no_memory(err) : wn_file_write(path, out.data, out.len, err);
    wn_free(path);
    wn_buffer_clear(&out);
    return status;
}

typedef struct reading {
    wn_findings *out;
    wn_report_check *check;  /* whose findings follow; NULL = one that this program does not know */
    wn_report_finding *room; /* for the findings of that check */
    int64_t rows;
} reading;

static wn_status read_check(reading *in, const char *line)
{
    char name[40];
    uint64_t issues;
    int used = 0;
    in->check = NULL;
    if (sscanf(line, "check %39s %" SCNu64 "%n", name, &issues, &used) < 2 || !used) return WN_CORRUPT;
    const wn_check *known = wn_check_find(name);
    if (!known || !in->out->checks || in->out->len == MOST_CHECKS) return WN_OK;
    wn_report_check *check = in->check = &in->out->checks[in->out->len++];
    *check = (wn_report_check){.name = known->name, .summary = known->summary, .issues = issues};
    const char *reason = line + used;
    if (*reason == ' ' && !(check->left_out = wn_arena_text(&in->out->arena, reason + 1, strlen(reason + 1))))
        return WN_NOMEM;
    check->findings = in->room = wn_arena_alloc(&in->out->arena, MOST_SHOWN, sizeof *in->room);
    return in->room ? WN_OK : WN_NOMEM;
}

static wn_status read_finding(reading *in, const char *line)
{
    wn_report_finding finding;
    if (sscanf(line, "finding %" SCNd64 " %" SCNd64 " %f %f", &finding.row, &finding.other, &finding.score,
               &finding.distance) != 4)
        return WN_CORRUPT;
    if (!in->check || in->check->findings_len == MOST_SHOWN) return WN_OK;
    if (finding.row < 0 || finding.row >= in->rows) return WN_OK;
    if (finding.other < -1 || finding.other >= in->rows) finding.other = -1;
    in->room[in->check->findings_len++] = finding;
    return WN_OK;
}

wn_status wn_findings_load(const char *folder, int64_t rows, wn_findings *out, wn_error *err)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_arena_init(&out->arena, WN_MEMORY_REPORT, 0);
    reading in = {.out = out, .rows = rows};
    char *path = wn_path_join(folder, file_name);
    out->checks = wn_arena_alloc(&out->arena, MOST_CHECKS, sizeof *out->checks);
    wn_status status = path && out->checks ? wn_file_read(path, MOST_FILE_BYTES, &text, err) : no_memory(err);
    if (status == WN_NOTFOUND) status = WN_OK;
    for (char *line = text.data, *end; line && *line && !status; line = end + 1) {
        if (!(end = strchr(line, '\n'))) {
            status = WN_CORRUPT;
            break;
        }
        *end = 0;
        status = strncmp(line, "check ", 6) == 0 ? read_check(&in, line) : read_finding(&in, line);
    }
    if (status == WN_CORRUPT) status = wn_fail(err, status, "'%s' is damaged; run 'winnow curate' again", path);
    if (status == WN_NOMEM) status = no_memory(err);
    wn_buffer_clear(&text);
    wn_free(path);
    return status;
}

void wn_findings_clear(wn_findings *findings)
{
    wn_arena_clear(&findings->arena);
    *findings = (wn_findings){0};
}
