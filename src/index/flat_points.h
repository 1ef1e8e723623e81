/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows as the float32 scan compares them. Points are (row - mean) * scale, for cosine of the rows scaled to length 1,
 * for IP without the mean; the scale is a power of two that brings the greatest magnitude into [0.5, 1], so that
 * nothing overflows.
 */
#ifndef INDEX_FLAT_POINTS_H
#define INDEX_FLAT_POINTS_H

#include "index/index_task.h"
#include "num/convert.h"

typedef struct wn_flat_points {
    size_t rows, dim;
    float *values;     /* rows x dim */
    float *norms;      /* squared */
    double scale;      /* of the task's rows */
    double *scales;    /* of wn_index_scale; NULL = all 1 */
    double unit_slack; /* a point is off by at most this and 4 u times its length */
} wn_flat_points;

/* Fills `points`, and `queries` unless the task's queries are its points. Release with wn_flat_points_clear. */
WN_NODISCARD wn_status wn_flat_points_make(const wn_index_task *task, wn_flat_points *points, wn_flat_points *queries,
                                           wn_error *err);
void wn_flat_points_clear(wn_flat_points *points);

#endif
