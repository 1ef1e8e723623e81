/* SPDX-License-Identifier: Apache-2.0
 *
 * Stochastic gradient descent with Nesterov momentum (Sutskever et al. 2013), in the form
 * u = g + decay w; m = momentum m + u; w -= rate (u + momentum m).
 */
#include "nn/optimizer_private.h"

static void update(const wn_optimizer_options *options, const wn_optimizer_span *span)
{
    float momentum = (float)options->momentum, rate = (float)span->rate;
    float decay = span->decay ? (float)options->decay : 0;
    for (size_t i = 0; i < span->count; i++) {
        float u = span->gradient[i] + decay * span->values[i];
        float m = momentum * span->state[0][i] + u;
        span->state[0][i] = m;
        span->values[i] -= rate * (u + momentum * m);
    }
}

const wn_optimizer_kind wn_optimizer_sgd = {
    .name = "sgd",
    .summary = "gradient descent with Nesterov momentum",
    .defaults = {.momentum = 0.9, .decay = 5e-4},
    .states = 1,
    .update = update,
};
