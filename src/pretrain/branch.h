/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers from views to a loss: network, embedding layer, and for each prefix of the embedding a projector and
 * perhaps a predictor. The student is one branch; a teacher is another one of the same shape that is never trained.
 */
#ifndef PRETRAIN_BRANCH_H
#define PRETRAIN_BRANCH_H

#include "nn/network.h"
#include "pretrain/learner.h"

typedef struct wn_branch {
    wn_network *network;
    wn_batch *batch;
    wn_mlp *head;
    wn_mlp_run *head_run;
    wn_mlp *projectors[WN_MODEL_PREFIXES_MAX], *predictors[WN_MODEL_PREFIXES_MAX]; /* predictors: NULL for none */
    wn_mlp_run *projector_runs[WN_MODEL_PREFIXES_MAX], *predictor_runs[WN_MODEL_PREFIXES_MAX];
    size_t rows; /* views of a step */
} wn_branch;

/* Layers with random numbers that depend on setup->seed, and memory for the views of `groups`. */
WN_NODISCARD wn_status wn_branch_init(wn_branch *branch, const wn_learner_setup *setup, const wn_batch_group *groups,
                                      size_t group_count, bool predicts, wn_error *err);

/* Frees what only steps need; the numbers stay. */
void wn_branch_stop(wn_branch *branch);

/* Releases everything and zeroes the struct. */
void wn_branch_clear(wn_branch *branch);

/* The numbers: network, embedding layer, projectors, predictors. Returns how many. */
size_t wn_branch_tensors(const wn_branch *branch, wn_tensors *out[WN_LEARNER_PARTS_MAX]);

/* Bytes that such a branch takes; close, from above. `numbers` gets how many trained numbers it has. */
uint64_t wn_branch_bytes(const wn_learner_setup *setup, const wn_batch_group *groups, size_t group_count, bool predicts,
                         uint64_t *numbers);

#endif
