/* SPDX-License-Identifier: Apache-2.0
 *
 * Candidates and preselected rows in clusters, and picks that go round the clusters.
 */
#ifndef SELECTION_GROUPING_H
#define SELECTION_GROUPING_H

#include "selection/kmeans.h"
#include "selection/roster.h"

typedef struct wn_grouping {
    size_t len, dim;
    uint32_t *rows; /* len row numbers, ascending: an item is a position here */
    float *points;  /* len x dim, scaled for the metric */
    wn_kmeans kmeans;
} wn_grouping;

/* Candidates and preselected rows with their points, not clustered yet. */
WN_NODISCARD wn_status wn_grouping_new(const wn_roster *roster, wn_grouping **out, wn_error *err);
void wn_grouping_free(wn_grouping **grouping);

/* Clusters the items; `weights` has one value an item, or is NULL. */
WN_NODISCARD wn_status wn_grouping_cluster(wn_grouping *grouping, const wn_roster *roster, size_t clusters,
                                           size_t iterations, const float *weights, wn_error *err);

/* Bytes of both. */
uint64_t wn_grouping_bytes(const wn_selection_request *request, size_t clusters);

/* Going round: the next pick comes from the cluster that has the fewest preselected and picked rows, among equals from
 * the largest (or smallest) cluster, and is its open item of the least key, among equals the smallest row. Clusters of
 * fewer than `least` items come after all others. */
typedef struct wn_rounds {
    const float *keys; /* len, or NULL = 0 */
    bool smallest_first;
    size_t least;
} wn_rounds;

/* Takes picks until the roster is full or no item is open. */
WN_NODISCARD wn_status wn_rounds_take(const wn_rounds *rounds, const wn_grouping *grouping, wn_roster *roster,
                                      wn_error *err);

#endif
