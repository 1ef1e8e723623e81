/* SPDX-License-Identifier: Apache-2.0
 *
 * Fisher and Yates's shuffle with the stream of the epoch.
 */
#include "pretrain/epoch_order.h"

#include <assert.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

/* Keeps the streams of orders apart from those of views. */
static const uint64_t order_salt = 0x6f72646572ULL;

wn_status wn_epoch_order_init(wn_epoch_order *order, uint64_t seed, int64_t count, int64_t batch, wn_error *err)
{
    assert(batch >= 1 && batch <= count);
    *order = (wn_epoch_order){.seed = seed, .count = count, .batch = batch, .epoch = -1};
    order->rows = wn_alloc(WN_MEMORY_TRAINING, (size_t)count, sizeof *order->rows);
    return order->rows ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for the order of %lld images", (long long)count);
}

static void shuffle(wn_epoch_order *order, int64_t epoch)
{
    wn_rng rng;
    wn_rng_init(&rng, wn_rng_mix(order->seed ^ order_salt), (uint64_t)epoch);
    for (int64_t i = 0; i < order->count; i++) order->rows[i] = i;
    for (int64_t i = order->count - 1; i > 0; i--) {
        int64_t j = (int64_t)wn_rng_below(&rng, (uint32_t)(i + 1)), swap = order->rows[i];
        order->rows[i] = order->rows[j];
        order->rows[j] = swap;
    }
    order->epoch = epoch;
}

const int64_t *wn_epoch_order_rows(wn_epoch_order *order, int64_t step)
{
    int64_t steps_per_epoch = order->count / order->batch, epoch = step / steps_per_epoch;
    if (order->epoch != epoch) shuffle(order, epoch);
    return order->rows + step % steps_per_epoch * order->batch;
}

void wn_epoch_order_clear(wn_epoch_order *order)
{
    wn_free(order->rows);
    order->rows = NULL;
}
