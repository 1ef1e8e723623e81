/* SPDX-License-Identifier: Apache-2.0
 *
 * How many of the images differ. Training learns by telling images apart; where all are copies of one, the views of
 * each still differ, so neither the loss nor the spread of the embeddings would show that nothing is learned.
 */
#ifndef PRETRAIN_TRAIN_VARIETY_H
#define PRETRAIN_TRAIN_VARIETY_H

#include <stdbool.h>
#include <stdint.h>

#include "pretrain/image_feed.h"

typedef struct wn_train_variety {
    int64_t images;    /* looked at: all up to 8192, else as many, spread over all */
    int64_t different; /* with all copies of one counted once */
    int64_t largest;   /* copies of the most frequent one, it included */
    int64_t same;      /* of them those that are the same in every pixel as one of them */
} wn_train_variety;

/* Counts. Copies are equal in every pixel, or were encoded or resized anew: the means of 16 x 16 cells differ by at
 * most 12 of 255, and by at most 2 on average. Neighbouring frames of a standing camera are copies where nothing moves.
 * The result does not depend on threads; nor on the order of the images where all are looked at. */
WN_NODISCARD wn_status wn_train_look(wn_image_feed *feed, wn_train_variety *out, wn_error *err);

/* Whether training has nothing to tell apart: one image, or all but one in twenty, and but 15 at most, are copies of
 * one. */
bool wn_train_variety_is_none(const wn_train_variety *variety);

/* Whether at least half of 8 or more images are copies of others. */
bool wn_train_variety_is_low(const wn_train_variety *variety);

#endif
