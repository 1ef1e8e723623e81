/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups that a map shows, and the row that stands for each.
 */
#ifndef WINNOW_MAP_CLUSTERS_H
#define WINNOW_MAP_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise, then set. */
typedef struct wn_map_clusters_request {
    wn_matrix points; /* N x 2 or 3; a row with a NaN is in no group */
    wn_matrix rows;   /* N x dim, finite: what typical rows are chosen by; data NULL = by the points */
    size_t most;      /* groups; the largest ones are kept */
} wn_map_clusters_request;

/* Release with wn_map_clusters_clear. */
typedef struct wn_map_clusters {
    int32_t *codes;  /* of each row: its group, 0 = the largest; -1 = none */
    size_t count;    /* of groups */
    size_t *sizes;   /* of each */
    size_t *typical; /* of each: the row nearest to the mean of its rows, scaled to length 1 (to the mean of its points,
                        where there are no rows); of equal ones the first */
} wn_map_clusters;

/* Hills of the density of points, counted in cells and smoothed (the width shrinks with the sixth root of the number of
 * points). Every cell belongs to the hill that it leads up to; a hill whose top is less than 1.4 times as dense as the
 * pass to a higher one is part of that one (Chazal, Guibas, Oudot, Skraba 2013). Hills of less than 1/200 of the points
 * are no groups. WN_INVALID for points of other than 2 or 3 dimensions. */
WN_API WN_NODISCARD wn_status wn_map_clusters_find(const wn_map_clusters_request *request, wn_map_clusters *out,
                                                   wn_error *err);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_map_clusters_clear(wn_map_clusters *clusters);

#ifdef __cplusplus
}
#endif
#endif
