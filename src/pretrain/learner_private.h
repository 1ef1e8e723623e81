/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the learner share.
 */
#ifndef PRETRAIN_LEARNER_PRIVATE_H
#define PRETRAIN_LEARNER_PRIVATE_H

#include "pretrain/branch.h"

/* Order of the parts; predictors follow the projectors. */
enum { WN_PART_NETWORK, WN_PART_HEAD, WN_PART_PROJECTORS };

/* A branch with the matrices of its forward pass; n = branch.rows. Those of the heads serve all prefixes in turn. */
typedef struct wn_learner_side {
    wn_branch branch;
    float *features;                            /* n x feature_width */
    float *embedding;                           /* n x dim */
    float *prefix;                              /* n x prefix, contiguous */
    float *out, *z;                             /* n x out_width: of the projector; the same at length 1 */
    float *p_raw, *p;                           /* n x p_width: of the predictor; the same at length 1 */
    float *inverse_lengths, *inverse_lengths_p; /* n */
} wn_learner_side;

struct wn_learner {
    wn_learner_setup setup;
    size_t feature_width, dim, out_width, p_width; /* p_width: 0 without a predictor */
    wn_tile_kernels kernels;
    wn_learner_side student, teacher;
    wn_learner_part parts[WN_LEARNER_PARTS_MAX];
    size_t part_count;
    float *dfeatures;         /* rows x feature_width */
    float *dembedding;        /* rows x dim */
    float *dprefix;           /* rows x prefix, contiguous */
    float *dz, *dout, *dread; /* rows x out_width: by z, by out, by what the predictor read */
    float *dp, *dp_raw;       /* rows x p_width */
    float *scratch;           /* of the loss */
    size_t memory_floats;     /* of one prefix */
    float *memory;            /* prefixes x memory_floats; NULL for none */
};

#endif
