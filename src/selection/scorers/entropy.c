/* SPDX-License-Identifier: Apache-2.0
 *
 * How spread out the probabilities are.
 */
#include <math.h>

#include "selection/scorer_tasks.h"

static double entropy(const float *p, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] > 0) sum -= (double)p[i] * log((double)p[i]);
    return sum / log((double)n);
}

const wn_scorer wn_scorer_entropy = {
    .name = "uncertainty_entropy",
    .summary = "entropy of the probabilities, scaled to 0..1",
    .tasks = WN_SCORER_ALL_TASKS,
    .needs = WN_SCORER_PROBABILITIES,
    .value = entropy,
};
