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
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/product_state.h"
#include "winnow/memory.h"

enum { FIRST_SCANNED = 4096, FIRST_REFINED = 1024, LEAST_LIST = 256 };

/* Rounding of a growth is smaller than this share. Only ties of keys whose objectives grow are within it. */
static const double SLACK = 1e-11;

/* Rough nanoseconds of a round for each row, and for how many such rounds picks may be sought in one. */
static const double ROUND_COST = 20, MOST_WORK = 8;

uint64_t wn_product_run_bytes(size_t len)
{
    return (uint64_t)len * (5 * sizeof(double) + 7 * sizeof(uint32_t) + sizeof(uint16_t) + 2) +
           WN_ENGINE_GROUPS_MOST * (sizeof(wn_engine_group) + 2 * sizeof(uint32_t)) + 4096;
}

/* Whether no stray can come before this item. */
static bool beats_strays(wn_engine *e, uint32_t item, double key)
{
    for (size_t i = 0; i < e->strays_len; i++) {
        if (key > e->stray_keys[i] || (key == e->stray_keys[i] && item < e->strays[i])) continue;
        e->groups[e->group_of[e->strays[i]]].blocked = true;
        return false;
    }
    return true;
}

/* Lists the strays that their group's boundary does not speak for, and brings their keys up to date. */
static void follow_strays(wn_engine *e)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (!factor->kind->strays) continue;
        size_t n = factor->kind->strays(factor->state, e->copy, e->scratch);
        for (size_t i = 0; i < n; i++) {
            uint32_t item = e->copy[i];
            double bound = e->groups[e->group_of[item]].bound, most = e->keys[item] + e->scratch[i];
            if (e->known[item] || (e->single_strays && most < bound - SLACK * (1 + fabs(bound)))) continue;
            e->known[item] = 1;
            e->strays[e->strays_len++] = item;
        }
    }
    if (e->strays_len == 0) return;
    wn_engine_update_keys(e, e->strays, e->strays_len, e->stray_keys);
    e->work += e->look_cost * (double)e->strays_len;
}

/* No strays, and the n items of the pool are known. */
static void forget_strays(wn_engine *e, size_t n)
{
    memset(e->known, 0, e->len);
    for (size_t i = 0; i < n; i++) e->known[e->list[i]] = 1;
    e->strays_len = 0;
}

/* Whether no item outside the pool can come before this one. */
static bool beats_outside(wn_engine *e, uint32_t item, double key)
{
    if (!beats_strays(e, item, key)) return false;
    for (size_t i = 0; i < e->group_count; i++) {
        wn_engine_group *g = e->groups + i;
        if (g->bound == -INFINITY) continue;
        double growth = wn_engine_group_growth(e, i), limit = g->bound + growth, slack = SLACK * (1 + fabs(limit));
        if (growth == 0 ? key > limit || (key == limit && item < g->item) : key > limit + slack) continue;
        /* Among ties the pool has the first ones of a group, which stand for those outside as long as any is left. */
        if (growth != 0 && key >= limit - slack && g->best >= limit - slack) continue;
        g->blocked = true;
        return false;
    }
    return true;
}

static bool tell(const wn_engine *e)
{
    wn_progress_report report = {.stage = "select", .unit = "picks", .done = e->out->len, .total = e->count};
    return wn_progress_tell(e->request->progress, &report);
}

/* Whether an objective ends the selection before this item. */
static bool is_ended(wn_engine *e, uint32_t item)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (!factor->kind->ends || !factor->kind->ends(factor->state, item)) continue;
        e->out->ended_by = f;
        return true;
    }
    return false;
}

static void take(wn_engine *e, size_t at)
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
    wn_engine_rank_block(e, e->block_of[at]);
}

/* Whether a pick gave distances another meaning, so that keys of before bound nothing. */
static bool is_restarted(const wn_engine *e)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (factor->kind->settle && isinf(factor->kind->growth(factor->state, SIZE_MAX))) return true;
    }
    return false;
}

/* Takes picks from the n items of the pool while they beat what is outside. */
static wn_status pick_inside(wn_engine *e, size_t n, size_t *made)
{
    double most = MOST_WORK * ROUND_COST * ((double)e->len + 5000);
    size_t before = e->out->len;
    e->work = 0;
    forget_strays(e, n);
    memcpy(e->pool, e->fixed, n * sizeof *e->pool);
    for (size_t block = 0; block < e->block_count; block++) wn_engine_rank_block(e, block);
    wn_engine_move_pool(e, n);
    for (size_t i = 0; i < n && e->eager; i++) wn_engine_settle(e, i);
    while (e->out->len < e->count) {
        size_t best = wn_engine_find_best(e, n);
        if (best == n || !beats_outside(e, e->list[best], e->pool[best])) break;
        if (is_ended(e, e->list[best])) {
            e->finished = true;
            break;
        }
        take(e, best);
        if (!e->eager) follow_strays(e);
        if (e->out->len % 64 == 0 && tell(e)) return WN_CANCELLED;
        if (e->eager || e->work > most || is_restarted(e)) break;
        wn_engine_move_pool(e, n);
    }
    *made = e->out->len - before;
    return WN_OK;
}

/* ---- rounds ---- */

