/* SPDX-License-Identifier: Apache-2.0
 *
 * A classifier head on embeddings: softmax regression with an L2 penalty, fitted to convergence by accelerated gradient
 * descent (Nesterov 1983) with the step that the greatest curvature allows. Columns are first scaled to mean 0 and
 * variance 1 over the examples. For a few thousand labelled rows and tens of classes; deterministic.
 */
#ifndef SELECTION_LINEAR_HEAD_H
#define SELECTION_LINEAR_HEAD_H

#include "winnow/matrix.h"

typedef struct wn_linear_head {
    size_t dim, classes;
    double *weights;      /* classes x (dim + 1), the last of each the bias */
    double *mean, *scale; /* dim */
} wn_linear_head;

typedef struct wn_linear_examples {
    const wn_matrix *matrix;
    const uint32_t *rows;    /* n rows of the matrix */
    const uint32_t *classes; /* their classes, below `count` */
    size_t n, count;
    const double *shares; /* weight of each example; NULL = 1 */
} wn_linear_examples;

/* `penalty` is per example (1e-3 is mild). There must be at least one example. */
WN_NODISCARD wn_status wn_linear_head_fit(const wn_linear_examples *examples, double penalty, wn_linear_head *out,
                                          wn_error *err);
void wn_linear_head_clear(wn_linear_head *head);

/* probabilities[classes] of one row. */
void wn_linear_head_apply(const wn_linear_head *head, const float *row, double *probabilities);

/* Bytes that a fit allocates at most. */
uint64_t wn_linear_head_bytes(size_t n, size_t dim, size_t classes);

#endif
