/* SPDX-License-Identifier: Apache-2.0
 *
 * Changed copies of a square picture, as people and programs make them.
 */
#ifndef QUALITY_PICTURE_CHANGE_H
#define QUALITY_PICTURE_CHANGE_H

#include "base/rng.h"
#include "winnow/duplicates.h"

/* Writes the changed copy of `rgb` (side x side x 3) to `copy`; `scratch` has room for one more picture. Only noise
 * draws from `rng`. */
void wn_picture_change_make(wn_picture_change change, const uint8_t *rgb, size_t side, wn_rng *rng, uint8_t *copy,
                            uint8_t *scratch);

#endif
