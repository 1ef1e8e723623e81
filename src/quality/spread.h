/* SPDX-License-Identifier: Apache-2.0
 *
 * How far rows lie from the middle of all, measured in the spread that the rows have in each direction.
 */
#ifndef QUALITY_SPREAD_H
#define QUALITY_SPREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/status.h"

/* Squared Mahalanobis distances, out[row], of the rows of `x` for which `takes` says so (others get NaN). Middle and
 * covariance are those of the nearest 95 % of the rows, found in three rounds, so that what lies outside does not
 * widen them; of at most 100,000 rows, evenly drawn. Only the greatest rows / 20 axes count one by one, the rest as one
 * of their mean variance; 0.3 of every variance is the mean of all, because a covariance of few rows is too uneven. */
WN_NODISCARD wn_status wn_spread_distances(const wn_matrix *x, bool (*takes)(const void *context, size_t row),
                                           const void *context, wn_pool *pool, double *out, wn_error *err);

#endif
