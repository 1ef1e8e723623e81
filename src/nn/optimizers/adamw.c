/* SPDX-License-Identifier: Apache-2.0
 *
 * AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019).
 */
#include <math.h>

#include "nn/optimizer_private.h"

static void update(const wn_optimizer_options *options, const wn_optimizer_span *span)
{
    float first = (float)options->momentum, second = (float)options->second_moment;
    float epsilon = (float)options->epsilon;
    float keep = span->decay ? (float)(1 - span->rate * options->decay) : 1;
    float rate = (float)(span->rate / (1 - pow(options->momentum, (double)span->step)));
    float correct = (float)(1 / (1 - pow(options->second_moment, (double)span->step)));
    for (size_t i = 0; i < span->count; i++) {
        float g = span->gradient[i];
        float m = first * span->state[0][i] + (1 - first) * g;
        float v = second * span->state[1][i] + (1 - second) * g * g;
        span->state[0][i] = m;
        span->state[1][i] = v;
        span->values[i] = keep * span->values[i] - rate * m / (sqrtf(v * correct) + epsilon);
    }
}

const wn_optimizer_kind wn_optimizer_adamw = {
    .name = "adamw",
    .summary = "Adam with decoupled weight decay",
    .defaults = {.momentum = 0.9, .second_moment = 0.999, .epsilon = 1e-8, .decay = 0.01},
    .states = 2,
    .update = update,
};
