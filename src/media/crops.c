/* SPDX-License-Identifier: Apache-2.0
 *
 * One read and one decode of an image for all crops of it.
 */
#include "media/crops.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "media/entry.h"
#include "media/reader_private.h"

enum { MOST_SIDE = 4096 };

bool wn_crop_clip(wn_crop *crop, int64_t width, int64_t height)
{
    const float right = fminf(crop->x + crop->width, (float)width);
    const float lower = fminf(crop->y + crop->height, (float)height);
    if (!isfinite(crop->x) || !isfinite(crop->y) || !isfinite(crop->width) || !isfinite(crop->height)) return false;
    crop->x = fmaxf(crop->x, 0);
    crop->y = fmaxf(crop->y, 0);
    crop->width = right - crop->x;
    crop->height = lower - crop->y;
    return crop->width > 0 && crop->height > 0;
}

/* The side of a square picture of the whole image in which the smallest crop has `side` pixels each way. */
static int needed_side(const wn_crop_request *request)
{
    double least = 1;
    for (size_t i = 0; i < request->count; i++) {
        least = fmin(least, (double)request->crops[i].width / (double)request->width);
        least = fmin(least, (double)request->crops[i].height / (double)request->height);
    }
    return (int)fmin(MOST_SIDE, ceil(request->side / fmax(least, 1e-9)));
}

/* The pixels [first, first + count) of `side` that a crop of `length` from `start` touches. */
static void touched(float start, float length, double scale, int side, int *first, int *count)
{
    int from = (int)floor((double)start * scale + 1e-4),
        to = (int)ceil(((double)start + (double)length) * scale - 1e-4);
    from = from < 0 ? 0 : from > side - 1 ? side - 1 : from;
    to = to > side ? side : to <= from ? from + 1 : to;
    *first = from;
    *count = to - from;
}

static wn_status cut(wn_reader *reader, const wn_picture *picture, const wn_crop_request *request, const wn_crop *crop,
                     uint8_t *out, wn_error *err)
{
    int x, y, width, height;
    const size_t stride = (size_t)picture->width * 4, pixels = (size_t)request->side * (size_t)request->side;
    touched(crop->x, crop->width, (double)picture->width / (double)request->width, picture->width, &x, &width);
    touched(crop->y, crop->height, (double)picture->height / (double)request->height, picture->height, &y, &height);
    WN_TRY(wn_picture_resize(&reader->cut, width, height, err));
    for (int row = 0; row < height; row++)
        memcpy(reader->cut.pixels + (size_t)row * (size_t)width * 4,
               picture->pixels + (size_t)(y + row) * stride + (size_t)x * 4, (size_t)width * 4);
    WN_TRY(wn_reader_scale(reader, &reader->cut, request->side, request->side, &reader->crop, err));
    const uint8_t *square = reader->crop.picture.pixels;
    for (size_t i = 0; i < pixels; i++) memcpy(out + 3 * i, square + 4 * i, 3);
    return WN_OK;
}

static wn_status read_crops(wn_reader *reader, const wn_entry *entry, const wn_crop_request *request, uint8_t *out,
                            wn_error *err)
{
    const uint8_t *bytes = NULL;
    const wn_picture *picture = NULL;
    size_t len = 0, crop_bytes = 3 * (size_t)request->side * (size_t)request->side;
    wn_reading reading = {.facts = {.format = ""}};
    const wn_reader_wish wish = {.square_side = needed_side(request)};
    WN_TRY(wn_entry_fetch(entry, reader->limits.bytes, &reader->file, &bytes, &len, err));
    if (len == 0) return wn_fail(err, WN_CORRUPT, "empty file");
    WN_TRY(wn_reader_decode(reader, bytes, len, entry->member ? entry->member : entry->path, wish, &reading, err));
    if (reading.facts.width != request->width || reading.facts.height != request->height)
        return wn_fail(err, WN_NOTFOUND, "another image: %lld x %lld pixels, and not %lld x %lld",
                       (long long)reading.facts.width, (long long)reading.facts.height, (long long)request->width,
                       (long long)request->height);
    WN_TRY(wn_reader_orient(reader, &reading.facts, &picture, err));
    for (size_t i = 0; i < request->count; i++)
        WN_TRY(cut(reader, picture, request, &request->crops[i], out + i * crop_bytes, err));
    return WN_OK;
}

wn_status wn_reader_read_crops(wn_reader *reader, const wn_entry *entry, const wn_crop_request *request, uint8_t *out,
                               wn_error *err)
{
    if (entry->status != WN_OK) return wn_fail(err, entry->status, "%s", entry->reason != NULL ? entry->reason : "bad");
    wn_status status = read_crops(reader, entry, request, out, err);
    wn_reader_give_back(reader);
    return status;
}
