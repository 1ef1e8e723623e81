/* SPDX-License-Identifier: Apache-2.0
 *
 * All that determines the pixels of one picture, and what can be done to pixels afterwards.
 */
#ifndef SCENES_PAINTING_H
#define SCENES_PAINTING_H

#include <stdbool.h>
#include <stdint.h>

#include "scenes/world.h"
#include "winnow/scenes.h"

typedef struct wn_painting {
    uint64_t seed, stream;
    int class_index, outlier; /* outlier -1 = a scene of the class */
    bool night;
    int width, height;
    float exposure, noise, blur_x, blur_y; /* faults of the photo: factor, added noise, pixels */
    uint64_t take;                         /* another moment: other rain and other sensor noise; 0 = the first */
} wn_painting;

/* Paints into width * height * 3 bytes; `time` (may be NULL) tells the time of day that was drawn. */
WN_NODISCARD wn_status wn_scene_render(const wn_painting *painting, uint8_t *rgb, wn_daytime *time, wn_error *err);

/* 8-bit RGB that is owned: `rgb` is released with wn_free. */
typedef struct wn_photo {
    int width, height;
    uint8_t *rgb;
} wn_photo;

/* The part [x, x + w) x [y, y + h) of a picture at another size, by area averages. */
WN_NODISCARD wn_status wn_photo_resample(const wn_photo *from, float x, float y, float w, float h, int width,
                                         int height, wn_photo *out, wn_error *err);

/* In place. `gain` and `lift` act on the encoded values. */
void wn_photo_brighten(wn_photo *picture, float gain, float lift);
void wn_photo_flip(wn_photo *picture);

/* Turns the pixels so that a viewer who honours this EXIF orientation (1, 3, 6 or 8) sees them as before. */
WN_NODISCARD wn_status wn_photo_store_turned(wn_photo *picture, int orientation, wn_error *err);

/* An APP1 segment (with its marker) for a camera and a time as "2024:05:17 14:03:22"; at most 400 bytes. Returns its
 * length. */
typedef struct wn_camera_note {
    const char *make, *model;
    char time[20];
    int orientation;
    unsigned iso, exposure_denominator, aperture_tenths, focal_millimetres;
} wn_camera_note;
int wn_camera_note_write(const wn_camera_note *note, uint8_t out[400]);

#endif
