/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact geometry of the rows: squared Euclidean distances in double precision, for the cosine metric of rows scaled to
 * length 1. Everything that decides a pick is compared in these numbers.
 */
#ifndef SELECTION_SPACE_H
#define SELECTION_SPACE_H

#include "winnow/selection.h"

/* The rows that take part: all of a matrix, or those named by `rows`. A position in this list is a slot. */
typedef struct wn_space {
    wn_matrix matrix;
    wn_metric metric;
    const int64_t *rows; /* len row numbers in ascending order; NULL = 0 .. len - 1 */
    size_t len;
} wn_space;

static inline size_t wn_space_row(const wn_space *space, size_t slot)
{
    return space->rows ? (size_t)space->rows[slot] : slot;
}

/* What a row is multiplied by: 1, or for the cosine metric 1 / length (0 for a row of zeros). */
double wn_space_scale(const wn_space *space, const float *row);

/* Squared distance of a * a_scale and b * b_scale, summed in one fixed order. */
double wn_space_square(const float *a, double a_scale, const float *b, double b_scale, size_t dim);

/* Squared distance to a distance in the metric, and back. */
double wn_space_distance(const wn_space *space, double square);
double wn_space_distance_square(const wn_space *space, double distance);

/* Mean of the scaled rows of the slots, dim doubles; the same for any number of threads. */
WN_NODISCARD wn_status wn_space_mean(const wn_space *space, wn_pool *pool, double *mean, wn_error *err);

/* The slot nearest to `mean`, ties to the smaller; len must not be 0. */
WN_NODISCARD wn_status wn_space_nearest_slot(const wn_space *space, const double *mean, wn_pool *pool, size_t *out,
                                             wn_error *err);

#endif
