/* SPDX-License-Identifier: Apache-2.0
 *
 * Multinomial logistic regression: weights that make the mean cross-entropy plus a penalty least, by L-BFGS
 * (Nocedal and Wright 2006, algorithms 7.4 and 7.5) on matrix products of blocks of rows.
 */
#ifndef QUALITY_SOFTMAX_FIT_H
#define QUALITY_SOFTMAX_FIT_H

#include "winnow/matrix.h"
#include "winnow/progress.h"

/* Rows of the matrix are used as (x - mean) * scale, with a constant 1 behind them for the bias. */
typedef struct wn_softmax_data {
    wn_matrix x;
    const float *mean; /* cols */
    float scale;
    const uint32_t *rows; /* `len` row numbers that are learnt from */
    size_t len;
    const int32_t *labels; /* by row number */
    size_t classes;
    double penalty;
    wn_pool *pool;
} wn_softmax_data;

/* Finds the weights, classes x (cols + 1), the bias last and not penalised. `weights` holds where to start. Stops after
 * `most_steps`, or when a step lowers the loss by less than 1e-6 of it. `loss` (may be NULL) receives the least. */
WN_NODISCARD wn_status wn_softmax_fit(const wn_softmax_data *data, size_t most_steps, const wn_progress *progress,
                                      double *weights, double *loss, wn_error *err);

/* The mean loss with the penalty, and its gradient (as the weights). For the fit and its test. */
WN_NODISCARD wn_status wn_softmax_gradient(const wn_softmax_data *data, const double *weights, double *loss,
                                           double *gradient, wn_error *err);

/* Probabilities of data->rows: row i of them to out + i * classes. */
WN_NODISCARD wn_status wn_softmax_predict(const wn_softmax_data *data, const double *weights, float *out,
                                          wn_error *err);

#endif
