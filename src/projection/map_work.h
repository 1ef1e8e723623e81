/* SPDX-License-Identifier: Apache-2.0
 *
 * What the methods that place points by the neighbour graph share: the lists, a sparse symmetric matrix made of them,
 * the places to start from, and moving the points.
 *
 * Points in work have a stride of 2 floats (maps of one and two dimensions) or 4 (three), as the kernels want them.
 */
#ifndef PROJECTION_MAP_WORK_H
#define PROJECTION_MAP_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "num/bundles.h"
#include "winnow/index.h"
#include "winnow/projection.h"

enum { WN_MAP_GRAIN = 256 };

/* Lists of neighbours, borrowed from the request or found. Row i's are ids[i * stride] ..., nearest first; fewer than k
 * end with -1. */
typedef struct wn_map_lists {
    const int64_t *ids;
    const float *distances;
    size_t rows, k, stride;
    wn_neighbours found;
} wn_map_lists;

/* At most min(k, rows - 1) neighbours of each row, from request->graph or by a search. */
WN_NODISCARD wn_status wn_map_lists_get(const wn_projection_request *request, size_t k, wn_map_lists *out,
                                        wn_error *err);
void wn_map_lists_clear(wn_map_lists *lists);

/* Bytes that a search for k neighbours and its lists take, nearly. */
uint64_t wn_map_lists_memory(const wn_projection_request *request, size_t k);

/* Rows of a sparse matrix: columns cols[starts[i]] ... ascending, and their values. */
typedef struct wn_sparse {
    size_t rows;
    uint64_t *starts; /* rows + 1 */
    uint32_t *cols;
    float *values;
} wn_sparse;

/* How the two weights of a pair become one: a + b - ab, (a + b) / 2, or a + b. */
typedef enum wn_sparse_rule { WN_SPARSE_UNION, WN_SPARSE_MEAN, WN_SPARSE_SUM } wn_sparse_rule;

/* The symmetric matrix of the directed weights (rows x lists->k, in the order of the lists). */
WN_NODISCARD wn_status wn_sparse_join(const wn_map_lists *lists, const float *weights, wn_sparse_rule rule,
                                      wn_pool *pool, wn_sparse *out, wn_error *err);
void wn_sparse_clear(wn_sparse *sparse);
uint64_t wn_sparse_memory(size_t rows, size_t k); /* bytes that joining takes, at most; ordering takes no more */

/* order[i] = the row that comes i-th along a curve through the map, by the first two coordinates of points (rows x
 * stride). The same rows and points give the same order. */
WN_NODISCARD wn_status wn_map_order(const float *points, size_t rows, size_t stride, uint32_t *order, wn_error *err);

/* Rows and columns in that order: row order[i] becomes row i. Columns are no longer ascending. On failure `sparse` is
 * as before. */
WN_NODISCARD wn_status wn_sparse_permute(wn_sparse *sparse, const uint32_t *order, wn_pool *pool, wn_error *err);

/* The rows of a sparse matrix as bundles[starts[i]] ..., weights in units[i]; values are rounded to 1/65,535 of the
 * greatest of their row. */
typedef struct wn_map_bundles {
    uint64_t *starts; /* rows + 1 */
    wn_bundle *bundles;
    float *units; /* rows */
} wn_map_bundles;

/* Values must not be negative. Zero-initialise; what `out` held is released, at the end by wn_map_bundles_clear. */
WN_NODISCARD wn_status wn_map_bundles_make(const wn_sparse *from, wn_pool *pool, wn_map_bundles *out, wn_error *err);
void wn_map_bundles_clear(wn_map_bundles *bundles);
uint64_t wn_map_bundles_memory(size_t rows, size_t k); /* of a matrix from lists of k, nearly */

/* 2 or 4. */
size_t wn_map_stride(const wn_projection_request *request);

/* Where points start. */
typedef enum wn_map_start { WN_MAP_START_PCA, WN_MAP_START_RANDOM } wn_map_start;
extern const char *const wn_map_start_names[];

/* points (rows x stride) = principal components scaled so that the first has the standard deviation `size`, or that the
 * greatest value is `size`, or times `size`; a thousandth of it is random, so that equal rows can part. Components that
 * the rows do not have are random too. */
typedef enum wn_map_scale { WN_MAP_SCALE_DEVIATION, WN_MAP_SCALE_GREATEST, WN_MAP_SCALE_TIMES } wn_map_scale;
WN_NODISCARD wn_status wn_map_start_points(const wn_projection_request *request, wn_map_start start, wn_map_scale scale,
                                           float size, float *points, wn_error *err);

/* Copies the points into the result, their mean moved to 0. */
void wn_map_finish(const float *points, size_t stride, wn_projection *out);

/* Tells progress, with the objective when it is finite; true when the work shall stop. */
bool wn_map_stops(const wn_projection_request *request, size_t done, size_t total, const char *name, double objective);

#endif
