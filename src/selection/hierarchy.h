/* SPDX-License-Identifier: Apache-2.0
 *
 * Clusters of clusters: k-means of the items, then k-means of the centres, and so on (Vo et al. 2024, "Automatic data
 * curation for self-supervised learning: a clustering-based approach", arXiv 2405.15613). Each level spreads its
 * centres more evenly over what there is, whatever the number of rows of each kind. Above the first level the clusters
 * are made anew several times from the members nearest to their centres (the paper's resampling), which spreads them
 * more.
 */
#ifndef SELECTION_HIERARCHY_H
#define SELECTION_HIERARCHY_H

#include "selection/grouping.h"

enum { WN_HIERARCHY_LEVELS = 6 };

/* Level 0 is the finest: its children are items. The children of a cluster of level l are clusters of level l - 1. */
typedef struct wn_hierarchy {
    size_t levels;
    wn_kmeans level[WN_HIERARCHY_LEVELS];
} wn_hierarchy;

typedef struct wn_hierarchy_plan {
    size_t levels, sizes[WN_HIERARCHY_LEVELS]; /* clusters of each level, falling */
    size_t iterations, resamplings;
} wn_hierarchy_plan;

/* Sizes for n items: finest first, each level a `factor`-th of the one below, the coarsest at least 2. */
wn_hierarchy_plan wn_hierarchy_plan_for(size_t n, size_t finest, size_t levels);

WN_NODISCARD wn_status wn_hierarchy_new(const wn_grouping *grouping, const wn_roster *roster,
                                        const wn_hierarchy_plan *plan, wn_hierarchy *out, wn_error *err);
void wn_hierarchy_clear(wn_hierarchy *hierarchy);

#endif
