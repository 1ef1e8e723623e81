/* SPDX-License-Identifier: Apache-2.0
 *
 * Small convolutional networks as tables. A row is
 *
 *     convolution (no bias) -> [2 x 2 max pooling] -> batch norm -> activation -> [+ activation of an earlier row]
 *
 * and the features are the average over all positions of the last row. Everything is fully convolutional, so one
 * network takes views of several sides. A new network is one file in architectures/ and one line in
 * architectures.def.
 */
#ifndef NN_ARCHITECTURE_H
#define NN_ARCHITECTURE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum wn_clip {
    WN_CLIP_RELU,
    WN_CLIP_RELU6, /* cut to [0, 6] */
    WN_CLIP_NONE,
    WN_CLIP_JOINED /* ReLU of the sum with the skip, as in He et al. 2016; needs a skip */
} wn_clip;

/* Where an activation is cut; JOINED is cut after the sum. */
static inline float wn_clip_low(wn_clip clip)
{
    return clip == WN_CLIP_RELU || clip == WN_CLIP_RELU6 ? 0.0F : -INFINITY;
}

static inline float wn_clip_high(wn_clip clip)
{
    return clip == WN_CLIP_RELU6 ? 6.0F : INFINITY;
}

typedef struct wn_layer {
    uint32_t channels; /* of the output: a multiple of 16 */
    uint32_t kernel;   /* 1, 3, 5 or 7; zero padding keeps the side, or halves it with stride 2 */
    bool pool;         /* halves the side; the side before must be even */
    uint32_t skip;     /* > 0: adds the activation of the row `skip` rows above, of the same shape */
    uint32_t stride;   /* 0 or 1, or 2: halves the side, which must be even */
    bool depthwise;    /* each channel by itself */
    bool late;         /* stride 2 pads right and below, as TensorFlow does, not left and above */
    wn_clip clip;
    uint32_t from; /* > 1: reads the activation of the row `from` rows above; 0 or 1: of the row above */
} wn_layer;

enum { WN_ARCHITECTURE_LAYERS_MAX = 64 };

typedef struct wn_architecture {
    const char *name, *summary;
    const wn_layer *layers; /* the first row has kernel 3 and reads 3 channels */
    size_t layer_count;
    double epsilon; /* that norms add to variances; 0 = 1e-5 */
} wn_architecture;

/* The i-th architecture, or NULL beyond the last. The first one is the default. */
const wn_architecture *wn_architecture_at(size_t i);

/* By name; NULL when there is none. */
const wn_architecture *wn_architecture_find(const char *name);

/* Numbers in the feature vector of one view. */
uint32_t wn_architecture_features(const wn_architecture *architecture);

/* Multiply-adds times two of one view of side x side, forward. Training costs three times as much. */
double wn_architecture_flop(const wn_architecture *architecture, uint32_t side);

/* The row that row i > 0 reads. */
static inline size_t wn_architecture_source(const wn_architecture *architecture, size_t i)
{
    uint32_t from = architecture->layers[i].from;
    return i - (from > 1 ? from : 1);
}

/* What its norms add to variances. */
double wn_architecture_epsilon(const wn_architecture *architecture);

/* Numbers of the convolutions and norms, statistics included. */
uint64_t wn_architecture_numbers(const wn_architecture *architecture);

/* Whether the rows make sense, and a backward pass has at most three gradients at a time. */
bool wn_architecture_valid(const wn_architecture *architecture);

/* Sides of views are multiples of this: 2 to the number of halvings on the way. */
uint32_t wn_architecture_side_step(const wn_architecture *architecture);

/* Whether pictures of this side can be computed: multiples of the step, and of half of it where the last halving is a
 * stride, which halves an odd side upwards. */
bool wn_architecture_takes_side(const wn_architecture *architecture, uint32_t side);

/* The side of what row i reads, in pictures of `side`. */
uint32_t wn_architecture_side_in(const wn_architecture *architecture, size_t i, uint32_t side);

#endif
