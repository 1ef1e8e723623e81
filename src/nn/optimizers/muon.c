/* SPDX-License-Identifier: Apache-2.0
 *
 * Muon (Jordan et al. 2024): momentum whose step for a weight matrix (output channels x everything else) is made
 * orthogonal first, so that all its directions move at the same speed. Biases, scales, shifts and the
 * filters of depthwise convolutions take Nesterov momentum.
 *
 *     m <- momentum * m + g,  u = orthogonal(g + momentum * m)
 *     w <- (1 - rate * decay) w - rate * trust * sqrt(max(1, rows / cols)) * u
 */
#include <math.h>

#include "base/error.h"
#include "nn/optimizer_private.h"
#include "nn/orthogonal.h"

enum { CHUNK = 16384 };

static void update(const wn_optimizer_options *options, const wn_optimizer_span *span)
{
    const float momentum = (float)options->momentum, rate = (float)span->rate;
    const float keep = span->decay ? (float)(1 - span->rate * options->decay) : 1.0F;
    for (size_t i = 0; i < span->count; i++) {
        const float m = momentum * span->state[0][i] + span->gradient[i];
        span->state[0][i] = m;
        span->values[i] = keep * span->values[i] - rate * (span->gradient[i] + momentum * m);
    }
}

/* What the chunks of a matrix share. */
typedef struct matrix_work {
    const wn_optimizer_span *span;
    float *u, momentum, keep, rate;
} matrix_work;

static void add_momentum(void *context, size_t begin, size_t end, unsigned worker)
{
    const matrix_work *work = context;
    const wn_optimizer_span *span = work->span;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float m = work->momentum * span->state[0][i] + span->gradient[i];
        span->state[0][i] = m;
        work->u[i] = span->gradient[i] + work->momentum * m;
    }
}

static void move_values(void *context, size_t begin, size_t end, unsigned worker)
{
    const matrix_work *work = context;
    float *values = work->span->values;
    (void)worker;
    for (size_t i = begin; i < end; i++) values[i] = work->keep * values[i] - work->rate * work->u[i];
}

static wn_status matrix(const wn_optimizer_options *options, const wn_optimizer_span *span, wn_pool *pool, size_t rows,
                        float *scratch, wn_error *err)
{
    const size_t cols = span->count / rows;
    matrix_work work = {
        .span = span,
        .u = scratch,
        .momentum = (float)options->momentum,
        .keep = span->decay ? (float)(1 - span->rate * options->decay) : 1.0F,
        .rate = (float)(span->rate * options->trust * sqrt(fmax(1.0, (double)rows / (double)cols))),
    };
    wn_pool_for(pool, span->count, CHUNK, add_momentum, &work);
    WN_TRY(wn_orthogonalize(pool, rows, cols, work.u, scratch + span->count, err));
    wn_pool_for(pool, span->count, CHUNK, move_values, &work);
    return WN_OK;
}

static size_t matrix_floats(size_t rows, size_t cols)
{
    return rows * cols + wn_orthogonalize_floats(rows, cols);
}

const wn_optimizer_kind wn_optimizer_muon = {
    .name = "muon",
    .summary = "momentum made orthogonal for each weight matrix: most from few steps",
    .defaults = {.momentum = 0.95, .decay = 5e-4, .trust = 0.7},
    .states = 1,
    .update = update,
    .matrix = matrix,
    .matrix_floats = matrix_floats,
};
