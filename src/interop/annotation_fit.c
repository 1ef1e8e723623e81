/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes against the picture they are in. A box may stick out by a pixel, as many tools write it; what sticks out
 * further is cut and listed. A box without area, or outside, is no place in the picture, and a mask of another size
 * says nothing about it.
 */
#include <math.h>

#include "base/error.h"
#include "interop/annotation_builder.h"
#include "interop/mask.h"

enum { TOLERANCE = 1 }; /* pixels */

static void scale_pairs(float *numbers, wn_annotation_span span, size_t step, float width, float height)
{
    for (size_t i = 0; i + 1 < span.count; i += step) {
        numbers[span.first + i] *= width;
        numbers[span.first + i + 1] *= height;
    }
}

static void make_absolute(wn_annotations *set, wn_annotation_item *item, float width, float height)
{
    for (int i = 0; i < 4; i++) item->box[i] *= i % 2 ? height : width;
    scale_pairs(set->numbers, item->polygon, 2, width, height);
    scale_pairs(set->numbers, item->keypoints, 3, width, height);
    item->flags &= ~(uint32_t)WN_ITEM_RELATIVE;
}

/* Why the numbers are no box, or NULL. */
static const char *find_fault(const float box[4])
{
    for (int i = 0; i < 4; i++)
        if (!isfinite(box[i]) || fabsf(box[i]) > 1e7f) return "has a number that is none or too large";
    if (box[2] < 0 || box[3] < 0) return "is reversed";
    return box[2] == 0 || box[3] == 0 ? "is empty" : NULL;
}

/* Cuts the box; the answer is how far it stuck out, or infinite when nothing is left. */
static float cut_box(float box[4], float width, float height)
{
    float left = box[0], top = box[1], right = box[0] + box[2], bottom = box[1] + box[3];
    float out = fmaxf(fmaxf(-left, -top), fmaxf(right - width, bottom - height));
    if (out <= 0) return 0;
    left = fmaxf(left, 0);
    top = fmaxf(top, 0);
    right = fminf(right, width);
    bottom = fminf(bottom, height);
    if (right <= left || bottom <= top) return INFINITY;
    box[0] = left;
    box[1] = top;
    box[2] = right - left;
    box[3] = bottom - top;
    return out;
}

static bool mask_fits(const wn_annotations *set, const wn_annotation_item *item, int32_t width, int32_t height)
{
    if (!item->mask.count) return true;
    if (item->mask_width) return item->mask_width == width && item->mask_height == height;
    return wn_mask_fills(set->runs + item->mask.first, item->mask.count, width, height);
}

/* Whether the item still has a usable place, or never had one. */
static bool fit_item(wn_annotations *set, size_t at, int32_t width, int32_t height)
{
    wn_annotation_item *item = &set->items[at];
    wn_annotation_place place = ((const wn_annotation_place *)(const void *)set->storage->places.data)[at];
    const char *path = set->images[item->image].path ? set->images[item->image].path : "";
    bool sized = width > 0 && height > 0;
    if ((item->flags & WN_ITEM_RELATIVE) && sized) make_absolute(set, item, (float)width, (float)height);
    if (item->flags & WN_ITEM_DROPPED) return false;
    if (sized && !mask_fits(set, item, width, height)) {
        item->flags |= WN_ITEM_DROPPED;
        wn_annotations_add_problem(set, place, "%s: a mask that is not of the size of the image, %d x %d; left out",
                                   path, width, height);
        return false;
    }
    if (!(item->flags & WN_ITEM_BOX)) return true;
    float *box = item->box, given[4] = {box[0], box[1], box[2], box[3]};
    const char *fault = find_fault(box);
    float out = 0;
    if (!fault && sized && !(item->flags & WN_ITEM_RELATIVE)) {
        out = cut_box(box, (float)width, (float)height);
        if (isinf(out)) fault = "lies outside the image";
    }
    if (fault) {
        item->flags |= WN_ITEM_DROPPED;
        wn_annotations_add_problem(set, place, "%s: the box x %g y %g width %g height %g %s; left out", path,
                                   (double)given[0], (double)given[1], (double)given[2], (double)given[3], fault);
        return false;
    }
    if (out > TOLERANCE)
        wn_annotations_add_problem(
            set, place, "%s: the box x %g y %g width %g height %g sticks out of the %d x %d image; cut", path,
            (double)given[0], (double)given[1], (double)given[2], (double)given[3], width, height);
    return true;
}

wn_status wn_annotations_fit(wn_annotations *set, size_t image, int32_t width, int32_t height, size_t *dropped,
                             wn_error *err)
{
    if (image >= set->image_count) return wn_fail(err, WN_INVALID, "there is no image %zu in the set", image);
    wn_annotation_image *known = &set->images[image];
    size_t lost = 0;
    if (known->width == 0 && known->height == 0) {
        known->width = width;
        known->height = height;
    }
    for (size_t i = 0; i < known->count; i++)
        if (!fit_item(set, known->first + i, known->width, known->height)) lost++;
    if (dropped) *dropped = lost;
    return set->storage->status ? wn_fail(err, WN_NOMEM, "no memory for the list of problems") : WN_OK;
}
