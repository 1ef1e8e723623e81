/* SPDX-License-Identifier: Apache-2.0
 *
 * The surface of SVG text. Dots are written in a few batches, one path a colour and size in each: a line of no length
 * with round ends is a dot of ten bytes, and the batches keep one colour from covering all of another. Dots of one path
 * do not add up, so the density of very many shows through the batches only; beyond DOTS_MOST they are a picture.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "draw/colour.h"
#include "draw/surface.h"
#include "media/jpeg_writer.h"

enum { DOTS_MOST = 100000, BATCHES = 12, ALPHAS = 8, QUALITY = 82 };

typedef struct svg {
    wn_surface base;
    wn_buffer text;
} svg;

static const char *const anchors[] = {"start", "middle", "end"};

/* Text between tags or in quotes; what XML cannot hold is shown as \xHH. */
static void add_escaped(wn_buffer *out, const char *text)
{
    wn_buffer printable;
    wn_buffer_init(&printable, WN_MEMORY_TEXT, 0);
    wn_text_add_printable(&printable, text);
    for (const char *at = printable.len ? printable.data : ""; *at; at++) {
        const char *name = *at == '<' ? "&lt;" : *at == '>' ? "&gt;" : *at == '&' ? "&amp;" : *at == '"' ? "&quot;" : 0;
        if (name)
            wn_buffer_text(out, name);
        else
            wn_buffer_add(out, at, 1);
    }
    if (printable.status) out->status = printable.status;
    wn_buffer_clear(&printable);
}

static void add_base64(wn_buffer *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)(i + 1 < len ? bytes[i + 1] : 0) << 8 |
                         (uint32_t)(i + 2 < len ? bytes[i + 2] : 0);
        char four[4] = {digits[three >> 18], digits[three >> 12 & 63], i + 1 < len ? digits[three >> 6 & 63] : '=',
                        i + 2 < len ? digits[three & 63] : '='};
        wn_buffer_add(out, four, sizeof four);
    }
}

static void add_colour(wn_buffer *out, const char *what, uint32_t colour, float alpha)
{
    wn_buffer_format(out, " %s=\"#%06" PRIx32 "\"", what, colour);
    if (alpha < 0.999f) wn_buffer_format(out, " %s-opacity=\"%.3g\"", what, (double)alpha);
}

static void draw_rect(wn_surface *to, float x, float y, float width, float height, float radius, uint32_t colour,
                      float alpha)
{
    wn_buffer *out = &((svg *)to)->text;
    wn_buffer_format(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"", (double)x, (double)y,
                     (double)width, (double)height);
    if (radius > 0) wn_buffer_format(out, " rx=\"%.2f\"", (double)radius);
    add_colour(out, "fill", colour, alpha);
    wn_buffer_text(out, "/>\n");
}

static void draw_line(wn_surface *to, float x0, float y0, float x1, float y1, float width, uint32_t colour, float alpha)
{
    wn_buffer *out = &((svg *)to)->text;
    wn_buffer_format(out, "<path d=\"M%.2f %.2fL%.2f %.2f\" stroke-width=\"%.2f\"", (double)x0, (double)y0, (double)x1,
                     (double)y1, (double)width);
    add_colour(out, "stroke", colour, alpha);
    wn_buffer_text(out, "/>\n");
}

/* A dot as it is written: places in tenths of a pixel. */
typedef struct written {
    uint32_t colour;
    uint16_t width, alpha; /* tenths of a pixel; ALPHAS-ths */
    int32_t x, y;
} written;

static int compare_look(const written *a, const written *b)
{
    if (a->colour != b->colour) return a->colour < b->colour ? -1 : 1;
    if (a->width != b->width) return a->width < b->width ? -1 : 1;
    return (a->alpha > b->alpha) - (a->alpha < b->alpha);
}

/* Dots that look the same come together, from place to place in short steps. */
static int compare_written(const void *left, const void *right)
{
    const written *a = left, *b = right;
    int look = compare_look(a, b), row = a->y / 128 - b->y / 128;
    if (look) return look;
    if (row) return row;
    return a->x != b->x ? (a->x > b->x) - (a->x < b->x) : (a->y > b->y) - (a->y < b->y);
}

static void write_batch(wn_buffer *out, written *dots, size_t count)
{
    qsort(dots, count, sizeof *dots, compare_written);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_look(&dots[i - 1], &dots[i])) {
            wn_buffer_format(out, "%s<path stroke-width=\"%u\"", i ? "\"/>\n" : "", dots[i].width);
            add_colour(out, "stroke", dots[i].colour, (float)dots[i].alpha / ALPHAS);
            wn_buffer_format(out, " d=\"M%" PRId32 " %" PRId32 "h0", dots[i].x, dots[i].y);
            continue;
        }
        int32_t dx = dots[i].x - dots[i - 1].x, dy = dots[i].y - dots[i - 1].y;
        wn_buffer_format(out, dy < 0 ? "m%" PRId32 "%" PRId32 "h0" : "m%" PRId32 " %" PRId32 "h0", dx, dy);
    }
    if (count) wn_buffer_text(out, "\"/>\n");
}

