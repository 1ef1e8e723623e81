/* SPDX-License-Identifier: Apache-2.0
 *
 * Colours of rows and the legend that explains them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "draw/letters.h"
#include "draw/plot_parts.h"
#include "winnow/memory.h"

enum { SAMPLE_MOST = 65536, OTHERS = -1, NONE = -2 };

/* Twenty-fold is more than even steps show. */
static const double logarithmic_beyond = 20;

void wn_plot_colours_clear(wn_plot_colours *colours)
{
    wn_free(colours->of_code);
    wn_free(colours->is_named);
    *colours = (wn_plot_colours){0};
}

static bool is_drawn(const wn_plot *plot, size_t row)
{
    const float *point = wn_matrix_row(&plot->points, row);
    for (size_t c = 0; c < plot->points.cols; c++)
        if (!isfinite(point[c])) return false;
    return true;
}

/* ---- categories ---- */

static int compare_entries(const void *left, const void *right)
{
    const wn_plot_entry *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return (a->code > b->code) - (a->code < b->code);
}

static void add_entry(wn_plot_colours *colours, int32_t code, size_t count, uint32_t colour)
{
    if (count) colours->entries[colours->entries_len++] = (wn_plot_entry){code, count, colour};
}

/* The most frequent get a colour each. Where all do, the colour follows the number of the category, so that plots of
 * the same categories agree. */
static void name_colours(wn_plot_colours *colours, wn_plot_entry *all, size_t count, size_t none)
{
    size_t others = 0;
    if (count > WN_COLOUR_CATEGORIES) qsort(all, count, sizeof *all, compare_entries);
    for (size_t i = 0; i < count; i++) {
        bool named = i < WN_COLOUR_CATEGORIES;
        uint32_t colour = named ? wn_colour_categories[i] : WN_COLOUR_OTHER;
        colours->of_code[all[i].code] = colour;
        colours->is_named[all[i].code] = named;
        if (named)
            add_entry(colours, all[i].code, all[i].count, colour);
        else
            others += all[i].count;
    }
    add_entry(colours, OTHERS, others, WN_COLOUR_OTHER);
    add_entry(colours, NONE, none, wn_colour_mix(WN_COLOUR_FAINT, WN_COLOUR_OTHER, 0.35f));
}

static wn_status choose_categories(const wn_plot *plot, wn_plot_colours *colours, wn_error *err)
{
    size_t none = 0, names = plot->names_len;
    wn_plot_entry *all = wn_alloc(WN_MEMORY_IMAGE, names + 1, sizeof *all);
    colours->of_code = wn_calloc(WN_MEMORY_IMAGE, names + 1, sizeof *colours->of_code);
    colours->is_named = wn_calloc(WN_MEMORY_IMAGE, names + 1, 1);
    wn_status status = WN_OK;
    if (!all || !colours->of_code || !colours->is_named) {
        status = wn_fail(err, WN_NOMEM, "no memory for the colours of %zu categories", names);
    } else {
        for (size_t i = 0; i < names; i++) all[i] = (wn_plot_entry){(int32_t)i, 0, 0};
        for (size_t row = 0; row < plot->points.rows; row++) {
            if (!is_drawn(plot, row)) continue;
            if (plot->codes[row] < 0)
                none++;
            else
                all[plot->codes[row]].count++;
        }
        name_colours(colours, all, names, none);
    }
    wn_free(all);
    return status;
}

/* ---- numbers ---- */

