/* SPDX-License-Identifier: Apache-2.0
 *
 * EXIF orientation: each of the eight values is a start and two steps through the stored pixels.
 */
#include "media/orientation.h"

#include <stddef.h>
#include <string.h>

bool wn_orientation_swaps(int orientation)
{
    return orientation >= 5 && orientation <= 8;
}

void wn_orientation_apply(int orientation, const uint8_t *src, int width, int height, uint8_t *dst)
{
    ptrdiff_t w = width, last_x = width - 1, last_y = (ptrdiff_t)(height - 1) * w;
    ptrdiff_t start = 0, step_x = 1, step_y = w; /* in stored pixels, for a step in the displayed picture */
    switch (orientation) {
    case 2:
        start = last_x, step_x = -1;
        break;
    case 3:
        start = last_y + last_x, step_x = -1, step_y = -w;
        break;
    case 4:
        start = last_y, step_y = -w;
        break;
    case 5:
        step_x = w, step_y = 1;
        break;
    case 6:
        start = last_y, step_x = -w, step_y = 1;
        break;
    case 7:
        start = last_y + last_x, step_x = -w, step_y = -1;
        break;
    case 8:
        start = last_x, step_x = w, step_y = -1;
        break;
    default:
        break;
    }
    int out_width = wn_orientation_swaps(orientation) ? height : width;
    int out_height = wn_orientation_swaps(orientation) ? width : height;
    for (int y = 0; y < out_height; y++) {
        ptrdiff_t at = start + y * step_y;
        for (int x = 0; x < out_width; x++, at += step_x, dst += 4) memcpy(dst, src + 4 * at, 4);
    }
}
