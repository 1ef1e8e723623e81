/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of residual blocks (He et al. 2016): the sum with the shortcut goes through the last ReLU. Where a block changes
 * the shape, its shortcut is a 1 x 1 convolution with a norm, the row that comes first.
 */
#ifndef NN_ARCHITECTURES_RESNET_ROWS_H
#define NN_ARCHITECTURES_RESNET_ROWS_H

#include "nn/architecture.h"

#define RESNET_PLAIN(width)                                                                                            \
    {.channels = (width), .kernel = 3},                                                                                \
    {                                                                                                                  \
        .channels = (width), .kernel = 3, .skip = 2, .clip = WN_CLIP_JOINED                                            \
    }

#define RESNET_PLAIN_CHANGE(width, by)                                                                                 \
    {.channels = (width), .kernel = 1, .stride = (by), .clip = WN_CLIP_NONE},                                          \
        {.channels = (width), .kernel = 3, .stride = (by), .from = 2},                                                 \
    {                                                                                                                  \
        .channels = (width), .kernel = 3, .skip = 2, .clip = WN_CLIP_JOINED                                            \
    }

/* Bottlenecks put the stride at the 3 x 3, as later implementations do. */
#define RESNET_NECK(width)                                                                                             \
    {.channels = (width), .kernel = 1}, {.channels = (width), .kernel = 3},                                            \
    {                                                                                                                  \
        .channels = 4 * (width), .kernel = 1, .skip = 3, .clip = WN_CLIP_JOINED                                        \
    }

#define RESNET_NECK_CHANGE(width, by)                                                                                  \
    {.channels = 4 * (width), .kernel = 1, .stride = (by), .clip = WN_CLIP_NONE},                                      \
        {.channels = (width), .kernel = 1, .from = 2}, {.channels = (width), .kernel = 3, .stride = (by)},             \
    {                                                                                                                  \
        .channels = 4 * (width), .kernel = 1, .skip = 3, .clip = WN_CLIP_JOINED                                        \
    }

#endif
