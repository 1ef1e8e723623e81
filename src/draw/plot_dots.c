/* SPDX-License-Identifier: Apache-2.0
 *
 * From points to dots. Their size follows from the room that each has on the map, their strength from how many lie on
 * top of each other there, so that a hundred and a million both show where there is much and where there is little.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "draw/plot_parts.h"
#include "winnow/memory.h"

/* Cells along the longer side of the map for counting. */
enum { CELLS = 128, RIMMED_MOST = 3000 };

static const float strength_most = 0.85f, strength_least = 0.07f;
/* Maps of three dimensions are seen from their upper right. */
static const double turn = 0.6, tilt = 0.42, far_shrink = 0.45, far_fade = 0.62;

/* Where a point is seen: x to the right, y up, z towards the eye. */
static bool look_at(const float *point, size_t dims, double out[3])
{
    double x = (double)point[0], y = (double)point[1], z = dims == 3 ? (double)point[2] : 0;
    out[0] = x, out[1] = y, out[2] = 0;
    if (dims == 3) {
        double across = cos(turn) * x + sin(turn) * y, deep = cos(turn) * y - sin(turn) * x;
        out[0] = across, out[1] = cos(tilt) * z + sin(tilt) * deep, out[2] = sin(tilt) * z - cos(tilt) * deep;
    }
    return isfinite(out[0]) && isfinite(out[1]) && isfinite(out[2]);
}

static bool look_at_row(const wn_plot *plot, size_t row, double out[3])
{
    return look_at(wn_matrix_row(&plot->points, row), plot->points.cols, out);
}

typedef struct view {
    double low[3], high[3]; /* as seen */
    float box[2][3];        /* the least and the greatest coordinates of the points themselves */
    size_t count;
} view;

static void stretch(view *v, const double at[3])
{
    for (size_t c = 0; c < 3; c++) v->low[c] = fmin(v->low[c], at[c]), v->high[c] = fmax(v->high[c], at[c]);
}

static void find_corner(const view *v, unsigned corner, double out[3])
{
    const float point[3] = {v->box[corner & 1][0], v->box[corner >> 1 & 1][1], v->box[corner >> 2 & 1][2]};
    (void)look_at(point, 3, out);
}

/* What is seen; of three dimensions the box around the points. */
static view find_view(const wn_plot *plot)
{
    view v = {{INFINITY, INFINITY, INFINITY},
              {-INFINITY, -INFINITY, -INFINITY},
              {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}},
              0};
    for (size_t row = 0; row < plot->points.rows; row++) {
        const float *point = wn_matrix_row(&plot->points, row);
        double at[3];
        if (!look_at_row(plot, row, at)) continue;
        v.count++;
        stretch(&v, at);
        for (size_t c = 0; c < plot->points.cols; c++)
            v.box[0][c] = fminf(v.box[0][c], point[c]), v.box[1][c] = fmaxf(v.box[1][c], point[c]);
    }
    for (unsigned corner = 0; corner < 8 && v.count && plot->points.cols == 3; corner++) {
        double at[3];
        find_corner(&v, corner, at);
        stretch(&v, at);
    }
    return v;
}

float wn_plot_aspect(const wn_plot *plot)
{
    view v = find_view(plot);
    double width = v.high[0] - v.low[0], height = v.high[1] - v.low[1];
    if (!v.count || !(width > 0)) return 0.75f;
    return (float)fmin(1, fmax(0.62, height / width));
}

/* ---- density: points in cells of the map, smoothed over the eight around ---- */

typedef struct density {
    float *counts; /* CELLS x CELLS */
    float cell;    /* pixels */
    float left, top;
    double covered; /* pixels in cells that have a point or touch one that has */
} density;

static size_t cell_of(const density *d, float x, float y)
{
    float column = (x - d->left) / d->cell, row = (y - d->top) / d->cell;
    size_t c = column > 0 ? column < CELLS - 1 ? (size_t)column : CELLS - 1 : 0;
    size_t r = row > 0 ? row < CELLS - 1 ? (size_t)row : CELLS - 1 : 0;
    return r * CELLS + c;
}

