/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing the formats that libvips writes.
 */
#ifndef MEDIA_VIPS_WRITER_H
#define MEDIA_VIPS_WRITER_H

#include <stdint.h>

#include "base/buffer.h"

/* Adds an image file to `out`: `suffix` ".png" or ".webp" (lossy, quality 80). `pixels`: height rows of `width` RGB
 * pixels without gaps. After wn_media_init. WN_UNSUPPORTED where this libvips cannot, WN_NOMEM. */
wn_status wn_vips_write(const uint8_t *pixels, int width, int height, const char *suffix, wn_buffer *out,
                        wn_error *err);

#endif
