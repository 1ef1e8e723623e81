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

/* What is left of a picture when all lines of nearly one colour are taken off its sides, however many: less than the
 * whole for one on a plain ground, empty where it is nothing but ground. The whole picture for one above 256. */
wn_picture_box wn_picture_ground_find(const uint8_t *rgb, size_t side);

#endif