static int compare_floats(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static double share_of(const wn_plot_colours *colours, double value)
{
    double low = colours->low, high = colours->high;
    if (!(high > low)) return 0.5;
    if (colours->logarithmic) return value > 0 ? log(value / low) / log(high / low) : 0;
    return (value - low) / (high - low);
}

static wn_status choose_range(const wn_plot *plot, wn_plot_colours *colours, wn_error *err)
{
    size_t step = plot->points.rows / SAMPLE_MOST + 1, len = 0;
    float *sample = wn_alloc(WN_MEMORY_IMAGE, plot->points.rows / step + 1, sizeof *sample);
    if (!sample) return wn_fail(err, WN_NOMEM, "no memory for the colours of %zu rows", plot->points.rows);
    for (size_t row = 0; row < plot->points.rows; row++) {
        if (!is_drawn(plot, row)) continue;
        bool number = isfinite(plot->numbers[row]);
        colours->numbers_len += number;
        colours->none_len += !number;
        if (number && row % step == 0) sample[len++] = plot->numbers[row];
    }
    if (len) {
        qsort(sample, len, sizeof *sample, compare_floats);
        size_t out = len > 50 ? len / 50 : 0;
        colours->low = (double)sample[out], colours->high = (double)sample[len - 1 - out];
        colours->logarithmic = colours->low > 0 && colours->high > logarithmic_beyond * colours->low;
    }
    wn_free(sample);
    for (size_t row = 0; row < plot->points.rows; row++) {
        if (!isfinite(plot->numbers[row]) || !is_drawn(plot, row)) continue;
        double share = share_of(colours, (double)plot->numbers[row]) * WN_PLOT_BINS;
        if (share < 0 || share > WN_PLOT_BINS) continue;
        colours->bins[share < WN_PLOT_BINS - 1 ? (size_t)share : WN_PLOT_BINS - 1]++;
    }
    return WN_OK;
}

wn_status wn_plot_choose_colours(wn_plotting *p, wn_error *err)
{
    switch (p->plot->colouring) {
    case WN_PLOT_CATEGORIES:
        return choose_categories(p->plot, &p->colours, err);
    case WN_PLOT_NUMBERS:
        return choose_range(p->plot, &p->colours, err);
    default:
        return WN_OK;
    }
}

uint32_t wn_plot_colour_of(const wn_plotting *p, size_t row, int *layer)
{
    const wn_plot *plot = p->plot;
    *layer = 2;
    if (plot->colouring == WN_PLOT_PLAIN) return WN_COLOUR_PLAIN;
    if (plot->colouring == WN_PLOT_NUMBERS && isfinite(plot->numbers[row]))
        return wn_colour_ramp((float)share_of(&p->colours, (double)plot->numbers[row]));
    if (plot->colouring == WN_PLOT_CATEGORIES && plot->codes[row] >= 0) {
        *layer = p->colours.is_named[plot->codes[row]] ? 2 : 1;
        return p->colours.of_code[plot->codes[row]];
    }
    *layer = 0;
    return wn_colour_mix(WN_COLOUR_FAINT, WN_COLOUR_OTHER, 0.35f);
}

/* ---- the legend ---- */

static void draw_categories(wn_plotting *p, float x, float y, float width)
{
    const wn_plot *plot = p->plot;
    const wn_plot_colours *colours = &p->colours;
    float unit = p->unit, line = 32 * unit;
    const wn_text_style name = {19 * unit, WN_ANCHOR_START, WN_COLOUR_INK};
    const wn_text_style count = {17 * unit, WN_ANCHOR_END, WN_COLOUR_QUIET};
    for (size_t i = 0; i < colours->entries_len; i++, y += line) {
        const wn_plot_entry *entry = &colours->entries[i];
        char number[32], others[64];
        const char *text = entry->code >= 0 ? plot->names[entry->code] : plot->none ? plot->none : "none";
        if (entry->code == OTHERS) {
            snprintf(others, sizeof others, "%zu others", plot->names_len - WN_COLOUR_CATEGORIES);
            text = others;
        }
        wn_text_count(entry->count, number);
        p->to->type->dots(p->to, &(wn_dot){x + 8 * unit, y - 6.5f * unit, 8 * unit, 1, entry->colour}, 1);
        float room = width - 26 * unit - wn_letters_width(number, count.size) - 12 * unit;
        wn_plot_text(p, x + 26 * unit, y, text, &name, room);
        p->to->type->text(p->to, x + width, y, number, &count);
    }
}

/* Round numbers between low and high: powers of ten and halves and fifths of them. */
static int find_ticks(const wn_plot_colours *colours, double out[12])
{
    double low = colours->low, high = colours->high, step;
    int count = 0;
    if (!(high > low)) {
        out[0] = low;
        return 1;
    }
    if (colours->logarithmic) {
        static const double leads[] = {1, 2, 5};
        int parts = high / low > 300 ? 1 : 3;
        for (int power = (int)floor(log10(low)); pow(10, power) <= high; power++) {
            for (int i = 0; i < parts; i++) {
                double tick = pow(10, power) * leads[i];
                if (tick >= low && tick <= high && count < 12) out[count++] = tick;
            }
        }
        return count;
    }
    step = pow(10, floor(log10((high - low) / 2)));
    if ((high - low) / step > 12) step *= 5;
    if ((high - low) / step > 6) step *= 2;
    double first = ceil(low / step);
    while (count < 12 && (first + count) * step <= high + step * 1e-9) {
        out[count] = (first + count) * step;
        count++;
    }
    return count;
}

static void write_number(double value, char out[32])
{
    double size = fabs(value);
    const char *suffix = size >= 1e9 ? "G" : size >= 1e6 ? "M" : size >= 1e4 ? "k" : "";
    double unit = size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : size >= 1e4 ? 1e3 : 1;
    snprintf(out, 32, "%.4g%s", fabs(value) < 1e-12 ? 0 : value / unit, suffix);
}

/* The ramp from bottom to top, beside it how many rows have which number. */
static void draw_ramp(wn_plotting *p, float x, float y, float width)
{
    const wn_plot_colours *colours = &p->colours;
    float unit = p->unit, height = 380 * unit, bar = 22 * unit, line = height / WN_PLOT_BINS;
    const wn_text_style text = {17 * unit, WN_ANCHOR_START, WN_COLOUR_QUIET};
    size_t most = 1;
    double ticks[12];
    char number[48];
    for (size_t i = 0; i < WN_PLOT_BINS; i++) most = colours->bins[i] > most ? colours->bins[i] : most;
    for (size_t i = 0; i < WN_PLOT_BINS; i++) {
        float at = y + height - line * (float)(i + 1);
        uint32_t colour = wn_colour_ramp(((float)i + 0.5f) / WN_PLOT_BINS);
        float share = (float)colours->bins[i] / (float)most;
        p->to->type->rect(p->to, x, at, bar, line + 0.5f, 0, colour, 1);
        if (colours->bins[i])
            p->to->type->rect(p->to, x + 120 * unit, at, 2 * unit + (width - 122 * unit) * share, line * 0.86f, 0,
                              colour, 0.75f);
    }
    int count = find_ticks(colours, ticks);
    for (int i = 0; i < count; i++) {
        float at = y + height - height * (float)share_of(colours, ticks[i]);
        write_number(ticks[i], number);
        p->to->type->line(p->to, x + bar, at, x + bar + 6 * unit, at, 1.2f * unit, WN_COLOUR_QUIET, 1);
        p->to->type->text(p->to, x + bar + 12 * unit, at + 6 * unit, number, &text);
    }
    if (!colours->none_len) return;
    y += height + 40 * unit;
    wn_plot_entry *none = &p->colours.entries[0];
    *none = (wn_plot_entry){NONE, colours->none_len, wn_colour_mix(WN_COLOUR_FAINT, WN_COLOUR_OTHER, 0.35f)};
    p->colours.entries_len = 1;
    draw_categories(p, x, y, width);
}

void wn_plot_draw_legend(wn_plotting *p, float x, float y, float width)
{
    float unit = p->unit;
    const wn_text_style title = {20 * unit, WN_ANCHOR_START, WN_COLOUR_QUIET};
    y += 20 * unit;
    if (p->plot->colour_title) {
        wn_plot_text(p, x, y, p->plot->colour_title, &title, width);
        y += 44 * unit;
    }
    if (p->plot->colouring == WN_PLOT_CATEGORIES)
        draw_categories(p, x, y, width);
    else if (p->colours.numbers_len)
        draw_ramp(p, x, y - 14 * unit, width);
    else
        wn_plot_text(p, x, y, "no row has a number", &title, width);
}
