/* SPDX-License-Identifier: Apache-2.0
 *
 * One read and one decode for everything: bytes -> hash -> decoder -> oriented picture -> reduced picture -> facts,
 * perceptual hash, thumbnail, model input. All memory is kept from file to file.
 */
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "media/entry.h"
#include "media/jpeg_writer.h"
#include "media/orientation.h"
#include "media/reader_private.h"
#include "winnow/memory.h"

/* A picture may come out smaller than asked for by one part in SLACK, when that saves resampling: half of the usual
 * 500 x 375 photo is 250 x 188. */
#define SLACK 16

#define KEPT_BYTES ((size_t)64 << 20) /* buffers that a huge file made larger are given back */

#define HEADER_BYTES ((size_t)256 << 10) /* most headers, with EXIF and its small picture, are within these */

static wn_status set_request(wn_reader *reader, const wn_read_request *request, wn_error *err)
{
    wn_read_request r = request != NULL ? *request : (wn_read_request){0};
    reader->thumb_side = r.thumb_side == 0 ? 256 : r.thumb_side == -1 ? 0 : r.thumb_side;
    reader->thumb_quality = r.thumb_quality == 0 ? 80 : r.thumb_quality;
    reader->input_side = r.input_side == 0 ? 64 : r.input_side == -1 ? 0 : r.input_side;
    if (reader->thumb_side != 0 && (reader->thumb_side < 16 || reader->thumb_side > 1024)) {
        return wn_fail(err, WN_INVALID, "thumbnail side %d is outside 16..1024", r.thumb_side);
    }
    if (reader->thumb_quality < 1 || reader->thumb_quality > 100) {
        return wn_fail(err, WN_INVALID, "thumbnail quality %d is outside 1..100", r.thumb_quality);
    }
    if (reader->input_side != 0 && (reader->input_side < 8 || reader->input_side > 512)) {
        return wn_fail(err, WN_INVALID, "model input side %d is outside 8..512", r.input_side);
    }
    return WN_OK;
}

wn_status wn_reader_new(const wn_read_limits *limits, const wn_read_request *request, wn_reader **out, wn_error *err)
{
    *out = NULL;
    wn_reader *reader = wn_calloc(WN_MEMORY_IMAGE, 1, sizeof(*reader));
    if (reader == NULL) return wn_fail(err, WN_NOMEM, "no memory for a reader");
    if (limits != NULL) reader->limits = *limits;
    if (reader->limits.pixels == 0) reader->limits.pixels = (uint64_t)1 << 30;
    if (reader->limits.bytes == 0) reader->limits.bytes = (uint64_t)512 << 20;
    if (reader->limits.memory == 0) reader->limits.memory = (uint64_t)1 << 30;
    if (!(reader->limits.seconds > 0)) reader->limits.seconds = 20;
    if (reader->limits.readers == 0) reader->limits.readers = 1;
    wn_status status = set_request(reader, request, err);
    if (status != WN_OK) {
        wn_free(reader);
        return status;
    }
    wn_buffer_init(&reader->file, WN_MEMORY_IMAGE, 0);
    wn_buffer_init(&reader->thumb, WN_MEMORY_IMAGE, 0);
    wn_measure_init(&reader->measure);
    *out = reader;
    return WN_OK;
}

static void clear_scaling(wn_scaling *one)
{
    wn_resample_axis_clear(&one->across);
    wn_resample_axis_clear(&one->down);
    wn_picture_clear(&one->picture);
}

void wn_reader_free(wn_reader **reader)
{
    wn_reader *r = *reader;
    if (r == NULL) return;
    wn_buffer_clear(&r->file);
    wn_buffer_clear(&r->thumb);
    wn_picture_clear(&r->decoded);
    wn_picture_clear(&r->turned);
    wn_picture_clear(&r->cut);
    clear_scaling(&r->facts);
    clear_scaling(&r->thumbnail);
    clear_scaling(&r->input);
    clear_scaling(&r->crop);
    wn_measure_clear(&r->measure);
    wn_free(r->input_rgb);
    wn_free(r->scratch);
    wn_free(r);
    *reader = NULL;
}

