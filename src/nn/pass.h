/* SPDX-License-Identifier: Apache-2.0
 *
 * One shard through the network, in the calling thread.
 */
#ifndef NN_PASS_H
#define NN_PASS_H

#include "nn/plan.h"

/* What one thread needs beside the memory of the pass; big enough for every plan that it serves. */
typedef struct wn_pass_scratch {
    wn_onednn_stream *stream;
    void *full;         /* an activation before pooling, or its gradient */
    void *gradients[3]; /* of activations: the current one, the next one, one kept for a skip; in the forward pass
                           activations that are not kept */
    void *conv;         /* oneDNN's scratch */
    void *packed;       /* packed gradient of a layer's weights */
    float *plain;       /* the same in the order of the tensor table */
    double *sums;
} wn_pass_scratch;

WN_NODISCARD wn_status wn_pass_scratch_new(wn_network *network, const wn_plan *const *plans, size_t plan_count,
                                           wn_pass_scratch *out, wn_error *err);
void wn_pass_scratch_clear(wn_pass_scratch *scratch);

/* Bytes of the same. */
uint64_t wn_pass_scratch_bytes(const wn_network *network, const wn_plan *const *plans, size_t plan_count);

/* pixels: views x side x side x 3; the plan's remaining views are zero. features: views x F. `memory` holds
 * plan->pass_bytes and keeps what the backward pass needs. */
WN_NODISCARD wn_status wn_pass_forward(const wn_network *network, const wn_plan *plan, void *memory,
                                       wn_pass_scratch *scratch, const uint8_t *pixels, size_t views, float *features,
                                       wn_error *err);

/* gradient (tensors.trained floats) = the shard's sum, or += it with `add`. dfeatures: plan->views x F. */
WN_NODISCARD wn_status wn_pass_backward(const wn_network *network, const wn_plan *plan, void *memory,
                                        wn_pass_scratch *scratch, const float *dfeatures, bool add, float *gradient,
                                        wn_error *err);

#endif
