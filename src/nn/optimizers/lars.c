/* SPDX-License-Identifier: Apache-2.0
 *
 * LARS (You, Gitman and Ginsburg 2017): momentum, with the rate of each weight tensor scaled by the ratio of its
 * length to that of its gradient. Biases, scales and shifts take the plain rate.
 */
#include "nn/optimizer_private.h"

static double trust(const wn_optimizer_options *options, double values_norm, double gradient_norm)
{
    if (values_norm <= 0 || gradient_norm <= 0) return 1;
    return options->trust * values_norm / (gradient_norm + options->decay * values_norm);
}

static void update(const wn_optimizer_options *options, const wn_optimizer_span *span)
{
    float momentum = (float)options->momentum, rate = (float)span->rate;
    float decay = span->decay ? (float)options->decay : 0;
    for (size_t i = 0; i < span->count; i++) {
        float m = momentum * span->state[0][i] + rate * (span->gradient[i] + decay * span->values[i]);
        span->state[0][i] = m;
        span->values[i] -= m;
    }
}

const wn_optimizer_kind wn_optimizer_lars = {
    .name = "lars",
    .summary = "momentum with a rate for each tensor, for large batches",
    .defaults = {.momentum = 0.9, .decay = 1e-6, .trust = 0.001},
    .states = 1,
    .update = update,
    .trust = trust,
};
