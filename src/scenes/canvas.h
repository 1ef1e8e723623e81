/* SPDX-License-Identifier: Apache-2.0
 *
 * The rasteriser: a canvas of linear-light colours, polygons filled with exact area coverage (each edge adds its signed
 * area to the cells it crosses; a running sum along the row gives the coverage), strokes, soft spots, reflections and
 * blurs. Paint is drawn over what is there; there is no depth buffer.
 */
#ifndef SCENES_CANVAS_H
#define SCENES_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "scenes/vector.h"
#include "winnow/status.h"

typedef struct wn_canvas {
    int width, height;
    wn_colour *pixels; /* height x width */
    float *coverage;   /* scratch: height x (width + 2), all zero between calls */
} wn_canvas;

/* Colour of a filled shape: from `start` at `from` to `end` at `to` along the line between them (one colour where
 * they coincide), times 1 + grain * noise. */
typedef struct wn_paint {
    wn_colour start, end;
    wn_point from, to;
    float opacity;          /* 0 is taken as 1, so that a bare colour paints */
    float grain;            /* strength of the noise */
    float grain_x, grain_y; /* its size in pixels */
    uint32_t seed;
} wn_paint;

/* Gives the colour of a pixel centre; *opacity starts at 1 and may be lowered. */
typedef wn_colour wn_shader(const void *context, float x, float y, float *opacity);

WN_NODISCARD wn_status wn_canvas_init(wn_canvas *canvas, int width, int height, wn_error *err);
void wn_canvas_clear(wn_canvas *canvas);

/* One flat colour, opacity 1. */
wn_paint wn_paint_flat(wn_colour colour);

/* From `top` at y0 to `bottom` at y1. */
wn_paint wn_paint_vertical(wn_colour top, wn_colour bottom, float y0, float y1);

/* Fills a closed polygon; self-overlap of one direction counts once. */
void wn_canvas_fill(wn_canvas *canvas, const wn_point *points, int n, const wn_paint *paint);
void wn_canvas_shade(wn_canvas *canvas, const wn_point *points, int n, wn_shader *shader, const void *context);

/* Shapes made of polygons. `angle` in radians. */
void wn_canvas_ellipse(wn_canvas *canvas, wn_point centre, float rx, float ry, float angle, const wn_paint *paint);
void wn_canvas_rectangle(wn_canvas *canvas, float x0, float y0, float x1, float y1, const wn_paint *paint);
void wn_canvas_line(wn_canvas *canvas, wn_point a, wn_point b, float width_a, float width_b, const wn_paint *paint);

/* An outline of `n` (at most 24) corners at distances radius * (1 +- jag) from the centre, flattened by `ratio`. */
void wn_canvas_blob(wn_canvas *canvas, wn_point centre, float radius, float ratio, float jag, int n, uint32_t seed,
                    const wn_paint *paint);

/* Everything below the curve y[0 .. width) and above row `until`. */
void wn_canvas_below(wn_canvas *canvas, const float *y, int until, wn_shader *shader, const void *context);

/* Every pixel of rows [y0, y1). */
void wn_canvas_rows(wn_canvas *canvas, int y0, int y1, wn_shader *shader, const void *context);

/* A spot that fades to its rim: blended (shadow) or added (light). */
void wn_canvas_shadow(wn_canvas *canvas, wn_point centre, float rx, float ry, wn_colour colour, float opacity);
void wn_canvas_glow(wn_canvas *canvas, wn_point centre, float radius, wn_colour light);

/* Gaussian-like blur of radius `radius` pixels of the rows [y0, y1), by three box passes each way. */
WN_NODISCARD wn_status wn_canvas_blur(wn_canvas *canvas, float radius_x, float radius_y, int y0, int y1, wn_error *err);

/* A slight blur over the nearest neighbours: `share` of each pixel comes from them. */
void wn_canvas_soften(wn_canvas *canvas, float share);

/* The pixel at a place off the grid, edges repeated. */
wn_colour wn_canvas_sample(const wn_canvas *canvas, float x, float y);

#endif
