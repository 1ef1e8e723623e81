/* SPDX-License-Identifier: Apache-2.0
 *
 * What a convolution is: its sizes and how its activations lie in memory.
 */
#ifndef NN_CONV_SHAPE_H
#define NN_CONV_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

/* How the channels of an activation lie in memory: all together per position (N x H x W x C), or in blocks of 16
 * (N x C/16 x H x W x 16). Inputs of 3 channels are N x H x W x C, or N x C x H x W for BLOCKS. */
typedef enum wn_layout { WN_LAYOUT_TOGETHER, WN_LAYOUT_BLOCKS } wn_layout;

/* A convolution, zero padded so that stride 1 keeps the side and stride 2 halves it, an odd one upwards. The padding of
 * stride 2 on an even side is not the same on both ends: the larger part lies left and above, with `late` right and
 * below. */
typedef struct wn_conv_shape {
    uint32_t views, side, channels_in, channels_out, kernel, stride;
    bool depthwise; /* channel c of the output sees channel c of the input only */
    bool late;
    bool bf16; /* activations and weights; gradients of weights are always fp32 */
    wn_layout layout;
    bool shifted;    /* forward, of oneDNN: adds a number to each channel and cuts to [low, high] */
    float low, high; /* 0 and infinity make ReLU; two infinities cut nothing */
} wn_conv_shape;

/* Zeros before and after the `side` positions of a row or column. */
static inline void wn_conv_padding(uint32_t kernel, uint32_t stride, uint32_t side, bool late, uint32_t *first,
                                   uint32_t *last)
{
    const uint32_t all = stride == 1 ? kernel - 1 : kernel > 2 ? kernel - 2 + side % 2 : 0;
    *first = stride == 2 && !late ? all - all / 2 : all / 2;
    *last = all - *first;
}

typedef enum wn_conv_direction { WN_CONV_FORWARD, WN_CONV_BACKWARD_DATA, WN_CONV_BACKWARD_WEIGHTS } wn_conv_direction;

#endif
