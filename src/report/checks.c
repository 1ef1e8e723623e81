/* SPDX-License-Identifier: Apache-2.0
 *
 * What the checks found: a table of all, then the worst findings of each with pictures, side by side with the image
 * that speaks for them.
 */
#include <math.h>
#include <stdbool.h>

#include "report/page.h"

enum { NAME_SHOWN = 42 };

static void show_table(wn_page *page)
{
    const wn_report *r = page->report;
    wn_page_markup(page, "<div class=\"scroll\"><table class=\"checks\"><thead><tr><th>Check</th><th>Issues</th>"
                         "<th>An issue is</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->checks_len; i++) {
        const wn_report_check *check = &r->checks[i];
        wn_page_markup(page, "<tr><td>");
        if (check->findings_len) wn_page_format(page, "<a href=\"#check%zu\">", i);
        wn_page_text(page, check->name, 40);
        wn_page_markup(page, check->findings_len ? "</a></td><td>" : "</td><td>");
        if (check->left_out) {
            wn_page_markup(page, "\xe2\x80\x93");
        } else {
            wn_page_count(page, check->issues);
        }
        wn_page_markup(page, "</td><td>");
        wn_page_text(page, check->left_out ? check->left_out : check->summary, 200);
        wn_page_markup(page, "</td></tr>\n");
    }
    wn_page_markup(page, "</tbody></table></div>\n");
}

static void show_image(wn_page *page, int64_t row, const char *what, float figure)
{
    const char *name = wn_page_row_name(page, row);
    wn_page_markup(page, "<figure>");
    wn_page_picture(page, row, name);
    wn_page_markup(page, "<figcaption><bdi title=\"");
    wn_page_text(page, name, 400);
    wn_page_markup(page, "\">");
    wn_page_text(page, name, NAME_SHOWN);
    wn_page_format(page, "</bdi><small>%s", what);
    if (isfinite(figure)) {
        wn_page_markup(page, " ");
        wn_page_number(page, (double)figure);
    }
    wn_page_markup(page, "</small></figcaption></figure>");
}

static void show_check(wn_page *page, size_t number, uint64_t limit)
{
    const wn_report_check *check = &page->report->checks[number];
    size_t shown = 0;
    bool paired = false;
    for (size_t i = 0; i < check->findings_len; i++) paired = paired || check->findings[i].other >= 0;
    wn_page_format(page, "<h3 id=\"check%zu\">", number);
    wn_page_text(page, check->name, 40);
    wn_page_markup(page, " <small>");
    wn_page_count(page, check->issues);
    wn_page_markup(page, check->issues == 1 ? " image: " : " images: ");
    wn_page_text(page, check->summary, 200);
    wn_page_markup(page, "</small></h3>\n");
    wn_page_format(page, "<div class=\"%s\">\n", paired ? "groups" : "grid");
    for (; shown < check->findings_len && shown < WN_REPORT_FINDINGS_MAX && !page->status; shown++) {
        const wn_report_finding *finding = &check->findings[shown];
        if (wn_page_size(page) >= limit) break;
        if (paired) wn_page_markup(page, "<div class=\"group\">");
        show_image(page, finding->row, "score", finding->score);
        if (finding->other >= 0) show_image(page, finding->other, "its nearest, distance", finding->distance);
        wn_page_markup(page, paired ? "</div>\n" : "\n");
    }
    wn_page_markup(page, "</div>\n");
    if (shown < check->issues) {
        wn_page_format(page, "<p class=\"more\">Shown are %zu of ", shown);
        wn_page_count(page, check->issues);
        wn_page_markup(page, "; all are in <code>issues.csv</code> beside this page.</p>\n");
    }
}

void wn_report_checks(wn_page *page)
{
    const wn_report *r = page->report;
    uint64_t begin = wn_page_size(page), room = page->max_bytes / 100 * 92;
    if (!r->checks_len) return;
    wn_page_section(page, "checks", "Checks");
    wn_page_markup(page, "<p>Scores go from 0, the worst, to 1. Beside an image stands the one that speaks for it: the "
                         "image that it repeats, or its nearest neighbour.</p>\n");
    show_table(page);
    for (size_t i = 0; i < r->checks_len; i++) {
        /* an equal share of the room for each, so that the last check is seen as well */
        uint64_t limit = room > begin ? begin + (room - begin) / r->checks_len * (i + 1) : begin;
        if (r->checks[i].findings_len) show_check(page, i, limit);
    }
    wn_page_section_end(page);
}
