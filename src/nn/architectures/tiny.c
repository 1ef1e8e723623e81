/* SPDX-License-Identifier: Apache-2.0
 *
 * A ResNet-9 shape at a quarter of its width (Page 2018, "How to train your ResNet"): pooling comes right after the
 * convolutions that widen, before their norms, so most positions are dropped before anything else touches them.
 */
#include "nn/architecture.h"

static const wn_layer layers[] = {
    /* channels, kernel, pool, skip */
    {32, 3, false, 0},  {64, 3, true, 0},  {64, 3, false, 0},  {64, 3, false, 2},  {128, 3, true, 0},
    {128, 3, false, 0}, {256, 3, true, 0}, {256, 3, false, 0}, {256, 3, false, 2},
};

const wn_architecture wn_architecture_tiny = {
    .name = "tiny",
    .summary = "9 convolutions, 32 to 256 channels: embeds thousands of images a second on one core",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