static void draw_dots_as_picture(svg *to, const wn_dot *dots, size_t count)
{
    float low[2] = {INFINITY, INFINITY}, high[2] = {0, 0};
    wn_buffer file;
    for (size_t i = 0; i < count; i++) {
        low[0] = fminf(low[0], dots[i].x - 4), high[0] = fmaxf(high[0], dots[i].x + 4);
        low[1] = fminf(low[1], dots[i].y - 4), high[1] = fmaxf(high[1], dots[i].y + 4);
    }
    float left = fmaxf(0, floorf(low[0])), top = fmaxf(0, floorf(low[1]));
    size_t width = (size_t)ceilf(high[0] - left), height = (size_t)ceilf(high[1] - top);
    wn_buffer_init(&file, WN_MEMORY_IMAGE, 0);
    if (wn_raster_dots(dots, count, left, top, width, height, &file, NULL)) {
        to->base.failed = true;
    } else {
        wn_buffer_format(&to->text,
                         "<image x=\"%.0f\" y=\"%.0f\" width=\"%zu\" height=\"%zu\" href=\"data:image/png;base64,",
                         (double)left, (double)top, width, height);
        add_base64(&to->text, (const uint8_t *)file.data, file.len);
        wn_buffer_text(&to->text, "\"/>\n");
    }
    wn_buffer_clear(&file);
}

static void draw_dots(wn_surface *to, const wn_dot *dots, size_t count)
{
    svg *s = (svg *)to;
    if (count > DOTS_MOST) {
        draw_dots_as_picture(s, dots, count);
        return;
    }
    written *all = wn_alloc(WN_MEMORY_IMAGE, count, sizeof *all);
    if (!all) {
        to->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float alpha = roundf(dots[i].alpha * ALPHAS);
        all[i] = (written){dots[i].colour, (uint16_t)lroundf(dots[i].radius * 20), alpha < 1 ? 1 : (uint16_t)alpha,
                           (int32_t)lroundf(dots[i].x * 10), (int32_t)lroundf(dots[i].y * 10)};
    }
    wn_buffer_text(&s->text, "<g transform=\"scale(.1)\" fill=\"none\" stroke-linecap=\"round\">\n");
    for (size_t batch = 0; batch < BATCHES; batch++) {
        size_t begin = count * batch / BATCHES, end = count * (batch + 1) / BATCHES;
        write_batch(&s->text, all + begin, end - begin);
    }
    wn_buffer_text(&s->text, "</g>\n");
    wn_free(all);
}

static void draw_text(wn_surface *to, float x, float y, const char *text, const wn_text_style *style)
{
    wn_buffer *out = &((svg *)to)->text;
    wn_buffer_format(out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.2f\"", (double)x, (double)y, (double)style->size);
    if (style->anchor) wn_buffer_format(out, " text-anchor=\"%s\"", anchors[style->anchor]);
    add_colour(out, "fill", style->colour, 1);
    wn_buffer_text(out, ">");
    add_escaped(out, text);
    wn_buffer_text(out, "</text>\n");
}

static void draw_picture(wn_surface *to, float x, float y, float width, float height, const uint8_t *pixels,
                         size_t side)
{
    svg *s = (svg *)to;
    wn_buffer file;
    wn_buffer_init(&file, WN_MEMORY_IMAGE, 0);
    if (wn_jpeg_write(pixels, (int)side, (int)side, 3, QUALITY, &file, NULL)) {
        to->failed = true;
    } else {
        wn_buffer_format(&s->text,
                         "<image x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" preserveAspectRatio=\"none\" "
                         "href=\"data:image/jpeg;base64,",
                         (double)x, (double)y, (double)width, (double)height);
        add_base64(&s->text, (const uint8_t *)file.data, file.len);
        wn_buffer_text(&s->text, "\"/>\n");
    }
    wn_buffer_clear(&file);
}

static wn_status finish(wn_surface *to, wn_buffer *out, wn_error *err)
{
    svg *s = (svg *)to;
    wn_buffer_text(&s->text, "</svg>\n");
    if (!s->text.status && !to->failed) wn_buffer_add(out, s->text.data, s->text.len);
    if (s->text.status || to->failed || out->status) return wn_fail(err, WN_NOMEM, "no memory for the plot");
    return WN_OK;
}

static void free_svg(wn_surface *to)
{
    wn_buffer_clear(&((svg *)to)->text);
    wn_free(to);
}

static const wn_surface_type svg_type = {".svg",    draw_rect,    draw_line, draw_dots,
                                         draw_text, draw_picture, finish,    free_svg};

wn_status wn_svg_new(size_t width, size_t height, const char *title, wn_surface **out, wn_error *err)
{
    svg *s = wn_calloc(WN_MEMORY_IMAGE, 1, sizeof *s);
    if (!s) return wn_fail(err, WN_NOMEM, "out of memory");
    s->base = (wn_surface){.type = &svg_type, .width = width, .height = height};
    wn_buffer_init(&s->text, WN_MEMORY_IMAGE, 0);
    wn_buffer_format(&s->text,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" "
                     "font-family=\"'DejaVu Sans',Verdana,sans-serif\" role=\"img\">\n<title>",
                     width, height, width, height);
    add_escaped(&s->text, title);
    wn_buffer_text(&s->text, "</title>\n");
    *out = &s->base;
    draw_rect(*out, 0, 0, (float)width, (float)height, 0, WN_COLOUR_PAPER, 1);
    return WN_OK;
}
