/* SPDX-License-Identifier: Apache-2.0 */
#include "scenes/canvas.h"

#include <string.h>

#include "base/error.h"
#include "scenes/noise.h"
#include "winnow/memory.h"

wn_status wn_canvas_init(wn_canvas *canvas, int width, int height, wn_error *err)
{
    size_t cells = (size_t)(width + 2) * (size_t)height;
    *canvas = (wn_canvas){.width = width, .height = height};
    canvas->pixels = wn_calloc(WN_MEMORY_IMAGE, (size_t)width * (size_t)height, sizeof *canvas->pixels);
    canvas->coverage = wn_calloc(WN_MEMORY_IMAGE, cells, sizeof *canvas->coverage);
    if (canvas->pixels && canvas->coverage) return WN_OK;
    wn_canvas_clear(canvas);
    return wn_fail(err, WN_NOMEM, "no memory for a canvas of %d x %d", width, height);
}

void wn_canvas_clear(wn_canvas *canvas)
{
    wn_free(canvas->pixels);
    wn_free(canvas->coverage);
    *canvas = (wn_canvas){0};
}

wn_paint wn_paint_flat(wn_colour colour)
{
    return (wn_paint){.start = colour, .end = colour, .opacity = 1.0f};
}

wn_paint wn_paint_vertical(wn_colour top, wn_colour bottom, float y0, float y1)
{
    return (wn_paint){.start = top, .end = bottom, .from = {0, y0}, .to = {0, y1}, .opacity = 1.0f};
}

static wn_colour paint_shader(const void *context, float x, float y, float *opacity)
{
    const wn_paint *p = context;
    wn_colour colour = p->start;
    float dx = p->to.x - p->from.x, dy = p->to.y - p->from.y, length = dx * dx + dy * dy;
    if (length > 0.0f) {
        float t = ((x - p->from.x) * dx + (y - p->from.y) * dy) / length;
        colour = wn_colour_mix(colour, p->end, wn_clampf(t, 0.0f, 1.0f));
    }
    if (p->grain > 0.0f) {
        float n = wn_noise_sum(x / p->grain_x, y / p->grain_y, 2, p->seed);
        colour = wn_colour_scale(colour, wn_maxf(0.0f, 1.0f + p->grain * n));
    }
    *opacity = p->opacity > 0.0f ? p->opacity : 1.0f;
    return colour;
}

/* The cells that a polygon may touch. */
typedef struct bounds {
    int x0, y0, x1, y1;
} bounds;

static bool find_bounds(const wn_canvas *canvas, const wn_point *points, int n, bounds *out)
{
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;
    for (int i = 0; i < n; i++) {
        x0 = wn_minf(x0, points[i].x), x1 = wn_maxf(x1, points[i].x);
        y0 = wn_minf(y0, points[i].y), y1 = wn_maxf(y1, points[i].y);
    }
    float w = (float)canvas->width, h = (float)canvas->height;
    if (!(x0 < w && y0 < h && x1 > 0.0f && y1 > 0.0f)) return false;
    out->x0 = (int)wn_maxf(0.0f, floorf(x0)), out->y0 = (int)wn_maxf(0.0f, floorf(y0));
    out->x1 = (int)wn_minf(w, ceilf(x1)), out->y1 = (int)wn_minf(h, ceilf(y1));
    return out->x1 > out->x0 && out->y1 > out->y0;
}

/* Adds the part of an edge inside one row: from xa to xb over a height of d (signed). */
static void add_span(float *row, float xa, float xb, float d)
{
    float x0 = wn_minf(xa, xb), x1 = wn_maxf(xa, xb);
    int i = wn_floor_int(x0), end = wn_ceil_int(x1);
    float left = (float)i, right = (float)end;
    if (end <= i + 1) {
        float middle = 0.5f * (xa + xb) - left;
        row[i] += d - d * middle;
        row[i + 1] += d * middle;
        return;
    }
    float s = 1.0f / (x1 - x0), x0f = x0 - left, x1f = x1 - right + 1.0f;
    float first = 0.5f * s * (1.0f - x0f) * (1.0f - x0f), last = 0.5f * s * x1f * x1f;
    row[i] += d * first;
    if (end == i + 2) {
        row[i + 1] += d * (1.0f - first - last);
    } else {
        float second = s * (1.5f - x0f);
        row[i + 1] += d * (second - first);
        for (int k = i + 2; k < end - 1; k++) row[k] += d * s;
        row[end - 1] += d * (1.0f - (second + (float)(end - i - 3) * s) - last);
    }
    row[end] += d * last;
}

