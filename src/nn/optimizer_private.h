/* SPDX-License-Identifier: Apache-2.0
 *
 * A kind of optimiser: what a file in optimizers/ provides.
 */
#ifndef NN_OPTIMIZER_PRIVATE_H
#define NN_OPTIMIZER_PRIVATE_H

#include <stdbool.h>

#include "nn/optimizer.h"

/* A run of values that all belong to one tensor. */
typedef struct wn_optimizer_span {
    float *values;
    const float *gradient;
    float *state[2]; /* as many as the kind has */
    size_t count;
    bool decay;    /* whether weight decay applies */
    double rate;   /* learning rate of this step, of this tensor */
    uint64_t step; /* 1 for the first */
} wn_optimizer_span;

typedef struct wn_optimizer_kind {
    const char *name, *summary;
    wn_optimizer_options defaults;
    size_t states; /* floats of state for each value */
    /* Updates the span. */
    void (*update)(const wn_optimizer_options *options, const wn_optimizer_span *span);
    /* Factor on the rate of a whole tensor from the norms of its values and its gradient; NULL = 1. */
    double (*trust)(const wn_optimizer_options *options, double values_norm, double gradient_norm);
    /* Updates a whole weight matrix, span->count = rows x cols; `scratch` holds matrix_floats() of that shape. NULL =
     * weights are updated in spans as well. */
    wn_status (*matrix)(const wn_optimizer_options *options, const wn_optimizer_span *span, wn_pool *pool, size_t rows,
                        float *scratch, wn_error *err);
    size_t (*matrix_floats)(size_t rows, size_t cols);
} wn_optimizer_kind;

#endif
