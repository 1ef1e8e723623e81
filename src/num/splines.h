/* SPDX-License-Identifier: Apache-2.0
 *
 * Points of two dimensions on a square grid of nodes, by B-splines of fifth degree: charges are spread over 6 x 6 nodes
 * around each point, and fields at the nodes are read back at it (particle-mesh interpolation; Essmann et al. 1995).
 * Kernels are single-threaded, allocate nothing, and go through the rows in the order given.
 */
#ifndef NUM_SPLINES_H
#define NUM_SPLINES_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* WN_SPLINE_BEFORE: nodes before the cell of a point that it reaches. Kernels work on whole vectors, so arrays of nodes
 * have WN_SPLINE_PAD floats more; those of charges are written with what they hold. */
enum { WN_SPLINE_ORDER = 6, WN_SPLINE_BEFORE = 2, WN_SPLINE_PAD = 8, WN_SPLINE_FIELDS = 3 };

/* Node (x, y) lies at origin + (x, y) / per_step, and at place y * nodes + x of an array. */
typedef struct wn_spline_grid {
    size_t nodes; /* along a side, at least WN_SPLINE_ORDER */
    float origin[2], per_step;
} wn_spline_grid;

/* The cell of a coordinate and, in cells, where it lies within. What lies too near a border for 6 nodes, or outside,
 * counts to the nearest cell that has them. */
static inline size_t wn_spline_cell(const wn_spline_grid *grid, float coordinate, size_t axis, float *within)
{
    float place = (coordinate - grid->origin[axis]) * grid->per_step;
    size_t most = grid->nodes - WN_SPLINE_ORDER / 2 - 1, cell = WN_SPLINE_BEFORE;
    if (place > WN_SPLINE_BEFORE) cell = place < (float)most ? (size_t)(uint32_t)place : most;
    *within = place - (float)cell;
    return cell;
}

/* Adds a charge of 1 at each of n rows of `points` (2 floats a row) to `charges`. */
typedef void wn_spline_spread(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n,
                              float *charges);

/* The fields at each of n rows: the first is added up and returned, the others go to forces[2 * row] and the float
 * after it. */
typedef double wn_spline_gather(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n,
                                const float *const fields[WN_SPLINE_FIELDS], float *forces);

/* field, signature */
#define WN_SPLINES_MAP(X)                                                                                              \
    X(spread, wn_spline_spread)                                                                                        \
    X(gather, wn_spline_gather)

typedef struct wn_splines_kernels {
#define X(field, signature) signature *field;
    WN_SPLINES_MAP(X)
#undef X
} wn_splines_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_splines_kernels_init(wn_splines_kernels *kernels, wn_cpu level);

#endif
