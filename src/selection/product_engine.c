/* SPDX-License-Identifier: Apache-2.0
 *
 * The greedy loop. The key of an item is the sum of the contributions of all objectives; the item of the greatest key
 * is picked next, at equal keys the first.
 *
 * Picks are made in rounds. At the start of a round each item has an upper bound of its key. Items are divided into
 * groups of alike ones (the cells of the objectives), and each group is cut at a boundary: the items inside are
 * brought up to date, roughly, then exactly, and form the pool. Items outside stay untouched. They can only have
 * gained by what the objectives say that a member of their group gained at most since the round began. So the best of
 * the pool, when it is exact and beats every group's boundary raised by that growth, is the best of all. When it
 * does not, the round ends.
 */
#include "selection/product_engine.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/order.h"
#include "winnow/memory.h"

enum { GRAIN = 4096, BLOCK = 64, GROUPS_MOST = 1024, SAMPLE = 65536, FIRST_SCANNED = 4096, FIRST_REFINED = 1024 };
enum { LEAST_LIST = 256, GROUP_LEAST = 4 };

/* Rounding of a growth is smaller than this share. Only ties of keys whose objectives grow are within it. */
static const double SLACK = 1e-11;

/* Costs in rough nanoseconds: of a round for each row, of settling an item, of a look at a pool's item. */
static const double ROUND_COST = 20, SETTLE_COST = 1500, LOOK_COST = 3, MOST_WORK = 8;

typedef struct group {
    size_t begin, len; /* in `order` */
    double bound;      /* boundary: keys above it, and at it the items below `item`, lie inside; -inf = all do */
    size_t item;
    double share; /* of the pool */
    double best;  /* key of the pool's best item of the group */
    size_t taken; /* picks of this round */
    bool blocked; /* it ended the round */
} group;

typedef struct engine {
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
    group *groups;
    /* of the pool, in the order of the list */
    double *fixed, *pool; /* keys of the objectives that do not move, and of all */
    uint32_t *settled;    /* picks that the item is exact for, plus 1 */
    /* The pool in blocks; where all that moves is told by cell, a block lies in one group, and the order within it
     * does not change. */
    uint32_t *block_begin, *block_of, *best_of; /* of a block; of an item; of a block: the place of its best item */
    size_t block_count;
    double look_cost; /* of bringing an item's key up to date */
    bool by_group;
    double work;
    bool finished, moves, eager;
} engine;

uint64_t wn_product_run_bytes(size_t len)
{
    return (uint64_t)len * (4 * sizeof(double) + 6 * sizeof(uint32_t) + sizeof(uint16_t) + 1) +
           GROUPS_MOST * (sizeof(group) + 2 * sizeof(uint32_t)) + 4096;
}

/* ---- keys ---- */

typedef struct key_job {
    const engine *e;
    const uint32_t *items;
    double *keys;
} key_job;

/* Objectives that move come last, so that the sum of the others can be kept. */
static void add_keys(const engine *e, const uint32_t *items, size_t first, size_t n, bool fixed, bool moving,
                     double *keys)
{
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 0 ? !fixed : !moving) continue;
        for (size_t f = 0; f < e->factor_count; f++) {
            const wn_factor *factor = e->factors + f;
            if (((factor->traits & WN_OBJECTIVE_MOVES) != 0) == (pass == 1))
                factor->kind->add(factor->state, items, first, n, keys);
        }
    }
}

static void compute_keys(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const key_job *job = opaque;
    const engine *e = job->e;
    const uint32_t *items = job->items ? job->items + begin : NULL;
    double *keys = job->keys + begin;
    (void)worker;
    for (size_t i = 0; i < end - begin; i++) keys[i] = e->taken[items ? items[i] : begin + i] ? -INFINITY : 0;
    add_keys(e, items, items ? 0 : begin, end - begin, true, true, keys);
}

/* Keys of n listed items, or of all. */
static void update_keys(engine *e, const uint32_t *items, size_t n, double *keys)
{
    key_job job = {e, items, keys};
    wn_pool_for(e->request->pool, n, GRAIN, compute_keys, &job);
}

