/* SPDX-License-Identifier: Apache-2.0
 *
 * Lazy greedy over a heap.
 */
#include "selection/lazy.h"

#include <assert.h>

#include "base/error.h"
#include "winnow/memory.h"

/* Each item has ARMS below it. They are neighbours in memory, and where the heap begins SKIP places after a cache line
 * they are one line of 64 bytes. */
enum { ARMS = 4, SKIP = ARMS - 1 };

static_assert(ARMS * sizeof(wn_lazy_item) == 64, "what is below an item is a cache line");

uint64_t wn_lazy_bytes(size_t capacity)
{
    return (uint64_t)(capacity + SKIP) * sizeof(wn_lazy_item);
}

wn_status wn_lazy_init(wn_lazy *lazy, size_t capacity, wn_lazy_gain *gain, void *context, wn_error *err)
{
    *lazy = (wn_lazy){.gain = gain, .context = context, .capacity = capacity};
    lazy->room = wn_alloc(WN_MEMORY_SELECTION, capacity + SKIP, sizeof *lazy->room);
    if (!lazy->room) return wn_fail(err, WN_NOMEM, "no memory to choose among %zu rows", capacity);
    lazy->heap = lazy->room + SKIP;
    return WN_OK;
}

void wn_lazy_clear(wn_lazy *lazy)
{
    wn_free(lazy->room);
    *lazy = (wn_lazy){0};
}

static bool comes_before(wn_lazy_item a, wn_lazy_item b)
{
    return a.bound > b.bound || (a.bound == b.bound && a.item < b.item);
}

static void sift_down(wn_lazy *lazy, size_t at, wn_lazy_item item)
{
    for (size_t first; (first = ARMS * at + 1) < lazy->len;) {
        const size_t end = first + ARMS < lazy->len ? first + ARMS : lazy->len;
        size_t best = first;
        for (size_t i = first + 1; i < end; i++) {
            if (comes_before(lazy->heap[i], lazy->heap[best])) best = i;
        }
        if (!comes_before(lazy->heap[best], item)) break;
        lazy->heap[at] = lazy->heap[best];
        at = best;
    }
    lazy->heap[at] = item;
}

static void evaluate(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_lazy *lazy = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) lazy->heap[i].bound = lazy->gain(lazy->context, lazy->heap[i].item);
}

void wn_lazy_start(wn_lazy *lazy, const uint32_t *items, size_t n, wn_pool *pool, size_t grain)
{
    lazy->len = n;
    lazy->round = 0;
    for (size_t i = 0; i < n; i++) lazy->heap[i] = (wn_lazy_item){.item = items[i]};
    wn_pool_for(pool, n, grain, evaluate, lazy);
    lazy->evaluations += n;
    for (size_t i = (n + ARMS - 2) / ARMS; i-- > 0;) sift_down(lazy, i, lazy->heap[i]);
}

/* Those that may be on top after it. */
static void expect_next(const wn_lazy *lazy)
{
    for (size_t i = 1; lazy->expect && i <= ARMS && i < lazy->len; i++) {
        if (lazy->heap[i].round != lazy->round) lazy->expect(lazy->context, lazy->heap[i].item);
    }
}

bool wn_lazy_next(wn_lazy *lazy, uint32_t *item, double *gain)
{
    while (lazy->len > 0) {
        wn_lazy_item top = lazy->heap[0];
        if (top.round == lazy->round) {
            *item = top.item;
            *gain = top.bound;
            const size_t last = --lazy->len;
            if (last) sift_down(lazy, 0, lazy->heap[last]);
            lazy->round++;
            return true;
        }
        expect_next(lazy);
        top.bound = lazy->gain(lazy->context, top.item);
        top.round = lazy->round;
        lazy->evaluations++;
        sift_down(lazy, 0, top);
    }
    return false;
}
