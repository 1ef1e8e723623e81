/* SPDX-License-Identifier: Apache-2.0
 *
 * How near the two most likely classes are, by their difference.
 */
#include "selection/scorer_tasks.h"

static double margin(const float *p, size_t n)
{
    double first, second;
    wn_two_largest(p, n, &first, &second);
    return 1 - (first - second);
}

const wn_scorer wn_scorer_margin = {
    .name = "uncertainty_margin",
    .summary = "1 minus the difference of the two largest probabilities",
    .tasks = WN_SCORER_ALL_TASKS,
    .needs = WN_SCORER_PROBABILITIES,
    .value = margin,
};
