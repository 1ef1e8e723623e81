/* SPDX-License-Identifier: Apache-2.0
 *
 * How near the two most likely classes are, by their ratio.
 */
#include "selection/scorer_tasks.h"

static double ratio(const float *p, size_t n)
{
    double first, second;
    wn_two_largest(p, n, &first, &second);
    return first > 0 ? second / first : 0;
}

const wn_scorer wn_scorer_ratio = {
    .name = "uncertainty_ratio",
    .summary = "the second largest probability divided by the largest",
    .tasks = WN_SCORER_ALL_TASKS,
    .needs = WN_SCORER_PROBABILITIES,
    .value = ratio,
};