/* ---- groups ---- */

static size_t cell_of(const wn_factor *factor, size_t item)
{
    return factor->kind->cells ? factor->kind->cell(factor->state, item) : 0;
}

static size_t cell_count(const wn_factor *factor)
{
    return factor->kind->cells ? factor->kind->cells(factor->state) : 1;
}

/* How many of the factors can be told apart by groups. */
static size_t grouped_factors(const engine *e)
{
    size_t groups = 1;
    for (size_t f = 0; f < e->factor_count; f++) {
        if (groups * cell_count(e->factors + f) > GROUPS_MOST) return f;
        groups *= cell_count(e->factors + f);
    }
    return e->factor_count;
}

static void make_groups(engine *e)
{
    e->grouped = grouped_factors(e);
    e->group_count = 1;
    for (size_t f = 0; f < e->grouped; f++) e->group_count *= cell_count(e->factors + f);
    for (size_t i = 0; i < e->len; i++) {
        size_t at = 0;
        for (size_t f = 0; f < e->grouped; f++) at = at * cell_count(e->factors + f) + cell_of(e->factors + f, i);
        e->group_of[i] = (uint16_t)at;
        e->groups[at].len++;
    }
    size_t begin = 0;
    for (size_t g = 0; g < e->group_count; g++) {
        e->groups[g].begin = begin;
        begin += e->groups[g].len;
        e->groups[g].len = 0;
        e->groups[g].share = 1 / (double)e->group_count;
    }
    for (size_t i = 0; i < e->len; i++) {
        group *g = e->groups + e->group_of[i];
        e->order[g->begin + g->len++] = (uint32_t)i;
    }
}

/* How much the key of a member of the group can have grown in this round. */
static double group_growth(const engine *e, size_t at)
{
    double sum = 0;
    for (size_t f = e->grouped; f-- > 0;) {
        const wn_factor *factor = e->factors + f;
        size_t count = cell_count(factor);
        if (factor->kind->growth) sum += factor->kind->growth(factor->state, at % count);
        at /= count;
    }
    for (size_t f = e->grouped; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (factor->kind->growth) sum += factor->kind->growth(factor->state, SIZE_MAX);
    }
    return sum;
}

/* ---- boundaries ---- */

static bool lies_inside(const engine *e, uint32_t item, double key)
{
    const group *g = e->groups + e->group_of[item];
    return key > g->bound || (key == g->bound && item < g->item);
}

/* With more ties at the boundary than wanted, only the first of them lie inside. */
static void limit_ties(const engine *e, group *g, size_t target)
{
    size_t above = 0, equal = 0;
    g->item = SIZE_MAX;
    for (size_t i = 0; i < g->len; i++) {
        double key = e->keys[e->order[g->begin + i]];
        above += key > g->bound;
        equal += key == g->bound;
    }
    if (above + equal <= 2 * target + BLOCK) return;
    size_t room = above < target ? target - above : 1;
    for (size_t i = 0; i < g->len; i++) {
        uint32_t item = e->order[g->begin + i];
        if (e->keys[item] == g->bound && room-- == 0) {
            g->item = item;
            return;
        }
    }
}

/* Cuts a group so that about `target` of its items lie inside. */
static void set_boundary(engine *e, group *g, size_t target)
{
    size_t count = g->len < SAMPLE ? g->len : SAMPLE, n = 0;
    const uint32_t *items = e->order + g->begin;
    double *sample = e->scratch + g->begin;
    g->bound = -INFINITY;
    g->item = 0;
    for (size_t i = 0; i < count; i++) {
        size_t begin = i * g->len / count, end = (i + 1) * g->len / count;
        double key = e->keys[items[begin + wn_rng_mix(i) % (end - begin)]];
        if (key > -INFINITY) sample[n++] = key;
    }
    size_t rank = (size_t)((double)target * (double)count / (double)(g->len ? g->len : 1));
    if (rank >= n) return;
    g->bound = wn_order_greatest(sample, n, rank);
    limit_ties(e, g, target);
}

