/* SPDX-License-Identifier: Apache-2.0
 *
 * libpng does the work; it reports errors by longjmp, so the functions between setjmp and the end own nothing.
 */
#include "interop/mask_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "winnow/memory.h"

/* A picture of more pixels is refused before there is room for it. */
#define PIXELS_MAX ((size_t)1 << 26)

/* Bytes in memory, and what went wrong. */
typedef struct png_job {
    const uint8_t *bytes;
    size_t len, at;
    wn_buffer *out; /* while writing */
    char message[160];
} png_job;

static void take_error(png_structp png, png_const_charp text)
{
    png_job *job = png_get_error_ptr(png);
    snprintf(job->message, sizeof job->message, "%s", text);
    png_longjmp(png, 1);
}

static void take_warning(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t len)
{
    png_job *job = png_get_io_ptr(png);
    if (len > job->len - job->at) png_error(png, "the file ends too early");
    memcpy(out, job->bytes + job->at, len);
    job->at += len;
}

/* ---- reading ---- */

/* Where libpng reads into; owned by the caller, who releases it also after an error. */
typedef struct reading {
    png_structp png;
    png_infop info;
    wn_mask_picture *out;
    png_bytep *rows;
    wn_status status;
} reading;

static void read_head(reading *r)
{
    png_byte type;
    png_read_info(r->png, r->info);
    type = png_get_color_type(r->png, r->info);
    r->out->width = (int32_t)png_get_image_width(r->png, r->info);
    r->out->height = (int32_t)png_get_image_height(r->png, r->info);
    r->out->bits = png_get_bit_depth(r->png, r->info);
    if (type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY) {
        r->status = WN_INVALID;
        png_error(r->png, "a picture of colours, where a mask has a palette or grey values");
    }
    if ((size_t)r->out->width * (size_t)r->out->height > PIXELS_MAX) {
        r->status = WN_LIMIT;
        png_error(r->png, "too many pixels for a mask");
    }
}

/* Values of 8 bits lie in the second half of each row's room, so they are spread from the left. */
static void read_values(reading *r)
{
    size_t width = (size_t)r->out->width, height = (size_t)r->out->height, shift = r->out->bits == 16 ? 0 : width;
    png_set_packing(r->png);
    png_set_swap(r->png);
    (void)png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != (r->out->bits == 16 ? 2 * width : width))
        png_error(r->png, "rows of an unexpected length");
    r->out->values = wn_calloc(WN_MEMORY_IMAGE, width * height, sizeof *r->out->values);
    r->rows = wn_alloc(WN_MEMORY_IMAGE, height, sizeof *r->rows);
    if (!r->out->values || !r->rows) {
        r->status = WN_NOMEM;
        png_error(r->png, "no memory for it");
    }
    for (size_t y = 0; y < height; y++) r->rows[y] = (png_bytep)(r->out->values + y * width) + shift;
    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
    for (size_t y = 0; y < height && shift; y++) {
        uint16_t *row = r->out->values + y * width;
        for (size_t x = 0; x < width; x++) {
            uint8_t value = r->rows[y][x];
            row[x] = value;
        }
    }
}

static wn_status run_reading(reading *r, bool head)
{
    if (setjmp(png_jmpbuf(r->png))) return r->status ? r->status : WN_CORRUPT;
    png_set_user_limits(r->png, 1 << 24, 1 << 24);
    read_head(r);
    if (!head) read_values(r);
    return WN_OK;
}

wn_status wn_mask_png_parse(const uint8_t *bytes, size_t len, const char *name, bool head, wn_mask_picture *out,
                            wn_error *err)
{
    png_job job = {.bytes = bytes, .len = len};
    reading r = {.out = out};
    *out = (wn_mask_picture){0};
    if (len < 8 || png_sig_cmp(bytes, 0, 8) != 0) return wn_fail(err, WN_CORRUPT, "%s: no PNG file", name);
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, take_error, take_warning);
    r.info = r.png ? png_create_info_struct(r.png) : NULL;
    wn_status status = WN_NOMEM;
    snprintf(job.message, sizeof job.message, "no memory for it");
    if (r.info) {
        png_set_read_fn(r.png, &job, read_bytes);
        status = run_reading(&r, head);
    }
    png_destroy_read_struct(&r.png, &r.info, NULL);
    wn_free(r.rows);
    if (!status) return WN_OK;
    wn_mask_picture_clear(out);
    return wn_fail(err, status, "%s: %s", name, job.message);
}

