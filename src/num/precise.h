/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of pairs of float32 rows in double, with the same bits at every CPU level: what decides which of two
 * neighbours is nearer. Element k adds to lane k % 8, each product is rounded before it is added, and the lanes
 * are summed as ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
 */
#ifndef NUM_PRECISE_H
#define NUM_PRECISE_H

#include <stddef.h>

#include "winnow/cpu.h"

/* Sum of (a[k] * a_scale - b[k] * b_scale)^2. */
typedef double wn_precise_l2sq(const float *a, double a_scale, const float *b, double b_scale, size_t dim);

/* Sum of a[k] * b[k]. */
typedef double wn_precise_dot(const float *a, const float *b, size_t dim);

/* Dot products of many rows b with one row a. Rows stand in tiles of WN_PRECISE_TILE, value k of each side by side:
 * out[t * TILE + i] = sum of a[k] * tiles[(t * dim + k) * TILE + i]. */
enum { WN_PRECISE_TILE = 16 };
typedef void wn_precise_dot_tiles(const double *a, const float *tiles, size_t dim, size_t count, double *out);

/* field, signature */
#define WN_PRECISE_MAP(X)                                                                                              \
    X(l2sq, wn_precise_l2sq)                                                                                           \
    X(dot, wn_precise_dot)                                                                                             \
    X(dot_tiles, wn_precise_dot_tiles)

typedef struct wn_precise_kernels {
#define X(field, signature) signature *field;
    WN_PRECISE_MAP(X)
#undef X
} wn_precise_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_precise_kernels_init(wn_precise_kernels *kernels, wn_cpu level);

#endif
