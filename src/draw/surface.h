/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a plot is drawn: pixels that become a PNG file, or the text of an SVG file. Lengths are pixels, y points
 * downwards. The first failure is kept and told at the end.
 */
#ifndef DRAW_SURFACE_H
#define DRAW_SURFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "winnow/status.h"

typedef struct wn_dot {
    float x, y, radius, alpha;
    uint32_t colour;
} wn_dot;

typedef enum wn_anchor { WN_ANCHOR_START, WN_ANCHOR_MIDDLE, WN_ANCHOR_END } wn_anchor;

typedef struct wn_text_style {
    float size;
    wn_anchor anchor;
    uint32_t colour;
} wn_text_style;

typedef struct wn_surface wn_surface;

typedef struct wn_surface_type {
    const char *suffix;
    void (*rect)(wn_surface *to, float x, float y, float width, float height, float radius, uint32_t colour,
                 float alpha);
    void (*line)(wn_surface *to, float x0, float y0, float x1, float y1, float width, uint32_t colour, float alpha);
    void (*dots)(wn_surface *to, const wn_dot *dots, size_t count); /* later ones cover earlier ones */
    void (*text)(wn_surface *to, float x, float y, const char *text, const wn_text_style *style);
    /* `pixels` is side x side RGB, stretched over the rectangle. */
    void (*picture)(wn_surface *to, float x, float y, float width, float height, const uint8_t *pixels, size_t side);
    wn_status (*finish)(wn_surface *to, wn_buffer *out, wn_error *err); /* adds the file to `out` */
    void (*free)(wn_surface *to);
} wn_surface_type;

struct wn_surface {
    const wn_surface_type *type;
    size_t width, height;
    bool failed; /* memory was short */
};

WN_NODISCARD wn_status wn_raster_new(size_t width, size_t height, wn_surface **out, wn_error *err);

/* `title` is what readers of the screen hear. */
WN_NODISCARD wn_status wn_svg_new(size_t width, size_t height, const char *title, wn_surface **out, wn_error *err);

/* Draws the dots as pixels into a PNG file of width x height, for an SVG file of very many. */
WN_NODISCARD wn_status wn_raster_dots(const wn_dot *dots, size_t count, float x, float y, size_t width, size_t height,
                                      wn_buffer *out, wn_error *err);

#endif
