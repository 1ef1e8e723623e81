/* SPDX-License-Identifier: Apache-2.0
 *
 * The push of all points on each in t-SNE: sum over j of (y_i - y_j) / (1 + d^2)^2, and the sum Z of 1 / (1 + d^2) over
 * all pairs.
 *
 * In two dimensions by interpolation, in the way of FIt-SNE (Linderman, Rachh, Hoskins, Steinerberger, Kluger 2019): a
 * point becomes charges on nearby nodes of a grid, the charges are convolved with the kernels by Fourier transforms,
 * and the results are read off at the points. Two things are done better than there. The kernels 1 / (1 + d^2), dx / (1
 * + d^2)^2 and dy / (1 + d^2)^2 give Z and both components from one charge a point. And instead of Lagrange polynomials
 * of second degree in boxes, which break at the sides of boxes, points are spread by B-splines of fifth degree, whose
 * response is divided out of the kernels' spectra. Of 3,000 points spread over 200 units, nodes 1/3 apart give forces
 * that are off by 0.3 % (root of squares) in place of 6 %.
 */
#ifndef PROJECTION_REPULSION_H
#define PROJECTION_REPULSION_H

#include "num/fft.h"
#include "num/splines.h"
#include "projection/map_work.h"

/* Zero-initialise, set the first two; release with wn_repulsion_clear. */
typedef struct wn_repulsion {
    double step_most;   /* greatest distance of nodes, in the unit of the kernel */
    size_t least_nodes; /* along the longer side of the map */
    size_t rows, strips, chunks;
    double step; /* of the nodes of `spline` */
    wn_spline_grid spline;
    wn_splines_kernels kernels;
    wn_fft_grid grid;
    double grid_step; /* for which the kernels were made */
    float *charges, *fields[3];
    uint32_t *order, *counts; /* rows by strip of the grid; chunks x strips */
    double *sums;             /* of parts of the rows */
    double *bounds;           /* chunks x 4 */
    const float *points;
    float *forces;
    size_t parity;
} wn_repulsion;

/* forces (rows x 2) and *z of points (rows x 2). The same for any number of threads. */
WN_NODISCARD wn_status wn_repulsion_run(wn_repulsion *repulsion, const float *points, size_t rows, wn_pool *pool,
                                        float *forces, double *z, wn_error *err);
void wn_repulsion_clear(wn_repulsion *repulsion);
uint64_t wn_repulsion_memory(size_t rows, size_t nodes, unsigned workers);

/* The same by all pairs, in double, for points of stride 2 or 4: slow, for small maps, three dimensions and tests.
 * `sums` has room for a double for each row. */
void wn_repulsion_exact(const float *points, size_t rows, size_t stride, wn_pool *pool, float *forces, double *sums,
                        double *z);

#endif
