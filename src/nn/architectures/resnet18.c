/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-18 (He et al. 2016) for large images. Its one difference to the paper: the maximum behind the first layer is
 * taken over 2 x 2 positions before the norm, not over 3 x 3 behind the ReLU.
 */
#include "nn/architectures/resnet_rows.h"

static const wn_layer layers[] = {
    {.channels = 64, .kernel = 7, .stride = 2, .pool = true},
    RESNET_PLAIN(64),
    RESNET_PLAIN(64),
    RESNET_PLAIN_CHANGE(128, 2),
    RESNET_PLAIN(128),
    RESNET_PLAIN_CHANGE(256, 2),
    RESNET_PLAIN(256),
    RESNET_PLAIN_CHANGE(512, 2),
    RESNET_PLAIN(512),
};

const wn_architecture wn_architecture_resnet18 = {
    .name = "resnet18",
    .summary = "ResNet-18 for images of 128 pixels and more, 512 features",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
