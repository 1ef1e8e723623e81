/* SPDX-License-Identifier: Apache-2.0
 *
 * Lazy greedy (Minoux 1978, "Accelerated greedy algorithms for maximizing submodular set functions"): where gains only
 * fall as picks are added, a gain of an earlier round is an upper bound. Only the item at the top of a heap of bounds
 * is evaluated again; when it stays at the top, it is the one that plain greedy takes. Equal gains go to the smaller
 * item.
 */
#ifndef SELECTION_LAZY_H
#define SELECTION_LAZY_H

#include "winnow/pool.h"
#include "winnow/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The gain of an item now. Called by several threads at once in wn_lazy_start only. */
typedef double wn_lazy_gain(void *context, uint32_t item);

/* Has memory fetch what the gain of an item reads. */
typedef void wn_lazy_expect(const void *context, uint32_t item);

typedef struct wn_lazy_item {
    double bound;
    uint32_t item, round; /* in which round the bound was made */
} wn_lazy_item;

typedef struct wn_lazy {
    wn_lazy_gain *gain;
    wn_lazy_expect *expect; /* NULL = none; set it after init */
    void *context;
    wn_lazy_item *room, *heap; /* the heap, of `len`, begins within the room */
    size_t len, capacity;
    uint32_t round;
    uint64_t evaluations;
} wn_lazy;

WN_NODISCARD wn_status wn_lazy_init(wn_lazy *lazy, size_t capacity, wn_lazy_gain *gain, void *context, wn_error *err);
void wn_lazy_clear(wn_lazy *lazy);

/* Bytes that init allocates. */
uint64_t wn_lazy_bytes(size_t capacity);

/* Starts with n <= capacity items, all evaluated by the pool in chunks of `grain`. */
void wn_lazy_start(wn_lazy *lazy, const uint32_t *items, size_t n, wn_pool *pool, size_t grain);

/* Takes out the item of the greatest gain; false when none is left. The caller then makes the pick count. */
bool wn_lazy_next(wn_lazy *lazy, uint32_t *item, double *gain);

#endif
