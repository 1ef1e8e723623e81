/* SPDX-License-Identifier: Apache-2.0
 *
 * From options and images to a settled plan and the setup of the learner.
 */
#ifndef PRETRAIN_TRAIN_PLAN_H
#define PRETRAIN_TRAIN_PLAN_H

#include "base/buffer.h"
#include "pretrain/learner.h"
#include "winnow/train.h"

/* A plan with what it follows from. */
typedef struct wn_train_setup {
    wn_train_plan plan;
    wn_learner_setup learner;
    double rate;          /* top of the schedule */
    double network_share; /* of it that the network learns with */
    double crop_low;      /* of views */
    int64_t warm_up;      /* steps */
    int64_t frozen;       /* first steps in which a network that starts from a model waits for the layers behind it */
    double minutes;       /* the budget that the wall clock guards; 0 = none */
    uint64_t spare;       /* bytes that the memory limit leaves beside the plan */
} wn_train_setup;

/* Settles everything; the errors of wn_train_make_plan. */
WN_NODISCARD wn_status wn_train_settle_plan(const wn_train_images *images, const wn_train_params *params,
                                            wn_train_setup *out, wn_error *err);

/* All that decides the numbers that are learned beside the images, as "name=value name=value". */
wn_status wn_train_describe(const wn_train_params *params, const wn_train_setup *setup, wn_buffer *out);

/* Gives a settled plan fewer steps. What it does at first, warming up and waiting, takes the same share of them. */
void wn_train_shorten(wn_train_setup *setup, int64_t steps);

/* Learning rate of a step: linear warm-up, then half a cosine to 0 at `steps`. */
double wn_train_rate(const wn_train_setup *setup, int64_t step);

/* The same for the network: 0 while it is frozen, then rising within as many steps. */
double wn_train_network_rate(const wn_train_setup *setup, int64_t step);

#endif