static size_t group_target(const group *g, size_t total)
{
    size_t target = (size_t)(g->share * (double)total);
    return target < GROUP_LEAST ? GROUP_LEAST : target;
}

typedef struct cut_job {
    engine *e;
    size_t total;
} cut_job;

static void cut_groups(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const cut_job *job = opaque;
    (void)worker;
    for (size_t g = begin; g < end; g++)
        set_boundary(job->e, job->e->groups + g, group_target(job->e->groups + g, job->total));
}

static size_t collect(engine *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->len; i++)
        if (lies_inside(e, (uint32_t)i, e->keys[i])) e->list[n++] = (uint32_t)i;
    return n;
}

/* Keeps the listed items that still lie inside; pool[i] is the key of list[i]. */
static size_t filter(engine *e, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!lies_inside(e, e->list[i], e->pool[i])) continue;
        e->list[kept] = e->list[i];
        e->pool[kept++] = e->pool[i];
    }
    return kept;
}

/* Raises boundaries so that about `total` of the n listed items lie inside. */
static size_t tighten(engine *e, size_t n, size_t total)
{
    if (n <= 2 * total) return n;
    size_t counts[GROUPS_MOST + 1] = {0};
    for (size_t i = 0; i < n; i++) counts[e->group_of[e->list[i]] + 1]++;
    for (size_t g = 0; g < e->group_count; g++) counts[g + 1] += counts[g];
    size_t ends[GROUPS_MOST];
    for (size_t g = 0; g < e->group_count; g++) ends[g] = counts[g];
    for (size_t i = 0; i < n; i++) e->scratch[ends[e->group_of[e->list[i]]]++] = e->pool[i];
    for (size_t g = 0; g < e->group_count; g++) {
        size_t begin = counts[g], len = counts[g + 1] - begin, target = group_target(e->groups + g, total);
        if (len <= 2 * target) continue;
        double bound = wn_order_greatest(e->scratch + begin, len, target);
        if (bound > e->groups[g].bound) {
            e->groups[g].bound = bound;
            e->groups[g].item = SIZE_MAX;
        }
    }
    return filter(e, n);
}

/* ---- the pool ---- */

/* Puts items of a group side by side, and cuts the pool into blocks. */
static void lay_blocks(engine *e, size_t n)
{
    size_t counts[GROUPS_MOST + 1] = {0};
    for (size_t i = 0; i < n && e->by_group; i++) counts[e->group_of[e->list[i]] + 1]++;
    for (size_t g = 0; g < e->group_count; g++) counts[g + 1] += counts[g];
    for (size_t i = 0; i < n && e->by_group; i++) e->copy[counts[e->group_of[e->list[i]]]++] = e->list[i];
    if (e->by_group) memcpy(e->list, e->copy, n * sizeof *e->list);
    e->block_count = 0;
    for (size_t i = 0; i < n; i++) {
        size_t begin = e->block_count ? e->block_begin[e->block_count - 1] : 0;
        bool other = e->by_group && i && e->group_of[e->list[i]] != e->group_of[e->list[i - 1]];
        if (i == 0 || i - begin == BLOCK || other) e->block_begin[e->block_count++] = (uint32_t)i;
        e->block_of[i] = (uint32_t)(e->block_count - 1);
    }
    e->block_begin[e->block_count] = (uint32_t)n;
}

/* Finds the best item of one block of the pool again. */
static void rank_block(engine *e, size_t block)
{
    const double *keys = e->by_group ? e->fixed : e->pool;
    size_t begin = e->block_begin[block], end = e->block_begin[block + 1], best = begin;
    for (size_t i = begin + 1; i < end; i++)
        if (keys[i] > keys[best] || (keys[i] == keys[best] && e->list[i] < e->list[best])) best = i;
    e->best_of[block] = (uint32_t)best;
    if (!e->by_group) return;
    e->pool[best] = e->fixed[best];
    add_keys(e, e->list + best, 0, 1, false, true, e->pool + best);
}

