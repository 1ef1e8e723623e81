/* SPDX-License-Identifier: Apache-2.0
 *
 * The complete state of a run in one file, written whole or not at all.
 */
#ifndef PRETRAIN_TRAIN_CHECKPOINT_H
#define PRETRAIN_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "pretrain/learner.h"
#include "pretrain/train_watch.h"

/* Where a run stands, beside the numbers of its learner. Random numbers need no state: they depend on the step. */
typedef struct wn_train_state {
    int64_t step;          /* steps done */
    int64_t steps;         /* to do in all, as the plan stands */
    int64_t steps_planned; /* before it was shortened */
    uint64_t log_bytes;
    double loss;    /* moving average */
    double seconds; /* spent so far, over all processes */
    wn_train_watch watch;
} wn_train_state;

/* Writes state and numbers; `identity` names options and images. `bytes` is room that is kept between calls. */
WN_NODISCARD wn_status wn_train_checkpoint_write(const char *path, uint64_t identity, const wn_train_state *state,
                                                 wn_learner *learner, wn_buffer *bytes, wn_error *err);

/* Restores both. WN_NOTFOUND without a file; WN_VERSION for another identity; WN_CORRUPT for a damaged file. The
 * learner is changed only when all is well. */
WN_NODISCARD wn_status wn_train_checkpoint_read(const char *path, uint64_t identity, wn_train_state *state,
                                                wn_learner *learner, wn_buffer *bytes, wn_error *err);

/* Renames a sound checkpoint that is not wanted now, so that it is not written over: to PATH.IDENTITY (16 hexadecimal
 * digits) for one of other images or options, PATH.old, PATH.old-2, ... for one of another version. `name` gets where
 * it is. WN_IO, WN_NOMEM. */
WN_NODISCARD wn_status wn_train_checkpoint_set_aside(const char *path, wn_buffer *name, wn_error *err);

/* Brings one of that identity back to `path`, over what is there; false where there is none. */
bool wn_train_checkpoint_bring_back(const char *path, uint64_t identity);

/* State and identity of a checkpoint, without a learner; the whole file is checked. WN_NOTFOUND, WN_CORRUPT; WN_VERSION
 * for one of another version of winnow. */
WN_NODISCARD wn_status wn_train_checkpoint_inspect(const char *path, wn_train_state *state, uint64_t *identity,
                                                   wn_error *err);

#endif
