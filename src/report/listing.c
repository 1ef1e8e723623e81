/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts that show files: picks, duplicates and bad files. Each stops at a number and at a share of the page's
 * bytes, and says what it left out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/page.h"

/* Characters of a name under a thumbnail: two lines, the middle cut out; the whole name is in the title. */
enum { NAME_SHOWN = 42 };

void wn_page_picture(wn_page *page, int64_t row, const char *name)
{
    /* The source is written last and may turn out to be absent, so the tag starts in a form that allows it. */
    wn_page_markup(page, "<span class=\"frame\"><img alt=\"");
    wn_page_text(page, name, WN_REPORT_NAME_MAX);
    wn_page_markup(page, "\" loading=\"lazy\" decoding=\"async\" src=\"");
    if (!wn_page_thumb(page, row))
        wn_page_markup(page, "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='4' height='3'/%3E");
    wn_page_markup(page, "\"></span>");
}

void wn_report_picks(wn_page *page)
{
    const wn_report *r = page->report;
    size_t shown = 0;
    uint64_t limit = (uint64_t)page->max_bytes / 100 * 62;
    if (!r->picks_len) return;
    wn_page_section(page, "picks", "The picks");
    wn_page_markup(page, "<p>The selected images in the order in which they were chosen. The number below each is its "
                         "distance to the nearest image chosen before it: large "
                         "means that nothing like it was there yet.</p>\n<div class=\"grid picks\">\n");
    for (; shown < r->picks_len && shown < WN_REPORT_PICKS_MAX && wn_page_size(page) < limit && !page->status;
         shown++) {
        const char *name = wn_page_row_name(page, r->picks[shown]);
        wn_page_format(page, "<figure id=\"p%zu\">", shown + 1);
        wn_page_picture(page, r->picks[shown], name);
        wn_page_format(page, "<figcaption><b>%zu</b>", shown + 1);
        if (r->pick_distance && isfinite(r->pick_distance[shown])) {
            wn_page_markup(page, " <small>");
            wn_page_number(page, (double)r->pick_distance[shown]);
            wn_page_markup(page, "</small>");
        }
        wn_page_markup(page, "<bdi title=\"");
        wn_page_text(page, name, 400);
        wn_page_markup(page, "\">");
        wn_page_text(page, name, NAME_SHOWN);
        wn_page_markup(page, "</bdi>");
        wn_page_markup(page, "</figcaption></figure>\n");
    }
    wn_page_markup(page, "</div>\n");
    if (shown < r->picks_len) {
        wn_page_markup(page, "<p class=\"more\">And ");
        wn_page_count(page, r->picks_len - shown);
        wn_page_markup(page, " more: see <code>selected.csv</code> beside this page.</p>\n");
    }
    wn_page_section_end(page);
}

/* ---------------------------------------------------------------------------------------------- duplicates */

static int compare_pairs(const void *a, const void *b)
{
    const wn_report_duplicate *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->alike != y->alike) return x->alike < y->alike ? -1 : 1;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* A run of pairs with one `from`. */
typedef struct group {
    size_t first, len;
    int rank; /* order of showing: near pairs first, because they need a look; exact ones after */
    float distance;
} group;

static int compare_groups(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->rank != y->rank) return x->rank - y->rank;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static size_t find_groups(const wn_report_duplicate *pairs, size_t n, group *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && pairs[end].from == pairs[i].from) end++;
        const wn_report_duplicate *last = &pairs[end - 1];
        out[count++] = (group){i, end - i, last->alike == WN_REPORT_ALIKE_NEAR ? 0 : 1, last->distance};
        i = end;
    }
    qsort(out, count, sizeof *out, compare_groups);
    return count;
}

static void member(wn_page *page, int64_t row, const wn_report_duplicate *pair)
{
    static const char *const words[] = {"same bytes", "same pixels", "nearly the same"};
    const char *name = wn_page_row_name(page, row);
    wn_page_markup(page, "<figure>");
    wn_page_picture(page, row, name);
    wn_page_markup(page, "<figcaption><bdi title=\"");
    wn_page_text(page, name, 400);
    wn_page_markup(page, "\">");
    wn_page_text(page, name, NAME_SHOWN);
    wn_page_format(page, "</bdi><small>%s", pair ? words[pair->alike] : "first");
    if (pair && pair->alike == WN_REPORT_ALIKE_NEAR) {
        wn_page_markup(page, ", distance ");
        wn_page_number(page, (double)pair->distance);
    }
    wn_page_markup(page, "</small></figcaption></figure>");
}

