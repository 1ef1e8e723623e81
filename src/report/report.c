/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of the page, and the checks that let its parts trust the data.
 */
#include "report/report.h"

#include "base/error.h"
#include "report/page.h"

/* Made from assets/ by the build. */
extern const char wn_report_style[], wn_report_script[];

static wn_status check_rows(const wn_report *report, const int64_t *rows, size_t len, const char *what, wn_error *err)
{
    for (size_t i = 0; i < len; i++)
        if (rows[i] < 0 || (size_t)rows[i] >= report->rows)
            return wn_fail(err, WN_INVALID, "row %lld among the %s is outside the %zu rows of the report",
                           (long long)rows[i], what, report->rows);
    return WN_OK;
}

static wn_status check_findings(const wn_report *report, wn_error *err)
{
    for (size_t i = 0; i < report->checks_len; i++) {
        const wn_report_check *one = &report->checks[i];
        for (size_t k = 0; k < one->findings_len; k++) {
            WN_TRY(check_rows(report, &one->findings[k].row, 1, one->name, err));
            if (one->findings[k].other != -1) WN_TRY(check_rows(report, &one->findings[k].other, 1, one->name, err));
        }
    }
    return WN_OK;
}

static wn_status check(const wn_report *report, wn_error *err)
{
    if (!report->name) return wn_fail(err, WN_INVALID, "a report needs the names of its rows");
    WN_TRY(check_rows(report, report->picks, report->picks_len, "picks", err));
    WN_TRY(check_rows(report, report->earlier, report->earlier_len, "earlier picks", err));
    for (size_t i = 0; i < report->groups_len; i++)
        WN_TRY(check_rows(report, &report->groups[i].row, 1, "groups", err));
    for (size_t i = 0; i < report->duplicates_len; i++) {
        const wn_report_duplicate *pair = &report->duplicates[i];
        WN_TRY(check_rows(report, &pair->from, 1, "duplicates", err));
        WN_TRY(check_rows(report, &pair->to, 1, "duplicates", err));
        if ((unsigned)pair->alike > WN_REPORT_ALIKE_NEAR)
            return wn_fail(err, WN_INVALID, "duplicate %zu of the report is of an unknown kind", i);
    }
    return check_findings(report, err);
}

static void write_page(wn_page *page)
{
    /* No part of the page may reach out: a policy says so to the browser as well. */
    wn_page_markup(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                         "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    wn_page_text(page, page->report->title ? page->report->title : "Selection", 120);
    wn_page_markup(page, " \xc2\xb7 winnow report</title>\n<style>\n");
    wn_page_markup(page, wn_report_style);
    wn_page_markup(page, "</style>\n</head>\n<body>\n");
    wn_report_head(page);
    wn_page_markup(page, "<main>\n");
    wn_report_map(page);
    wn_report_covering_part(page);
    wn_report_picks(page);
    wn_report_facts(page);
    wn_report_training(page);
    wn_report_duplicates(page);
    wn_report_checks(page);
    wn_report_bad_files(page);
    wn_report_making(page);
    wn_page_markup(page, "</main>\n<footer>Made by winnow on this machine. The page holds everything it shows and "
                         "loads nothing.</footer>\n");
    wn_report_map_data(page);
    wn_page_markup(page, "<script>\n");
    wn_page_markup(page, wn_report_script);
    wn_page_markup(page, "</script>\n</body>\n</html>\n");
}

wn_status wn_report_write(const char *path, const wn_report *report, const wn_progress *progress, wn_error *err)
{
    wn_page page;
    WN_TRY(check(report, err));
    if (wn_page_begin(&page, path, report, progress, err) == WN_OK) write_page(&page);
    return wn_page_end(&page);
}