static void raise_best(engine *e, size_t at)
{
    group *g = e->groups + e->group_of[e->list[at]];
    if (e->pool[at] > g->best) g->best = e->pool[at];
}

/* Brings the keys of the pool up to date after a pick. */
static void move_pool(engine *e, size_t n)
{
    if (!e->moves) return;
    for (size_t g = 0; g < e->group_count; g++) e->groups[g].best = -INFINITY;
    if (!e->by_group) {
        memcpy(e->pool, e->fixed, n * sizeof *e->pool);
        add_keys(e, e->list, 0, n, false, true, e->pool);
        for (size_t i = 0; i < n; i++) raise_best(e, i);
        for (size_t block = 0; block < e->block_count; block++) rank_block(e, block);
    }
    for (size_t block = 0; block < e->block_count && e->by_group; block++) {
        size_t at = e->best_of[block];
        e->pool[at] = e->fixed[at];
        add_keys(e, e->list + at, 0, 1, false, true, e->pool + at);
        raise_best(e, at);
    }
    e->work += e->look_cost * (double)(e->by_group ? 3 * e->block_count : n);
}

static void settle(engine *e, size_t at)
{
    uint32_t item = e->list[at];
    for (size_t f = 0; f < e->factor_count; f++)
        if (e->factors[f].kind->settle) e->factors[f].kind->settle(e->factors[f].state, item);
    e->fixed[at] = 0;
    add_keys(e, &item, 0, 1, true, false, e->fixed + at);
    e->pool[at] = e->fixed[at];
    add_keys(e, &item, 0, 1, false, true, e->pool + at);
    e->settled[at] = (uint32_t)e->out->len + 1;
    rank_block(e, e->block_of[at]);
    e->work += SETTLE_COST;
}

/* The place of the pool's best item, which is exact; n when none may be picked. */
static size_t find_best(engine *e, size_t n)
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
        e->work += LOOK_COST * (double)e->block_count;
        if (best == n || e->settled[best] == e->out->len + 1) return best;
        settle(e, best);
    }
}

/* Whether no item outside the pool can come before this one. */
static bool beats_outside(engine *e, uint32_t item, double key)
{
    for (size_t i = 0; i < e->group_count; i++) {
        group *g = e->groups + i;
        if (g->bound == -INFINITY) continue;
        double growth = group_growth(e, i), limit = g->bound + growth, slack = SLACK * (1 + fabs(limit));
        if (growth == 0 ? key > limit || (key == limit && item < g->item) : key > limit + slack) continue;
        /* Among ties the pool has the first ones of a group, which stand for those outside as long as any is left. */
        if (growth != 0 && key >= limit - slack && g->best >= limit - slack) continue;
        g->blocked = true;
        return false;
    }
    return true;
}

static bool tell(const engine *e)
{
    wn_progress_report report = {.stage = "select", .unit = "picks", .done = e->out->len, .total = e->count};
    return wn_progress_tell(e->request->progress, &report);
}

/* Whether an objective ends the selection before this item. */
static bool is_ended(engine *e, uint32_t item)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (!factor->kind->ends || !factor->kind->ends(factor->state, item)) continue;
        e->out->ended_by = f;
        return true;
    }
    return false;
}

static void take(engine *e, size_t at)
{
    uint32_t item = e->list[at];
    wn_product *out = e->out;
    double *values = out->values + out->len * e->factor_count;
    for (size_t f = 0; f < e->factor_count; f++) values[f] = e->factors[f].kind->value(e->factors[f].state, item);
    for (size_t f = 0; f < e->factor_count; f++) e->factors[f].kind->take(e->factors[f].state, item);
    out->picks[out->len++] = e->rows ? e->rows[item] : (int64_t)item;
    e->taken[item] = 1;
    e->fixed[at] = e->pool[at] = -INFINITY;
    e->groups[e->group_of[item]].taken++;
    rank_block(e, e->block_of[at]);
}

/* Whether a pick gave distances another meaning, so that keys of before bound nothing. */
static bool is_restarted(const engine *e)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (factor->kind->settle && isinf(factor->kind->growth(factor->state, SIZE_MAX))) return true;
    }
    return false;
}