static void add_edge(wn_canvas *canvas, const bounds *box, wn_point a, wn_point b)
{
    if (a.y == b.y) return;
    float sign = a.y < b.y ? 1.0f : -1.0f;
    wn_point top = a.y < b.y ? a : b, bottom = a.y < b.y ? b : a;
    float slope = (bottom.x - top.x) / (bottom.y - top.y);
    int first = wn_floor_int(wn_maxf((float)box->y0, top.y)), last = wn_ceil_int(wn_minf((float)box->y1, bottom.y));
    float low = (float)box->x0, high = (float)box->x1;
    size_t pitch = (size_t)canvas->width + 2;
    for (int y = first; y < last; y++) {
        float ya = wn_maxf((float)y, top.y), yb = wn_minf((float)(y + 1), bottom.y);
        if (yb <= ya) continue;
        float xa = wn_clampf(top.x + (ya - top.y) * slope, low, high);
        float xb = wn_clampf(top.x + (yb - top.y) * slope, low, high);
        add_span(canvas->coverage + (size_t)y * pitch, xa, xb, (yb - ya) * sign);
    }
}

void wn_canvas_shade(wn_canvas *canvas, const wn_point *points, int n, wn_shader *shader, const void *context)
{
    bounds box;
    if (n < 3 || !find_bounds(canvas, points, n, &box)) return;
    for (int i = 0; i < n; i++) add_edge(canvas, &box, points[i], points[(i + 1) % n]);

    size_t pitch = (size_t)canvas->width + 2;
    for (int y = box.y0; y < box.y1; y++) {
        float *cells = canvas->coverage + (size_t)y * pitch;
        wn_colour *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        float sum = 0.0f;
        for (int x = box.x0; x < box.x1; x++) {
            sum += cells[x];
            float cover = wn_minf(fabsf(sum), 1.0f), opacity = 1.0f;
            if (cover < 0.004f) continue;
            wn_colour colour = shader(context, (float)x + 0.5f, (float)y + 0.5f, &opacity);
            row[x] = wn_colour_mix(row[x], colour, cover * opacity);
        }
        memset(cells + box.x0, 0, (size_t)(box.x1 - box.x0 + 2) * sizeof *cells);
    }
}

void wn_canvas_fill(wn_canvas *canvas, const wn_point *points, int n, const wn_paint *paint)
{
    wn_canvas_shade(canvas, points, n, paint_shader, paint);
}

void wn_canvas_ellipse(wn_canvas *canvas, wn_point centre, float rx, float ry, float angle, const wn_paint *paint)
{
    wn_point points[48];
    float size = wn_maxf(rx, ry);
    int n = size < 3.0f ? 10 : size < 20.0f ? 24 : 48;
    float c = cosf(angle), s = sinf(angle);
    for (int i = 0; i < n; i++) {
        float a = 2.0f * WN_PI_F * (float)i / (float)n, x = rx * cosf(a), y = ry * sinf(a);
        points[i] = wn_point_at(centre.x + x * c - y * s, centre.y + x * s + y * c);
    }
    wn_canvas_fill(canvas, points, n, paint);
}

void wn_canvas_rectangle(wn_canvas *canvas, float x0, float y0, float x1, float y1, const wn_paint *paint)
{
    const wn_point points[4] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
    wn_canvas_fill(canvas, points, 4, paint);
}

void wn_canvas_line(wn_canvas *canvas, wn_point a, wn_point b, float width_a, float width_b, const wn_paint *paint)
{
    float dx = b.x - a.x, dy = b.y - a.y, length = sqrtf(dx * dx + dy * dy);
    if (length < 1e-4f) return;
    float nx = -dy / length * 0.5f, ny = dx / length * 0.5f;
    const wn_point points[4] = {{a.x + nx * width_a, a.y + ny * width_a},
                                {b.x + nx * width_b, b.y + ny * width_b},
                                {b.x - nx * width_b, b.y - ny * width_b},
                                {a.x - nx * width_a, a.y - ny * width_a}};
    wn_canvas_fill(canvas, points, 4, paint);
}

