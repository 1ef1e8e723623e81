/* SPDX-License-Identifier: Apache-2.0
 *
 * The named table of a network's numbers. All of them live in one flat float32 block; the table says which run of
 * the block is which tensor. The same table saves a file, checks a file and steers the optimiser.
 */
#ifndef NN_TENSOR_H
#define NN_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

enum { WN_TENSOR_RANK_MAX = 4, WN_TENSOR_NAME_BYTES = 48 };

/* What a tensor is for. Trained tensors come first in the block, statistics last. */
typedef enum wn_tensor_role {
    WN_TENSOR_WEIGHT,   /* trained, with weight decay */
    WN_TENSOR_SHIFT,    /* trained, without decay: biases, scales and shifts of normalisation */
    WN_TENSOR_STATISTIC /* not trained: running means and variances, input normalisation */
} wn_tensor_role;

/* One tensor: `count` floats from values[offset], row-major in `shape`. Convolutions are out x in x height x width,
 * linear layers out x in. */
typedef struct wn_tensor {
    char name[WN_TENSOR_NAME_BYTES]; /* "conv3.weight" */
    wn_tensor_role role;
    uint32_t rank, shape[WN_TENSOR_RANK_MAX];
    size_t offset, count;
} wn_tensor;

/* The table and the block. `trained` floats come first and have gradients; `total` - `trained` statistics follow. */
typedef struct wn_tensors {
    wn_tensor *rows;
    size_t row_count, row_capacity;
    size_t trained, total;
    float *values; /* `total` floats, 64-byte aligned; NULL until wn_tensors_allocate */
} wn_tensors;

/* Appends a row and gives its number in `row` (NULL allowed). Rows with role STATISTIC come after all others. */
WN_NODISCARD wn_status wn_tensors_add(wn_tensors *tensors, const char *name, wn_tensor_role role, uint32_t rank,
                                      const uint32_t *shape, size_t *row, wn_error *err);

/* Allocates the block, all zero. */
WN_NODISCARD wn_status wn_tensors_allocate(wn_tensors *tensors, wn_error *err);

/* The row of that name, or NULL. */
const wn_tensor *wn_tensors_find(const wn_tensors *tensors, const char *name);

/* Releases table and block. */
void wn_tensors_clear(wn_tensors *tensors);

#endif
