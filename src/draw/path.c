/* SPDX-License-Identifier: Apache-2.0 */
#include "draw/path.h"

#include <math.h>
#include <stdint.h>

#include "winnow/memory.h"

enum { CURVE_STEPS_MOST = 24 };

/* One more of `size` bytes; NULL (and failed) when memory is short. */
static bool grow(wn_path *path, void **items, size_t len, size_t *room, size_t size)
{
    if (path->failed) return false;
    if (len < *room) return true;
    size_t more = *room ? *room * 2 : 64;
    void *bigger = wn_realloc(WN_MEMORY_IMAGE, *items, more, size);
    if (!bigger) {
        path->failed = true;
        return false;
    }
    *items = bigger;
    *room = more;
    return true;
}

void wn_path_to(wn_path *path, float x, float y)
{
    void *items = path->points;
    if (!grow(path, &items, path->len, &path->room, sizeof *path->points)) return;
    path->points = items;
    path->points[path->len++] = (wn_point){x, y};
}

void wn_path_curve(wn_path *path, float cx, float cy, float x, float y)
{
    if (path->failed || !path->len) return;
    wn_point from = path->points[path->len - 1];
    /* The curve leaves its chord by a quarter of this; steps keep the lines within a tenth of a pixel. */
    float bend = hypotf(from.x - 2 * cx + x, from.y - 2 * cy + y);
    int steps = 1 + (int)sqrtf(bend * 2.5f);
    if (steps > CURVE_STEPS_MOST) steps = CURVE_STEPS_MOST;
    for (int i = 1; i <= steps; i++) {
        float t = (float)i / (float)steps, u = 1 - t;
        wn_path_to(path, u * u * from.x + 2 * u * t * cx + t * t * x, u * u * from.y + 2 * u * t * cy + t * t * y);
    }
}

void wn_path_close(wn_path *path)
{
    size_t begin = path->contours ? path->ends[path->contours - 1] : 0;
    void *items = path->ends;
    if (path->len == begin || !grow(path, &items, path->contours, &path->contour_room, sizeof *path->ends)) return;
    path->ends = items;
    path->ends[path->contours++] = path->len;
}

void wn_path_rect(wn_path *path, float x, float y, float width, float height, float radius)
{
    float r = fminf(radius, fminf(width, height) / 2), right = x + width, bottom = y + height;
    if (!(width > 0) || !(height > 0)) return;
    /* Corners by two curves each would be rounder; one is enough at these sizes. */
    wn_path_to(path, x + r, y);
    wn_path_to(path, right - r, y);
    if (r > 0) wn_path_curve(path, right, y, right, y + r);
    wn_path_to(path, right, bottom - r);
    if (r > 0) wn_path_curve(path, right, bottom, right - r, bottom);
    wn_path_to(path, x + r, bottom);
    if (r > 0) wn_path_curve(path, x, bottom, x, bottom - r);
    wn_path_to(path, x, y + r);
    if (r > 0) wn_path_curve(path, x, y, x + r, y);
    wn_path_close(path);
}

void wn_path_line(wn_path *path, float x0, float y0, float x1, float y1, float width)
{
    float dx = x1 - x0, dy = y1 - y0, length = hypotf(dx, dy);
    if (!(length > 0)) return;
    float nx = -dy / length * width / 2, ny = dx / length * width / 2;
    wn_path_to(path, x0 + nx, y0 + ny);
    wn_path_to(path, x1 + nx, y1 + ny);
    wn_path_to(path, x1 - nx, y1 - ny);
    wn_path_to(path, x0 - nx, y0 - ny);
    wn_path_close(path);
}

void wn_path_reset(wn_path *path)
{
    path->len = path->contours = 0;
}

void wn_path_clear(wn_path *path)
{
    wn_free(path->points);
    wn_free(path->ends);
    *path = (wn_path){0};
}
