/* SPDX-License-Identifier: Apache-2.0
 *
 * The surface of pixels.
 */
#include "base/error.h"
#include "draw/colour.h"
#include "draw/letters.h"
#include "draw/pixels.h"
#include "draw/surface.h"
#include "media/vips_writer.h"
#include "winnow/media.h"

typedef struct raster {
    wn_surface base;
    wn_pixels picture;
    wn_path path;
} raster;

static void draw_rect(wn_surface *to, float x, float y, float width, float height, float radius, uint32_t colour,
                      float alpha)
{
    raster *r = (raster *)to;
    wn_path_reset(&r->path);
    wn_path_rect(&r->path, x, y, width, height, radius);
    wn_pixels_fill(&r->picture, &r->path, colour, alpha);
}

static void draw_line(wn_surface *to, float x0, float y0, float x1, float y1, float width, uint32_t colour, float alpha)
{
    raster *r = (raster *)to;
    wn_path_reset(&r->path);
    wn_path_line(&r->path, x0, y0, x1, y1, width);
    wn_pixels_fill(&r->picture, &r->path, colour, alpha);
}

static void draw_dots(wn_surface *to, const wn_dot *dots, size_t count)
{
    raster *r = (raster *)to;
    for (size_t i = 0; i < count; i++)
        wn_pixels_disc(&r->picture, dots[i].x, dots[i].y, dots[i].radius, dots[i].colour, dots[i].alpha);
}

static void draw_letters(raster *r, float x, float y, const char *text, float size, uint32_t colour)
{
    wn_path_reset(&r->path);
    wn_letters_trace(text, x, y, size, &r->path);
    wn_pixels_fill(&r->picture, &r->path, colour, 1);
}

static void draw_text(wn_surface *to, float x, float y, const char *text, const wn_text_style *style)
{
    raster *r = (raster *)to;
    if (style->anchor != WN_ANCHOR_START)
        x -= wn_letters_width(text, style->size) * (style->anchor == WN_ANCHOR_MIDDLE ? 0.5f : 1.0f);
    draw_letters(r, x, y, text, style->size, style->colour);
}

static void draw_picture(wn_surface *to, float x, float y, float width, float height, const uint8_t *pixels,
                         size_t side)
{
    wn_pixels_picture(&((raster *)to)->picture, x, y, width, height, pixels, side, side);
}

static wn_status write_png(wn_pixels *picture, wn_buffer *out, wn_error *err)
{
    uint8_t *bytes = picture->failed ? NULL : wn_pixels_bytes(picture);
    if (!bytes) return wn_fail(err, WN_NOMEM, "no memory for a picture of %zu x %zu", picture->width, picture->height);
    wn_status status = wn_media_init(err);
    if (!status) status = wn_vips_write(bytes, (int)picture->width, (int)picture->height, ".png", out, err);
    wn_free(bytes);
    return status;
}

static wn_status finish(wn_surface *to, wn_buffer *out, wn_error *err)
{
    return write_png(&((raster *)to)->picture, out, err);
}

static void free_raster(wn_surface *to)
{
    raster *r = (raster *)to;
    wn_pixels_clear(&r->picture);
    wn_path_clear(&r->path);
    wn_free(r);
}

static const wn_surface_type raster_type = {".png",    draw_rect,    draw_line, draw_dots,
                                            draw_text, draw_picture, finish,    free_raster};

wn_status wn_raster_new(size_t width, size_t height, wn_surface **out, wn_error *err)
{
    raster *r = wn_calloc(WN_MEMORY_IMAGE, 1, sizeof *r);
    if (!r) return wn_fail(err, WN_NOMEM, "out of memory");
    r->base = (wn_surface){.type = &raster_type, .width = width, .height = height};
    wn_status status = wn_pixels_make(&r->picture, width, height, WN_COLOUR_PAPER, err);
    if (status) {
        wn_free(r);
        return status;
    }
    *out = &r->base;
    return WN_OK;
}

wn_status wn_raster_dots(const wn_dot *dots, size_t count, float x, float y, size_t width, size_t height,
                         wn_buffer *out, wn_error *err)
{
    wn_pixels picture;
    WN_TRY(wn_pixels_make(&picture, width, height, WN_COLOUR_PAPER, err));
    for (size_t i = 0; i < count; i++)
        wn_pixels_disc(&picture, dots[i].x - x, dots[i].y - y, dots[i].radius, dots[i].colour, dots[i].alpha);
    wn_status status = write_png(&picture, out, err);
    wn_pixels_clear(&picture);
    return status;
}
