/* SPDX-License-Identifier: Apache-2.0
 *
 * How the embeddings of a step lie: what tells a network that learns from one that gives the same for everything.
 */
#ifndef PRETRAIN_SPREAD_H
#define PRETRAIN_SPREAD_H

#include <stddef.h>

typedef struct wn_spread {
    double std;   /* of the first views: sqrt(1 - |mean|^2 / mean of |e|^2); 1 = well spread, 0 = one point */
    double share; /* of the variance that is between images, not between the views of one (the intraclass correlation
                   * of Fisher): 0 = an image is as far from its own views as from other images; NaN for one view */
    double rank;  /* axes in use by the first views: (sum of variances)^2 / sum of their squares, 1 .. dim */
} wn_spread;

/* Of `rows` (views * images x dim, row = view * images + image). One image, or rows that are all equal: zeros. */
void wn_spread_measure(const float *rows, size_t images, size_t views, size_t dim, wn_spread *out);

#endif
