/* SPDX-License-Identifier: Apache-2.0
 *
 * Weighted k-means (Lloyd 1982) on rows without gaps, seeded by D^2 sampling (Arthur and Vassilvitskii 2007,
 * "k-means++"), and the sampling itself, which several strategies use. Results do not depend on the number of threads.
 */
#ifndef SELECTION_KMEANS_H
#define SELECTION_KMEANS_H

#include <stdbool.h>

#include "num/distance.h"
#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"

typedef struct wn_kmeans_request {
    const float *points; /* n x dim, finite */
    size_t n, dim;
    const float *weights; /* n, none below 0; NULL = 1 */
    size_t clusters;      /* at least 1; at most n are made */
    const float *initial; /* clusters x dim to begin with; NULL = drawn by D^2 sampling */
    size_t iterations;    /* at most so many passes; it ends when no row changes its cluster */
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress; /* stage "cluster", unit "passes" */
} wn_kmeans_request;

typedef struct wn_kmeans {
    size_t clusters;   /* with at least one row each */
    float *centres;    /* clusters x dim */
    uint32_t *cluster; /* n */
    float *squares;    /* n: squared distance to the centre */
    uint32_t *starts;  /* clusters + 1 */
    uint32_t *members; /* n: those of cluster c are members[starts[c] .. starts[c + 1]), ascending */
    double inertia;    /* sum of weight x square */
} wn_kmeans;

/* WN_CANCELLED leaves nothing. */
WN_NODISCARD wn_status wn_kmeans_run(const wn_kmeans_request *request, wn_kmeans *out, wn_error *err);
void wn_kmeans_clear(wn_kmeans *kmeans);

/* Bytes that a run allocates at most, its result included. */
uint64_t wn_kmeans_bytes(size_t n, size_t dim, size_t clusters);

/* D^2 sampling in any space: the next item is drawn with a probability in proportion to weight x squared distance to
 * the nearest item drawn so far. Squares of an earlier time are upper bounds; an item is drawn by the bounds, measured,
 * and kept with probability square / bound (else drawn again with its bound lowered), which is exact. When items are
 * often refused, all bounds are renewed at once. */
typedef struct wn_seeding {
    size_t n;
    const float *weights; /* n, NULL = 1 */
    /* Least squared distance of an item to some drawn items. */
    double (*nearest)(const void *context, size_t item, const uint32_t *drawn, size_t count);
    /* For all n items: bounds[i] = the lesser of itself and an upper bound of the square to some drawn items. NULL, or
     * false when memory is short = the function above for each. */
    bool (*renew)(const void *context, const uint32_t *drawn, size_t count, double *bounds, wn_pool *pool);
    const void *context;
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress; /* stage "seed", unit "rows" */
} wn_seeding;

/* Draws `count` <= n - (rows in `closed`) different items. `given` items count as drawn already; `closed` (n flags,
 * NULL = none) marks items that are never drawn. Without given items the first is drawn by weight alone. Where every
 * square is 0, the smallest items that are left follow. `out` has room for count. WN_CANCELLED keeps *len items. */
WN_NODISCARD wn_status wn_seeding_draw(const wn_seeding *seeding, const uint32_t *given, size_t given_len,
                                       const uint8_t *closed, size_t count, uint32_t *out, size_t *len, wn_error *err);
uint64_t wn_seeding_bytes(size_t n, size_t drawn);

/* A seeding over n x dim points in the Euclidean distance, with tiles; its context. Zero-initialise. */
typedef struct wn_point_seeding {
    const float *points;
    size_t n, dim;
    float *norms;
    wn_distance_kernels kernels;
} wn_point_seeding;

WN_NODISCARD wn_status wn_point_seeding_init(wn_point_seeding *context, const float *points, size_t n, size_t dim,
                                             wn_seeding *seeding, wn_error *err);
void wn_point_seeding_clear(wn_point_seeding *context);

#endif
