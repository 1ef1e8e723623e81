/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of an annotation that several JSON formats write alike. Each returns false, after listing a problem at the
 * builder's place, when the value is none of what it should be; the item is then as before.
 */
#ifndef INTEROP_ANNOTATION_JSON_H
#define INTEROP_ANNOTATION_JSON_H

#include "interop/annotation_format.h"
#include "interop/json_scan.h"

/* A value as it stands in the file, at most some 60 letters of it, for problems. */
enum { WN_JSON_SHOWN = 64 };
const char *wn_json_shown(const json_t *value, char out[WN_JSON_SHOWN]);

/* The numbers of a list, in a new array (wn_free); NULL when it is no list of numbers, or memory is short, which the
 * builder then knows. */
float *wn_json_floats(wn_annotation_builder *builder, const json_t *list, size_t *count);

/* [x, y, width, height], or the two corners when `corners`. NULL or null = no box, which is fine. */
bool wn_item_set_box(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value, bool corners);

/* A number in [0, 1]; absent is fine. */
bool wn_item_set_score(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value);

/* Numbers >= 0, one for each of `classes` categories (0 = any number of them); absent is fine. */
bool wn_item_set_probabilities(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value,
                               size_t classes);

/* x, y, confidence of each of `points` (0 = any number of them); absent is fine. */
bool wn_item_set_keypoints(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value,
                           size_t points);

/* COCO: a list of rings, or an object of size and counts. Absent is fine. */
bool wn_item_set_coco_mask(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value);

/* Lightly: row-major runs. */
bool wn_item_set_rows_mask(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value);

#endif
