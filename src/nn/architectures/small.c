/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-9 with 64 to 384 channels (Page 2018, "How to train your ResNet").
 */
#include "nn/architecture.h"

static const wn_layer layers[] = {
    /* channels, kernel, pool, skip */
    {64, 3, false, 0},  {128, 3, true, 0}, {128, 3, false, 0}, {128, 3, false, 2}, {256, 3, true, 0},
    {256, 3, false, 0}, {384, 3, true, 0}, {384, 3, false, 0}, {384, 3, false, 2},
};

const wn_architecture wn_architecture_small = {
    .name = "small",
    .summary = "9 convolutions, 64 to 384 channels: better embeddings at four times the cost of tiny",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
