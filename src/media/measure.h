/* SPDX-License-Identifier: Apache-2.0
 *
 * What is measured on the pixels of one picture.
 */
#ifndef MEDIA_MEASURE_H
#define MEDIA_MEASURE_H

#include "media/format.h"
#include "num/pixels.h"
#include "num/resample.h"

/* Scratch of the measurements; zero-initialise, then set `pixels` and `resample`. */
typedef struct wn_measure {
    wn_pixels_kernels pixels;
    wn_resample_kernels resample;
    wn_resample_axis across, down; /* to the picture of the perceptual hash */
    uint8_t *luma, *scratch;
    size_t luma_room, scratch_room;
} wn_measure;

/* Sets the quality facts and the perceptual hash from the reduced picture. */
wn_status wn_measure_picture(wn_measure *measure, const wn_picture *picture, wn_facts *facts, wn_error *err);
void wn_measure_clear(wn_measure *measure);

/* Grows *block to `bytes`; the old content is lost. */
wn_status wn_measure_reserve(uint8_t **block, size_t *room, size_t bytes, wn_error *err);

/* The perceptual hash of a 32 x 32 luma picture. */
uint64_t wn_phash_of(const uint8_t luma[32 * 32]);

#endif
