/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that learns, and one step of it: network -> embedding -> a projector for each prefix of the embedding ->
 * loss, and back. The loss is the mean over the prefixes (Matryoshka, Kusupati et al. 2022), so that each prefix is
 * an embedding of its own.
 */
#ifndef PRETRAIN_LEARNER_H
#define PRETRAIN_LEARNER_H

#include <stddef.h>
#include <stdint.h>

#include "nn/network.h"
#include "nn/optimizer.h"
#include "pretrain/method.h"

enum { WN_LEARNER_PARTS_MAX = 2 + WN_MODEL_PREFIXES_MAX };

typedef struct wn_learner_setup {
    const wn_architecture *architecture;
    const wn_method *method;
    unsigned char method_params[WN_METHOD_PARAMS_MAX];
    size_t images, views, small_views; /* a step sees `images` x (views + small_views) views */
    uint32_t side, small_side;
    uint32_t prefix_count, prefixes[WN_MODEL_PREFIXES_MAX]; /* ascending; the last one is the embedding */
    wn_precision precision;                                 /* FP32 or BF16 */
    const char *optimizer;
    double decay; /* < 0: the optimiser's own */
    double clip;  /* longest gradient over all parts; 0 = any */
    uint64_t seed;
    uint64_t start_hash; /* of the model that the numbers start from; 0 = at random */
    unsigned threads;    /* of the pool that will be given; the result does not depend on it */
} wn_learner_setup;

/* One block of numbers with its optimiser: the network, the embedding layer, each projector. */
typedef struct wn_learner_part {
    wn_tensors *tensors; /* belongs to the network or mlp */
    wn_optimizer *optimizer;
    float *gradient;
} wn_learner_part;

typedef struct wn_learner wn_learner;

/* What one step is made of. */
typedef struct wn_learner_input {
    const uint8_t *pixels[2]; /* images * views views, row = view * images + image; and the small ones */
    const float *targets;     /* images x width of the projector, for methods that are taught */
    double rate;              /* learning rate of the embedding layer and the projectors */
    double network_rate;      /* and of the network */
} wn_learner_input;

/* What one step measured. */
typedef struct wn_learner_report {
    double loss;
    double gradient_length; /* before it was clipped */
    double embedding_std;   /* as in wn_train_result */
} wn_learner_report;

WN_NODISCARD wn_status wn_learner_new(const wn_learner_setup *setup, wn_learner **out, wn_error *err);
void wn_learner_free(wn_learner **learner);

/* Bytes that the learner of this setup takes; close, from above. */
uint64_t wn_learner_bytes(const wn_learner_setup *setup);

/* One step. A loss or gradient that is not finite leaves the numbers as they were and gives WN_INTERNAL. */
WN_NODISCARD wn_status wn_learner_step(wn_learner *learner, wn_pool *pool, const wn_learner_input *input,
                                       wn_learner_report *report, wn_error *err);

/* Parts 0 (network), 1 (embedding layer) and those of the projectors. */
size_t wn_learner_parts(wn_learner *learner, const wn_learner_part **parts);

/* After the numbers were changed from outside. */
WN_NODISCARD wn_status wn_learner_commit(wn_learner *learner, wn_pool *pool, wn_error *err);

wn_network *wn_learner_network(wn_learner *learner);

/* Frees what only training needs (batches, runs), so that inference memory can take its place. */
void wn_learner_stop(wn_learner *learner);

#endif
