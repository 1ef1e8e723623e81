/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run starts from beside its images: numbers of another model, and the words of a teacher.
 */
#ifndef PRETRAIN_TRAIN_START_H
#define PRETRAIN_TRAIN_START_H

#include "pretrain/learner.h"
#include "winnow/train.h"

/* What a model file says of itself. */
typedef struct wn_train_origin {
    char network[64];
    uint32_t side;      /* of the pictures that it embeds */
    uint32_t view_side; /* of the views that it learned from */
    uint64_t hash;
    float cut; /* as in wn_model_info */
} wn_train_origin;

/* WN_UNSUPPORTED for a network that this build lacks. */
WN_NODISCARD wn_status wn_train_start_origin(const char *path, wn_train_origin *out, wn_error *err);

/* Gives the learner's network the numbers of the model, and its embedding layer where the shapes agree. */
WN_NODISCARD wn_status wn_train_start_from(const char *path, wn_learner *learner, wn_error *err);

/* targets (count x width, released with wn_free) = the first `width` principal axes of the teacher's rows, each row of
 * length 1; zeros where the teacher has fewer axes. WN_INVALID names a row that is not finite, or says that all
 * rows are the same. */
WN_NODISCARD wn_status wn_train_start_targets(const wn_train_images *images, size_t width, wn_pool *pool,
                                              float **targets, wn_error *err);

#endif
