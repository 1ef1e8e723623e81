/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks: run lengths of the two orders, COCO's text form of them, and polygons.
 */
#ifndef INTEROP_MASK_H
#define INTEROP_MASK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "winnow/annotation.h"

/* No picture of a mask is larger; bounds the memory that a file can ask for. */
#define WN_MASK_PIXELS_MAX ((size_t)1 << 27)

/* Turns run lengths that go down the columns (COCO) into row-major ones, added to `out` as uint32_t. False when they do
 * not sum up to width x height, or memory is short (then out->status says so). */
bool wn_mask_from_columns(const uint32_t *runs, size_t count, int32_t width, int32_t height, wn_buffer *out);

/* The reverse, for writing COCO. */
bool wn_mask_to_columns(const uint32_t *runs, size_t count, int32_t width, int32_t height, wn_buffer *out);

/* Run lengths from the text of pycocotools: 5 bits a character from '0', the sixth says that more follow, signed
 * differences to the run before the last from the third on. False for text that is none. */
bool wn_mask_parse_text(const char *text, size_t len, wn_buffer *out);

/* Row-major run lengths of the rings of an item whose polygon is in pixels. False when it has none, the picture has no
 * size, or memory is short (then out->status says so). */
bool wn_mask_from_rings(const wn_annotations *set, const wn_annotation_item *item, int32_t width, int32_t height,
                        wn_buffer *out);

/* Whether the runs sum up to width x height. */
bool wn_mask_fills(const uint32_t *runs, size_t count, int32_t width, int32_t height);

/* Pixels that are set. */
uint64_t wn_mask_area(const uint32_t *runs, size_t count);

/* Area of the rings x, y, ..., which pairs of NaN divide: the sum of what each encloses. */
double wn_mask_polygon_area(const float *points, size_t count);

/* Sets the pixels whose centre is inside the ring (even-odd rule). */
bool wn_mask_draw_ring(const float *points, size_t count, int32_t width, int32_t height, uint8_t *out);

#endif