/* Runs one of the passes of all objectives over the list, in pieces with a report after each. */
static wn_status pass(wn_engine *e, size_t n, bool exact)
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
    wn_engine_update_keys(e, e->list, n, e->pool);
    return WN_OK;
}

/* The list of the round, exact, with keys that do not move apart. */
static wn_status fill_pool(wn_engine *e, size_t *scanned, size_t refined, size_t *n)
{
    for (size_t f = 0; f < e->factor_count; f++)
        if (e->factors[f].kind->mark) e->factors[f].kind->mark(e->factors[f].state);
    if (!e->eager) wn_engine_update_keys(e, NULL, e->len, e->keys);
    for (size_t i = 0; i < e->len && e->eager; i++) e->keys[i] = e->taken[i] ? -INFINITY : 0;
    for (size_t g = 0; g < e->group_count && e->eager; g++) e->groups[g].bound = -INFINITY;
    if (!e->eager) wn_engine_cut(e, *scanned);
    *n = wn_engine_collect(e);
    e->finished = *n == 0;
    WN_TRY(pass(e, *n, false));
    if (!e->eager) {
        *n = wn_engine_filter(e, *n);
        if (*n < refined && *scanned < e->len)
            *scanned *= 2;
        else if (*n > 4 * refined && *scanned > LEAST_LIST)
            *scanned /= 2;
        *n = wn_engine_tighten(e, *n, refined);
    }
    WN_TRY(pass(e, *n, true));
    if (!e->eager) *n = wn_engine_filter(e, *n);
    wn_engine_lay_blocks(e, *n);
    for (size_t i = 0; i < *n; i++) {
        e->fixed[i] = e->taken[e->list[i]] ? -INFINITY : 0;
        e->settled[i] = 0;
    }
    wn_engine_add_keys(e, e->list, 0, *n, true, false, e->fixed);
    return WN_OK;
}

static wn_status pick_rounds(wn_engine *e)
{
    size_t scanned = FIRST_SCANNED, refined = FIRST_REFINED, n, made;
    double low = ROUND_COST * ((double)e->len + 5000);
    while (!e->finished && e->out->len < e->count) {
        e->out->rounds++;
        WN_TRY(fill_pool(e, &scanned, refined, &n));
        WN_TRY(pick_inside(e, n, &made));
        wn_engine_share_out(e, made);
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

static void clear(wn_engine *e)
{
    wn_free(e->best_of);
    wn_free(e->block_of);
    wn_free(e->block_begin);
    wn_free(e->known);
    wn_free(e->stray_keys);
    wn_free(e->strays);
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

static wn_status prepare(wn_engine *e, const uint8_t *taken, wn_error *err)
{
    size_t len = e->len;
    e->taken = wn_alloc(WN_MEMORY_SELECTION, len, 1);
    e->keys = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->keys);
    e->scratch = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->scratch);
    e->order = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->order);
    e->group_of = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->group_of);
    e->list = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->list);
    e->copy = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->copy);
    e->groups = wn_calloc(WN_MEMORY_SELECTION, WN_ENGINE_GROUPS_MOST, sizeof *e->groups);
    e->fixed = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->fixed);
    e->pool = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->pool);
    e->settled = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->settled);
    e->strays = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->strays);
    e->stray_keys = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->stray_keys);
    e->known = wn_alloc(WN_MEMORY_SELECTION, len, 1);
    e->best_of = wn_alloc(WN_MEMORY_SELECTION, len / WN_ENGINE_BLOCK + WN_ENGINE_GROUPS_MOST + 2, sizeof *e->best_of);
    e->block_begin =
        wn_alloc(WN_MEMORY_SELECTION, len / WN_ENGINE_BLOCK + WN_ENGINE_GROUPS_MOST + 2, sizeof *e->block_begin);
    e->block_of = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *e->block_of);
    if (!e->taken || !e->keys || !e->scratch || !e->order || !e->group_of || !e->list || !e->copy || !e->groups ||
        !e->fixed || !e->pool || !e->settled || !e->strays || !e->stray_keys || !e->known || !e->best_of ||
        !e->block_begin || !e->block_of)
        return wn_fail(err, WN_NOMEM, "no memory to pick from %zu rows", len);
    size_t stray_factors = 0;
    memcpy(e->taken, taken, len);
    e->by_group = wn_engine_grouped_factors(e) == e->factor_count;
    for (size_t f = 0; f < e->factor_count; f++) {
        const wn_factor *factor = e->factors + f;
        if (factor->traits & WN_OBJECTIVE_MOVES) {
            e->by_group = e->by_group && (factor->traits & WN_OBJECTIVE_BY_CELL);
            e->look_cost += factor->kind->cost ? factor->kind->cost(factor->state) : WN_ENGINE_LOOK_COST;
        }
        stray_factors += factor->kind->strays != NULL;
        e->moves = e->moves || (e->factors[f].traits & WN_OBJECTIVE_MOVES);
        e->eager = e->eager || (e->factors[f].traits & WN_OBJECTIVE_EAGER);
    }
    e->single_strays = stray_factors < 2;
    wn_engine_make_groups(e);
    return WN_OK;
}

wn_status wn_product_run(const wn_product_request *request, wn_factor *factors, const int64_t *rows, size_t len,
                         const uint8_t *taken, size_t count, wn_product *out, wn_error *err)
{
    wn_engine e = {.request = request,
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
