/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in bytes, and how far off a distance or product of bytes can be.
 *
 * A point is (row - mean) * scale, for cosine of the row scaled to length 1, for IP without the mean; the scale is a
 * power of two that brings all magnitudes to at most 1. Bytes are the point after a random rotation (which gives
 * all dimensions about the same variance) divided by `step`, rounded and cut to +-127. What rounding and cutting took
 * from a row is measured: its error is the length of (rotated point - step * bytes).
 *
 * Below, u is 2^-24 and every bound is at least twice what the analysis gives (Higham, Accuracy and Stability of
 * Numerical Algorithms, section 3.1: a sum of d products is off by at most d u times that of the magnitudes).
 */
#ifndef INDEX_BYTES_H
#define INDEX_BYTES_H

#include "index/index_task.h"
#include "num/convert.h"
#include "num/tile.h"

/* How rows become bytes: from a sample of the points. */
typedef struct wn_bytes_form {
    wn_index_metric metric;
    size_t dim, padded; /* padded to a multiple of 4 with zeros */
    double *mean;       /* NULL = 0 */
    float *panels;      /* the rotation, packed */
    double scale;
    float step;
    wn_convert_kernels convert;
    wn_tile_kernels tile;
    wn_precise_kernels precise;
} wn_bytes_form;

/* Rows in bytes. */
typedef struct wn_bytes {
    size_t rows;
    uint8_t *codes; /* rows x padded, with 128 added */
    int32_t *norms; /* squared, of the bytes */
    float *errors, *lengths;
    double *scales; /* of wn_index_scale; NULL = all 1 */
} wn_bytes;

/* Whether bytes pay for this task, on this processor. */
bool wn_bytes_suit(size_t rows, size_t dim);

/* Chooses the form from the task's points (and queries: the scale must fit them too). Release with wn_bytes_form_clear.
 */
WN_NODISCARD wn_status wn_bytes_form_make(const wn_index_task *task, wn_bytes_form *out, wn_error *err);
void wn_bytes_form_clear(wn_bytes_form *form);

/* Room for rows, not filled. Release with wn_bytes_clear. */
WN_NODISCARD wn_status wn_bytes_new(const wn_bytes_form *form, size_t rows, wn_bytes *out, wn_error *err);

/* Puts rows into bytes. Release with wn_bytes_clear. */
WN_NODISCARD wn_status wn_bytes_make(const wn_bytes_form *form, const wn_index_rows *rows, wn_pool *pool, wn_bytes *out,
                                     wn_error *err);
void wn_bytes_clear(wn_bytes *bytes);

/* Reorders: row i of the result is row order[i] of `bytes`, which is replaced; UINT32_MAX gives a row of zeros.
 * `rows` rows. */
WN_NODISCARD wn_status wn_bytes_reorder(const wn_bytes_form *form, wn_bytes *bytes, const uint32_t *order, size_t rows,
                                        wn_pool *pool, wn_error *err);

/* Bytes that wn_bytes_make needs for each row. */
uint64_t wn_bytes_memory(size_t dim);

/* What is known of the rows of a block. */
typedef struct wn_bytes_block {
    double error, length; /* the greatest */
} wn_bytes_block;

/* "Nearness" of two rows in bytes is their squared distance, for IP minus their product; the smaller, the nearer.
 *
 * Let x be a row of that length and error. wn_bytes_base turns an exact value of x and some other row into what
 * wn_bytes_limits makes, for a whole block of other rows, the greatest nearness of: no row of the block whose exact
 * value against x i is at most the one that bases[i] stands for has a nearness above limits[i]. An infinite value gives
 * no limit, which is WN_BYTES_NO_LIMIT. */
#define WN_BYTES_NO_LIMIT (1 << 28)
float wn_bytes_base(const wn_bytes_form *form, double length, double error, double value);
void wn_bytes_limits(const wn_bytes_form *form, const wn_bytes_block *block, const float *bases, const float *lengths,
                     const float *errors, size_t n, int32_t *limits);

/* The other way: an exact value that no row of the block exceeds whose nearness is at most `nearness`. */
double wn_bytes_value(const wn_bytes_form *form, double length, double error, const wn_bytes_block *block,
                      int32_t nearness);

#endif
