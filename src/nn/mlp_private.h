/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the heads share.
 */
#ifndef NN_MLP_PRIVATE_H
#define NN_MLP_PRIVATE_H

#include "nn/mlp.h"

/* Numbers of a layer's rows in the table; SIZE_MAX where it has no such tensor. */
typedef struct wn_mlp_rows {
    size_t weight, bias, scale, shift, mean, variance;
} wn_mlp_rows;

struct wn_mlp {
    uint32_t width_in;
    size_t layer_count;
    wn_mlp_layer layers[WN_MLP_LAYERS_MAX];
    wn_mlp_rows rows[WN_MLP_LAYERS_MAX];
    wn_tensors tensors;
};

static inline uint32_t wn_mlp_layer_width_in(const wn_mlp *mlp, size_t layer)
{
    return layer == 0 ? mlp->width_in : mlp->layers[layer - 1].width;
}

/* Values of a tensor, or NULL for SIZE_MAX. */
static inline float *wn_mlp_values(const wn_mlp *mlp, size_t row)
{
    return row == SIZE_MAX ? NULL : mlp->tensors.values + mlp->tensors.rows[row].offset;
}

#endif
