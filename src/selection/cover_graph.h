/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows a pick covers, and how well, as a sparse symmetric graph: rows a and b are joined when either is among the
 * nearest of the other, and every row is joined with itself.
 */
#ifndef SELECTION_COVER_GRAPH_H
#define SELECTION_COVER_GRAPH_H

#include "selection/nearness.h"

typedef struct wn_cover_graph {
    size_t rows;
    uint64_t *starts; /* rows + 1: where the room of a row begins */
    uint32_t *lens;   /* rows: edges of a row; some room may be left */
    uint32_t *ids;    /* the row itself, then its neighbours, then those whose neighbour it is */
    float *values;    /* nearness along the edge, above 0 */
} wn_cover_graph;

/* Lists for `rows` rows with k neighbours each: those of the request, or found now into *own (clear it afterwards). The
 * distances are in *metric. */
WN_NODISCARD wn_status wn_cover_lists(const wn_roster *roster, size_t k, wn_neighbours *own, const wn_neighbours **out,
                                      wn_metric *metric, wn_error *err);

/* Bytes that finding them takes, the lists included. */
uint64_t wn_cover_lists_bytes(const wn_selection_request *request, size_t k);

/* Squared distances, as nearness takes them, of list distances. */
void wn_cover_squares(wn_metric metric, const float *distances, size_t n, float *squares);

/* WN_INVALID for a neighbour that is no row. */
WN_NODISCARD wn_status wn_cover_graph_new(const wn_neighbours *lists, wn_metric metric, const wn_nearness *nearness,
                                          wn_pool *pool, wn_cover_graph **out, wn_error *err);
void wn_cover_graph_free(wn_cover_graph **graph);

/* Bytes that new allocates at most. */
uint64_t wn_cover_graph_bytes(size_t rows, size_t k, unsigned threads);

#endif