uint64_t wn_reader_memory(const wn_read_request *request)
{
    uint64_t thumb = request != NULL && request->thumb_side > 0 ? (uint64_t)request->thumb_side : 256;
    uint64_t input = request != NULL && request->input_side > 0 ? (uint64_t)request->input_side : 64;
    uint64_t side = thumb > WN_FACTS_SIDE ? thumb : WN_FACTS_SIDE;
    uint64_t decoded = 4 * (2 * side) * (2 * side); /* at most twice the side needed */
    return ((uint64_t)16 << 20) + 3 * decoded + 2 * 4 * side * side + 7 * input * input;
}

/* ---------------------------------------------------------------------------------------------- pictures */

wn_status wn_reader_scale(wn_reader *reader, const wn_picture *src, int width, int height, wn_scaling *to,
                          wn_error *err)
{
    WN_TRY(wn_resample_axis_set(&to->across, src->width, width, err));
    WN_TRY(wn_resample_axis_set(&to->down, src->height, height, err));
    size_t scratch = wn_resample_scratch(&to->across, &to->down);
    WN_TRY(wn_measure_reserve(&reader->scratch, &reader->scratch_room, scratch, err));
    WN_TRY(wn_picture_resize(&to->picture, width, height, err));
    wn_resample_rgbx(&reader->measure.resample, &to->across, &to->down, src->pixels, reader->scratch,
                     to->picture.pixels);
    return WN_OK;
}

/* The size of a picture of the file's proportions whose longer side is at most `side`, and which is not larger than
 * `src`. */
static void fit_size(const wn_facts *facts, int side, const wn_picture *src, int *width, int *height)
{
    double full_width = (double)facts->width, full_height = (double)facts->height;
    double factor = fmin(1, side / fmax(full_width, full_height));
    factor = fmin(factor, fmin(src->width / full_width, src->height / full_height));
    *width = (int)fmax(1, round(full_width * factor));
    *height = (int)fmax(1, round(full_height * factor));
}

/* Reduces `src` to `side` unless it is small enough already; *out is `src` or the scaling's picture. */
static wn_status fit_picture(wn_reader *reader, const wn_facts *facts, int side, const wn_picture *src, wn_scaling *to,
                             const wn_picture **out, wn_error *err)
{
    int width, height;
    fit_size(facts, side, src, &width, &height);
    *out = src;
    bool fits = src->width <= side && src->height <= side;
    if (fits && src->width - width <= 1 && src->height - height <= 1) return WN_OK; /* decoders round up */
    *out = &to->picture;
    return wn_reader_scale(reader, src, width, height, to, err);
}

wn_status wn_reader_orient(wn_reader *reader, const wn_facts *facts, const wn_picture **picture, wn_error *err)
{
    *picture = &reader->decoded;
    if (facts->orientation == 1) return WN_OK;
    const wn_picture *src = &reader->decoded;
    bool swaps = wn_orientation_swaps(facts->orientation);
    WN_TRY(wn_picture_resize(&reader->turned, swaps ? src->height : src->width, swaps ? src->width : src->height, err));
    wn_orientation_apply(facts->orientation, src->pixels, src->width, src->height, reader->turned.pixels);
    *picture = &reader->turned;
    return WN_OK;
}

static void hash_pixels(const wn_picture *picture, wn_facts *facts)
{
    size_t bytes = (size_t)picture->width * (size_t)picture->height * 4;
    struct {
        int32_t width, height;
        wn_hash128 pixels;
    } all = {picture->width, picture->height, wn_hash128_of(picture->pixels, bytes)};
    wn_hash128 hash = wn_hash128_of(&all, sizeof(all));
    memcpy(facts->pixel_hash, hash.bytes, sizeof(facts->pixel_hash));
}

/* ---------------------------------------------------------------------------------------------- products */

static wn_status make_thumb(wn_reader *reader, const wn_picture *picture, wn_reading *out, wn_error *err)
{
    if (reader->thumb_side == 0) return WN_OK;
    const wn_picture *thumb = NULL;
    WN_TRY(fit_picture(reader, &out->facts, reader->thumb_side, picture, &reader->thumbnail, &thumb, err));
    wn_buffer_reset(&reader->thumb);
    reader->thumb.status = WN_OK;
    WN_TRY(wn_jpeg_write(thumb->pixels, thumb->width, thumb->height, 4, reader->thumb_quality, &reader->thumb, err));
    out->thumb = (const uint8_t *)reader->thumb.data;
    out->thumb_len = reader->thumb.len;
    out->thumb_width = thumb->width;
    out->thumb_height = thumb->height;
    return WN_OK;
}

