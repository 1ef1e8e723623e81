/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured on the pixels of one picture.
 */
#ifndef MEDIA_MEASURE_H
#define MEDIA_MEASURE_H

#include "media/format.h"
#include "num/pixels.h"
#include "num/resample.h"

/* Kernels, constants and scratch of the measurements. */
typedef struct wn_measure {
    wn_pixels_kernels pixels;
    wn_resample_kernels resample;
    wn_resample_axis across, down; /* to the picture of the perceptual hash */
    float cosines[32][8];          /* of the perceptual hash */
    uint8_t *luma, *scratch;
    size_t luma_room, scratch_room;
} wn_measure;

/* Prepares zeroed memory for the level in force. */
void wn_measure_init(wn_measure *measure);

/* Sets the quality facts and the perceptual hash from the reduced picture. */
wn_status wn_measure_picture(wn_measure *measure, const wn_picture *picture, wn_facts *facts, wn_error *err);
void wn_measure_clear(wn_measure *measure);

/* Grows *block to `bytes`; the old content is lost. */
wn_status wn_measure_reserve(uint8_t **block, size_t *room, size_t bytes, wn_error *err);

/* The perceptual hash of a 32 x 32 luma picture. */
uint64_t wn_measure_phash(const wn_measure *measure, const uint8_t luma[32 * 32]);

#endif
