/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows as the flat scan compares them, in float32 and in bytes, and how far off each form can be.
 *
 * Points are (row - mean) * scale, for cosine of the rows scaled to length 1, for IP without the mean; the scale is a
 * power of two that brings the greatest magnitude into [0.5, 1], so that nothing overflows. Bytes are the points after
 * a random rotation (which gives all dimensions the same variance) divided by `step`, rounded and cut to +-127.
 *
 * Below, u is 2^-24 and every bound is at least twice what the analysis gives (Higham, Accuracy and Stability of
 * Numerical Algorithms, section 3.1: a sum of d products is off by at most d u times that of the magnitudes).
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
    int8_t *codes;     /* bytes, rows x dim; NULL = none */
    int32_t *code_norms;
    float *errors; /* length of (rotated point - step * bytes) */
} wn_flat_points;

/* What rows in bytes have in common. */
typedef struct wn_flat_bytes {
    float step;
    double stretch;  /* rotating makes no distance longer than by this factor */
    double rounding; /* a rotated point is off by at most this times its length */
    double error;    /* greatest error of the points that are not set aside */
    uint32_t *aside; /* points of much greater error than most (outliers): compared one by one */
    size_t aside_len;
    uint8_t *is_aside;
} wn_flat_bytes;

/* Fills `points`, and `queries` unless the task's queries are its points. Release with wn_flat_points_clear. */
WN_NODISCARD wn_status wn_flat_points_make(const wn_index_task *task, wn_flat_points *points, wn_flat_points *queries,
                                           wn_error *err);
void wn_flat_points_clear(wn_flat_points *points);

/* Adds the codes; `queries` NULL = the points. Not for IP. Release with wn_flat_bytes_clear. */
WN_NODISCARD wn_status wn_flat_bytes_make(const wn_index_task *task, wn_flat_points *points, wn_flat_points *queries,
                                          wn_flat_bytes *out, wn_error *err);
void wn_flat_bytes_clear(wn_flat_bytes *bytes);

#endif
