/* SPDX-License-Identifier: Apache-2.0
 *
 * A ResNet-9 shape at a quarter of its width (Page 2018, "How to train your ResNet"): pooling comes right after the
 * convolutions that widen, before their norms, so most positions are dropped before anything else touches them.
 */
#include "nn/architecture.h"

static const wn_layer layers[] = {
    {.channels = 32, .kernel = 3},
    {.channels = 64, .kernel = 3, .pool = true},
    {.channels = 64, .kernel = 3},
    {.channels = 64, .kernel = 3, .skip = 2},
    {.channels = 128, .kernel = 3, .pool = true},
    {.channels = 128, .kernel = 3},
    {.channels = 256, .kernel = 3, .pool = true},
    {.channels = 256, .kernel = 3},
    {.channels = 256, .kernel = 3, .skip = 2},
};

const wn_architecture wn_architecture_tiny = {
    .name = "tiny",
    .summary = "9 convolutions, 32 to 256 channels: embeds thousands of images a second on one core",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
