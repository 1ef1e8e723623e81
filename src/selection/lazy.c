/* SPDX-License-Identifier: Apache-2.0
 *
 * Lazy greedy over a binary heap held in three arrays.
 */
#include "selection/lazy.h"

#include "base/error.h"
#include "winnow/memory.h"

uint64_t wn_lazy_bytes(size_t capacity)
{
    return (uint64_t)capacity * (2 * sizeof(uint32_t) + sizeof(double));
}

wn_status wn_lazy_init(wn_lazy *lazy, size_t capacity, wn_lazy_gain *gain, void *context, wn_error *err)
{
    *lazy = (wn_lazy){.gain = gain, .context = context, .capacity = capacity};
    lazy->items = wn_alloc(WN_MEMORY_SELECTION, capacity, sizeof *lazy->items);
    lazy->rounds = wn_alloc(WN_MEMORY_SELECTION, capacity, sizeof *lazy->rounds);
    lazy->bounds = wn_alloc(WN_MEMORY_SELECTION, capacity, sizeof *lazy->bounds);
    if (lazy->items && lazy->rounds && lazy->bounds) return WN_OK;
    wn_lazy_clear(lazy);
    return wn_fail(err, WN_NOMEM, "no memory to choose among %zu rows", capacity);
}

void wn_lazy_clear(wn_lazy *lazy)
{
    wn_free(lazy->bounds);
    wn_free(lazy->rounds);
    wn_free(lazy->items);
    *lazy = (wn_lazy){0};
}

static bool comes_before(const wn_lazy *lazy, size_t a, double bound, uint32_t item)
{
    return lazy->bounds[a] > bound || (lazy->bounds[a] == bound && lazy->items[a] < item);
}

static void put(wn_lazy *lazy, size_t at, double bound, uint32_t item, uint32_t round)
{
    lazy->bounds[at] = bound;
    lazy->items[at] = item;
    lazy->rounds[at] = round;
}

static void sift_down(wn_lazy *lazy, size_t at, double bound, uint32_t item, uint32_t round)
{
    for (size_t child; (child = 2 * at + 1) < lazy->len; at = child) {
        if (child + 1 < lazy->len && comes_before(lazy, child + 1, lazy->bounds[child], lazy->items[child])) child++;
        if (!comes_before(lazy, child, bound, item)) break;
        put(lazy, at, lazy->bounds[child], lazy->items[child], lazy->rounds[child]);
    }
    put(lazy, at, bound, item, round);
}

static void evaluate(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_lazy *lazy = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) lazy->bounds[i] = lazy->gain(lazy->context, lazy->items[i]);
}

void wn_lazy_start(wn_lazy *lazy, const uint32_t *items, size_t n, wn_pool *pool, size_t grain)
{
    lazy->len = n;
    lazy->round = 0;
    for (size_t i = 0; i < n; i++) {
        lazy->items[i] = items[i];
        lazy->rounds[i] = 0;
    }
    wn_pool_for(pool, n, grain, evaluate, lazy);
    lazy->evaluations += n;
    for (size_t i = n / 2; i-- > 0;) sift_down(lazy, i, lazy->bounds[i], lazy->items[i], 0);
}

bool wn_lazy_next(wn_lazy *lazy, uint32_t *item, double *gain)
{
    while (lazy->len > 0) {
        if (lazy->rounds[0] == lazy->round) {
            *item = lazy->items[0];
            *gain = lazy->bounds[0];
            size_t last = --lazy->len;
            if (last) sift_down(lazy, 0, lazy->bounds[last], lazy->items[last], lazy->rounds[last]);
            lazy->round++;
            return true;
        }
        double bound = lazy->gain(lazy->context, lazy->items[0]);
        lazy->evaluations++;
        sift_down(lazy, 0, bound, lazy->items[0], lazy->round);
    }
    return false;
}
