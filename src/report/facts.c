/* SPDX-License-Identifier: Apache-2.0
 *
 * Histograms of the facts: all files against the selected ones, as shares, so that a selection of a hundred can be
 * compared with a hundred thousand.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "report/chart.h"

enum { BINS = 36, SORTED_MAX = 100000 };

typedef struct fact_kind {
    const char *title, *unit;
    bool logarithmic;
} fact_kind;

static const fact_kind kinds[WN_REPORT_FACT_COUNT] = {
#define X(name, title, unit, logarithmic) {title, unit, logarithmic},
    WN_REPORT_FACT_MAP(X)
#undef X
};

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The known values of a fact, sorted: of all rows (every k-th of very many) or of the picks. */
typedef struct sorted {
    float *values;
    size_t len;
    uint64_t unknown;
} sorted;

static wn_status collect(const wn_report *r, const float *fact, bool picks, sorted *out, wn_error *err)
{
    size_t n = picks ? r->picks_len : r->rows, step = n / SORTED_MAX + 1;
    *out = (sorted){.values = wn_alloc(WN_MEMORY_REPORT, n / step + 1, sizeof(float))};
    if (!out->values) return wn_fail(err, WN_NOMEM, "no memory for the histograms of the report");
    for (size_t i = 0; i < n; i += step) {
        float value = fact[picks ? (size_t)r->picks[i] : i];
        if (isfinite(value))
            out->values[out->len++] = value;
        else
            out->unknown += step;
    }
    qsort(out->values, out->len, sizeof *out->values, compare);
    return WN_OK;
}

static double quantile(const sorted *s, double share)
{
    size_t at = (size_t)(share * (double)(s->len - 1) + 0.5);
    return (double)s->values[at];
}

static void fill(const wn_axis *axis, const sorted *s, double bins[BINS])
{
    for (int i = 0; i < BINS; i++) bins[i] = 0;
    for (size_t i = 0; i < s->len; i++) {
        int bin = (int)floor(wn_axis_place(axis, (double)s->values[i]) * BINS);
        bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin] += 1.0 / (double)s->len;
    }
}

static wn_axis fit_axis(int fact, const sorted *all)
{
    wn_axis axis = {quantile(all, 0.002), quantile(all, 0.998), WN_SCALE_LINEAR};
    if (kinds[fact].logarithmic && axis.low <= 0) /* what is not above zero falls into the first bar */
        for (size_t i = 0; i < all->len && axis.low <= 0; i++) axis.low = fmax((double)all->values[i], 0);
    if (kinds[fact].logarithmic && axis.low > 0 && axis.high > axis.low)
        axis.scale = fact == WN_REPORT_FACT_FILE_BYTES ? WN_SCALE_LOG_BYTES : WN_SCALE_LOG;
    if (fact == WN_REPORT_FACT_CAPTURE_TIME) axis.scale = WN_SCALE_TIME;
    double span = axis.high - axis.low;
    /* Values that are nearly the same fill the middle of the chart, not all of it. */
    if (axis.scale == WN_SCALE_LINEAR) axis.low -= 0.01 * span, axis.high += 0.01 * span;
    if (axis.scale == WN_SCALE_LOG || axis.scale == WN_SCALE_LOG_BYTES) axis.low *= 0.97, axis.high *= 1.03;
    return axis;
}

/* Three digits are enough in a sentence. */
static void value_text(const wn_axis *axis, double value, char out[32])
{
    if (axis->scale == WN_SCALE_TIME || axis->scale == WN_SCALE_LOG_BYTES || fabs(value) >= 1000)
        wn_axis_text(axis, value, out);
    else
        (void)snprintf(out, 32, "%.3g", value);
}

static void sentence(wn_page *page, int fact, const wn_axis *axis, const sorted *all, const sorted *chosen)
{
    char text[32];
    const char *unit = kinds[fact].unit;
    bool plain = axis->scale != WN_SCALE_TIME && axis->scale != WN_SCALE_LOG_BYTES && unit[0] == 'p';
    value_text(axis, quantile(all, 0.5), text);
    wn_page_format(page, "<p class=\"note\">Half of all files lie below %s%s", text, plain ? " pixels" : "");
    if (chosen->len) {
        value_text(axis, quantile(chosen, 0.5), text);
        wn_page_format(page, ", half of the selected ones below %s", text);
    }
    wn_page_markup(page, ".");
    if (all->unknown) {
        wn_page_markup(page, " It is not known of ");
        wn_page_count(page, all->unknown);
        wn_page_markup(page, all->unknown == 1 ? " file." : " files.");
    }
    wn_page_markup(page, "</p>\n");
}

static void one_fact(wn_page *page, int fact)
{
    const wn_report *r = page->report;
    sorted all = {0}, chosen = {0};
    double bins[2][BINS];
    if ((page->status = collect(r, r->facts[fact], false, &all, page->err))) goto done;
    if ((page->status = collect(r, r->facts[fact], true, &chosen, page->err))) goto done;
    if (all.len == 0) goto done;
    wn_page_format(page, "<figure class=\"fact\"><h3>%s%s%s%s</h3>\n", kinds[fact].title,
                   kinds[fact].unit[0] ? " <small>" : "", kinds[fact].unit, kinds[fact].unit[0] ? "</small>" : "");
    wn_axis axis = fit_axis(fact, &all);
    if (all.values[0] == all.values[all.len - 1]) {
        char text[32];
        wn_axis_text(&axis, (double)all.values[0], text);
        wn_page_format(page, "<p class=\"same\">%s</p><p class=\"note\">The same in every file.</p>\n", text);
    } else {
        fill(&axis, &all, bins[0]);
        fill(&axis, &chosen, bins[1]);
        wn_chart_histogram(page, &axis, bins[0], chosen.len ? bins[1] : NULL, BINS, kinds[fact].title);
        sentence(page, fact, &axis, &all, &chosen);
    }
    wn_page_markup(page, "</figure>\n");
done:
    wn_free(chosen.values);
    wn_free(all.values);
}

void wn_report_facts(wn_page *page)
{
    bool any = false;
    for (int i = 0; i < WN_REPORT_FACT_COUNT; i++) any = any || (page->report->facts[i] && page->report->rows);
    if (!any) return;
    wn_page_section(page, "facts", "Measured facts");
    wn_page_markup(page, "<p>Grey bars show how all readable files spread over the values, the outline shows the "
                         "selected ones. Both are shares of their own "
                         "number, so they can be compared: where the outline rises above the grey, the selection holds "
                         "more of such images than the folder does. "
                         "A diverse selection is usually wider and flatter than the whole. The outermost bars also "
                         "count what lies beyond them.</p>\n"
                         "<p class=\"legend\"><span class=\"key all\"></span>all readable files <span class=\"key "
                         "chosen-outline\"></span>selected</p>\n<div class=\"facts\">\n");
    for (int i = 0; i < WN_REPORT_FACT_COUNT && !page->status; i++)
        if (page->report->facts[i] && page->report->rows) one_fact(page, i);
    wn_page_markup(page, "</div>\n");
    wn_page_section_end(page);
}
