/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps: rows of many dimensions as points of two or three.
 */
#ifndef WINNOW_PROJECTION_H
#define WINNOW_PROJECTION_H

#include <stddef.h>
#include <stdint.h>

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
    wn_matrix matrix; /* N x dim; every value finite */
    size_t dims;      /* of the map, 1 .. dim */
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress; /* stage "map", unit "rows" */
} wn_projection_request;

/* The map. Release with wn_projection_clear. */
typedef struct wn_projection {
    float *points; /* N x dims, row-major */
    size_t rows, dims;
    double
        *variance; /* dims values: share of the total variance that each axis explains; NULL if the method has none */
    float *mean, *axes; /* dim values; dims x dim values: point = axes * (row - mean); NULL if the method has none */
} wn_projection;

/* Releases the arrays and zeroes the struct. */
WN_API void wn_projection_clear(wn_projection *projection);

/* One method. `fit` gets checked input. */
typedef struct wn_projection_method {
    const char *name, *summary;
    const wn_option *options;
    size_t params_size;
    wn_status (*fit)(const void *params, const wn_projection_request *request, wn_projection *out, wn_error *err);
    uint64_t (*memory)(const void *params, const wn_projection_request *request);
} wn_projection_method;

/* The table: index 0, 1, ... in the order of the list; NULL beyond the last. */
WN_API const wn_projection_method *wn_projection_method_at(size_t index);

/* The method of that name; NULL when there is none. */
WN_API const wn_projection_method *wn_projection_method_find(const char *name);

/* Checks the request and runs the method. The same input gives the same bytes for any number of threads; the sign of
 * each axis is fixed by making its largest component positive. */
WN_API WN_NODISCARD wn_status wn_project(const wn_projection_method *method, const void *params,
                                         const wn_projection_request *request, wn_projection *out, wn_error *err);

/* Bytes that wn_project would allocate at most, its result included. */
WN_API uint64_t wn_project_memory(const wn_projection_method *method, const void *params,
                                  const wn_projection_request *request);

#ifdef __cplusplus
}
#endif
#endif
