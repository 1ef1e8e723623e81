/* SPDX-License-Identifier: Apache-2.0
 *
 * Behind the bounds are runs of 13 methods on 400 CIFAR-10 files with batches of 24 and SGD. Healthy ones keep 15 % of
 * the variance or more between images, and at most one step in ten shows fewer than 1.01 axes (fastsiam; others one in
 * 50); where a rate is far too high most do, and of images that are all alike the share is 0.
 */
#include "pretrain/train_watch.h"

#include <math.h>

static const double memory = 63.0 / 64.0;
static const double std_least = 0.02, share_least = 0.01, axes_least = 1.01, lines_most = 0.6;

enum { JUDGED_AFTER = 64, LOW_LEAST = 50, LOW_MOST = 500, LOW_SHARE = 10, IMAGES_LEAST = 8 };

static double follow(double mean, double value, bool first)
{
    return first || !isfinite(mean) ? value : memory * mean + (1.0 - memory) * value;
}

wn_train_collapse wn_train_watch_look(const wn_train_watch *watch, int64_t images)
{
    if (watch->steps == 0 || images < 2) return WN_COLLAPSE_NONE; /* the embedding of one image is always a point */
    if (watch->std < std_least) return WN_COLLAPSE_POINT;
    if (images < IMAGES_LEAST) return WN_COLLAPSE_NONE;
    if (watch->share < share_least) return WN_COLLAPSE_VIEWS; /* false for NaN: one view */
    return watch->lines > lines_most ? WN_COLLAPSE_LINE : WN_COLLAPSE_NONE;
}

bool wn_train_watch_step(wn_train_watch *watch, const wn_spread *spread, int64_t images, int64_t quiet,
                         int64_t steps_planned)
{
    const bool first = watch->steps == 0;
    const int64_t tenth = steps_planned / LOW_SHARE;
    const int64_t needed = tenth < LOW_LEAST ? LOW_LEAST : tenth > LOW_MOST ? LOW_MOST : tenth;
    watch->std = follow(watch->std, spread->std, first);
    watch->share = follow(watch->share, spread->share, first);
    watch->lines = follow(watch->lines, spread->rank < axes_least ? 1.0 : 0.0, first);
    watch->steps++;
    const bool judged = watch->steps > quiet + JUDGED_AFTER;
    watch->low = judged && wn_train_watch_look(watch, images) != WN_COLLAPSE_NONE ? watch->low + 1 : 0;
    return watch->low >= needed;
}
