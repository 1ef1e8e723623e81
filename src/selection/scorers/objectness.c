/* SPDX-License-Identifier: Apache-2.0
 *
 * 1 minus the mean confidence of the objects; 0 without objects (the scorer of that name of Lightly).
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
            if (isnan(objects->scores[i])) continue;
            sum += (double)objects->scores[i];
            count++;
        }
        out[row] = count ? (float)(1 - sum / (double)count) : 0;
        if (objects->known && !objects->known[row]) out[row] = NAN;
    }
    return WN_OK;
}

const wn_scorer wn_scorer_objectness = {
    .name = "objectness_least_confidence",
    .summary = "1 minus the mean confidence of the objects",
    .tasks = WN_SCORER_OBJECT_TASKS,
    .needs = WN_SCORER_SCORES,
    .score = score,
};
