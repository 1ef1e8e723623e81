/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing JPEG files.
 */
#ifndef MEDIA_JPEG_WRITER_H
#define MEDIA_JPEG_WRITER_H

#include <stdint.h>

#include "base/buffer.h"

/* Adds a baseline JPEG (4:2:0, or grey) to `out`. `pixels`: height rows of `width` pixels without gaps; channels 1
 * grey, 3 RGB, 4 RGBX. Quality 1..100. WN_NOMEM, WN_LIMIT (beyond out->max, or sides above 65500), WN_INVALID. */
wn_status wn_jpeg_write(const uint8_t *pixels, int width, int height, int channels, int quality, wn_buffer *out,
                        wn_error *err);

#endif
