/* SPDX-License-Identifier: Apache-2.0
 *
 * How far each row may be from its nearest pick. Distances only fall as picks are added, so a bound that was right for
 * some of the picks stays an upper bound. Two counts a row tell what its bound holds for:
 *
 *     fresh   the bound is an upper bound for the picks below this (a scan of the int8 codes made it so)
 *     exact   the bound is the exact value for the picks below this, or was lowered since by a later pick
 *
 * A row that is picked has the bound -1.
 */
#ifndef SELECTION_FRONTIER_H
#define SELECTION_FRONTIER_H

#include "selection/picks.h"
#include "winnow/pool.h"

typedef struct wn_frontier wn_frontier;

/* A place in the order of (bound falling, slot rising): everything above `bound`, and at `bound` the slots below
 * `slot`, lies inside. */
typedef struct wn_boundary {
    double bound;
    size_t slot;
} wn_boundary;

static inline bool wn_boundary_holds(const wn_boundary *boundary, double bound, size_t slot)
{
    return bound > boundary->bound || (bound == boundary->bound && slot < boundary->slot);
}

uint64_t wn_frontier_bytes(size_t len, size_t dim, size_t capacity, unsigned threads);

/* All bounds infinite. `picks` stays the caller's. */
WN_NODISCARD wn_status wn_frontier_new(const wn_picks *picks, wn_pool *pool, wn_frontier **out, wn_error *err);
void wn_frontier_free(wn_frontier **frontier);

/* All bounds infinite again, for another set of picks. */
void wn_frontier_reset(wn_frontier *frontier);

/* The bounds (squared distances) of all slots, and the count of picks that one of them is exact for. */
const double *wn_frontier_bounds(const wn_frontier *frontier);
size_t wn_frontier_exact(const wn_frontier *frontier, size_t slot);

/* Marks a slot as picked, or stores an exact bound for all picks below `exact`. */
void wn_frontier_take(wn_frontier *frontier, size_t slot);
void wn_frontier_set(wn_frontier *frontier, size_t slot, double bound, size_t exact);

/* A boundary with about `target` slots inside it. */
wn_boundary wn_frontier_boundary(wn_frontier *frontier, size_t target);

/* A boundary nearer to the top, inside which about `target` of these n slots lie; `boundary` itself when they are few
 * or alike. All of them lie inside `boundary`. */
wn_boundary wn_frontier_tighten(wn_frontier *frontier, const wn_boundary *boundary, const uint32_t *slots, size_t n,
                                size_t target);

/* The slots inside, ascending, into `slots` (room for all); returns how many. */
size_t wn_frontier_collect(const wn_frontier *frontier, const wn_boundary *boundary, uint32_t *slots);

/* Keeps those of the list that are still inside. */
size_t wn_frontier_filter(const wn_frontier *frontier, const wn_boundary *boundary, uint32_t *slots, size_t n);

/* Lowers the bounds of these slots with the codes of all picks that they have not met. Reorders the list. */
void wn_frontier_scan(wn_frontier *frontier, uint32_t *slots, size_t n);

/* Makes the bounds of these slots exact for all picks. Reorders the list. */
void wn_frontier_refine(wn_frontier *frontier, uint32_t *slots, size_t n);

#endif