/* From the facts picture where that has pixels enough, else from the decoded one. */
static wn_status make_input(wn_reader *reader, const wn_picture *reduced, const wn_picture *picture, wn_reading *out,
                            wn_error *err)
{
    int side = reader->input_side;
    if (side == 0) return WN_OK;
    size_t pixels = (size_t)side * (size_t)side;
    bool enough = reduced->width >= 2 * side && reduced->height >= 2 * side;
    WN_TRY(wn_reader_scale(reader, enough ? reduced : picture, side, side, &reader->input, err));
    WN_TRY(wn_measure_reserve(&reader->input_rgb, &reader->input_room, pixels * 3, err));
    const uint8_t *src = reader->input.picture.pixels;
    for (size_t i = 0; i < pixels; i++) memcpy(reader->input_rgb + 3 * i, src + 4 * i, 3);
    out->input = reader->input_rgb;
    out->input_side = side;
    return WN_OK;
}

static wn_status make_products(wn_reader *reader, wn_reading *out, wn_error *err)
{
    const wn_picture *picture = NULL, *reduced = NULL;
    WN_TRY(wn_reader_orient(reader, &out->facts, &picture, err));
    hash_pixels(picture, &out->facts);
    out->facts.aspect = (float)((double)out->facts.width / (double)out->facts.height);
    WN_TRY(fit_picture(reader, &out->facts, WN_FACTS_SIDE, picture, &reader->facts, &reduced, err));
    WN_TRY(wn_measure_picture(&reader->measure, reduced, &out->facts, err));
    const wn_picture *for_thumb = reader->thumb_side == WN_FACTS_SIDE ? reduced : picture;
    WN_TRY(make_thumb(reader, for_thumb, out, err));
    return make_input(reader, reduced, picture, out, err);
}

/* ---------------------------------------------------------------------------------------------- reading */

