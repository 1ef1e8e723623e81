/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks as PNG files: the value of a pixel is its class. Palette files give the index, not the colour; grey ones of 1
 * to 16 bits the value that stands in the file.
 */
#ifndef INTEROP_MASK_PNG_H
#define INTEROP_MASK_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "winnow/status.h"

/* One mask: `height` rows of `width` values. Release with wn_mask_picture_clear. */
typedef struct wn_mask_picture {
    int32_t width, height;
    int bits;         /* of a value in the file: 1, 2, 4, 8 or 16 */
    uint16_t *values; /* NULL where only the head was read */
} wn_mask_picture;

/* Reads a file that lies in memory; `name` is for messages. `head` stops after the size. WN_INVALID: a picture of
 * colours, WN_CORRUPT: damaged or cut off, WN_LIMIT: more than 2^26 pixels. */
WN_NODISCARD wn_status wn_mask_png_parse(const uint8_t *bytes, size_t len, const char *name, bool head,
                                         wn_mask_picture *out, wn_error *err);
void wn_mask_picture_clear(wn_mask_picture *picture);

/* Opens a file and parses it. */
WN_NODISCARD wn_status wn_mask_png_read(const char *path, bool head, wn_mask_picture *out, wn_error *err);

/* Writes a grey file of 8 bits, or of 16 where a value needs them: complete, or not at all. */
WN_NODISCARD wn_status wn_mask_png_write(const char *path, const wn_mask_picture *picture, wn_error *err);

/* Values of pixels that have no class, as "255" or "0,255"; "none" = every value is a class. */
typedef struct wn_mask_ignored {
    uint16_t values[16];
    size_t count;
} wn_mask_ignored;

/* NULL = 255. WN_INVALID: a text that is no such list. */
WN_NODISCARD wn_status wn_mask_ignored_parse(const char *text, wn_mask_ignored *out, wn_error *err);

/* Class of each pixel: -1 for values that are ignored. False, with the first such value, where one is not below
 * `classes`. */
bool wn_mask_classes(const wn_mask_picture *picture, const wn_mask_ignored *ignored, size_t classes, int32_t *out,
                     uint16_t *beyond);

#endif
