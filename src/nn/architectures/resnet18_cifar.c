/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-18 (He et al. 2016) with the first layer that is usual for small images: 3 x 3, no stride, no pooling.
 */
#include "nn/architectures/resnet_rows.h"

static const wn_layer layers[] = {
    {.channels = 64, .kernel = 3},
    RESNET_PLAIN(64),
    RESNET_PLAIN(64),
    RESNET_PLAIN_CHANGE(128, 2),
    RESNET_PLAIN(128),
    RESNET_PLAIN_CHANGE(256, 2),
    RESNET_PLAIN(256),
    RESNET_PLAIN_CHANGE(512, 2),
    RESNET_PLAIN(512),
};

const wn_architecture wn_architecture_resnet18_cifar = {
    .name = "resnet18_cifar",
    .summary = "ResNet-18 for small images, 512 features: for comparison with published tables",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
