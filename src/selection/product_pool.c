/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool: the items inside, in blocks that know their best item.
 */
#include <math.h>
#include <string.h>

#include "selection/product_state.h"

/* Of settling an item, in rough nanoseconds. */
static const double SETTLE_COST = 1500;

/* Puts items of a group side by side, and cuts the pool into blocks of one group. */
void wn_engine_lay_blocks(wn_engine *e, size_t n)
{
    size_t counts[WN_ENGINE_GROUPS_MOST + 1] = {0};
    for (size_t i = 0; i < n; i++) counts[e->group_of[e->list[i]] + 1]++;
    for (size_t g = 0; g < e->group_count; g++) counts[g + 1] += counts[g];
    for (size_t i = 0; i < n; i++) e->copy[counts[e->group_of[e->list[i]]]++] = e->list[i];
    memcpy(e->list, e->copy, n * sizeof *e->list);
    e->block_count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t begin = e->block_count ? e->block_begin[e->block_count - 1] : 0;
        bool other = i && e->group_of[e->list[i]] != e->group_of[e->list[i - 1]];
        if (i == 0 || i - begin == WN_ENGINE_BLOCK || other) e->block_begin[e->block_count++] = (uint32_t)i;
        e->block_of[i] = (uint32_t)(e->block_count - 1);
    }
    e->block_begin[e->block_count] = (uint32_t)n;
    for (size_t f = 0; f < e->factor_count && !e->by_group; f++) {
        wn_factor *factor = e->factors + f;
        factor->held = factor->kind->hold && factor->kind->hold(factor->state, e->list, 0, n);
    }
}

/* Adds what moves to the keys of the whole pool. */
static void add_moving(wn_engine *e, size_t n)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (!(factor->traits & WN_OBJECTIVE_MOVES)) continue;
        if (factor->held)
            factor->kind->add_held(factor->state, 0, n, e->pool);
        else
            factor->kind->add(factor->state, e->list, 0, n, e->pool);
    }
}

/* Finds the best item of one block of the pool again. */
void wn_engine_rank_block(wn_engine *e, size_t block)
{
    const double *keys = e->by_group ? e->fixed : e->pool;
    size_t begin = e->block_begin[block], end = e->block_begin[block + 1], best = begin;
    for (size_t i = begin + 1; i < end; i++)
        if (keys[i] > keys[best] || (keys[i] == keys[best] && e->list[i] < e->list[best])) best = i;
    e->best_of[block] = (uint32_t)best;
    if (!e->by_group) return;
    e->pool[best] = e->fixed[best];
    wn_engine_add_keys(e, e->list + best, 0, 1, false, true, e->pool + best);
}

/* Brings the keys of the pool up to date after a pick. */
void wn_engine_move_pool(wn_engine *e, size_t n)
{
    if (!e->moves) return;
    for (size_t g = 0; g < e->group_count; g++) e->groups[g].best = -INFINITY;
    if (!e->by_group) {
        memcpy(e->pool, e->fixed, n * sizeof *e->pool);
        add_moving(e, n);
    }
    for (size_t block = 0; block < e->block_count; block++) {
        if (!e->by_group) wn_engine_rank_block(e, block);
        size_t at = e->best_of[block];
        if (e->by_group) {
            e->pool[at] = e->fixed[at];
            wn_engine_add_keys(e, e->list + at, 0, 1, false, true, e->pool + at);
        }
        wn_engine_group *g = e->groups + e->group_of[e->list[at]];
        if (e->pool[at] > g->best) g->best = e->pool[at];
    }
    e->work += e->look_cost * (double)(e->by_group ? 3 * e->block_count : n);
}

void wn_engine_settle(wn_engine *e, size_t at)
{
    uint32_t item = e->list[at];
    for (size_t f = 0; f < e->factor_count; f++)
        if (e->factors[f].kind->settle) e->factors[f].kind->settle(e->factors[f].state, item);
    e->fixed[at] = 0;
    wn_engine_add_keys(e, &item, 0, 1, true, false, e->fixed + at);
    e->pool[at] = e->fixed[at];
    wn_engine_add_keys(e, &item, 0, 1, false, true, e->pool + at);
    e->settled[at] = (uint32_t)e->out->len + 1;
    wn_engine_rank_block(e, e->block_of[at]);
    e->work += SETTLE_COST;
}

/* The place of the pool's best item, which is exact; n when none may be picked. */
size_t wn_engine_find_best(wn_engine *e, size_t n)
{
    for (;;) {
        size_t best = n;
        for (size_t block = 0; block < e->block_count; block++) {
            size_t at = e->best_of[block];
            if (e->pool[at] == -INFINITY) continue;
            if (best == n || e->pool[at] > e->pool[best] ||
                (e->pool[at] == e->pool[best] && e->list[at] < e->list[best]))
                best = at;
        }
        e->work += WN_ENGINE_LOOK_COST * (double)e->block_count;
        if (best == n || e->settled[best] == e->out->len + 1) return best;
        wn_engine_settle(e, best);
    }
}
