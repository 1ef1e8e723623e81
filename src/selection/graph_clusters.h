/* SPDX-License-Identifier: Apache-2.0
 *
 * Average-linkage clusters on a sparse graph: in every round the pairs of clusters that are each other's nearest merge,
 * until so many clusters are left or none is joined with another (reciprocal agglomerative clustering: Sumengen et al.
 * 2021, "Scaling hierarchical agglomerative clustering to billion-sized datasets", arXiv 2105.11653). How far apart two
 * clusters are is the mean length of the edges between them.
 */
#ifndef SELECTION_GRAPH_CLUSTERS_H
#define SELECTION_GRAPH_CLUSTERS_H

#include "winnow/index.h"

/* cluster[row] = 0 .. *count - 1, numbered by their smallest row. Edges of infinite length join nothing. */
WN_NODISCARD wn_status wn_graph_clusters(const wn_neighbours *lists, size_t wanted, uint32_t *cluster, size_t *count,
                                         wn_error *err);

/* Bytes that it allocates at most. */
uint64_t wn_graph_clusters_bytes(size_t rows, size_t k);

#endif
