/* SPDX-License-Identifier: Apache-2.0
 *
 * What a kind gets and gives. The rows searched are the distinct ones; a slot is a position in their list, which
 * ascends by row number, so that the order of slots is the order of rows.
 */
#ifndef INDEX_INDEX_TASK_H
#define INDEX_INDEX_TASK_H

#include <stdbool.h>

#include "num/precise.h"
#include "winnow/index.h"

/* Rows of a matrix: all, or the `len` that `rows` lists. */
typedef struct wn_index_rows {
    wn_matrix matrix;
    const uint32_t *rows; /* NULL = 0 .. len - 1 */
    size_t len;
} wn_index_rows;

typedef struct wn_index_task {
    wn_index_rows points, queries;
    bool self; /* the queries are the points */
    size_t k;  /* at least 1, at most points.len; a point counts among its own neighbours */
    wn_index_metric metric;
    uint64_t seed;
    double recall;         /* asked for */
    uint64_t memory_limit; /* bytes that the search may take; 0 = no limit */
    wn_pool *pool;
    const wn_progress *progress;
    uint32_t *slots;   /* out: queries.len x k slots by (value, slot) */
    double *values;    /* out: their values as wn_index_value gives them */
    size_t *rescanned; /* out: lists that took a second scan */
    double *reached;   /* out, of a kind that is not exact: the recall on a sample */
} wn_index_task;

static inline const float *wn_index_row(const wn_index_rows *rows, size_t slot)
{
    return wn_matrix_row(&rows->matrix, rows->rows ? rows->rows[slot] : slot);
}

/* What neighbours are ordered by, smallest first: the squared distance, that of the rows scaled to length 1 for cosine,
 * or minus the product, summed in double in one fixed order that is the same at every CPU level. The scales are those
 * of wn_index_scale. */
double wn_index_value(const wn_precise_kernels *precise, wn_index_metric metric, const float *a, double a_scale,
                      const float *b, double b_scale, size_t dim);

/* 1, or for cosine 1 / length (0 for a row of zeros). */
double wn_index_scale(const wn_precise_kernels *precise, wn_index_metric metric, const float *row, size_t dim);

/* The value as it is reported. */
float wn_index_distance(wn_index_metric metric, double value);

#endif