/* Takes picks from the n items of the pool while they beat what is outside. */
static wn_status pick_inside(engine *e, size_t n, size_t *made)
{
    double most = MOST_WORK * ROUND_COST * ((double)e->len + 5000);
    size_t before = e->out->len;
    e->work = 0;
    memcpy(e->pool, e->fixed, n * sizeof *e->pool);
    for (size_t block = 0; block < e->block_count; block++) rank_block(e, block);
    move_pool(e, n);
    for (size_t i = 0; i < n && e->eager; i++) settle(e, i);
    while (e->out->len < e->count) {
        size_t best = find_best(e, n);
        if (best == n || !beats_outside(e, e->list[best], e->pool[best])) break;
        if (is_ended(e, e->list[best])) {
            e->finished = true;
            break;
        }
        take(e, best);
        if (e->out->len % 64 == 0 && tell(e)) return WN_CANCELLED;
        if (e->eager || e->work > most || is_restarted(e)) break;
        move_pool(e, n);
    }
    *made = e->out->len - before;
    return WN_OK;
}

/* ---- rounds ---- */

/* Runs one of the passes of all objectives over the list, in pieces with a report after each. */
static wn_status pass(engine *e, size_t n, bool exact)
{
    enum { PIECE = 1 << 17 };
    for (size_t begin = 0; begin < n; begin += PIECE) {
        size_t len = n - begin < PIECE ? n - begin : PIECE;
        for (size_t f = 0; f < e->factor_count; f++) {
            const wn_factor *factor = e->factors + f;
            void (*run)(void *, uint32_t *, size_t) = exact ? factor->kind->refine : factor->kind->scan;
            if (!run) continue;
            memcpy(e->copy, e->list + begin, len * sizeof *e->copy);
            run(factor->state, e->copy, len);
        }
        if (tell(e)) return WN_CANCELLED;
    }
    update_keys(e, e->list, n, e->pool);
    return WN_OK;
}

/* The list of the round, exact, with keys that do not move apart. */
static wn_status fill_pool(engine *e, size_t *scanned, size_t refined, size_t *n)
{
    cut_job job = {e, *scanned};
    for (size_t f = 0; f < e->factor_count; f++)
        if (e->factors[f].kind->mark) e->factors[f].kind->mark(e->factors[f].state);
    if (!e->eager) update_keys(e, NULL, e->len, e->keys);
    for (size_t i = 0; i < e->len && e->eager; i++) e->keys[i] = e->taken[i] ? -INFINITY : 0;
    for (size_t g = 0; g < e->group_count && e->eager; g++) e->groups[g].bound = -INFINITY;
    if (!e->eager) wn_pool_for(e->request->pool, e->group_count, 1, cut_groups, &job);
    *n = collect(e);
    e->finished = *n == 0;
    WN_TRY(pass(e, *n, false));
    if (!e->eager) {
        *n = filter(e, *n);
        if (*n < refined && *scanned < e->len)
            *scanned *= 2;
        else if (*n > 4 * refined && *scanned > LEAST_LIST)
            *scanned /= 2;
        *n = tighten(e, *n, refined);
    }
    WN_TRY(pass(e, *n, true));
    if (!e->eager) *n = filter(e, *n);
    lay_blocks(e, *n);
    for (size_t i = 0; i < *n; i++) {
        e->fixed[i] = e->taken[e->list[i]] ? -INFINITY : 0;
        e->settled[i] = 0;
    }
    add_keys(e, e->list, 0, *n, true, false, e->fixed);
    return WN_OK;
}

/* Gives the groups that were picked from, or that ended the round, more of the next pool. */
static void share_out(engine *e, size_t made)
{
    double sum = 0;
    for (size_t i = 0; i < e->group_count; i++) {
        group *g = e->groups + i;
        double picked = ((double)g->taken + 1) / (double)(made + e->group_count);
        g->share = 0.5 * g->share + 0.5 * picked;
        if (g->blocked) g->share *= 2;
        g->blocked = false;
        g->taken = 0;
        sum += g->share;
    }
    for (size_t i = 0; i < e->group_count; i++) e->groups[i].share /= sum;
}

