/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 minus the mean over the instances of the mean confidence of their keypoints; 0 without instances (the scorer of
 * that name of Lightly).
 */
#include <math.h>

#include "selection/scorer_tasks.h"

static wn_status score(const void *params, const wn_scorer_request *request, float *out, wn_error *err)
{
    const wn_scorer_objects *objects = &request->objects;
    (void)params, (void)err;
    for (size_t row = 0; row < objects->rows; row++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = objects->starts[row]; i < objects->starts[row + 1]; i++) {
            if (isnan(objects->keypoint_confidences[i])) continue;
            sum += (double)objects->keypoint_confidences[i];
            count++;
        }
        out[row] = count ? (float)(1 - sum / (double)count) : 0;
        if (objects->known && !objects->known[row]) out[row] = NAN;
    }
    return WN_OK;
}

const wn_scorer wn_scorer_keypoints = {
    .name = "mean_uncertainty",
    .summary = "1 minus the mean confidence of the keypoints",
    .tasks = WN_TASK_BIT(KEYPOINTS),
    .needs = WN_SCORER_KEYPOINTS,
    .score = score,
};
