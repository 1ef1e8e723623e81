/* SPDX-License-Identifier: Apache-2.0 */
#include "draw/pixels.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

wn_status wn_pixels_make(wn_pixels *picture, size_t width, size_t height, uint32_t colour, wn_error *err)
{
    *picture = (wn_pixels){.width = width, .height = height};
    picture->pixels = wn_alloc(WN_MEMORY_IMAGE, width * height, 3 * sizeof *picture->pixels);
    if (!picture->pixels) return wn_fail(err, WN_NOMEM, "no memory for a picture of %zu x %zu", width, height);
    for (size_t i = 0; i < width * height * 3; i++) picture->pixels[i] = (float)(colour >> (16 - i % 3 * 8) & 255);
    return WN_OK;
}

void wn_pixels_clear(wn_pixels *picture)
{
    wn_free(picture->pixels);
    wn_free(picture->cover);
    *picture = (wn_pixels){0};
}

static void blend(float *pixel, const float colour[3], float alpha)
{
    for (size_t c = 0; c < 3; c++) pixel[c] += (colour[c] - pixel[c]) * alpha;
}

static void split(uint32_t colour, float out[3])
{
    for (size_t c = 0; c < 3; c++) out[c] = (float)(colour >> (16 - c * 8) & 255);
}

/* ---- polygons: each line adds what it covers of the pixels right of it; the sum along a row is the cover ---- */

typedef struct area {
    float *cover;
    size_t left, top, width, height; /* in the picture; a row of `cover` has two more */
} area;

static bool find_area(wn_pixels *picture, const wn_path *path, area *out)
{
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < path->len; i++) {
        low[0] = fminf(low[0], path->points[i].x), high[0] = fmaxf(high[0], path->points[i].x);
        low[1] = fminf(low[1], path->points[i].y), high[1] = fmaxf(high[1], path->points[i].y);
    }
    if (!(low[0] < (float)picture->width) || !(low[1] < (float)picture->height) || !(high[0] > 0) || !(high[1] > 0))
        return false;
    out->left = (size_t)fmaxf(0, floorf(low[0])), out->top = (size_t)fmaxf(0, floorf(low[1]));
    out->width = (size_t)fminf((float)picture->width, ceilf(high[0])) - out->left;
    out->height = (size_t)fminf((float)picture->height, ceilf(high[1])) - out->top;
    size_t room = (out->width + 2) * out->height;
    if (room > picture->cover_room) {
        wn_free(picture->cover);
        picture->cover = wn_alloc(WN_MEMORY_IMAGE, room, sizeof *picture->cover);
        picture->cover_room = picture->cover ? room : 0;
        if (!picture->cover) picture->failed = true;
    }
    out->cover = picture->cover;
    if (out->cover) memset(out->cover, 0, room * sizeof *out->cover);
    return out->cover && out->width && out->height;
}

/* The part of a line within one row of pixels: from (x0, y0) to (x1, y1), y measured in the row; `sign` its way. */
static void add_in_row(const area *to, size_t row, float x0, float y0, float x1, float y1, float sign)
{
    float *cover = to->cover + row * (to->width + 2), most = (float)to->width;
    if (x0 > x1) {
        float x = x0, y = y0;
        x0 = x1, x1 = x, y0 = y1, y1 = y;
    }
    float height = fabsf(y1 - y0) * sign, from = fminf(fmaxf(x0, 0), most), end = fminf(fmaxf(x1, 0), most);
    if (end - from < 1e-6f) {
        size_t x = (size_t)from;
        float right = (float)x + 1 - from;
        cover[x] += height * right, cover[x + 1] += height * (1 - right);
        return;
    }
    /* What lies left of the area counts at its edge, what lies right of it not at all. */
    float slope = height / (x1 - x0);
    if (x0 < 0) cover[0] += slope * fminf(-x0, x1 - x0);
    for (size_t x = (size_t)from; (float)x < end; x++) {
        float a = fmaxf(from, (float)x), b = fminf(end, (float)x + 1), part = slope * (b - a);
        float right = (float)x + 1 - (a + b) / 2;
        cover[x] += part * right, cover[x + 1] += part * (1 - right);
    }
}

static void add_line(const area *to, wn_point a, wn_point b)
{
    float sign = a.y < b.y ? 1 : -1;
    if (a.y > b.y) {
        wn_point swap = a;
        a = b, b = swap;
    }
    float ax = a.x - (float)to->left, ay = a.y - (float)to->top, bx = b.x - (float)to->left, by = b.y - (float)to->top;
    float top = fmaxf(ay, 0), bottom = fminf(by, (float)to->height);
    if (!(bottom > top)) return;
    float slope = (bx - ax) / (by - ay);
    for (size_t row = (size_t)top; (float)row < bottom; row++) {
        float y0 = fmaxf(top, (float)row), y1 = fminf(bottom, (float)row + 1);
        add_in_row(to, row, ax + (y0 - ay) * slope, y0, ax + (y1 - ay) * slope, y1, sign);
    }
}

