/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that learns, and one step of it: network -> embedding -> a projector for each prefix of the embedding ->
 * loss, and back. The loss is the mean over the prefixes (Matryoshka, Kusupati et al. 2022), so that each prefix is
 * an embedding of its own. Methods with a teacher get a second set of the same layers that follows the first.
 */
#ifndef PRETRAIN_LEARNER_H
#define PRETRAIN_LEARNER_H

#include <stddef.h>
#include <stdint.h>

#include "nn/network.h"
#include "nn/optimizer.h"
#include "pretrain/method.h"
#include "pretrain/spread.h"

enum { WN_LEARNER_PARTS_MAX = 2 + 2 * WN_MODEL_PREFIXES_MAX, WN_LEARNER_STATES_MAX = 4 * WN_LEARNER_PARTS_MAX };

typedef struct wn_learner_setup {
    const wn_architecture *architecture;
    const wn_method *method;
    unsigned char method_params[WN_METHOD_PARAMS_MAX];
    size_t images, views, small_views; /* a step sees `images` x (views + small_views) views */
    uint32_t side, small_side;
    uint32_t embed_side;                                    /* of the pictures that the model will embed */
    uint32_t prefix_count, prefixes[WN_MODEL_PREFIXES_MAX]; /* ascending; the last one is the embedding */
    wn_precision precision;                                 /* FP32 or BF16 */
    const char *optimizer;
    double decay;      /* < 0: the optimiser's own */
    size_t accumulate; /* passes whose gradients make one step; 0 and 1 = each pass is a step */
    uint64_t seed;
    uint64_t start_hash; /* of the model that the numbers start from; 0 = at random */
    float cut;           /* how its pictures are fitted (wn_model_info); 0 and 1 = squeezed */
    unsigned threads;    /* of the pool that will be given; the result does not depend on it */
} wn_learner_setup;

/* One block of numbers with its optimiser: the network, the embedding layer, each projector, each predictor. */
typedef struct wn_learner_part {
    wn_tensors *tensors; /* belongs to the network or mlp */
    wn_optimizer *optimizer;
    float *gradient; /* of the last pass */
    float *sum;      /* over the passes of the step; NULL when each pass is a step */
} wn_learner_part;

/* Numbers that a run needs beside those of its parts to go on: the teacher's, and what losses keep. */
typedef struct wn_learner_state {
    float *values;
    size_t count;
} wn_learner_state;

/* What one pass is made of. */
typedef struct wn_learner_input {
    const uint8_t *pixels[2]; /* images * views views, row = view * images + image; and the small ones */
    const float *targets;     /* images x width of the projector, for methods that are taught */
    int64_t step;             /* from 0 */
    size_t pass;              /* of the step, below setup.accumulate; the last one changes the numbers */
    double progress;          /* share of the steps that are done, in [0, 1) */
    double rate;              /* learning rate of the embedding layer and the heads */
    double network_rate;      /* and of the network; 0 = it stays as it is */
} wn_learner_input;

typedef struct wn_learner wn_learner;

/* What one step measured. */
typedef struct wn_learner_report {
    double loss;
    wn_spread spread; /* of the embeddings of the full views */
} wn_learner_report;

WN_NODISCARD wn_status wn_learner_new(const wn_learner_setup *setup, wn_learner **out, wn_error *err);
void wn_learner_free(wn_learner **learner);

/* Bytes that the learner of a setup takes; close, from above. */
typedef struct wn_learner_need {
    uint64_t numbers; /* to its end, with a checkpoint of them */
    uint64_t passes;  /* until wn_learner_stop */
} wn_learner_need;

wn_learner_need wn_learner_bytes(const wn_learner_setup *setup);

/* One pass. A loss or gradient that is not finite leaves the numbers as they were and gives WN_INTERNAL. */
WN_NODISCARD wn_status wn_learner_step(wn_learner *learner, wn_pool *pool, const wn_learner_input *input,
                                       wn_learner_report *report, wn_error *err);

/* Parts 0 (network), 1 (embedding layer), those of the projectors and those of the predictors. */
size_t wn_learner_parts(wn_learner *learner, const wn_learner_part **parts);

/* What a checkpoint holds beside the parts; returns how many. */
size_t wn_learner_states(wn_learner *learner, wn_learner_state states[WN_LEARNER_STATES_MAX]);

/* Makes the following teacher the same as the student, after other numbers were put into the parts. */
void wn_learner_align_teacher(wn_learner *learner);

/* After the numbers were changed from outside. */
WN_NODISCARD wn_status wn_learner_commit(wn_learner *learner, wn_pool *pool, wn_error *err);

wn_network *wn_learner_network(wn_learner *learner);

/* Frees what only training needs (batches, runs), so that inference memory can take its place. */
void wn_learner_stop(wn_learner *learner);

#endif
