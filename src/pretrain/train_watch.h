/* SPDX-License-Identifier: Apache-2.0
 *
 * The collapse detector: tells a run whose embeddings have become one point, one line, or no more than the noise of
 * the views, from one that is only young. Averages over many steps decide, for as many steps in a row as a tenth of the
 * plan, so that no healthy run is stopped in its first phase, when its spread is low too.
 */
#ifndef PRETRAIN_TRAIN_WATCH_H
#define PRETRAIN_TRAIN_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pretrain/spread.h"

/* Part of a checkpoint: a run that goes on stops where an undisturbed one would. Zero-initialise. */
typedef struct wn_train_watch {
    double std, share; /* moving averages over about 64 steps */
    double lines;      /* and of the steps whose embeddings lay on one line, in [0, 1] */
    int64_t steps;     /* seen */
    int64_t low;       /* of them the last ones, in a row, after which the averages looked collapsed */
} wn_train_watch;

typedef enum wn_train_collapse {
    WN_COLLAPSE_NONE,
    WN_COLLAPSE_POINT, /* all embeddings are one point */
    WN_COLLAPSE_LINE,  /* they lie on one line */
    WN_COLLAPSE_VIEWS  /* images are no further apart than the views of one of them */
} wn_train_collapse;

/* What the averages look like; a point is judged from 2 images a step, lines and views from 8. */
wn_train_collapse wn_train_watch_look(const wn_train_watch *watch, int64_t images);

/* Takes in a step with `images` images; true once the run has looked collapsed for long enough. The first `quiet`
 * steps are not judged. */
bool wn_train_watch_step(wn_train_watch *watch, const wn_spread *spread, int64_t images, int64_t quiet,
                         int64_t steps_planned);

#endif
