/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes that are probably missed, badly placed or wrongly named, from the predictions of a detector that did not learn
 * from them (Tkachenko, Thyagarajan and Mueller 2023, arXiv 2309.00832).
 */
#ifndef WINNOW_BOXES_H
#define WINNOW_BOXES_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One box in pixels: corners, class, and the probability of a prediction (not read of a label). */
typedef struct wn_box {
    float x1, y1, x2, y2, score;
    int32_t label;
} wn_box;

/* Labels and predictions of `images` images: those of image i are labels[label_starts[i]] up to label_starts[i + 1],
 * and so for the predictions. All pointers are borrowed for the call. */
typedef struct wn_box_request {
    size_t images;
    const wn_box *labels, *predictions;
    const size_t *label_starts, *prediction_starts; /* images + 1 */
    wn_pool *pool;
} wn_box_request;

/* Scores from 0 (worst) to 1. Release with wn_box_scores_clear. With s the likeness of two boxes, 0.9 IoU + 0.1
 * exp(-0.1 distance of their middles in pixels): missed, a prediction of 0.95 or more that touches no label: s of the
 * nearest label of its class, or the least s of the set times (1 - probability) where there is none; NaN for other
 * predictions; misplaced, a label: s of the likest prediction of its class above 0.5 that overlaps it; 1 where there is
 * none; misnamed, a label: 1 - s of the likest prediction of another class above 0.95, at least the least s; 1 where
 * there is none; the least s where a label of another class has the same place (IoU of 0.95 or more). Each is pooled
 * over the boxes of an image by a soft minimum (temperature 0.1), 1 where there is no box; the score of an image is the
 * geometric mean of the three. */
typedef struct wn_box_scores {
    size_t images, labels, predictions;
    double least;                /* likeness above 0 in the set */
    float *missed;               /* per prediction */
    float *misplaced, *misnamed; /* per label */
    float *image;                /* per image */
    float *image_missed, *image_misplaced, *image_misnamed;
    int32_t *suggested; /* per label: class of the prediction that misnamed speaks of, or its own */
} wn_box_scores;

/* WN_INVALID, naming image and box: starts that fall or go beyond, a coordinate that is no number, a box that is empty
 * or reversed, a probability outside 0 to 1. */
WN_API WN_NODISCARD wn_status wn_boxes_score(const wn_box_request *request, wn_box_scores *out, wn_error *err);
WN_API void wn_box_scores_clear(wn_box_scores *scores);

#ifdef __cplusplus
}
#endif
#endif
