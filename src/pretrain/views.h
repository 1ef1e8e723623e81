/* SPDX-License-Identifier: Apache-2.0
 *
 * Random views of an image: resized crop, mirror, colour, blur, solarise.
 */
#ifndef PRETRAIN_VIEWS_H
#define PRETRAIN_VIEWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

/* How strongly views differ. Probabilities in [0, 1]. */
typedef struct wn_view_style {
    uint32_t side_in, side_out;
    float crop_low, crop_high; /* share of the area that is shown */
    float colour; /* strength: brightness, contrast, saturation within 1 +- 0.8 * colour, hue +- 0.2 * colour turns */
    float colour_chance, grey_chance, blur_chance, solarise_chance, mirror_chance;
} wn_view_style;

/* The style of SimCLR (Chen et al. 2020) for small images: no blur below 64 pixels. */
void wn_view_style_init(wn_view_style *style, uint32_t side_in, uint32_t side_out, float crop_low, float colour);

/* Floats of scratch that wn_view_make needs. */
size_t wn_view_scratch(const wn_view_style *style);

/* One random view of `image` (side_in x side_in x 3, u8 RGB) into `out` (side_out x side_out x 3, u8 RGB). Depends on
 * `rng` alone. */
void wn_view_make(const wn_view_style *style, wn_rng *rng, const uint8_t *image, float *scratch, uint8_t *out);

#endif
