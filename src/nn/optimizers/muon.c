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

static wn_status matrix(const wn_optimizer_options *options, const wn_optimizer_span *span, wn_pool *pool, size_t rows,
                        float *scratch, wn_error *err)
{
    const size_t cols = span->count / rows;
    const float momentum = (float)options->momentum;
    float *u = scratch;
    for (size_t i = 0; i < span->count; i++) {
        const float m = momentum * span->state[0][i] + span->gradient[i];
        span->state[0][i] = m;
        u[i] = span->gradient[i] + momentum * m;
    }
    WN_TRY(wn_orthogonalize(pool, rows, cols, u, scratch + span->count, err));
    const float keep = span->decay ? (float)(1 - span->rate * options->decay) : 1.0F;
    const float rate = (float)(span->rate * options->trust * sqrt(fmax(1.0, (double)rows / (double)cols)));
    for (size_t i = 0; i < span->count; i++) span->values[i] = keep * span->values[i] - rate * u[i];
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
