/* SPDX-License-Identifier: Apache-2.0
 *
 * A picture in memory, painted with soft edges: how much of a pixel a shape covers is exact for polygons and within a
 * few percent for discs.
 */
#ifndef DRAW_PIXELS_H
#define DRAW_PIXELS_H

#include <stdint.h>

#include "draw/path.h"
#include "winnow/status.h"

/* Colours are 0xRRGGBB, alpha 0 to 1. Zero-initialise; release with wn_pixels_clear. */
typedef struct wn_pixels {
    float *pixels; /* height x width x 3, 0 .. 255 */
    size_t width, height;
    float *cover; /* scratch */
    size_t cover_room;
    bool failed; /* memory was short, something is missing */
} wn_pixels;

/* Makes a picture all of one colour. */
WN_NODISCARD wn_status wn_pixels_make(wn_pixels *picture, size_t width, size_t height, uint32_t colour, wn_error *err);
void wn_pixels_clear(wn_pixels *picture);

/* Fills the inside of the contours (those that turn the other way are holes). */
void wn_pixels_fill(wn_pixels *picture, const wn_path *path, uint32_t colour, float alpha);

/* A disc. Below 0.7 pixels it is drawn paler instead of smaller. */
void wn_pixels_disc(wn_pixels *picture, float x, float y, float radius, uint32_t colour, float alpha);

/* RGB pixels stretched over a rectangle, nearest pixel when enlarged, mean when reduced. */
void wn_pixels_picture(wn_pixels *picture, float x, float y, float width, float height, const uint8_t *pixels,
                       size_t pixels_width, size_t pixels_height);

/* The picture as bytes: height x width x 3, a new array (wn_free); NULL when memory is short. */
uint8_t *wn_pixels_bytes(const wn_pixels *picture);

#endif