static wn_status count_points(const wn_plotting *p, density *out, wn_error *err)
{
    float *raw = wn_calloc(WN_MEMORY_IMAGE, (size_t)CELLS * CELLS, sizeof *raw);
    *out = (density){.cell = fmaxf(p->width, p->height) / CELLS, .left = p->left, .top = p->top};
    out->counts = wn_calloc(WN_MEMORY_IMAGE, (size_t)CELLS * CELLS, sizeof *out->counts);
    if (!raw || !out->counts) {
        wn_free(raw);
        return wn_fail(err, WN_NOMEM, "no memory for the plot");
    }
    for (size_t i = 0; i < p->count; i++) raw[cell_of(out, p->dots[i].x, p->dots[i].y)]++;
    for (int row = 0; row < CELLS; row++)
        for (int column = 0; column < CELLS; column++) {
            float sum = 0;
            for (int r = row - 1; r <= row + 1; r++)
                for (int c = column - 1; c <= column + 1; c++)
                    if (r >= 0 && c >= 0 && r < CELLS && c < CELLS)
                        sum += raw[r * CELLS + c] * (r == row ? 2.0f : 1.0f) * (c == column ? 2.0f : 1.0f);
            out->counts[row * CELLS + column] = sum / 16;
            if (sum > 0) out->covered += (double)out->cell * (double)out->cell;
        }
    wn_free(raw);
    return WN_OK;
}

/* A dot of this radius: how strong, where `here` points lie in a cell around it. */
static float strength_at(float here, float cell, float radius)
{
    float layers = here * 3.14159f * radius * radius / (cell * cell);
    if (layers <= 1) return strength_most;
    return fmaxf(strength_least, fminf(strength_most, 1 - powf(0.04f, 1 / layers)));
}

static wn_status set_looks(wn_plotting *p, wn_error *err)
{
    density d = {0};
    float unit = p->unit;
    WN_TRY(count_points(p, &d, err));
    float radius = sqrtf(0.3f * (float)d.covered / (3.14159f * (float)p->count));
    radius = fminf(fmaxf(radius, 0.95f * unit), 7 * unit);
    if (p->plot->points.cols == 3) radius *= 1.35f; /* most are not in front */
    if (p->plot->point_size > 0) radius = (float)p->plot->point_size / 2;
    for (size_t i = 0; i < p->count; i++) {
        wn_dot *dot = &p->dots[i];
        float here = d.counts[cell_of(&d, dot->x, dot->y)], depth = dot->radius;
        int layer;
        uint32_t colour = wn_plot_colour_of(p, p->rows[i], &layer);
        float near = 1 - (float)far_fade * depth;
        dot->radius = radius * (1 - (float)far_shrink * depth);
        dot->alpha = strength_at(here, d.cell, dot->radius) * (layer == 0 ? 0.6f : 1.0f);
        dot->colour = wn_colour_mix(WN_COLOUR_PAPER, colour, near);
    }
    wn_free(d.counts);
    return WN_OK;
}

/* ---- order: rows of no category first, then in a random order, or from far to near ---- */

typedef struct turn_of {
    uint64_t key;
    size_t row;
} turn_of;

