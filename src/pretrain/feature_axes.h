/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer from the features of a network to its embedding: axes of the features of the images themselves.
 */
#ifndef PRETRAIN_FEATURE_AXES_H
#define PRETRAIN_FEATURE_AXES_H

#include "nn/tensor.h"
#include "pretrain/nested_map.h"
#include "winnow/matrix.h"
#include "winnow/progress.h"

typedef struct wn_feature_axes {
    wn_matrix features;    /* of images */
    wn_matrix differences; /* between the features of two views of an image; no rows: principal axes */
    double power; /* an axis is divided by its value to half of this power: 0 = as it is, 1 = equal variances */
    const uint32_t *prefixes; /* ascending, the last is the dimension; no longer than the features */
    uint32_t prefix_count;
    uint64_t seed;
    const wn_progress *progress; /* as of wn_nested_map_learn */
} wn_feature_axes;

/* Fills weights and bias of "embedding0" in `head`. `std` gets the spread of the features: the root of the share of
 * their variance in their mean square. Below `least_std` they are one point, and the layer is left as it is. WN_NOMEM,
 * WN_CANCELLED, WN_INVALID for features whose covariance has no axes (values that are not finite). */
WN_NODISCARD wn_status wn_feature_axes_fit(const wn_feature_axes *task, double least_std, wn_pool *pool,
                                           wn_tensors *head, double *std, wn_error *err);

#endif
