/* SPDX-License-Identifier: Apache-2.0
 *
 * How much a pick counts for a row at some distance: 1 at distance 0, falling to 0. With s the squared distance (of
 * rows scaled to length 1 for the cosine metric, so that s = 2 (1 - cos)) and r the radius,
 *
 *     linear   max(0, 1 - s / (2 r^2))    facility location; for cosine with r = 1 it is max(0, cos)
 *     rbf      exp(-s / (2 r^2))          MaxHerding
 *     laplace  exp(-sqrt(s) / r)
 *     tophat   1 when s <= r^2, else 0    ProbCover
 */
#ifndef SELECTION_NEARNESS_H
#define SELECTION_NEARNESS_H

#include <stddef.h>
#include <stdint.h>

#include "selection/roster.h"

#define WN_NEARNESS_MAP(X) X(LINEAR, "linear") X(RBF, "rbf") X(LAPLACE, "laplace") X(TOPHAT, "tophat")

typedef enum wn_nearness_kind {
#define X(name, text) WN_NEARNESS_##name,
    WN_NEARNESS_MAP(X)
#undef X
        WN_NEARNESS_KINDS
} wn_nearness_kind;

typedef struct wn_nearness {
    wn_nearness_kind kind;
    double radius; /* of squared distances as above, not of the metric; above 0 */
} wn_nearness;

/* values[i] = the nearness at squares[i]; may be the same array. Values below WN_NEARNESS_LEAST become 0, and so does
 * what is no number. */
#define WN_NEARNESS_LEAST 1e-6f
void wn_nearness_values(const wn_nearness *nearness, const float *squares, size_t n, float *values);

/* The root of the mean squared distance of the candidates to their mean; 1 for the cosine metric. Where all rows are
 * alike it is 1. What `linear` takes. */
WN_NODISCARD wn_status wn_nearness_spread(const wn_roster *roster, double *radius, wn_error *err);

/* The distance within which a row has `share` of all candidates, as the median over rows drawn evenly: what each of
 * 1 / share picks would own. Never 0. */
WN_NODISCARD wn_status wn_nearness_share_radius(const wn_roster *roster, double share, double *radius, wn_error *err);

#endif
