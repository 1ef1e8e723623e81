/* SPDX-License-Identifier: Apache-2.0
 *
 * New rows on a map that is there already.
 */
#ifndef WINNOW_MAP_PLACE_H
#define WINNOW_MAP_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/index.h"
#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is placed among what. Zero-initialise, then set. All pointers are borrowed. */
typedef struct wn_map_place_request {
    wn_matrix old, points;  /* N x dim, and their N x 1 to 3 points: they do not move */
    wn_matrix fresh;        /* M x dim */
    size_t k;               /* neighbours among the old ones that count; 0 = 15 */
    size_t epochs;          /* of pulls and pushes after the start; 0 = none: right for maps that are not UMAP's */
    wn_index_metric metric; /* L2 or COSINE */
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress;
} wn_map_place_request;

/* out (M x map dims): each fresh row at the mean of its neighbours' points, weighted as UMAP weighs neighbours, then
 * moved by `epochs` of its pulls and pushes (minimum distance 0.1) while all others stay. A row that equals an old one
 * in all values starts on it. Rows do not see each other, so that the same row gets the same place whatever comes with
 * it, but for the random pushes, which depend on its number. The same for any number of threads. WN_INVALID: no old
 * rows, different dimensions, a value that is not finite. */
WN_API WN_NODISCARD wn_status wn_map_place(const wn_map_place_request *request, float *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
