/* SPDX-License-Identifier: Apache-2.0
 *
 * Run lengths alternate between 0 and 1 and begin with 0, so the first may be 0 long.
 */
#include "interop/mask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool wn_mask_fills(const uint32_t *runs, size_t count, int32_t width, int32_t height)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += runs[i];
    return width > 0 && height > 0 && sum == (uint64_t)width * (uint64_t)height && sum <= WN_MASK_PIXELS_MAX;
}

uint64_t wn_mask_area(const uint32_t *runs, size_t count)
{
    uint64_t area = 0;
    for (size_t i = 1; i < count; i += 2) area += runs[i];
    return area;
}

double wn_mask_polygon_area(const float *points, size_t count)
{
    double area = 0;
    for (size_t at = 0; at < count;) {
        size_t end = at;
        double twice = 0;
        while (end < count && !isnan(points[end])) end += 2;
        for (size_t i = at; i < end; i += 2) { /* the shoelace formula */
            size_t next = i + 2 < end ? i + 2 : at;
            twice += (double)points[i] * (double)points[next + 1] - (double)points[next] * (double)points[i + 1];
        }
        area += fabs(twice) / 2;
        at = end + 2;
    }
    return area;
}

/* Draws runs in which pixel i of the run order is at (i % inner) * step + (i / inner) * jump. */
static void draw_runs(const uint32_t *runs, size_t count, size_t inner, size_t step, size_t jump, uint8_t *out)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (uint32_t n = runs[i]; n > 0; n--, at++) out[at % inner * step + at / inner * jump] = i % 2;
}

static void read_runs(const uint8_t *pixels, size_t len, size_t inner, size_t step, size_t jump, wn_buffer *out)
{
    uint32_t run = 0;
    uint8_t value = 0;
    for (size_t at = 0; at < len; at++) {
        if (pixels[at % inner * step + at / inner * jump] != value) {
            wn_buffer_add(out, &run, sizeof run);
            value = !value;
            run = 0;
        }
        run++;
    }
    wn_buffer_add(out, &run, sizeof run);
}

static bool transpose(const uint32_t *runs, size_t count, int32_t width, int32_t height, bool from_columns,
                      wn_buffer *out)
{
    if (!wn_mask_fills(runs, count, width, height)) return false;
    size_t w = (size_t)width, h = (size_t)height;
    uint8_t *pixels = wn_alloc(WN_MEMORY_IMAGE, w * h, 1);
    if (!pixels) {
        out->status = WN_NOMEM;
        return false;
    }
    if (from_columns) {
        draw_runs(runs, count, h, w, 1, pixels);
        read_runs(pixels, w * h, w, 1, w, out);
    } else {
        draw_runs(runs, count, w, 1, w, pixels);
        read_runs(pixels, w * h, h, w, 1, out);
    }
    wn_free(pixels);
    return out->status == WN_OK;
}

bool wn_mask_from_columns(const uint32_t *runs, size_t count, int32_t width, int32_t height, wn_buffer *out)
{
    return transpose(runs, count, width, height, true, out);
}

bool wn_mask_to_columns(const uint32_t *runs, size_t count, int32_t width, int32_t height, wn_buffer *out)
{
    return transpose(runs, count, width, height, false, out);
}

bool wn_mask_parse_text(const char *text, size_t len, wn_buffer *out)
{
    size_t at = 0, count = 0;
    while (at < len) {
        int64_t value = 0;
        int shift = 0;
        bool more = true;
        while (more) {
            if (at == len || shift > 30 || text[at] < '0' || text[at] > '0' + 63) return false;
            int64_t bits = text[at++] - '0';
            value |= (bits & 31) << shift;
            shift += 5;
            more = bits & 32;
            if (!more && (bits & 16)) value -= (int64_t)1 << shift;
        }
        if (count > 2) {
            uint32_t before;
            memcpy(&before, out->data + out->len - 2 * sizeof before, sizeof before);
            value += before;
        }
        if (value < 0 || value > UINT32_MAX) return false;
        uint32_t run = (uint32_t)value;
        if (wn_buffer_add(out, &run, sizeof run)) return false;
        count++;
    }
    return count > 0;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Where the edges of the ring cross the line through the pixel centres of row `y`. */
static size_t cross_row(const float *points, size_t corners, float y, float *crossings)
{
    size_t found = 0;
    for (size_t i = 0; i < corners; i++) {
        const float *a = points + 2 * i, *b = points + 2 * ((i + 1) % corners);
        if ((a[1] <= y) == (b[1] <= y)) continue;
        crossings[found++] = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
    }
    qsort(crossings, found, sizeof *crossings, compare_floats);
    return found;
}

bool wn_mask_draw_ring(const float *points, size_t count, int32_t width, int32_t height, uint8_t *out)
{
    size_t corners = count / 2;
    if (corners < 3) return true;
    float *crossings = wn_alloc(WN_MEMORY_IMAGE, corners, sizeof *crossings);
    if (!crossings) return false;
    for (int32_t y = 0; y < height; y++) {
        size_t found = cross_row(points, corners, (float)y + 0.5f, crossings);
        for (size_t i = 0; i + 1 < found; i += 2) {
            float from = fmaxf(ceilf(crossings[i] - 0.5f), 0),
                  to = fminf(fmaxf(ceilf(crossings[i + 1] - 0.5f), 0), (float)width);
            uint8_t *row = out + (size_t)y * (size_t)width;
            for (int32_t x = (int32_t)fminf(from, (float)width); x < (int32_t)to; x++) row[x] = !row[x];
        }
    }
    wn_free(crossings);
    return true;
}

bool wn_annotation_draw_mask(const wn_annotations *set, const wn_annotation_item *item, int32_t width, int32_t height,
                             uint8_t *out)
{
    if (width <= 0 || height <= 0 || (size_t)width * (size_t)height > WN_MASK_PIXELS_MAX) return false;
    if (item->mask.count) {
        const uint32_t *runs = set->runs + item->mask.first;
        if (!wn_mask_fills(runs, item->mask.count, width, height)) return false;
        draw_runs(runs, item->mask.count, (size_t)width, 1, (size_t)width, out);
        return true;
    }
    if (!item->polygon.count || (item->flags & WN_ITEM_RELATIVE)) return false;
    memset(out, 0, (size_t)width * (size_t)height);
    const float *points = set->numbers + item->polygon.first;
    for (size_t at = 0; at < item->polygon.count;) {
        size_t end = at;
        while (end < item->polygon.count && !isnan(points[end])) end += 2;
        if (!wn_mask_draw_ring(points + at, end - at, width, height, out)) return false;
        at = end + 2;
    }
    return true;
}

bool wn_mask_from_rings(const wn_annotations *set, const wn_annotation_item *item, int32_t width, int32_t height,
                        wn_buffer *out)
{
    const bool drawn = item->polygon.count && !item->mask.count && !(item->flags & WN_ITEM_RELATIVE);
    if (!drawn || width <= 0 || height <= 0 || (size_t)width * (size_t)height > WN_MASK_PIXELS_MAX) return false;
    const size_t w = (size_t)width, len = w * (size_t)height;
    uint8_t *pixels = wn_alloc(WN_MEMORY_IMAGE, len, 1);
    if (pixels && wn_annotation_draw_mask(set, item, width, height, pixels)) {
        read_runs(pixels, len, w, 1, w, out);
    } else
        out->status = WN_NOMEM;
    wn_free(pixels);
    return out->status == WN_OK;
}
