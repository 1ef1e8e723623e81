/* SPDX-License-Identifier: Apache-2.0
 *
 * The page while it is written: text goes through a buffer into a file beside the target; the first failure is kept
 * and later calls do nothing, so that a section need not check each line.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/file.h"
#include "report/report.h"

typedef struct wn_page {
    const wn_report *report;
    const wn_progress *progress;
    const char *path;
    wn_file_writer writer;
    wn_buffer pending; /* not yet in the file */
    wn_buffer name, thumb, scratch;
    uint64_t written; /* bytes in the file */
    size_t max_bytes;
    wn_status status;
    wn_error *err;
    uint64_t figures; /* numbers of charts so far, for their ids */
} wn_page;

WN_NODISCARD wn_status wn_page_begin(wn_page *page, const char *path, const wn_report *report,
                                     const wn_progress *progress, wn_error *err);
WN_NODISCARD wn_status wn_page_end(wn_page *page);

/* Bytes of the page so far. */
uint64_t wn_page_size(const wn_page *page);

/* Markup as it is; formatted markup (only numbers and our own words). */
void wn_page_markup(wn_page *page, const char *markup);
void wn_page_format(wn_page *page, const char *format, ...) WN_PRINTF(2, 3);

/* Text of others: invalid bytes and control characters shown as \xHH, then escaped for element content and for quoted
 * attributes. `limit` > 0 cuts the middle out of longer text. */
void wn_page_text(wn_page *page, const char *text, size_t limit);

/* The same as a JSON string, with its quotes, that may stand inside a script element. */
void wn_page_json(wn_page *page, const char *text, size_t limit);

/* Name of a row by the callback of the report; lives until the next call. "" when it fails. */
const char *wn_page_row_name(wn_page *page, int64_t row);

/* An image source: `data:image/jpeg;base64,...`. False (and nothing written) when the row has none. */
bool wn_page_thumb(wn_page *page, int64_t row);

/* An image element with the thumbnail of a row, or a grey field where there is none; `name` is its text. */
void wn_page_picture(wn_page *page, int64_t row, const char *name);

/* Bytes as base64. */
void wn_page_base64(wn_page *page, const void *bytes, size_t len);

/* "12,345" and "0.0123" (four digits at most, no exponent for ordinary sizes). */
void wn_page_count(wn_page *page, uint64_t count);
void wn_page_number(wn_page *page, double value);

/* <section id=.. ><h2>title</h2> and its end. */
void wn_page_section(wn_page *page, const char *id, const char *title);
void wn_page_section_end(wn_page *page);

/* sections.c, evidence.c, listing.c, checks.c, map.c, facts.c: the parts in the order of the page. */
void wn_report_head(wn_page *page);
void wn_report_map(wn_page *page);
void wn_report_covering_part(wn_page *page);
void wn_report_evidence_part(wn_page *page); /* within the covering */
void wn_report_picks(wn_page *page);
void wn_report_facts(wn_page *page);
void wn_report_training(wn_page *page);
void wn_report_duplicates(wn_page *page);
void wn_report_checks(wn_page *page);
void wn_report_bad_files(wn_page *page);
void wn_report_making(wn_page *page);

/* What the script draws on the map; last, so that the thumbnails take what is left of the bytes. */
void wn_report_map_data(wn_page *page);

/* What is shown at most; the rest is in the files of the run. */
enum {
    WN_REPORT_PICKS_MAX = 300,
    WN_REPORT_GROUPS_MAX = 40,
    WN_REPORT_GROUP_MEMBERS_MAX = 6,
    WN_REPORT_FINDINGS_MAX = 12, /* of one check */
    WN_REPORT_BAD_MAX = 200,
    WN_REPORT_POINTS_MAX = 20000,
    WN_REPORT_POINT_THUMBS_MAX = 240,
    WN_REPORT_NAME_MAX = 160
};

#endif
