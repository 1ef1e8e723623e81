/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolutional network on the CPU: weights, passes over batches of views, gradients.
 *
 * A batch is cut into shards of a fixed number of views. One shard is one chunk of work: one thread carries it
 * through the whole network with single-threaded oneDNN primitives, so its activations stay near its cache. Batch
 * norm takes its statistics from the shard ("ghost batch norm", Hoffer et al. 2017). Gradients and statistics are
 * added in shard order, which makes every result independent of the number of threads.
 *
 *     wn_network_new(wn_architecture_find("tiny"), seed, &network, &err);
 *     wn_batch_new(network, groups, group_count, &options, &batch, &err);
 *     for each step:
 *         wn_network_commit(network, pool, &err);                  after every change of the values
 *         wn_batch_forward(batch, pool, pixels, features, &err);   views -> features (rows x features)
 *         ... loss: dfeatures = d loss / d features ...
 *         wn_batch_backward(batch, pool, dfeatures, gradient, &err);
 *         wn_batch_absorb(batch, 0.1f);                            running statistics
 *         wn_optimizer_step(optimizer, pool, wn_network_tensors(network), gradient, rate);
 */
#ifndef NN_NETWORK_H
#define NN_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "nn/architecture.h"
#include "nn/tensor.h"
#include "winnow/model.h"
#include "winnow/pool.h"

typedef struct wn_network wn_network;
typedef struct wn_batch wn_batch;

/* FP32 or BF16: what AUTO means on this machine; BF16 becomes FP32 where the processor lacks it. */
wn_precision wn_precision_resolve(wn_precision precision);

/* The same for training: AUTO takes bf16 wherever the processor has it, also without AMX. Embedding does not: its
 * vectors shall be those of fp32. */
wn_precision wn_precision_resolve_training(wn_precision precision);

/* A network with random weights (He et al. 2015, truncated) that depend on `seed` alone. The architecture must
 * outlive it. */
WN_NODISCARD wn_status wn_network_new(const wn_architecture *architecture, uint64_t seed, wn_network **out,
                                      wn_error *err);

/* The same with weights of zero, for those who give it others or none: random ones take longer than reading a file. */
WN_NODISCARD wn_status wn_network_new_empty(const wn_architecture *architecture, wn_network **out, wn_error *err);

/* Releases the network and clears the pointer. Its batches must be gone. */
void wn_network_free(wn_network **network);

const wn_architecture *wn_network_architecture(const wn_network *network);

/* Table and values. The values may be changed (optimiser, loading) as long as wn_network_commit follows. The
 * statistics "input.mean" and "input.deviation" (3 each) say how pixels in [0, 1] are normalised. */
wn_tensors *wn_network_tensors(wn_network *network);

/* Converts the values to the layouts that the existing batches compute with, the norms of inference folded into the
 * weights; batches made later find them current as well. After wn_batch_absorb inference needs it, too. */
WN_NODISCARD wn_status wn_network_commit(wn_network *network, wn_pool *pool, wn_error *err);

/* Views of one size inside a batch. */
typedef struct wn_batch_group {
    size_t views;
    uint32_t side; /* one that wn_architecture_takes_side */
} wn_batch_group;

/* How a batch is computed. */
typedef struct wn_batch_options {
    wn_precision precision;
    uint32_t shard_views; /* views of one shard; 0 = by side, 64 for 32 x 32. The last of a group may be smaller */
    bool training;        /* false: running statistics, no backward, activations of one shard per thread only */
    bool fixed_norms;     /* in training: running statistics as they are, taken as constants; nothing to absorb */
    unsigned threads;     /* of the largest pool that will be used: scratch memory is kept for each; 0 = 1 */
} wn_batch_options;

/* Memory for one batch of views in all groups. Rows of features are in group order, and in each group in view order.
 * Training: batch-norm statistics per shard. Inference: the result of a view depends neither on the other views nor
 * on their number. WN_INVALID: a side that does not fit; WN_NOMEM. Not thread-safe against other calls on `network`. */
WN_NODISCARD wn_status wn_batch_new(wn_network *network, const wn_batch_group *groups, size_t group_count,
                                    const wn_batch_options *options, wn_batch **out, wn_error *err);

/* Bytes that wn_batch_new takes for activations, scratch, gradients and packed weights; 0 when there is no such batch.
 * Makes the convolutions to ask them, which takes some tens of milliseconds. */
uint64_t wn_batch_bytes(const wn_architecture *architecture, const wn_batch_group *groups, size_t group_count,
                        const wn_batch_options *options);

/* Releases the batch and clears the pointer. */
void wn_batch_free(wn_batch **batch);

/* Sum of views over the groups = rows of features. */
size_t wn_batch_rows(const wn_batch *batch);

/* pixels[g]: views x side x side x 3 u8 of group g, RGB interleaved; they must stay until the backward call.
 * features: rows x wn_architecture_features float32. */
WN_NODISCARD wn_status wn_batch_forward(wn_batch *batch, wn_pool *pool, const uint8_t *const *pixels, float *features,
                                        wn_error *err);

/* As wn_batch_forward for an inference batch and the first `views` views of its only group. */
WN_NODISCARD wn_status wn_batch_forward_some(wn_batch *batch, wn_pool *pool, const uint8_t *pixels, size_t views,
                                             float *features, wn_error *err);

/* After a forward call of a training batch: gradient (tensors.trained floats, overwritten) = sum over rows of
 * dfeatures (rows x features) times d features / d values. */
WN_NODISCARD wn_status wn_batch_backward(wn_batch *batch, wn_pool *pool, const float *dfeatures, float *gradient,
                                         wn_error *err);

/* Whether the means and variances of the last forward call, in training, are finite. Norms can hide for a while from a
 * loss that they no longer are. */
bool wn_batch_is_finite(const wn_batch *batch);

/* Moves the running statistics by `momentum` towards the mean over the shards of the last forward call; not with
 * fixed norms. Inference sees it after wn_network_commit. */
void wn_batch_absorb(wn_batch *batch, float momentum);

#endif