static int compare_turns(const void *left, const void *right)
{
    const turn_of *a = left, *b = right;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static size_t order_rows(const wn_plotting *p, const view *v, turn_of *out)
{
    size_t count = 0;
    double deep = v->high[2] - v->low[2];
    for (size_t row = 0; row < p->plot->points.rows; row++) {
        double at[3];
        int layer;
        if (!look_at_row(p->plot, row, at)) continue;
        (void)wn_plot_colour_of(p, row, &layer);
        uint64_t order = wn_rng_mix(row) >> 8;
        if (deep > 0) order = (uint64_t)((at[2] - v->low[2]) / deep * 0x1p40);
        out[count++] = (turn_of){(uint64_t)(deep > 0 ? 0 : layer) << 56 | order, row};
    }
    qsort(out, count, sizeof *out, compare_turns);
    return count;
}

/* One scale for both axes, in the middle of the box; the radius holds the depth until looks are set. */
static wn_dot put(const wn_plotting *p, const view *v, const double at[3])
{
    double pad = 0.035 * (double)fminf(p->width, p->height), middle[3], span[3];
    for (size_t c = 0; c < 3; c++) middle[c] = (v->low[c] + v->high[c]) / 2, span[c] = v->high[c] - v->low[c];
    double scale =
        fmin(((double)p->width - 2 * pad) / fmax(span[0], 1e-30), ((double)p->height - 2 * pad) / fmax(span[1], 1e-30));
    if (!(span[0] > 0) && !(span[1] > 0)) scale = 0;
    return (wn_dot){.x = (float)((double)p->left + (double)p->width / 2 + (at[0] - middle[0]) * scale),
                    .y = (float)((double)p->top + (double)p->height / 2 - (at[1] - middle[1]) * scale),
                    .radius = span[2] > 0 ? (float)((v->high[2] - at[2]) / span[2]) : 0};
}

static void place(wn_plotting *p, const view *v, const turn_of *order)
{
    for (size_t i = 0; i < p->count; i++) {
        double at[3];
        (void)look_at_row(p->plot, order[i].row, at);
        p->rows[i] = order[i].row;
        p->dots[i] = put(p, v, at);
    }
}

/* The edges of the box around points of three dimensions, fainter the farther they are. */
static void draw_box(wn_plotting *p, const view *v)
{
    for (unsigned corner = 0; corner < 8 && p->count > 1 && p->plot->points.cols == 3; corner++)
        for (unsigned axis = 1; axis < 8; axis *= 2) {
            double from[3], to[3];
            if (corner & axis) continue;
            find_corner(v, corner, from);
            find_corner(v, corner | axis, to);
            wn_dot a = put(p, v, from), b = put(p, v, to);
            p->to->type->line(p->to, a.x, a.y, b.x, b.y, 1.3f * p->unit, WN_COLOUR_OTHER,
                              0.75f - 0.3f * (a.radius + b.radius));
        }
}

/* Few dots get a rim of paper, so that each can be told from those below it. */
static wn_status add_rims(wn_plotting *p, wn_error *err)
{
    if (p->count == 0 || p->count > RIMMED_MOST || p->dots[p->count - 1].radius < 3.2f * p->unit) return WN_OK;
    wn_dot *dots = wn_alloc(WN_MEMORY_IMAGE, p->count * 2, sizeof *dots);
    size_t *rows = wn_alloc(WN_MEMORY_IMAGE, p->count * 2, sizeof *rows);
    if (!dots || !rows) {
        wn_free(dots);
        wn_free(rows);
        return wn_fail(err, WN_NOMEM, "no memory for the plot");
    }
    for (size_t i = 0; i < p->count; i++) {
        dots[2 * i] = dots[2 * i + 1] = p->dots[i];
        rows[2 * i] = rows[2 * i + 1] = p->rows[i];
        dots[2 * i].radius += 0.9f * p->unit, dots[2 * i].colour = WN_COLOUR_PAPER, dots[2 * i].alpha *= 0.9f;
    }
    wn_free(p->dots);
    wn_free(p->rows);
    p->dots = dots, p->rows = rows;
    p->count *= 2;
    return WN_OK;
}

wn_status wn_plot_place_dots(wn_plotting *p, wn_error *err)
{
    view v = find_view(p->plot);
    turn_of *order = wn_alloc(WN_MEMORY_IMAGE, v.count + 1, sizeof *order);
    p->count = v.count;
    p->rows = wn_alloc(WN_MEMORY_IMAGE, v.count + 1, sizeof *p->rows);
    p->dots = wn_alloc(WN_MEMORY_IMAGE, v.count + 1, sizeof *p->dots);
    if (!order || !p->rows || !p->dots) {
        wn_free(order);
        return wn_fail(err, WN_NOMEM, "no memory for a plot of %zu points", v.count);
    }
    (void)order_rows(p, &v, order);
    place(p, &v, order);
    wn_free(order);
    draw_box(p, &v);
    if (!p->count) return WN_OK;
    WN_TRY(set_looks(p, err));
    return add_rims(p, err);
}