void wn_mask_picture_clear(wn_mask_picture *picture)
{
    wn_free(picture->values);
    *picture = (wn_mask_picture){0};
}

wn_status wn_mask_png_read(const char *path, bool head, wn_mask_picture *out, wn_error *err)
{
    wn_file_map map;
    *out = (wn_mask_picture){0};
    WN_TRY(wn_file_map_open(path, &map, err));
    wn_status status = wn_mask_png_parse(map.data, map.len, path, head, out, err);
    wn_file_map_close(&map);
    return status;
}

/* ---- writing ---- */

static void write_bytes(png_structp png, png_bytep bytes, size_t len)
{
    png_job *job = png_get_io_ptr(png);
    if (wn_buffer_add(job->out, bytes, len)) png_error(png, "no memory for it");
}

static void flush_bytes(png_structp png)
{
    (void)png;
}

static bool run_writing(png_structp png, png_infop info, const wn_mask_picture *picture, uint8_t *row)
{
    size_t width = (size_t)picture->width;
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_IHDR(png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, picture->bits,
                 PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 3);
    png_write_info(png, info);
    for (size_t y = 0; y < (size_t)picture->height; y++) {
        const uint16_t *values = picture->values + y * width;
        for (size_t x = 0; x < width; x++) {
            if (picture->bits == 16) {
                row[2 * x] = (uint8_t)(values[x] >> 8);
                row[2 * x + 1] = (uint8_t)values[x];
            } else
                row[x] = (uint8_t)values[x];
        }
        png_write_row(png, row);
    }
    png_write_end(png, info);
    return true;
}

wn_status wn_mask_png_write(const char *path, const wn_mask_picture *picture, wn_error *err)
{
    wn_buffer out;
    wn_mask_picture copy = *picture;
    png_job job = {.out = &out, .message = "no memory for it"};
    size_t pixels = (size_t)picture->width * (size_t)picture->height;
    copy.bits = 8;
    for (size_t i = 0; i < pixels; i++) copy.bits = picture->values[i] > 255 ? 16 : copy.bits;
    wn_buffer_init(&out, WN_MEMORY_IMAGE, 0);
    uint8_t *row = wn_alloc(WN_MEMORY_IMAGE, (size_t)picture->width, 2);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, take_error, take_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = row && info;
    if (done) {
        png_set_write_fn(png, &job, write_bytes, flush_bytes);
        done = run_writing(png, info, &copy, row);
    }
    png_destroy_write_struct(&png, &info);
    wn_free(row);
    wn_status status = done ? wn_file_write(path, out.data, out.len, err)
                            : wn_fail(err, WN_NOMEM, "cannot write '%s': %s", path, job.message);
    wn_buffer_clear(&out);
    return status;
}

/* ---- classes ---- */

wn_status wn_mask_ignored_parse(const char *text, wn_mask_ignored *out, wn_error *err)
{
    enum { ROOM = sizeof out->values / sizeof *out->values };
    const char *at = text ? text : "255";
    *out = (wn_mask_ignored){0};
    if (strcmp(at, "none") == 0) return WN_OK;
    while (out->count < ROOM) {
        char word[8];
        int64_t value;
        size_t len = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", len < sizeof word ? (int)len : 0, at);
        if (!wn_text_to_int(word, &value) || value < 0 || value > UINT16_MAX) break;
        out->values[out->count++] = (uint16_t)value;
        if (!at[len]) return WN_OK;
        at += len + 1;
    }
    return wn_fail(err, WN_INVALID, "'%s' is no list of values from 0 to 65535, as in 255 or 0,255; or none", text);
}

bool wn_mask_classes(const wn_mask_picture *picture, const wn_mask_ignored *ignored, size_t classes, int32_t *out,
                     uint16_t *beyond)
{
    size_t pixels = (size_t)picture->width * (size_t)picture->height;
    for (size_t i = 0; i < pixels; i++) {
        uint16_t value = picture->values[i];
        bool none = false;
        for (size_t k = 0; k < ignored->count; k++) none |= value == ignored->values[k];
        if (!none && value >= classes) {
            *beyond = value;
            return false;
        }
        out[i] = none ? -1 : (int32_t)value;
    }
    return true;
}
