/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-9 with 64 to 512 channels and one more residual pair (Page 2018, "How to train your ResNet").
 */
#include "nn/architecture.h"

static const wn_layer layers[] = {
    {.channels = 64, .kernel = 3},
    {.channels = 128, .kernel = 3, .pool = true},
    {.channels = 128, .kernel = 3},
    {.channels = 128, .kernel = 3, .skip = 2},
    {.channels = 256, .kernel = 3, .pool = true},
    {.channels = 256, .kernel = 3},
    {.channels = 256, .kernel = 3, .skip = 2},
    {.channels = 512, .kernel = 3, .pool = true},
    {.channels = 512, .kernel = 3},
    {.channels = 512, .kernel = 3, .skip = 2},
};

const wn_architecture wn_architecture_base = {
    .name = "base",
    .summary = "10 convolutions, 64 to 512 channels: for long training on small images",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
