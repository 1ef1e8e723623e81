/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps: rows of many dimensions as points of two or three.
 */
#ifndef WINNOW_PROJECTION_H
#define WINNOW_PROJECTION_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/index.h"
#include "winnow/matrix.h"
#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be mapped. Zero-initialise, then set. */
typedef struct wn_projection_request {
    wn_matrix matrix; /* N x dim; every value finite, the greatest magnitude 0 or 1e-15 .. 1e15 */
    size_t dims;      /* of the map: 1 .. dim; for methods that place points by the neighbour graph 1 .. 3 */
    uint64_t seed;
    wn_index_metric metric;     /* of the neighbour graph: L2 or COSINE */
    const wn_neighbours *graph; /* of these rows by that metric, borrowed; NULL = found as far as a method needs it.
                                   A graph with fewer neighbours than a method wants is used as it is */
    wn_pool *pool;
    const wn_progress *progress; /* stages "neighbours" and "map"; the note has the objective where there is one */
} wn_projection_request;

/* The map. Release with wn_projection_clear. */
typedef struct wn_projection {
    float *points; /* N x dims, row-major */
    size_t rows, dims;
    double
        *variance; /* dims values: share of the total variance that each axis explains; NULL if the method has none */
    float *mean, *axes; /* dim values; dims x dim values: point = axes * (row - mean); NULL if the method has none */
    const char *objective_name; /* "KL", "cross-entropy", ...: static; NULL if the method has none */
    double objective;           /* what was made small, at the end */
    size_t iterations;
} wn_projection;

/* Releases the arrays and zeroes the struct. */
WN_API void wn_projection_clear(wn_projection *projection);

/* One method. `fit` gets checked input. */
typedef struct wn_projection_method {
    const char *name, *summary;
    const wn_option *options;
    size_t params_size;
    size_t dims_most; /* 0 = as many as the rows have */
    wn_status (*fit)(const void *params, const wn_projection_request *request, wn_projection *out, wn_error *err);
    uint64_t (*memory)(const void *params, const wn_projection_request *request);
    size_t (*neighbours)(const void *params); /* of each row, that are used; NULL = none */
} wn_projection_method;

/* The table: index 0, 1, ... in the order of the list; NULL beyond the last. */
WN_API const wn_projection_method *wn_projection_method_at(size_t index);

/* The method of that name; NULL when there is none. */
WN_API const wn_projection_method *wn_projection_method_find(const char *name);

/* Checks the request and runs the method. One row lies at the origin; with two or three, or with rows that are all
 * alike, the map is as good as it can be. A list of neighbours that is longer than there are rows is cut. The same
 * input gives the same bytes for any number of threads; the sign of each axis is fixed by making its largest component
 * positive. */
WN_API WN_NODISCARD wn_status wn_project(const wn_projection_method *method, const void *params,
                                         const wn_projection_request *request, wn_projection *out, wn_error *err);

/* Bytes that wn_project would allocate at most, its result included. */
WN_API uint64_t wn_project_memory(const wn_projection_method *method, const void *params,
                                  const wn_projection_request *request);

#ifdef __cplusplus
}
#endif
#endif