/* WN_UNSUPPORTED for known kinds of file that no decoder here reads, WN_CORRUPT for bytes without meaning. */
static wn_status fail_unknown(const uint8_t *bytes, size_t len, const char *name, wn_error *err)
{
    static const struct {
        const char *first;
        size_t len;
        const char *what;
    } known[] = {{"8BPS", 4, "Photoshop"},
                 {"%PDF", 4, "PDF"},
                 {"<svg", 4, "SVG"},
                 {"<?xml", 5, "XML or SVG"},
                 {"\x76\x2F\x31\x01", 4, "OpenEXR"},
                 {"#?RADIANCE", 10, "Radiance"},
                 {"P5", 2, "PGM"},
                 {"P6", 2, "PPM"},
                 {"PK\x03\x04", 4, "zip"},
                 {"DDS ", 4, "DDS"},
                 {"<!DOCTYPE html", 14, "HTML"},
                 {"<html", 5, "HTML"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (len >= known[i].len && memcmp(bytes, known[i].first, known[i].len) == 0) {
            return wn_fail(err, WN_UNSUPPORTED, "a %s file, which winnow does not read", known[i].what);
        }
    }
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;
    const wn_format *named = dot != NULL ? wn_format_of_suffix(dot) : NULL;
    if (named != NULL)
        return wn_fail(err, WN_CORRUPT, "not an image: the bytes are not those of a %s file", named->name);
    return wn_fail(err, WN_UNSUPPORTED, "not an image of a kind that winnow reads");
}

wn_status wn_reader_decode(wn_reader *reader, const uint8_t *bytes, size_t len, const char *name, wn_reader_wish wish,
                           wn_reading *out, wn_error *err)
{
    wn_facts *facts = &out->facts;
    const wn_format *format = wn_format_of_bytes(bytes, len);
    if (format == NULL) return fail_unknown(bytes, len, name, err);
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;
    const wn_format *named = dot != NULL ? wn_format_of_suffix(dot) : NULL;
    facts->format = format->name;
    facts->suffix_wrong = named != NULL && named != format;
    facts->orientation = 1;
    facts->frames = 1;
    int side = reader->thumb_side > WN_FACTS_SIDE ? reader->thumb_side : WN_FACTS_SIDE;
    wn_decoding decoding = {
        .bytes = bytes,
        .len = len,
        .limits = &reader->limits,
        .started = wn_clock_seconds(),
        .started_cpu = wn_clock_process_seconds(),
        .header_only = wish.header_only,
        .fit_side = side - side / SLACK,
        .square_side = wish.square_side,
        .facts = facts,
        .picture = &reader->decoded,
    };
    wn_status status = format->decode(&decoding, err);
    out->memory_short = decoding.memory_short;
    if (wn_orientation_swaps(facts->orientation)) {
        int64_t width = facts->width;
        facts->width = facts->height;
        facts->height = width;
    }
    return status;
}

wn_status wn_reader_read_bytes(wn_reader *reader, const void *bytes, size_t len, const char *name, wn_reading *out,
                               wn_error *err)
{
    *out = (wn_reading){.facts = {.format = ""}};
    out->facts.file_bytes = len;
    if (len == 0) return wn_fail(err, WN_CORRUPT, "empty file");
    if (len > reader->limits.bytes) {
        out->memory_short = true;
        return wn_fail(err, WN_LIMIT, "%zu bytes, more than the limit of %llu", len,
                       (unsigned long long)reader->limits.bytes);
    }
    wn_hash128 hash = wn_hash128_of(bytes, len);
    memcpy(out->facts.byte_hash, hash.bytes, sizeof(out->facts.byte_hash));
    WN_TRY(wn_reader_decode(reader, bytes, len, name, (wn_reader_wish){.square_side = reader->input_side}, out, err));
    return make_products(reader, out, err);
}

void wn_reader_give_back(wn_reader *reader)
{
    if (reader->file.capacity > KEPT_BYTES) wn_buffer_clear(&reader->file);
    if (reader->decoded.room > KEPT_BYTES) wn_picture_clear(&reader->decoded);
    if (reader->turned.room > KEPT_BYTES) wn_picture_clear(&reader->turned);
    if (reader->cut.room > KEPT_BYTES) wn_picture_clear(&reader->cut);
}

wn_status wn_reader_read(wn_reader *reader, const wn_entry *entry, wn_reading *out, wn_error *err)
{
    *out = (wn_reading){.facts = {.format = "", .file_bytes = entry->size}};
    if (entry->status != WN_OK) return wn_fail(err, entry->status, "%s", entry->reason != NULL ? entry->reason : "bad");
    const uint8_t *bytes = NULL;
    size_t len = 0;
    wn_status status = wn_entry_fetch(entry, reader->limits.bytes, &reader->file, &bytes, &len, err);
    if (status == WN_OK) {
        const char *name = entry->member != NULL ? entry->member : entry->path;
        status = wn_reader_read_bytes(reader, bytes, len, name, out, err);
    } else if (status == WN_LIMIT) {
        out->memory_short = true;
    }
    wn_reader_give_back(reader);
    return status;
}

wn_status wn_reader_probe(wn_reader *reader, const wn_entry *entry, wn_facts *out, wn_error *err)
{
    wn_reading reading = {.facts = {.format = "", .file_bytes = entry->size}};
    *out = reading.facts;
    if (entry->status != WN_OK) return wn_fail(err, entry->status, "%s", entry->reason != NULL ? entry->reason : "bad");
    const char *name = entry->member != NULL ? entry->member : entry->path;
    const size_t heads[] = {HEADER_BYTES, SIZE_MAX};
    wn_status status = WN_CORRUPT;
    bool whole = false;
    for (size_t i = 0; i < 2 && status == WN_CORRUPT && !whole; i++) {
        const uint8_t *bytes = NULL;
        size_t len = 0;
        status = wn_entry_fetch_head(entry, reader->limits.bytes, heads[i], &reader->file, &bytes, &len, &whole, err);
        if (status != WN_OK) break;
        status = wn_reader_decode(reader, bytes, len, name, (wn_reader_wish){.header_only = true}, &reading, err);
    }
    *out = reading.facts;
    wn_reader_give_back(reader);
    return status;
}
