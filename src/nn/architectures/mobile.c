/* SPDX-License-Identifier: Apache-2.0
 *
 * MobileNetV1 at three quarters of its width (Howard et al. 2017), with the padding of its TensorFlow original, so that
 * weights of that origin fit, and the epsilon of its norms: some channels hardly vary. The first 24 channels are
 * rounded up to 32.
 */
#include "nn/architecture.h"

/* A filter for each channel, then a mix of the channels. */
#define BLOCK(in, out, by)                                                                                             \
    {.channels = (in), .kernel = 3, .depthwise = true, .stride = (by), .late = true, .clip = WN_CLIP_RELU6},           \
    {                                                                                                                  \
        .channels = (out), .kernel = 1, .clip = WN_CLIP_RELU6                                                          \
    }

static const wn_layer layers[] = {
    {.channels = 32, .kernel = 3, .stride = 2, .late = true, .clip = WN_CLIP_RELU6},
    BLOCK(32, 48, 1),
    BLOCK(48, 96, 2),
    BLOCK(96, 96, 1),
    BLOCK(96, 192, 2),
    BLOCK(192, 192, 1),
    BLOCK(192, 384, 2),
    BLOCK(384, 384, 1),
    BLOCK(384, 384, 1),
    BLOCK(384, 384, 1),
    BLOCK(384, 384, 1),
    BLOCK(384, 384, 1),
    BLOCK(384, 768, 2),
    BLOCK(768, 768, 1),
};

const wn_architecture wn_architecture_mobile = {
    .name = "mobile",
    .summary = "27 convolutions, half of them depthwise, 768 features: the network of the built-in model",
    .layers = layers,
    .layer_count = sizeof layers / sizeof *layers,
    .epsilon = 1e-3,
};
