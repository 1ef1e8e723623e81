/* SPDX-License-Identifier: Apache-2.0
 *
 * How true a map is to the rows that it shows.
 */
#ifndef WINNOW_MAP_QUALITY_H
#define WINNOW_MAP_QUALITY_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is measured. Zero-initialise, then set. All pointers are borrowed. */
typedef struct wn_map_quality_request {
    wn_matrix rows, points; /* N x dim and N x 2 or 3, finite */
    const int64_t *labels;  /* N; negative = none; NULL = no labels */
    size_t sample;          /* rows to measure at; 0 = all up to 2,000, 1,000 beyond, 300 beyond 200,000 */
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress; /* stage "map", unit "rows" */
} wn_map_quality_request;

/* Figures in [0, 1], greater is better; NaN where there are too few rows, or no labels. k is 15, or less than half of
 * the rows; near means Euclidean distance, equals by row number.
 *   trustworthiness  1 - 2 / (n k (2 N - 3 k - 1)) * sum of (r - k) over the k nearest points of each row, r being the
 *                    rank of that row in the data where it is above k (Venna and Kaski 2001)
 *   continuity       the same with data and map exchanged
 *   recall           share of the 10 nearest rows that are among the 10 nearest points
 *   triplets         share of random triplets (a, b, c), 5 for each row measured, where b is nearer to a than c is
 *                    both in the data and on the map
 *   labels           share of rows that have the label most frequent among their 10 nearest points that have one (the
 *                    least of several) */
typedef struct wn_map_quality {
    double trustworthiness, continuity, recall, triplets, labels;
    size_t k, sampled;
} wn_map_quality;

/* Measures; exact at the rows sampled. WN_INVALID when the numbers of rows differ. Bytes: 8 N for each worker. */
WN_API WN_NODISCARD wn_status wn_map_quality_measure(const wn_map_quality_request *request, wn_map_quality *out,
                                                     wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
