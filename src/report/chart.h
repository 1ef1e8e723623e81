/* SPDX-License-Identifier: Apache-2.0
 *
 * Charts as inline SVG, so that they print and need no script. Colours come from the style sheet by class: `all`,
 * `chosen`, `random`, `line`, `axis`, `grid`.
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "report/page.h"

/* How values are placed along an axis and written at its marks. */
typedef enum wn_scale { WN_SCALE_LINEAR, WN_SCALE_LOG, WN_SCALE_TIME, WN_SCALE_LOG_BYTES } wn_scale;

typedef struct wn_axis {
    double low, high;
    wn_scale scale;
} wn_axis;

/* Share of the way from low to high, 0 to 1 and beyond. */
double wn_axis_place(const wn_axis *axis, double value);

/* Up to 12 round values between low and high; returns how many. */
int wn_axis_marks(const wn_axis *axis, int wanted, double marks[12]);

/* A value as it stands at a mark or in a sentence: "1.2 MB", "May 2023", "0.4". */
void wn_axis_text(const wn_axis *axis, double value, char out[32]);

/* Two histograms over one axis: shares of `all` as bars, shares of `chosen` as an outline. `chosen` may be NULL. */
void wn_chart_histogram(wn_page *page, const wn_axis *axis, const double *all, const double *chosen, int bins,
                        const char *label);

/* A curve through (x, y), n points, x ascending; axes fitted by the caller. */
void wn_chart_curve(wn_page *page, const wn_axis *x, const wn_axis *y, const double *xs, const double *ys, size_t n,
                    const char *x_title, const char *y_title, const char *label);

/* One row of a strip chart: the values of random selections and of the selection itself. */
typedef struct wn_chart_strip {
    const char *title;
    const double *random;
    size_t random_len;
    double chosen;
} wn_chart_strip;
void wn_chart_strips(wn_page *page, const wn_axis *axis, const wn_chart_strip *strips, int n, const char *label);

/* One such row alone, without its title, as wide as a histogram. */
void wn_chart_strip_alone(wn_page *page, const wn_axis *axis, const wn_chart_strip *strip, const char *label);

#endif