void wn_pixels_fill(wn_pixels *picture, const wn_path *path, uint32_t colour, float alpha)
{
    area to = {0};
    float rgb[3];
    if (path->failed) picture->failed = true;
    if (path->failed || !path->contours || !find_area(picture, path, &to)) return;
    for (size_t c = 0, begin = 0; c < path->contours; begin = path->ends[c++])
        for (size_t i = begin; i < path->ends[c]; i++)
            add_line(&to, path->points[i], path->points[i + 1 < path->ends[c] ? i + 1 : begin]);
    split(colour, rgb);
    for (size_t row = 0; row < to.height; row++) {
        float sum = 0;
        const float *cover = to.cover + row * (to.width + 2);
        float *pixel = picture->pixels + ((to.top + row) * picture->width + to.left) * 3;
        for (size_t x = 0; x < to.width; x++, pixel += 3) {
            sum += cover[x];
            float covered = fminf(fabsf(sum), 1);
            if (covered > 1e-4f) blend(pixel, rgb, covered * alpha);
        }
    }
}

void wn_pixels_disc(wn_pixels *picture, float x, float y, float radius, uint32_t colour, float alpha)
{
    float rgb[3], reach;
    if (radius < 0.7f) {
        alpha *= radius * radius / 0.49f;
        radius = 0.7f;
    }
    reach = radius + 0.5f;
    if (!(x + reach > 0) || !(y + reach > 0) || !(x - reach < (float)picture->width) ||
        !(y - reach < (float)picture->height))
        return;
    split(colour, rgb);
    size_t left = (size_t)fmaxf(0, x - reach), top = (size_t)fmaxf(0, y - reach);
    size_t right = (size_t)fminf((float)picture->width, ceilf(x + reach));
    size_t bottom = (size_t)fminf((float)picture->height, ceilf(y + reach));
    float inner = radius > 0.5f ? (radius - 0.5f) * (radius - 0.5f) : 0, outer = reach * reach;
    for (size_t row = top; row < bottom; row++) {
        float dy = (float)row + 0.5f - y;
        float *pixel = picture->pixels + (row * picture->width + left) * 3;
        for (size_t column = left; column < right; column++, pixel += 3) {
            float dx = (float)column + 0.5f - x, d2 = dx * dx + dy * dy;
            if (d2 < inner)
                blend(pixel, rgb, alpha);
            else if (d2 < outer)
                blend(pixel, rgb, alpha * fminf(1, reach - sqrtf(d2)));
        }
    }
}

/* The mean of the source pixels that one target pixel covers. */
static void sample(const uint8_t *pixels, size_t width, size_t x0, size_t x1, size_t y0, size_t y1, float out[3])
{
    float sum[3] = {0}, count = (float)((x1 - x0) * (y1 - y0));
    for (size_t y = y0; y < y1; y++)
        for (size_t x = x0; x < x1; x++)
            for (size_t c = 0; c < 3; c++) sum[c] += (float)pixels[(y * width + x) * 3 + c];
    for (size_t c = 0; c < 3; c++) out[c] = sum[c] / count;
}

void wn_pixels_picture(wn_pixels *picture, float x, float y, float width, float height, const uint8_t *pixels,
                       size_t pixels_width, size_t pixels_height)
{
    long left = lroundf(x), top = lroundf(y), w = lroundf(width), h = lroundf(height);
    for (long row = 0; row < h; row++) {
        if (top + row < 0 || top + row >= (long)picture->height) continue;
        size_t y0 = (size_t)row * pixels_height / (size_t)h, y1 = ((size_t)row + 1) * pixels_height / (size_t)h;
        for (long column = 0; column < w; column++) {
            if (left + column < 0 || left + column >= (long)picture->width) continue;
            size_t x0 = (size_t)column * pixels_width / (size_t)w, x1 = ((size_t)column + 1) * pixels_width / (size_t)w;
            sample(pixels, pixels_width, x0, x1 > x0 ? x1 : x0 + 1, y0, y1 > y0 ? y1 : y0 + 1,
                   picture->pixels + ((size_t)(top + row) * picture->width + (size_t)(left + column)) * 3);
        }
    }
}

uint8_t *wn_pixels_bytes(const wn_pixels *picture)
{
    size_t count = picture->width * picture->height * 3;
    uint8_t *bytes = wn_alloc(WN_MEMORY_IMAGE, count, 1);
    for (size_t i = 0; bytes && i < count; i++) bytes[i] = (uint8_t)(picture->pixels[i] + 0.5f);
    return bytes;
}
