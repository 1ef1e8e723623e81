/* SPDX-License-Identifier: Apache-2.0 */
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

static double place_of(wn_scale scale, double value)
{
    return scale == WN_SCALE_LOG || scale == WN_SCALE_LOG_BYTES ? log10(fmax(value, 1e-12)) : value;
}

double wn_axis_place(const wn_axis *axis, double value)
{
    double low = place_of(axis->scale, axis->low), high = place_of(axis->scale, axis->high);
    return high > low ? (place_of(axis->scale, value) - low) / (high - low) : 0.5;
}

/* 1, 2 or 5 times a power of ten, such that about `wanted` steps fit. */
static double round_step(double span, int wanted)
{
    double raw = span / wanted, power = pow(10, floor(log10(raw))), share = raw / power;
    return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

static int linear_marks(const wn_axis *axis, int wanted, double marks[12])
{
    int n = 0;
    double span = axis->high - axis->low;
    if (!(span > 0)) return 0;
    double step = round_step(span, wanted);
    for (double k = ceil(axis->low / step - 1e-9); n < 12 && k * step <= axis->high + 1e-9 * span; k++)
        marks[n++] = k * step;
    return n;
}

static int log_marks(const wn_axis *axis, int wanted, double marks[12])
{
    static const double fine[] = {1, 2, 5}, fairly[] = {1, 3}, finest[] = {1, 1.5, 2, 3, 4, 5, 7};
    double decades = log10(axis->high / axis->low);
    const double *steps = fine;
    int count = 3, n = 0;
    if (decades < 0.25) return linear_marks(axis, wanted, marks);
    if (decades < 1.0) steps = finest, count = 7;
    if (decades > 2.5) steps = fairly, count = 2;
    if (decades > 5) count = 1;
    int first = (int)floor(log10(axis->low)), last = (int)floor(log10(axis->high));
    for (int decade = first; decade <= last; decade++) {
        double power = pow(10, decade);
        for (int i = 0; i < count && n < 12; i++)
            if (steps[i] * power >= axis->low * 0.999 && steps[i] * power <= axis->high * 1.001)
                marks[n++] = steps[i] * power;
    }
    return n;
}

/* First of a month, `months` after the one that holds `at`, rounded down to a multiple of `step` months. */
static double month_start(double at, int months, int step)
{
    struct tm parts;
    time_t seconds = (time_t)at;
    if (!gmtime_r(&seconds, &parts)) return at;
    int month = parts.tm_mon / step * step + months;
    parts = (struct tm){.tm_year = parts.tm_year, .tm_mon = month, .tm_mday = 1};
    return (double)timegm(&parts);
}

static int time_marks(const wn_axis *axis, int wanted, double marks[12])
{
    static const int months[] = {1, 2, 3, 6, 12, 24, 60, 120};
    static const double seconds[] = {60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 432000, 864000};
    double span = axis->high - axis->low;
    int n = 0;
    if (span / 864000 < wanted + 1) {
        double step = seconds[10];
        for (int i = 10; i >= 0; i--)
            if (span / seconds[i] < wanted + 1) step = seconds[i];
        for (double at = ceil(axis->low / step) * step; n < 12 && at <= axis->high; at += step) marks[n++] = at;
        return n;
    }
    int step = months[7];
    for (int i = 7; i >= 0; i--)
        if (span / (months[i] * 2.63e6) < wanted + 1) step = months[i];
    int round = step < 12 ? step : 12;
    for (int k = 0; n < 12 && k < 4000; k += step) {
        double at = month_start(axis->low, k + round, round);
        if (at > axis->high) break;
        marks[n++] = at;
    }
    return n;
}

int wn_axis_marks(const wn_axis *axis, int wanted, double marks[12])
{
    if (axis->scale == WN_SCALE_TIME) return time_marks(axis, wanted, marks);
    return axis->scale == WN_SCALE_LINEAR ? linear_marks(axis, wanted, marks) : log_marks(axis, wanted, marks);
}

static void time_text(const wn_axis *axis, double value, char out[32])
{
    struct tm parts;
    time_t seconds = (time_t)value;
    double span = axis->high - axis->low;
    const char *format = span > 8 * 3.2e7       ? "%Y"
                         : span > 120 * 86400.0 ? "%b %Y"
                         : span > 3 * 86400.0   ? "%e %b %Y"
                                                : "%e %b %H:%M";
    if (!gmtime_r(&seconds, &parts) || strftime(out, 32, format, &parts) == 0) out[0] = 0;
}

void wn_axis_text(const wn_axis *axis, double value, char out[32])
{
    double size = fabs(value);
    if (axis->scale == WN_SCALE_TIME)
        time_text(axis, value, out);
    else if (axis->scale == WN_SCALE_LOG_BYTES)
        wn_text_bytes((uint64_t)fmax(value, 0), out);
    else if (size >= 1e6)
        (void)snprintf(out, 32, "%.3g M", value / 1e6);
    else if (size >= 1e4)
        (void)snprintf(out, 32, "%.3g k", value / 1e3);
    else
        (void)snprintf(out, 32, "%.4g", size < 1e-9 ? 0.0 : value);
}

enum { WIDTH = 420, LEFT = 8, RIGHT = 8 };

static void open_chart(wn_page *page, int width, int height, const char *label)
{
    wn_page_format(page, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", width, height,
                   label);
}

/* Line, marks and their texts below y = `foot`; `left` and `width` in units of the drawing. */
static void draw_axis(wn_page *page, const wn_axis *axis, double left, double width, double top, double foot,
                      int wanted)
{
    double marks[12], last = -1e9;
    int n = wn_axis_marks(axis, wanted, marks);
    wn_page_format(page, "<path class=\"axis\" d=\"M%.1f %.1fh%.1f\"/>\n", left, foot, width);
    for (int i = 0; i < n; i++) {
        char text[32];
        double x = left + width * wn_axis_place(axis, marks[i]);
        wn_axis_text(axis, marks[i], text);
        const char *start = text[0] == ' ' ? text + 1 : text;
        double half = 0;
        for (const char *c = start; *c; c++) half += 3.1;
        wn_page_format(page, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, top, foot + 4);
        if (x - half < last + 6) continue;
        last = x + half;
        const char *anchor = x - half < 0 ? "start" : x + half > left + width + RIGHT ? "end" : "middle";
        wn_page_format(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                       anchor[0] == 'e' ? left + width + RIGHT : x, foot + 16, anchor, start);
    }
}

void wn_chart_histogram(wn_page *page, const wn_axis *axis, const double *all, const double *chosen, int bins,
                        const char *label)
{
    const double top = 8, foot = 118, width = WIDTH - LEFT - RIGHT, step = width / bins;
    double peak = 1e-12;
    for (int i = 0; i < bins; i++) peak = fmax(peak, fmax(all[i], chosen ? chosen[i] : 0));
    open_chart(page, WIDTH, 140, label);
    draw_axis(page, axis, LEFT, width, top, foot, 6);
    wn_page_markup(page, "<path class=\"all\" d=\"");
    for (int i = 0; i < bins; i++)
        if (all[i] > 0) {
            double high = fmax((foot - top) * all[i] / peak, 0.8);
            wn_page_format(page, "M%.1f %.1fv%.2fh%.2fv%.2fz", LEFT + step * i + 0.5, foot, -high, step - 1, high);
        }
    wn_page_markup(page, "\"/>\n");
    if (chosen) {
        wn_page_format(page, "<path class=\"chosen-outline\" d=\"M%d %.1f", LEFT, foot);
        for (int i = 0; i < bins; i++) wn_page_format(page, "V%.2fh%.2f", foot - (foot - top) * chosen[i] / peak, step);
        wn_page_format(page, "V%.1f\"/>\n", foot);
    }
    wn_page_markup(page, "</svg>\n");
}

void wn_chart_curve(wn_page *page, const wn_axis *x, const wn_axis *y, const double *xs, const double *ys, size_t n,
                    const char *x_title, const char *y_title, const char *label)
{
    const double top = 22, foot = 200, left = 48, width = 720 - left - 16;
    double marks[12];
    open_chart(page, 720, 240, label);
    int count = wn_axis_marks(y, 5, marks);
    for (int i = 0; i < count; i++) {
        char text[32];
        double at = foot - (foot - top) * wn_axis_place(y, marks[i]);
        wn_axis_text(y, marks[i], text);
        wn_page_format(
            page,
            "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            left, at, width, left - 6, at + 3.5, text);
    }
    draw_axis(page, x, left, width, foot, foot, 8);
    wn_page_format(page, "<text x=\"4\" y=\"12\">%s</text><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                   y_title, left + width, foot + 34, x_title);
    wn_page_markup(page, "<path class=\"line\" d=\"");
    for (size_t i = 0; i < n; i++)
        wn_page_format(page, "%c%.1f %.1f", i ? 'L' : 'M', left + width * wn_axis_place(x, xs[i]),
                       foot - (foot - top) * wn_axis_place(y, ys[i]));
    wn_page_markup(page, "\"/>\n");
    if (n < 40)
        for (size_t i = 0; i < n; i++)
            wn_page_format(page, "<circle class=\"chosen\" r=\"2.6\" cx=\"%.1f\" cy=\"%.1f\"/>",
                           left + width * wn_axis_place(x, xs[i]), foot - (foot - top) * wn_axis_place(y, ys[i]));
    wn_page_markup(page, "</svg>\n");
}

/* The line of one row, its dots and its mark. */
static void draw_strip(wn_page *page, const wn_axis *axis, const wn_chart_strip *strip, double left, double width,
                       double y)
{
    wn_page_format(page, "<path class=\"axis\" d=\"M%.1f %.1fh%.1f\"/>\n", left, y, width);
    for (size_t k = 0; k < strip->random_len; k++)
        wn_page_format(page, "<circle class=\"random\" r=\"5\" cx=\"%.1f\" cy=\"%.1f\"/>",
                       left + width * wn_axis_place(axis, strip->random[k]), y);
    double x = left + width * wn_axis_place(axis, strip->chosen);
    wn_page_format(page, "<path class=\"chosen\" d=\"M%.1f %.1fl6 8-6 8-6-8z\"/>\n", x, y - 8);
}

void wn_chart_strips(wn_page *page, const wn_axis *axis, const wn_chart_strip *strips, int n, const char *label)
{
    const double left = 12, width = 720 - 28, pitch = 52, top = 8;
    double foot = top + pitch * n + 4;
    open_chart(page, 720, (int)foot + 26, label);
    draw_axis(page, axis, left, width, top, foot, 8);
    for (int i = 0; i < n; i++) {
        double y = top + pitch * i + 33;
        wn_page_format(page, "<text class=\"strong\" x=\"%.1f\" y=\"%.1f\">%s</text>", left, y - 16, strips[i].title);
        draw_strip(page, axis, &strips[i], left, width, y);
    }
    wn_page_markup(page, "</svg>\n");
}

void wn_chart_strip_alone(wn_page *page, const wn_axis *axis, const wn_chart_strip *strip, const char *label)
{
    const double left = 12, width = WIDTH - 24;
    open_chart(page, WIDTH, 52, label);
    draw_axis(page, axis, left, width, 4, 32, 6);
    draw_strip(page, axis, strip, left, width, 16);
    wn_page_markup(page, "</svg>\n");
}
