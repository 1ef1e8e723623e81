/* SPDX-License-Identifier: Apache-2.0
 *
 * From a trained learner to a model file.
 */
#ifndef PRETRAIN_TRAIN_FINISH_H
#define PRETRAIN_TRAIN_FINISH_H

#include "pretrain/image_feed.h"
#include "pretrain/learner.h"
#include "winnow/progress.h"

/* What the axes of an embedding are made of. */
typedef struct wn_train_rows {
    size_t images;   /* of whose features; whole passes of them are used */
    size_t pairs;    /* of views of an image; whole batches */
    size_t per_pass; /* images that are looked at in one pass */
} wn_train_rows;

/* Those of `count` images after `passes` passes of a training: the longer it was, the more, as far as `spare` bytes
 * beside those of its steps go (UINT64_MAX: no limit). */
wn_train_rows wn_train_count_rows(const wn_learner_setup *setup, size_t count, int64_t passes, uint64_t spare);

/* What the last passes work with. */
typedef struct wn_train_ending {
    wn_image_feed *feed;
    int64_t step;   /* of random numbers for views that no training step has used */
    uint64_t spare; /* bytes that they may take beside those of the steps */
    wn_pool *pool;
    const wn_progress *progress; /* stage "finish", unit "images", then "steps" of the nested map */
} wn_train_ending;

/* Replaces the running statistics of batch norm, which saw random views, by those of the images themselves, and the
 * embedding layer by scaled axes of their features (train_finish.c says which). `std` gets embedding_std of
 * wn_train_result. Ends the learner's training: no step may follow, but its numbers can be kept in a checkpoint.
 * WN_CANCELLED, WN_NOMEM, or the feed's error. */
WN_NODISCARD wn_status wn_train_settle_statistics(wn_learner *learner, const wn_learner_setup *setup,
                                                  const wn_train_ending *ending, double *std, wn_error *err);

#endif
