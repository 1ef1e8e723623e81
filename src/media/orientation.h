/* SPDX-License-Identifier: Apache-2.0
 *
 * Turning pictures as EXIF says.
 */
#ifndef MEDIA_ORIENTATION_H
#define MEDIA_ORIENTATION_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the displayed picture is as wide as the stored one is high. */
bool wn_orientation_swaps(int orientation);

/* Copies width x height RGBX pixels as stored into the displayed order (height x width when swapped). The buffers do
 * not overlap. */
void wn_orientation_apply(int orientation, const uint8_t *src, int width, int height, uint8_t *dst);

#endif
