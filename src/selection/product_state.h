/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the greedy loop share (product_engine.c says how they work together): the groups of like items
 * with their boundaries (product_groups.c), and the pool of items that picks are made from (product_pool.c).
 */
#ifndef SELECTION_PRODUCT_STATE_H
#define SELECTION_PRODUCT_STATE_H

#include "selection/product_engine.h"

enum { WN_ENGINE_BLOCK = 64, WN_ENGINE_GROUPS_MOST = 1024 };

/* Of a look at a pool's item, in rough nanoseconds. */
#define WN_ENGINE_LOOK_COST 3.0

typedef struct wn_engine_group {
    size_t begin, len; /* in `order` */
    double bound;      /* boundary: keys above it, and at it the items below `item`, lie inside; -inf = all do */
    size_t item;
    double share; /* of the pool */
    double best;  /* key of the pool's best item of the group */
    size_t taken; /* picks of this round */
    bool blocked; /* it ended the round */
} wn_engine_group;

typedef struct wn_engine {
    const wn_product_request *request;
    wn_factor *factors;
    size_t factor_count, len, count, group_count, grouped; /* grouped: factors told apart by groups */
    const int64_t *rows;
    wn_product *out;
    uint8_t *taken;
    double *keys;       /* len: upper bounds at the start of the round */
    double *scratch;    /* len: keys of a group, to find its boundary */
    uint32_t *order;    /* len: items by group, then ascending */
    uint16_t *group_of; /* len */
    uint32_t *list;     /* len: the pool */
    uint32_t *copy;     /* len: for passes that reorder */
    wn_engine_group *groups;
    /* of the pool, in the order of the list */
    double *fixed, *pool; /* keys of the objectives that do not move, and of all */
    uint32_t *settled;    /* picks that the item is exact for, plus 1 */
    /* The pool in blocks; where all that moves is told by cell, a block lies in one group, and the order within it
     * does not change. */
    uint32_t *block_begin, *block_of, *best_of; /* of a block; of an item; of a block: the place of its best item */
    size_t block_count;
    /* Items outside the pool that an objective told as strays, their keys, and which items are in the pool or among
     * them. */
    uint32_t *strays;
    size_t strays_len;
    double *stray_keys;
    uint8_t *known;
    bool single_strays; /* one objective at most tells them, so that what it tells is all that an item grew by */
    double look_cost;   /* of bringing an item's key up to date */
    bool by_group;
    double work;
    bool finished, moves, eager;
} wn_engine;

/* Adds the contributions of n items to their keys. */
void wn_engine_add_keys(const wn_engine *e, const uint32_t *items, size_t first, size_t n, bool fixed, bool moving,
                        double *keys);
/* Keys of n listed items, or of all. */
void wn_engine_update_keys(wn_engine *e, const uint32_t *items, size_t n, double *keys);

/* How many of the factors can be told apart by groups. */
size_t wn_engine_grouped_factors(const wn_engine *e);
void wn_engine_make_groups(wn_engine *e);
/* How much the key of a member of the group can have grown in this round. */
double wn_engine_group_growth(const wn_engine *e, size_t at);

/* Cuts every group so that about `total` items lie inside. */
void wn_engine_cut(wn_engine *e, size_t total);
/* Lists the items inside; returns how many. */
size_t wn_engine_collect(wn_engine *e);
/* Keeps the listed items that still lie inside; pool[i] is the key of list[i]. */
size_t wn_engine_filter(wn_engine *e, size_t n);
/* Raises boundaries so that about `total` of the n listed items lie inside. */
size_t wn_engine_tighten(wn_engine *e, size_t n, size_t total);
/* After `made` picks: gives the groups that they came from, or that ended the round, more of the next pool. */
void wn_engine_share_out(wn_engine *e, size_t made);

/* Cuts the n items of the pool into blocks. */
void wn_engine_lay_blocks(wn_engine *e, size_t n);
/* Finds the best item of one block of the pool again. */
void wn_engine_rank_block(wn_engine *e, size_t block);
/* Brings the keys of the pool up to date after a pick. */
void wn_engine_move_pool(wn_engine *e, size_t n);
void wn_engine_settle(wn_engine *e, size_t at);
/* The place of the pool's best item, which is exact; n when none may be picked. */
size_t wn_engine_find_best(wn_engine *e, size_t n);

#endif
