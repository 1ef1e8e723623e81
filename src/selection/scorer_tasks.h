/* SPDX-License-Identifier: Apache-2.0
 *
 * What scorers share: sets of tasks, and the two largest of a vector.
 */
#ifndef SELECTION_SCORER_TASKS_H
#define SELECTION_SCORER_TASKS_H

#include "winnow/scorer.h"

#define WN_TASK_BIT(task) (1u << WN_TASK_##task)
#define WN_SCORER_OBJECT_TASKS                                                                                         \
    (WN_TASK_BIT(DETECTION) | WN_TASK_BIT(KEYPOINTS) | WN_TASK_BIT(INSTANCES) | WN_TASK_BIT(SEMANTIC))
#define WN_SCORER_ALL_TASKS (WN_TASK_BIT(CLASSIFICATION) | WN_SCORER_OBJECT_TASKS)

/* The largest and the second largest of n >= 2 numbers. */
static inline void wn_two_largest(const float *p, size_t n, double *first, double *second)
{
    *first = p[0] > p[1] ? p[0] : p[1];
    *second = p[0] > p[1] ? p[1] : p[0];
    for (size_t i = 2; i < n; i++) {
        if (p[i] > *first) {
            *second = *first;
            *first = p[i];
        } else if (p[i] > *second)
            *second = p[i];
    }
}

/* Copies a vector divided by its sum, raised to 1/temperature first; one number p becomes (p, 1 - p). `out` has room
 * for max(n, 2). The answer is the length, or 0 when the vector is unusable. */
size_t wn_scorer_normalize(const float *p, size_t n, double temperature, float *out);

#endif
