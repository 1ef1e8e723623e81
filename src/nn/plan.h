/* SPDX-License-Identifier: Apache-2.0
 *
 * What it takes to carry a shard through a network: the convolutions for its number of views and side, and where
 * each activation lies in the memory of a pass. Plans and packed weights belong to the network and are shared by all
 * passes of the same kind.
 */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include <math.h>

#include "nn/conv.h"
#include "nn/network.h"
#include "nn/strip.h"

/* Weights of one layer in the layout that some convolutions want. */
typedef struct wn_packed {
    size_t layer;
    const wn_conv *conv; /* one of those that take this layout */
    void *weights;
} wn_packed;

/* One layer in a plan. Offsets are bytes into the memory of a pass. */
typedef struct wn_plan_layer {
    uint32_t channels_in, channels, side_in, side; /* side: after stride and pooling */
    uint32_t views;                                /* that it is carried out for at a time */
    uint32_t side_full;                            /* of the convolution's output, before pooling */
    bool pool;
    uint32_t skip;
    wn_clip clip;
    size_t source;      /* the row that it reads; unused for the first */
    size_t last_reader; /* the last row that reads it or adds it; the number of layers for the last */
    wn_conv *forward, *backward_data, *backward_weights;
    size_t packed_forward, packed_backward; /* numbers of network->packed */
    size_t z, a; /* before the norm, after the layer; the same place in inference, where others use it afterwards */
    /* Whether `a` lies in the pass. In training only what a skip reads or makes does: the rest passes through scratch
     * memory and is computed again from z in the backward pass, which is cheaper than keeping it. */
    bool kept;
    /* Inference: norm and cut are parts of the convolution, whose weights are multiplied by the norm's scale. */
    bool folded;
    size_t which;           /* places of the maxima */
    size_t norms, variance; /* channels / 16 wn_strip_norm; channels floats */
} wn_plan_layer;

typedef struct wn_plan {
    uint32_t views, side;
    /* Inference: the first `front` layers are carried out for `part` views after the other, so that their activations,
     * which are the largest, stay in a cache. 0 = none, part = views; so it is in training. */
    size_t front;
    uint32_t part;
    bool bf16, training, fixed_norms;
    wn_layout layout;
    wn_strip_kernels kernels;
    size_t layer_count;
    wn_plan_layer layers[WN_ARCHITECTURE_LAYERS_MAX];
    size_t input;                               /* offset of the normalised pixels */
    size_t pass_bytes;                          /* memory of a pass */
    size_t full_bytes, gradient_bytes;          /* scratch: largest activation before pooling, after pooling */
    size_t conv_bytes, packed_bytes, sum_count; /* scratch: oneDNN's own, packed gradient, doubles for sums */
} wn_plan;

/* Rows of the tensor table that belong to a layer. */
typedef struct wn_layer_rows {
    size_t weight, scale, shift, mean, variance;
} wn_layer_rows;

struct wn_network {
    const wn_architecture *architecture;
    wn_tensors tensors;
    wn_layer_rows rows[WN_ARCHITECTURE_LAYERS_MAX];
    size_t input_mean, input_deviation;
    float pixels[3][256]; /* normalised value of each byte */
    wn_onednn *onednn;
    wn_plan **plans;
    size_t plan_count;
    wn_packed *packed;
    size_t packed_count;
};

/* Bytes of the activation of layer i of one view. */
static inline size_t wn_plan_view_bytes(const wn_plan *plan, size_t i)
{
    const wn_plan_layer *layer = &plan->layers[i];
    return (size_t)layer->channels * layer->side * layer->side * plan->kernels.element_size;
}

/* The plan for these numbers, made when it is new. */
WN_NODISCARD wn_status wn_plan_get(wn_network *network, uint32_t views, uint32_t side, const wn_batch_options *options,
                                   const wn_plan **out, wn_error *err);

/* Fills packed weights from the network's values. */
WN_NODISCARD wn_status wn_plan_pack(const wn_network *network, const wn_packed *packed, wn_onednn_stream *stream,
                                    wn_error *err);

/* Releases all plans and packed weights of the network. */
void wn_plan_clear_all(wn_network *network);

/* Batch norm of a channel as t = z * scale + shift; inverse = 1 / deviation. */
typedef struct wn_channel_norm {
    double inverse, scale, shift;
} wn_channel_norm;

static inline wn_channel_norm wn_channel_norm_of(float gamma, float beta, double mean, double variance, double epsilon)
{
    const double inverse = 1 / sqrt(variance + epsilon), scale = (double)gamma * inverse;
    return (wn_channel_norm){inverse, scale, (double)beta - mean * scale};
}

static inline float *wn_network_values(const wn_network *network, size_t row)
{
    return network->tensors.values + network->tensors.rows[row].offset;
}

#endif
