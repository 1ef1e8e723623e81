/* SPDX-License-Identifier: Apache-2.0
 *
 * How far the most likely class is from certain.
 */
#include "selection/scorer_tasks.h"

static double least_confidence(const float *p, size_t n)
{
    float largest = p[0];
    for (size_t i = 1; i < n; i++)
        if (p[i] > largest) largest = p[i];
    return (1 - (double)largest) * (double)n / (double)(n - 1);
}

const wn_scorer wn_scorer_least_confidence = {
    .name = "uncertainty_least_confidence",
    .summary = "1 minus the largest probability, scaled to 0..1",
    .tasks = WN_SCORER_ALL_TASKS,
    .needs = WN_SCORER_PROBABILITIES,
    .value = least_confidence,
};
