/* SPDX-License-Identifier: Apache-2.0
 *
 * ResNet-50 (He et al. 2016), with the stride of a bottleneck at its 3 x 3 and the maximum behind the first layer taken
 * over 2 x 2 positions before the norm.
 */
#include "nn/architectures/resnet_rows.h"

static const wn_layer layers[] = {
    {.channels = 64, .kernel = 7, .stride = 2, .pool = true},
    RESNET_NECK_CHANGE(64, 1),
    RESNET_NECK(64),
    RESNET_NECK(64),
    RESNET_NECK_CHANGE(128, 2),
    RESNET_NECK(128),
    RESNET_NECK(128),
    RESNET_NECK(128),
    RESNET_NECK_CHANGE(256, 2),
    RESNET_NECK(256),
    RESNET_NECK(256),
    RESNET_NECK(256),
    RESNET_NECK(256),
    RESNET_NECK(256),
    RESNET_NECK_CHANGE(512, 2),
    RESNET_NECK(512),
    RESNET_NECK(512),
};

const wn_architecture wn_architecture_resnet50 = {
    .name = "resnet50",
    .summary = "ResNet-50, 2048 features: slow on a processor, for comparison",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
};
