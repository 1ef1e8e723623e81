/* SPDX-License-Identifier: Apache-2.0
 *
 * Shrinking by whole factors while rows come in, for decoders of our own: a large file needs no large picture.
 */
#ifndef MEDIA_BOX_H
#define MEDIA_BOX_H

#include "media/format.h"

/* Averages boxes of across x down pixels; what is left over at the right and the lower edge makes smaller boxes. */
typedef struct wn_box {
    int width, height, across, down;
    uint32_t *sums; /* of the boxes of one output row: R, G, B */
    wn_picture *picture;
} wn_box;

/* For a picture of width x height, reduced as far as `decoding` allows. */
wn_status wn_box_start(wn_box *box, wn_decoding *decoding, int width, int height, wn_error *err);

/* Rows from the top, `width` RGBX pixels each. */
void wn_box_add_row(wn_box *box, int y, const uint8_t *rgbx);
void wn_box_clear(wn_box *box);

#endif