void wn_canvas_blob(wn_canvas *canvas, wn_point centre, float radius, float ratio, float jag, int n, uint32_t seed,
                    const wn_paint *paint)
{
    wn_point points[24];
    float turn = 6.28f * wn_noise_cell(99, 0, seed);
    for (int i = 0; i < n; i++) {
        float a = turn + 2.0f * WN_PI_F * (float)i / (float)n;
        float r = radius * (1.0f + jag * (2.0f * wn_noise_cell(i, 1, seed) - 1.0f));
        points[i] = wn_point_at(centre.x + r * cosf(a), centre.y + r * ratio * sinf(a));
    }
    wn_canvas_fill(canvas, points, n, paint);
}

void wn_canvas_below(wn_canvas *canvas, const float *y, int until, wn_shader *shader, const void *context)
{
    float top = (float)canvas->height;
    for (int x = 0; x < canvas->width; x++) top = wn_minf(top, y[x]);
    if (until > canvas->height) until = canvas->height;
    for (int row = (int)wn_maxf(0.0f, floorf(top)); row < until; row++) {
        wn_colour *pixels = canvas->pixels + (size_t)row * (size_t)canvas->width;
        for (int x = 0; x < canvas->width; x++) {
            float cover = wn_clampf((float)(row + 1) - y[x], 0.0f, 1.0f), opacity = 1.0f;
            if (cover <= 0.0f) continue;
            wn_colour colour = shader(context, (float)x + 0.5f, (float)row + 0.5f, &opacity);
            pixels[x] = wn_colour_mix(pixels[x], colour, cover * opacity);
        }
    }
}

void wn_canvas_rows(wn_canvas *canvas, int y0, int y1, wn_shader *shader, const void *context)
{
    y0 = y0 < 0 ? 0 : y0;
    y1 = y1 > canvas->height ? canvas->height : y1;
    for (int y = y0; y < y1; y++) {
        wn_colour *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        for (int x = 0; x < canvas->width; x++) {
            float opacity = 1.0f;
            wn_colour colour = shader(context, (float)x + 0.5f, (float)y + 0.5f, &opacity);
            row[x] = opacity >= 1.0f ? colour : wn_colour_mix(row[x], colour, opacity);
        }
    }
}

/* Calls for every pixel of a spot with its weight, 1 at the centre and 0 at the rim. */
static void paint_spot(wn_canvas *canvas, wn_point centre, float rx, float ry, wn_colour colour, float opacity,
                       bool add)
{
    const wn_point corners[2] = {{centre.x - rx, centre.y - ry}, {centre.x + rx, centre.y + ry}};
    bounds box;
    if (!(rx > 0.0f && ry > 0.0f) || !find_bounds(canvas, corners, 2, &box)) return;
    for (int y = box.y0; y < box.y1; y++) {
        wn_colour *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        float v = ((float)y + 0.5f - centre.y) / ry;
        for (int x = box.x0; x < box.x1; x++) {
            float u = ((float)x + 0.5f - centre.x) / rx, d = 1.0f - (u * u + v * v);
            if (d <= 0.0f) continue;
            float weight = add ? d * d * d : d * d * (3.0f - 2.0f * d);
            row[x] = add ? wn_colour_add(row[x], wn_colour_scale(colour, weight))
                         : wn_colour_mix(row[x], colour, weight * opacity);
        }
    }
}

void wn_canvas_shadow(wn_canvas *canvas, wn_point centre, float rx, float ry, wn_colour colour, float opacity)
{
    paint_spot(canvas, centre, rx, ry, colour, opacity, false);
}

void wn_canvas_glow(wn_canvas *canvas, wn_point centre, float radius, wn_colour light)
{
    paint_spot(canvas, centre, radius, radius, light, 1.0f, true);
}

