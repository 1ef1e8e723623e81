/* SPDX-License-Identifier: Apache-2.0
 *
 * Beyond distances: coverage, pairs of like picks and the mix of classes, each beside random selections.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/chart.h"

enum { SHOWN_MOST = 12, NAME_MOST = 60 };

typedef struct wording {
    const char *name, *title, *meaning;
} wording;

static const wording wordings[] = {
    {"coverage", "Images that are represented", "share that lies near a selected image"},
    {"duplicate pairs", "Selected images that are nearly alike", "pairs; fewer is better"},
    {"entropy", "Mix of classes: ", "1 = every class alike often"},
};

static const wording *find_wording(const char *name)
{
    for (size_t i = 0; i < sizeof wordings / sizeof *wordings; i++)
        if (strcmp(wordings[i].name, name) == 0) return &wordings[i];
    return NULL;
}

static void show_title(wn_page *page, const wn_report_evidence *e)
{
    const wording *words = find_wording(e->name);
    wn_page_markup(page, "<figure class=\"fact\"><h3>");
    if (words)
        wn_page_markup(page, words->title);
    else
        wn_page_text(page, e->name, NAME_MOST);
    if (e->of) {
        wn_page_markup(page, "<bdi>");
        wn_page_text(page, e->of, NAME_MOST);
        wn_page_markup(page, "</bdi>");
    }
    if (words) wn_page_format(page, " <small>%s</small>", words->meaning);
    wn_page_markup(page, "</h3>\n");
}

static void show_one(wn_page *page, const wn_report_evidence *e)
{
    wn_axis axis = {e->selected, e->selected, WN_SCALE_LINEAR};
    double sum = 0;
    size_t better = 0, equal = 0;
    for (size_t i = 0; i < e->random_len; i++) {
        double gain = e->less_is_more ? e->random[i] - e->selected : e->selected - e->random[i];
        sum += e->random[i];
        better += gain > 0;
        equal += gain == 0;
        axis.low = fmin(axis.low, e->random[i]), axis.high = fmax(axis.high, e->random[i]);
    }
    double span = axis.high - axis.low;
    if (!(span > 0)) axis = (wn_axis){0, axis.high > 0 ? 2 * axis.high : 1, WN_SCALE_LINEAR};
    axis.low = fmax(0, axis.low - 0.12 * span), axis.high += 0.12 * span;
    show_title(page, e);
    wn_chart_strip strip = {.random = e->random, .random_len = e->random_len, .chosen = e->selected};
    wn_chart_strip_alone(page, &axis, &strip, "This selection and random ones");
    wn_page_markup(page, "<p class=\"note\">Here ");
    wn_page_number(page, e->selected);
    wn_page_markup(page, ", for random selections ");
    wn_page_number(page, sum / (double)e->random_len);
    wn_page_format(page, " on average. Better than %zu of %zu", better, e->random_len);
    if (equal) wn_page_format(page, ", equal to %zu", equal);
    wn_page_markup(page, ".</p>\n</figure>\n");
}

/* Known numbers only: a figure may be unknown where nothing could be measured. */
static bool is_shown(const wn_report_evidence *e)
{
    bool known = isfinite(e->selected) && e->random_len > 0;
    for (size_t i = 0; i < e->random_len; i++) known = known && isfinite(e->random[i]);
    return known;
}

void wn_report_evidence_part(wn_page *page)
{
    const wn_report *r = page->report;
    size_t shown = 0, left_out = 0;
    for (size_t i = 0; i < r->evidence_len; i++) {
        if (!is_shown(&r->evidence[i])) continue;
        if (shown == SHOWN_MOST) {
            left_out++;
            continue;
        }
        if (shown++ == 0)
            wn_page_markup(page,
                           "<h3>Beyond distances</h3>\n<p>An image is represented when it lies nearer to a selected "
                           "one than half of all images do for a random selection. Labels and words of metadata "
                           "are compared where they are known.</p>\n<div class=\"facts evidence\">\n");
        show_one(page, &r->evidence[i]);
    }
    if (shown) wn_page_markup(page, "</div>\n");
    if (left_out)
        wn_page_format(page, "<p class=\"note\">%zu more are not shown; 'winnow select --evaluate' prints all.</p>\n",
                       left_out);
}
