/* SPDX-License-Identifier: Apache-2.0
 *
 * A map drawn into a file: PNG, or SVG whose dots stay dots up to 100,000 of them.
 *
 *     wn_plot plot = {.points = points, .title = "UMAP of 5,000 images", .colouring = WN_PLOT_CATEGORIES, ...};
 *     status = wn_plot_write("map.png", &plot, &err);
 */
#ifndef WINNOW_PLOT_H
#define WINNOW_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the colour of a dot tells. */
typedef enum wn_plot_colouring { WN_PLOT_PLAIN, WN_PLOT_CATEGORIES, WN_PLOT_NUMBERS } wn_plot_colouring;

/* A group that is pointed at: by the picture of one of its rows where there is one, else by its number. */
typedef struct wn_plot_mark {
    size_t row;
    const char *text; /* below it; may be NULL */
} wn_plot_mark;

/* The encoded image of a row (any format that winnow reads) as a new array, released with wn_free; WN_NOTFOUND when
 * there is none, which is no failure of the plot. */
typedef wn_status wn_plot_picture(void *context, size_t row, unsigned char **bytes, size_t *len, wn_error *err);

/* Pixels along the longer side of the file. */
enum { WN_PLOT_WIDTH_LEAST = 320, WN_PLOT_WIDTH_MOST = 6000, WN_PLOT_WIDTH_USUAL = 1600 };

/* Zero-initialise, then set. All pointers are borrowed. Text is UTF-8. */
typedef struct wn_plot {
    wn_matrix points;     /* rows x 2 or 3; a row with a NaN is not drawn */
    const char *title;    /* NULL = none */
    const char *note;     /* a line below it; NULL = none */
    const char *row_word; /* "images"; NULL = "rows" */
    wn_plot_colouring colouring;
    const char *colour_title; /* of the legend; NULL = none */
    const int32_t *codes;     /* of each row: its category, -1 = none */
    const char *const *names; /* of the categories; the ten most frequent get a colour each, the others one */
    size_t names_len;
    const char *none;     /* what rows without a category, or number, are called; NULL = "none" */
    const float *numbers; /* of each row, NaN = none */
    size_t width;         /* pixels, 0 = WN_PLOT_WIDTH_USUAL */
    double point_size;    /* diameter of a dot in pixels; 0 = by their number and density */
    const wn_plot_mark *marks;
    size_t marks_len;
    bool thumbnails; /* also pictures of as many rows as have room, each at its place */
    wn_plot_picture *picture;
    void *context;
} wn_plot;

/* Draws and writes; the suffix of the path chooses the kind. The same plot gives the same bytes. WN_INVALID for another
 * suffix, for values out of range and for points of other than 2 or 3 dimensions; WN_NOMEM, WN_IO. */
WN_API WN_NODISCARD wn_status wn_plot_write(const char *path, const wn_plot *plot, wn_error *err);

/* WN_INVALID when wn_plot_write would refuse the path for its suffix; for telling it before the work begins. */
WN_API WN_NODISCARD wn_status wn_plot_check_path(const char *path, wn_error *err);

/* Bytes that wn_plot_write allocates at most, nearly. */
WN_API uint64_t wn_plot_memory(const wn_plot *plot);

#ifdef __cplusplus
}
#endif
#endif
