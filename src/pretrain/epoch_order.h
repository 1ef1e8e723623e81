/* SPDX-License-Identifier: Apache-2.0
 *
 * Which images a step sees: every epoch is a new random order of all of them, cut into batches; the incomplete rest
 * of an epoch is left out. The order of an epoch depends on (seed, epoch) alone, so any step can be entered at once.
 */
#ifndef PRETRAIN_EPOCH_ORDER_H
#define PRETRAIN_EPOCH_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

typedef struct wn_epoch_order {
    uint64_t seed;
    int64_t count, batch;
    int64_t epoch; /* that `rows` holds; -1 = none yet */
    int64_t *rows; /* count */
} wn_epoch_order;

/* `batch` in [1, count]. */
WN_NODISCARD wn_status wn_epoch_order_init(wn_epoch_order *order, uint64_t seed, int64_t count, int64_t batch,
                                           wn_error *err);

/* The `batch` row numbers of a step, all different; valid until the next call. */
const int64_t *wn_epoch_order_rows(wn_epoch_order *order, int64_t step);

void wn_epoch_order_clear(wn_epoch_order *order);

#endif