wn_colour wn_canvas_sample(const wn_canvas *canvas, float x, float y)
{
    x = wn_clampf(x - 0.5f, 0.0f, (float)(canvas->width - 1));
    y = wn_clampf(y - 0.5f, 0.0f, (float)(canvas->height - 1));
    int x0 = (int)x, y0 = (int)y;
    int x1 = x0 + 1 < canvas->width ? x0 + 1 : x0, y1 = y0 + 1 < canvas->height ? y0 + 1 : y0;
    const wn_colour *top = canvas->pixels + (size_t)y0 * (size_t)canvas->width;
    const wn_colour *bottom = canvas->pixels + (size_t)y1 * (size_t)canvas->width;
    return wn_colour_mix(wn_colour_mix(top[x0], top[x1], x - (float)x0),
                         wn_colour_mix(bottom[x0], bottom[x1], x - (float)x0), y - (float)y0);
}

/* One box pass over `n` pixels `step` apart; `line` holds n copies. The radius may be a fraction. */
static void box_pass(wn_colour *pixels, size_t step, int n, float radius, wn_colour *line)
{
    int whole = (int)radius;
    float part = radius - (float)whole, scale = 1.0f / (2.0f * radius + 1.0f);
    for (int i = 0; i < n; i++) line[i] = pixels[(size_t)i * step];
    wn_colour sum = {0};
    for (int i = -whole; i <= whole; i++) sum = wn_colour_add(sum, line[i < 0 ? 0 : i >= n ? n - 1 : i]);
    for (int i = 0; i < n; i++) {
        int left = i - whole - 1 < 0 ? 0 : i - whole - 1, right = i + whole + 1 >= n ? n - 1 : i + whole + 1;
        wn_colour rim = wn_colour_scale(wn_colour_add(line[left], line[right]), part);
        pixels[(size_t)i * step] = wn_colour_scale(wn_colour_add(sum, rim), scale);
        int leaving = i - whole < 0 ? 0 : i - whole;
        sum = wn_colour_add(sum, wn_colour_add(line[right], wn_colour_scale(line[leaving], -1.0f)));
    }
}

wn_status wn_canvas_blur(wn_canvas *canvas, float radius_x, float radius_y, int y0, int y1, wn_error *err)
{
    y0 = y0 < 0 ? 0 : y0;
    y1 = y1 > canvas->height ? canvas->height : y1;
    if (y1 <= y0) return WN_OK;
    int longest = canvas->width > canvas->height ? canvas->width : canvas->height;
    wn_colour *line = wn_alloc(WN_MEMORY_IMAGE, (size_t)longest, sizeof *line);
    if (!line) return wn_fail(err, WN_NOMEM, "no memory for a blur");
    size_t width = (size_t)canvas->width;
    wn_colour *first = canvas->pixels + (size_t)y0 * width;
    for (int pass = 0; pass < 3; pass++) {
        for (int y = 0; radius_x > 0.05f && y < y1 - y0; y++)
            box_pass(first + (size_t)y * width, 1, canvas->width, radius_x, line);
        for (size_t x = 0; radius_y > 0.05f && x < width; x++) box_pass(first + x, width, y1 - y0, radius_y, line);
    }
    wn_free(line);
    return WN_OK;
}

void wn_canvas_soften(wn_canvas *canvas, float share)
{
    size_t width = (size_t)canvas->width;
    for (int y = 0; y < canvas->height; y++) {
        wn_colour *row = canvas->pixels + (size_t)y * width, before = row[0];
        for (size_t x = 0; x < width; x++) {
            wn_colour here = row[x], after = row[x + 1 < width ? x + 1 : x];
            row[x] = wn_colour_mix(here, wn_colour_scale(wn_colour_add(before, after), 0.5f), share);
            before = here;
        }
    }
    /* Downwards each row takes from the one above, already softened, and the one below: a touch longer upwards. */
    for (int y = 1; y + 1 < canvas->height; y++) {
        wn_colour *row = canvas->pixels + (size_t)y * width;
        for (size_t x = 0; x < width; x++)
            row[x] = wn_colour_mix(row[x], wn_colour_scale(wn_colour_add(row[x - width], row[x + width]), 0.5f), share);
    }
}
