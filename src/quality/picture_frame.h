/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame of a picture: borders and letterboxes of one colour.
 */
#ifndef WINNOW_QUALITY_PICTURE_FRAME_H
#define WINNOW_QUALITY_PICTURE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WN_FRAME_MOST_SIDE = 256 };

/* What a frame surrounds, in pixels. */
typedef struct wn_picture_box {
    size_t left, top, width, height;
} wn_picture_box;

/* Whether a picture of side x side x 3 bytes has a frame (see wn_picture_hash_inside); false for one above 256. */
bool wn_picture_frame_find(const uint8_t *rgb, size_t side, wn_picture_box *out);

#endif
