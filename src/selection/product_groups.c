/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of items, the groups of like items, and the boundaries that divide each into inside and outside.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "selection/order.h"
#include "selection/product_state.h"

enum { GRAIN = 4096, SAMPLE = 65536, SAMPLE_LEAST = 512, SAMPLE_RANK = 16, GROUP_LEAST = 4 };

/* ---- keys ---- */

typedef struct key_job {
    const wn_engine *e;
    const uint32_t *items;
    double *keys;
} key_job;

/* Objectives that move come last, so that the sum of the others can be kept. */
void wn_engine_add_keys(const wn_engine *e, const uint32_t *items, size_t first, size_t n, bool fixed, bool moving,
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
    const wn_engine *e = job->e;
    const uint32_t *items = job->items ? job->items + begin : NULL;
    double *keys = job->keys + begin;
    (void)worker;
    for (size_t i = 0; i < end - begin; i++) keys[i] = e->taken[items ? items[i] : begin + i] ? -INFINITY : 0;
    wn_engine_add_keys(e, items, items ? 0 : begin, end - begin, true, true, keys);
}

/* Keys of n listed items, or of all. */
void wn_engine_update_keys(wn_engine *e, const uint32_t *items, size_t n, double *keys)
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
size_t wn_engine_grouped_factors(const wn_engine *e)
{
    size_t groups = 1;
    for (size_t f = 0; f < e->factor_count; f++) {
        if (groups * cell_count(e->factors + f) > WN_ENGINE_GROUPS_MOST) return f;
        groups *= cell_count(e->factors + f);
    }
    return e->factor_count;
}

void wn_engine_make_groups(wn_engine *e)
{
    e->grouped = wn_engine_grouped_factors(e);
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
        wn_engine_group *g = e->groups + e->group_of[i];
        e->order[g->begin + g->len++] = (uint32_t)i;
    }
}

/* How much the key of a member of the group can have grown in this round. */
double wn_engine_group_growth(const wn_engine *e, size_t at)
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

static bool lies_inside(const wn_engine *e, uint32_t item, double key)
{
    const wn_engine_group *g = e->groups + e->group_of[item];
    return key > g->bound || (key == g->bound && item < g->item);
}

/* With more ties at the boundary than wanted, only the first of them lie inside. */
static void limit_ties(const wn_engine *e, wn_engine_group *g, size_t target)
{
    size_t above = 0, equal = 0;
    for (size_t i = 0; i < g->len; i++) {
        double key = e->keys[e->order[g->begin + i]];
        above += key > g->bound;
        equal += key == g->bound;
    }
    if (above + equal <= 2 * target + WN_ENGINE_BLOCK) return;
    size_t room = above < target ? target - above : 1;
    for (size_t i = 0; i < g->len; i++) {
        uint32_t item = e->order[g->begin + i];
        if (e->keys[item] == g->bound && room-- == 0) {
            g->item = item;
            return;
        }
    }
}

/* How many members of a group are looked at to cut it: a share of the sample, and enough for the rank to mean
 * something. */
static size_t sample_len(const wn_engine *e, const wn_engine_group *g, size_t target)
{
    size_t count = SAMPLE / e->group_count + SAMPLE_LEAST, need = SAMPLE_RANK * (g->len / target + 1);
    if (count < need) count = need;
    if (count > SAMPLE) count = SAMPLE;
    return count < g->len ? count : g->len;
}

/* Cuts a group so that about `target` of its items lie inside. */
static void set_boundary(wn_engine *e, wn_engine_group *g, size_t target)
{
    size_t count = sample_len(e, g, target), n = 0, above = 0, equal = 0;
    const uint32_t *items = e->order + g->begin;
    double *sample = e->scratch + g->begin;
    g->bound = -INFINITY;
    g->item = 0; /* at this bound lie the items already taken: outside */
    for (size_t i = 0; i < count; i++) {
        size_t begin = i * g->len / count, end = (i + 1) * g->len / count;
        double key = e->keys[items[begin + wn_rng_mix(i) % (end - begin)]];
        if (key > -INFINITY) sample[n++] = key;
    }
    double share = (double)count / (double)(g->len ? g->len : 1);
    size_t rank = (size_t)((double)target * share);
    if (rank >= n) return;
    g->bound = wn_order_greatest(sample, n, rank);
    g->item = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        above += sample[i] > g->bound;
        equal += sample[i] == g->bound;
    }
    if (equal > 1 && (double)(above + equal) > 1.5 * share * (double)target) limit_ties(e, g, target);
}

static size_t group_target(const wn_engine_group *g, size_t total)
{
    size_t target = (size_t)(g->share * (double)total);
    return target < GROUP_LEAST ? GROUP_LEAST : target;
}

typedef struct cut_job {
    wn_engine *e;
    size_t total;
} cut_job;

static void cut_groups(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const cut_job *job = opaque;
    (void)worker;
    for (size_t g = begin; g < end; g++)
        set_boundary(job->e, job->e->groups + g, group_target(job->e->groups + g, job->total));
}

void wn_engine_cut(wn_engine *e, size_t total)
{
    cut_job job = {e, total};
    wn_pool_for(e->request->pool, e->group_count, 1, cut_groups, &job);
}

size_t wn_engine_collect(wn_engine *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->len; i++)
        if (lies_inside(e, (uint32_t)i, e->keys[i])) e->list[n++] = (uint32_t)i;
    return n;
}

/* Keeps the listed items that still lie inside; pool[i] is the key of list[i]. */
size_t wn_engine_filter(wn_engine *e, size_t n)
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
size_t wn_engine_tighten(wn_engine *e, size_t n, size_t total)
{
    if (n <= 2 * total) return n;
    size_t counts[WN_ENGINE_GROUPS_MOST + 1] = {0};
    for (size_t i = 0; i < n; i++) counts[e->group_of[e->list[i]] + 1]++;
    for (size_t g = 0; g < e->group_count; g++) counts[g + 1] += counts[g];
    size_t ends[WN_ENGINE_GROUPS_MOST];
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
    return wn_engine_filter(e, n);
}

/* Gives the groups that were picked from, or that ended the round, more of the next pool. */
void wn_engine_share_out(wn_engine *e, size_t made)
{
    double sum = 0;
    for (size_t i = 0; i < e->group_count; i++) {
        wn_engine_group *g = e->groups + i;
        double picked = ((double)g->taken + 1) / (double)(made + e->group_count);
        g->share = 0.5 * g->share + 0.5 * picked;
        if (g->blocked) g->share *= 2;
        g->blocked = false;
        g->taken = 0;
        sum += g->share;
    }
    for (size_t i = 0; i < e->group_count; i++) e->groups[i].share /= sum;
}
