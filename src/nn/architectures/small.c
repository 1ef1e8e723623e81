/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-9 with 64 to 384 channels (Page 2018, "How to train your ResNet").
 */
#include "nn/architecture.h"

static const wn_layer layers[] = {
    {.channels = 64, .kernel = 3},
    {.channels = 128, .kernel = 3, .pool = true},
    {.channels = 128, .kernel = 3},
    {.channels = 128, .kernel = 3, .skip = 2},
    {.channels = 256, .kernel = 3, .pool = true},
    {.channels = 256, .kernel = 3},
    {.channels = 384, .kernel = 3, .pool = true},
    {.channels = 384, .kernel = 3},
    {.channels = 384, .kernel = 3, .skip = 2},
};

const wn_architecture wn_architecture_small = {
    .name = "small",
    .summary = "9 convolutions, 64 to 384 channels: better embeddings at four times the cost of tiny",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
