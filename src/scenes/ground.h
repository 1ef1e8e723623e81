/* SPDX-License-Identifier: Apache-2.0
 *
 * The ground plane: two colours mixed by noise in metres, which fades where it would be finer than a pixel.
 */
#ifndef SCENES_GROUND_H
#define SCENES_GROUND_H

#include "scenes/world.h"

typedef struct wn_ground {
    const wn_world *world;
    wn_colour first, second;
    float patch; /* size of the patches in metres */
    float grain; /* strength of the fine structure */
    uint32_t seed;
} wn_ground;

/* Grass, sand, snow and the like in the light of the scene; snow where the world is snowy. */
wn_ground wn_ground_of(wn_world *world, unsigned first, unsigned second, float patch, float grain);

/* Place of a canvas point on the ground, and metres of depth that one row of pixels covers there. */
void wn_ground_at(const wn_world *world, float x, float y, float *right, float *depth, float *footprint);

/* Colour of the ground at a place, haze included. */
wn_colour wn_ground_colour(const wn_ground *ground, float right, float depth, float footprint);

/* Paints all rows below the horizon. */
void wn_ground_paint(wn_world *world, const wn_ground *ground);

/* Sea from the horizon down to row y1 (waves along the view, sky mirrored); `choppy` 0 to 1. */
void wn_ground_sea(wn_world *world, float y0, float y1, wn_colour deep, float choppy);

/* A range of hills or mountains as one curve of ridge noise: `base` row, `height` pixels, with `snow` above that share
 * of the height (2 = none). Deeper ones first. */
typedef struct wn_range {
    float base, height, metres, rough, snow;
    wn_colour rock, meadow;
} wn_range;
void wn_ground_range(wn_world *world, const wn_range *range);

#endif