static size_t show_groups(wn_page *page, const wn_report_duplicate *pairs, const group *groups, size_t n)
{
    size_t shown = 0;
    uint64_t limit = (uint64_t)page->max_bytes / 100 * 92;
    size_t exact = 0;
    for (size_t i = 0; i < n; i++) exact += groups[i].rank == 1;
    /* Exact repeats get up to a quarter of the places, so that both sorts are seen. */
    size_t near = n - exact, places = WN_REPORT_GROUPS_MAX, for_exact = exact < places / 4 ? exact : places / 4;
    if (near < places - for_exact) for_exact = exact < places - near ? exact : places - near;
    for (size_t i = 0; i < n && wn_page_size(page) < limit && !page->status; i++) {
        const group *g = &groups[i];
        if (g->rank == 0 ? i >= places - for_exact : i - near >= for_exact) continue;
        wn_page_markup(page, "<div class=\"group\">");
        member(page, pairs[g->first].from, NULL);
        for (size_t k = 0; k < g->len && k + 1 < WN_REPORT_GROUP_MEMBERS_MAX; k++)
            member(page, pairs[g->first + k].to, &pairs[g->first + k]);
        if (g->len + 1 > WN_REPORT_GROUP_MEMBERS_MAX)
            wn_page_format(page, "<p class=\"more\">and %zu more</p>", g->len + 1 - WN_REPORT_GROUP_MEMBERS_MAX);
        wn_page_markup(page, "</div>\n");
        shown++;
    }
    return shown;
}

void wn_report_duplicates(wn_page *page)
{
    const wn_report *r = page->report;
    if (!r->duplicates_len) return;
    wn_report_duplicate *pairs = wn_alloc(WN_MEMORY_REPORT, r->duplicates_len, sizeof *pairs);
    group *groups = wn_alloc(WN_MEMORY_REPORT, r->duplicates_len, sizeof *groups);
    if (!pairs || !groups) {
        page->status = wn_fail(page->err, WN_NOMEM, "no memory for the duplicates in the report %s", page->path);
        goto done;
    }
    memcpy(pairs, r->duplicates, r->duplicates_len * sizeof *pairs);
    qsort(pairs, r->duplicates_len, sizeof *pairs, compare_pairs);
    size_t n = find_groups(pairs, r->duplicates_len, groups);
    uint64_t total = r->duplicate_count ? r->duplicate_count : r->duplicates_len;
    wn_page_section(page, "duplicates", "Duplicates");
    wn_page_markup(page, "<p>");
    wn_page_count(page, total);
    wn_page_markup(page, total == 1 ? " image repeats another one" : " images repeat another one");
    wn_page_markup(page,
                   ": the same file twice, the same pixels in another file, or nearly the same picture (cut, "
                   "resized, brightened, a moment later). The first image of each group is taken as the original. Of "
                   "files with the same content only that one can be selected, unless the run was told to keep "
                   "duplicates; near repeats take part like any other image. They are shown first, the most alike on "
                   "top, because they are the ones worth a look.</p>\n<div class=\"groups\">\n");
    size_t shown = show_groups(page, pairs, groups, n);
    wn_page_markup(page, "</div>\n");
    if (shown < n || total > r->duplicates_len) {
        wn_page_format(page, "<p class=\"more\">Shown are %zu of ", shown);
        wn_page_count(page, n);
        wn_page_markup(page, total > r->duplicates_len ? " and more groups" : " groups");
        wn_page_markup(page, "; all pairs are in <code>duplicates.csv</code> beside this page.</p>\n");
    }
    wn_page_section_end(page);
done:
    wn_free(groups);
    wn_free(pairs);
}

/* ----------------------------------------------------------------------------------------------- bad files */

void wn_report_bad_files(wn_page *page)
{
    const wn_report *r = page->report;
    uint64_t total = r->bad_count ? r->bad_count : r->bad_len;
    size_t shown = r->bad_len < WN_REPORT_BAD_MAX ? r->bad_len : WN_REPORT_BAD_MAX;
    if (!total) return;
    wn_page_section(page, "bad", "Bad files");
    wn_page_markup(page, "<p>");
    wn_page_count(page, total);
    wn_page_markup(page, total == 1 ? " file could not be used" : " files could not be used");
    wn_page_markup(page, " and took no part. Nothing was changed or deleted.</p>\n<table "
                         "class=\"bad\"><thead><tr><th>File</th><th>Reason</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown && !page->status; i++) {
        wn_page_markup(page, "<tr><td><bdi>");
        wn_page_text(page, r->bad[i].name, WN_REPORT_NAME_MAX);
        wn_page_markup(page, "</bdi></td><td>");
        wn_page_text(page, r->bad[i].reason, 300);
        wn_page_markup(page, "</td></tr>\n");
    }
    wn_page_markup(page, "</tbody></table>\n");
    if (shown < total) {
        wn_page_markup(page, "<p class=\"more\">And ");
        wn_page_count(page, total - shown);
        wn_page_markup(page, " more: see <code>bad_files.csv</code> beside this page.</p>\n");
    }
    wn_page_section_end(page);
}
