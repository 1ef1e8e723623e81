/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of parts of an image: the objects that boxes mark, tiles.
 */
#ifndef MEDIA_CROPS_H
#define MEDIA_CROPS_H

#include "winnow/media.h"

/* In pixels of the image at full size, as it is meant to be seen. */
typedef struct wn_crop {
    float x, y, width, height;
} wn_crop;

/* Cuts off what lies outside an image of width x height. False where nothing is left, or a number is not finite. */
bool wn_crop_clip(wn_crop *crop, int64_t width, int64_t height);

/* Which crops are wanted of one image. */
typedef struct wn_crop_request {
    const wn_crop *crops; /* each with a part inside the image */
    size_t count;
    int64_t width, height; /* of the image, as known; another size is WN_NOTFOUND: it is no longer that image */
    int side;              /* of the squares that come out, 8..512 */
} wn_crop_request;

/* Reads one entry once and decodes it once, at the smallest scale that has enough pixels for the smallest crop (with
 * at most 4,096 a side asked for). Each crop is squeezed to a square; `out` receives count x side x side x RGB.
 * Statuses as wn_reader_read. */
WN_NODISCARD wn_status wn_reader_read_crops(wn_reader *reader, const wn_entry *entry, const wn_crop_request *request,
                                            uint8_t *out, wn_error *err);

#endif
