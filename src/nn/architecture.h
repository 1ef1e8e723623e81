/* SPDX-License-Identifier: Apache-2.0
 *
 * Small convolutional networks as tables. A row is
 *
 *     convolution (no bias) -> [2 x 2 max pooling] -> batch norm -> ReLU -> [+ activation of an earlier row]
 *
 * and the features are the average over all positions of the last row. Everything is fully convolutional, so one
 * network takes views of several sides. A new network is one file in architectures/ and one line in
 * architectures.def.
 */
#ifndef NN_ARCHITECTURE_H
#define NN_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wn_layer {
    uint32_t channels; /* of the output: a multiple of 16 */
    uint32_t kernel;   /* 1 or 3; zero padding keeps the side */
    bool pool;         /* halves the side; the side before must be even */
    uint32_t skip;     /* > 0: adds the activation of the row `skip` rows above, of the same shape */
} wn_layer;

enum { WN_ARCHITECTURE_LAYERS_MAX = 32 };

typedef struct wn_architecture {
    const char *name, *summary;
    const wn_layer *layers; /* the first row has kernel 3 and reads 3 channels */
    size_t layer_count;
} wn_architecture;

/* The i-th architecture, or NULL beyond the last. The first one is the default. */
const wn_architecture *wn_architecture_at(size_t i);

/* By name; NULL when there is none. */
const wn_architecture *wn_architecture_find(const char *name);

/* Numbers in the feature vector of one view. */
uint32_t wn_architecture_features(const wn_architecture *architecture);

/* Multiply-adds times two of one view of side x side, forward. Training costs three times as much. */
double wn_architecture_flop(const wn_architecture *architecture, uint32_t side);

/* A side must be a multiple of this: 2 to the number of poolings. */
uint32_t wn_architecture_side_step(const wn_architecture *architecture);

#endif
