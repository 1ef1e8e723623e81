/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads: a chain of linear layers with optional batch norm and activation over whole batches of rows, in fp32.
 * The batch is cut into chunks of fixed size; sums over rows are added in chunk order.
 *
 *     static const wn_mlp_layer layers[] = {{512, WN_ACTIVATION_RELU, true, false},
 *                                           {128, WN_ACTIVATION_NONE, false, true}};
 *     wn_mlp_new(256, layers, 2, "head", seed, &head, &err);
 *     wn_mlp_run_new(head, 1024, true, &run, &err);
 *     wn_mlp_forward(run, pool, features, 1024, out, &err);
 *     wn_mlp_backward(run, pool, dout, dfeatures, gradient, &err);
 */
#ifndef NN_MLP_H
#define NN_MLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/tensor.h"
#include "winnow/pool.h"

typedef enum wn_activation { WN_ACTIVATION_NONE, WN_ACTIVATION_RELU, WN_ACTIVATION_GELU } wn_activation;

/* out = activation(norm(W in + bias)). */
typedef struct wn_mlp_layer {
    uint32_t width; /* of the output */
    wn_activation activation;
    bool norm; /* batch norm with scale and shift, statistics over all rows of the batch */
    bool bias;
} wn_mlp_layer;

enum { WN_MLP_LAYERS_MAX = 8 };

typedef struct wn_mlp wn_mlp;
typedef struct wn_mlp_run wn_mlp_run;

/* `prefix` starts the tensor names: "head0.weight", "head0.scale", ... Random weights depend on `seed` alone. */
WN_NODISCARD wn_status wn_mlp_new(uint32_t width_in, const wn_mlp_layer *layers, size_t layer_count, const char *prefix,
                                  uint64_t seed, wn_mlp **out, wn_error *err);
void wn_mlp_free(wn_mlp **mlp);

wn_tensors *wn_mlp_tensors(wn_mlp *mlp);
uint32_t wn_mlp_width_in(const wn_mlp *mlp);
uint32_t wn_mlp_width_out(const wn_mlp *mlp);

/* Memory for batches of at most `rows_max` rows. Training: batch statistics and backward; else running statistics.
 * Several runs of one mlp may exist; they read its values at each call. */
WN_NODISCARD wn_status wn_mlp_run_new(wn_mlp *mlp, size_t rows_max, bool training, wn_mlp_run **out, wn_error *err);
void wn_mlp_run_free(wn_mlp_run **run);
uint64_t wn_mlp_run_bytes(const wn_mlp *mlp, size_t rows_max, bool training);

/* in: rows x width_in (must stay until backward); out: rows x width_out. */
WN_NODISCARD wn_status wn_mlp_forward(wn_mlp_run *run, wn_pool *pool, const float *in, size_t rows, float *out,
                                      wn_error *err);

/* din (rows x width_in, overwritten; NULL = not wanted) and gradient (tensors.trained floats, overwritten) from
 * dout (rows x width_out). */
WN_NODISCARD wn_status wn_mlp_backward(wn_mlp_run *run, wn_pool *pool, const float *dout, float *din, float *gradient,
                                       wn_error *err);

/* Moves the running statistics of the norms by `momentum` towards those of the last forward call. */
void wn_mlp_absorb(wn_mlp_run *run, float momentum);

/* y (rows x width, stride ystride) = first `width` numbers of each row of x (stride xstride), scaled to length 1;
 * inverse_lengths[row] keeps 1 / length for the backward call (NULL = not wanted). A zero row stays zero. */
void wn_l2_normalize_forward(wn_pool *pool, const float *x, size_t rows, size_t width, size_t xstride, float *y,
                             size_t ystride, float *inverse_lengths);

/* dx[:width] += (dy - y (y . dy)) / length, for the x and y of the forward call. */
void wn_l2_normalize_backward(wn_pool *pool, const float *y, const float *dy, size_t rows, size_t width, size_t ystride,
                              const float *inverse_lengths, float *dx, size_t xstride);

#endif