static wn_status pick_rounds(engine *e)
{
    size_t scanned = FIRST_SCANNED, refined = FIRST_REFINED, n, made;
    double low = ROUND_COST * ((double)e->len + 5000);
    while (!e->finished && e->out->len < e->count) {
        e->out->rounds++;
        WN_TRY(fill_pool(e, &scanned, refined, &n));
        WN_TRY(pick_inside(e, n, &made));
        share_out(e, made);
        if (made == 0) { /* the best of all lies outside: wider, at last everything */
            scanned *= 2;
            refined *= 2;
        } else if (e->work < low && refined < e->len) {
            refined *= 2;
        } else if (e->work > 4 * low && refined > LEAST_LIST) {
            refined /= 2;
        }
        if (scanned < refined) scanned = refined;
    }
    return WN_OK;
}

static void clear(engine *e)
{
    wn_free(e->best_of);
    wn_free(e->block_of);
    wn_free(e->block_begin);
    wn_free(e->settled);
    wn_free(e->pool);
    wn_free(e->fixed);
    wn_free(e->groups);
    wn_free(e->copy);
    wn_free(e->list);
    wn_free(e->group_of);
    wn_free(e->order);
    wn_free(e->scratch);
    wn_free(e->keys);
    wn_free(e->taken);
}

static wn_status prepare(engine *e, const uint8_t *taken, wn_error *err)
{
    size_t len = e->len;
    e->taken = wn_alloc(WN_MEMORY_SELECTION, len, 1);
    e->keys = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->keys);
    e->scratch = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->scratch);
    e->order = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->order);
    e->group_of = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->group_of);
    e->list = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->list);
    e->copy = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->copy);
    e->groups = wn_calloc(WN_MEMORY_SELECTION, GROUPS_MOST, sizeof *e->groups);
    e->fixed = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->fixed);
    e->pool = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->pool);
    e->settled = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->settled);
    e->best_of = wn_alloc(WN_MEMORY_SELECTION, len / BLOCK + GROUPS_MOST + 2, sizeof *e->best_of);
    e->block_begin = wn_alloc(WN_MEMORY_SELECTION, len / BLOCK + GROUPS_MOST + 2, sizeof *e->block_begin);
    e->block_of = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->block_of);
    if (!e->taken || !e->keys || !e->scratch || !e->order || !e->group_of || !e->list || !e->copy || !e->groups ||
        !e->fixed || !e->pool || !e->settled || !e->best_of || !e->block_begin || !e->block_of)
        return wn_fail(err, WN_NOMEM, "no memory to pick from %zu rows", len);
    memcpy(e->taken, taken, len);
    e->by_group = grouped_factors(e) == e->factor_count;
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (factor->traits & WN_OBJECTIVE_MOVES) {
            e->by_group = e->by_group && (factor->traits & WN_OBJECTIVE_BY_CELL);
            e->look_cost += factor->kind->cost ? factor->kind->cost(factor->state) : LOOK_COST;
        }
        e->moves = e->moves || (e->factors[f].traits & WN_OBJECTIVE_MOVES);
        e->eager = e->eager || (e->factors[f].traits & WN_OBJECTIVE_EAGER);
    }
    make_groups(e);
    return WN_OK;
}

wn_status wn_product_run(const wn_product_request *request, wn_factor *factors, const int64_t *rows, size_t len,
                         const uint8_t *taken, size_t count, wn_product *out, wn_error *err)
{
    engine e = {.request = request,
                .factors = factors,
                .factor_count = request->objective_count,
                .rows = rows,
                .len = len,
                .count = count,
                .out = out};
    wn_status status = prepare(&e, taken, err);
    if (!status) status = pick_rounds(&e);
    if (status == WN_CANCELLED) wn_fail(err, status, "cancelled after %zu picks", out->len);
    clear(&e);
    return status;
}
