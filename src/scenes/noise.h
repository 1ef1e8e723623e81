/* SPDX-License-Identifier: Apache-2.0
 *
 * Gradient noise (Perlin 2002) on a hashed lattice, and sums of octaves of it.
 */
#ifndef SCENES_NOISE_H
#define SCENES_NOISE_H

#include <stdint.h>

/* About -1 to 1, feature size 1. */
float wn_noise(float x, float y, uint32_t seed);

/* `octaves` of noise, each of half the size and amplitude of the one before; about -1 to 1. */
float wn_noise_sum(float x, float y, int octaves, uint32_t seed);

/* The same with sharp crests; 0 to 1. */
float wn_noise_ridge(float x, float y, int octaves, uint32_t seed);

/* A number in [0, 1) that depends only on the three arguments. */
float wn_noise_cell(int x, int y, uint32_t seed);

#endif
