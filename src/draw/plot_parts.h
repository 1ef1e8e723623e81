/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of a plot: colours and legend, dots, pictures.
 */
#ifndef DRAW_PLOT_PARTS_H
#define DRAW_PLOT_PARTS_H

#include "draw/colour.h"
#include "draw/surface.h"
#include "winnow/plot.h"

/* A line of the legend. */
typedef struct wn_plot_entry {
    int32_t code; /* -1 = the others, -2 = none */
    size_t count;
    uint32_t colour;
} wn_plot_entry;

typedef struct wn_plot_colours {
    uint32_t *of_code; /* names_len */
    uint8_t *is_named; /* names_len: has a colour of its own */
    wn_plot_entry entries[WN_COLOUR_CATEGORIES + 2];
    size_t entries_len;
    double low, high; /* of the ramp, between the outermost 2 % of the numbers */
    bool logarithmic;
    size_t numbers_len, none_len; /* rows with and without a number */
    size_t bins[32];              /* of the numbers between low and high */
} wn_plot_colours;

typedef struct wn_plotting {
    const wn_plot *plot;
    wn_surface *to;
    float unit;                     /* pixels, of a file that is WN_PLOT_WIDTH_USUAL wide */
    float left, top, width, height; /* of the map in the file */
    wn_plot_colours colours;
    wn_dot *dots; /* in the order in which they are drawn */
    size_t *rows; /* of the dots */
    size_t count;
} wn_plotting;

enum { WN_PLOT_BINS = 32 };

/* Which colour each row has; entries of the legend. */
WN_NODISCARD wn_status wn_plot_choose_colours(wn_plotting *plotting, wn_error *err);
void wn_plot_colours_clear(wn_plot_colours *colours);

/* Colour of a row, and how early it is drawn: 0 = none, 1 = others, 2. */
uint32_t wn_plot_colour_of(const wn_plotting *plotting, size_t row, int *layer);

/* Draws the legend with its left upper corner at (x, y). */
void wn_plot_draw_legend(wn_plotting *plotting, float x, float y, float width);

/* Height over width of what will be drawn, between 0.62 and 1. */
float wn_plot_aspect(const wn_plot *plot);

/* Places the dots in the map's box: sizes and strengths by their density, depth by size, order and strength. */
WN_NODISCARD wn_status wn_plot_place_dots(wn_plotting *plotting, wn_error *err);

/* Thumbnails and marks. */
WN_NODISCARD wn_status wn_plot_draw_pictures(wn_plotting *plotting, wn_error *err);

/* Text cut to a width, with an ellipsis. */
void wn_plot_text(wn_plotting *plotting, float x, float y, const char *text, const wn_text_style *style, float width);

#endif
