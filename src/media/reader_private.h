/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reader holds, and its steps, for the files that make something of the same decoded picture.
 */
#ifndef MEDIA_READER_PRIVATE_H
#define MEDIA_READER_PRIVATE_H

#include "base/buffer.h"
#include "media/format.h"
#include "media/measure.h"

/* A resize and its result. */
typedef struct wn_scaling {
    wn_resample_axis across, down;
    wn_picture picture;
} wn_scaling;

struct wn_reader {
    wn_read_limits limits;
    int thumb_side, thumb_quality, input_side; /* 0 = not wanted */
    wn_buffer file, thumb;
    wn_picture decoded, turned, cut;
    wn_scaling facts, thumbnail, input, crop;
    uint8_t *input_rgb, *scratch;
    size_t input_room, scratch_room;
    wn_measure measure;
};

/* How a file is decoded. */
typedef struct wn_reader_wish {
    bool header_only; /* the facts that a header tells, and no picture */
    int square_side;  /* as in wn_decoding: both sides have at least so many pixels, where the image has them */
} wn_reader_wish;

/* The picture in reader->decoded, and its facts; statuses as wn_reader_read. */
wn_status wn_reader_decode(wn_reader *reader, const uint8_t *bytes, size_t len, const char *name, wn_reader_wish wish,
                           wn_reading *out, wn_error *err);

/* The decoded picture as it is meant to be seen: reader->decoded, or reader->turned. */
wn_status wn_reader_orient(wn_reader *reader, const wn_facts *facts, const wn_picture **picture, wn_error *err);

/* to->picture = `src` at width x height. */
wn_status wn_reader_scale(wn_reader *reader, const wn_picture *src, int width, int height, wn_scaling *to,
                          wn_error *err);

/* Releases what a huge file made large. */
void wn_reader_give_back(wn_reader *reader);

#endif
