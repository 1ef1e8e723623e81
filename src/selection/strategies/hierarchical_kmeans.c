/* SPDX-License-Identifier: Apache-2.0
 *
 * Hierarchical k-means with balanced sampling (Vo et al. 2024, "Automatic data curation for self-supervised learning: a
 * clustering-based approach", arXiv 2405.15613): clusters of clusters (hierarchy.h), and from the coarsest level down
 * every cluster gets the same number of picks while its rows last, so that a long tail of rare kinds is picked as
 * often as the common ones. Picks are dealt one at a time, each to the branch with the fewest picks so far; so the
 * first K of a longer selection are balanced too. Preselected rows count as picks. The objective is the mean distance
 * of the candidates to their nearest pick.
 */
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/hierarchy.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric, sampling;
    int64_t clusters, levels, iterations, resamplings;
} params;

static const char *const samplings[] = {"random", "nearest", NULL};

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_CLUSTERS(params, "clusters of the finest level; 0 = an eighth of the rows, at most 10,000"),
    {WN_OPTION_INT, "levels", "clusters of clusters", offsetof(params, levels), 1, WN_HIERARCHY_LEVELS, "3", NULL, "N",
     0},
    {WN_OPTION_CHOICE, "sampling", "which rows of a finest cluster", offsetof(params, sampling), 0, 0, "random",
     samplings, NULL, 0},
    {WN_OPTION_INT, "resamplings", "times that higher levels are spread anew", offsetof(params, resamplings), 0, 1000,
     "10", NULL, "N", 0},
    WN_OPTION_ITERATIONS(params),
    {0},
};

static wn_hierarchy_plan plan_of(const params *p, size_t n)
{
    wn_hierarchy_plan plan = wn_hierarchy_plan_for(n, (size_t)p->clusters, (size_t)p->levels);
    plan.iterations = (size_t)p->iterations;
    plan.resamplings = (size_t)p->resamplings;
    return plan;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols;
    wn_hierarchy_plan plan = plan_of(parameters, rows);
    return wn_roster_bytes(request) + wn_grouping_bytes(request, plan.sizes[0]) +
           3 * wn_kmeans_bytes(plan.sizes[0], dim, plan.sizes[0] / 2) + rows * 24 + plan.sizes[0] * dim * 8;
}

/* A cluster of some level: its picks so far, and the rows that are still open below it. */
typedef struct branch {
    uint32_t taken, open;
} branch;

typedef struct deal {
    const wn_grouping *grouping;
    const wn_hierarchy *hierarchy;
    wn_roster *roster;
    branch *branches[WN_HIERARCHY_LEVELS];
    uint32_t *order; /* items by finest cluster, in the order in which they are taken */
    uint32_t *next;  /* per finest cluster: place in `order` */
} deal;

/* The finest cluster to take from next. */
static size_t descend(const deal *d)
{
    const wn_hierarchy *h = d->hierarchy;
    size_t top = h->levels - 1, best = h->level[top].clusters;
    const branch *b = d->branches[top];
    for (size_t c = 0; c < h->level[top].clusters; c++) {
        if (b[c].open && (best == h->level[top].clusters || b[c].taken < b[best].taken)) best = c;
    }
    for (size_t level = top; level > 0; level--) {
        const wn_kmeans *k = &h->level[level];
        size_t found = SIZE_MAX;
        b = d->branches[level - 1];
        for (size_t m = k->starts[best]; m < k->starts[best + 1]; m++) {
            size_t c = k->members[m];
            if (b[c].open && (found == SIZE_MAX || b[c].taken < b[found].taken)) found = c;
        }
        best = found;
    }
    return best;
}

/* A row of finest cluster `c` is picked, preselected or open, all the way up. */
static void count(deal *d, size_t c, uint32_t taken, uint32_t open)
{
    for (size_t level = 0; level < d->hierarchy->levels; level++) {
        d->branches[level][c].taken += taken;
        d->branches[level][c].open += open;
        if (level + 1 < d->hierarchy->levels) c = d->hierarchy->level[level + 1].cluster[c];
    }
}

static void order_items(deal *d, bool nearest)
{
    const wn_kmeans *k = &d->hierarchy->level[0];
    wn_rng rng;
    for (size_t c = 0; c < k->clusters; c++) {
        uint32_t *items = d->order + k->starts[c];
        size_t n = k->starts[c + 1] - k->starts[c];
        memcpy(items, k->members + k->starts[c], n * sizeof *items);
        wn_rng_init(&rng, d->roster->request->seed, c);
        for (size_t i = n; !nearest && i > 1; i--) {
            uint32_t j = wn_rng_below(&rng, (uint32_t)i), swap = items[i - 1];
            items[i - 1] = items[j];
            items[j] = swap;
        }
        for (size_t i = 1; nearest && i < n; i++) { /* clusters are small, and ties stay by row */
            uint32_t item = items[i];
            size_t at = i;
            for (; at > 0 && k->squares[items[at - 1]] > k->squares[item]; at--) items[at] = items[at - 1];
            items[at] = item;
        }
        d->next[c] = k->starts[c];
    }
}

static wn_status deal_picks(deal *d, wn_error *err)
{
    const wn_kmeans *k = &d->hierarchy->level[0];
    for (size_t i = 0; i < d->grouping->len; i++) {
        bool open = wn_roster_is_open(d->roster, d->grouping->rows[i]);
        count(d, k->cluster[i], !open, open);
    }
    while (!wn_roster_is_full(d->roster)) {
        size_t c = descend(d);
        uint32_t row;
        do row = d->grouping->rows[d->order[d->next[c]++]];
        while (!wn_roster_is_open(d->roster, row));
        count(d, c, 1, UINT32_MAX); /* one fewer is open */
        WN_TRY(wn_roster_take(d->roster, row, err));
    }
    return WN_OK;
}

static wn_status deal_from(const params *p, const wn_grouping *grouping, const wn_hierarchy *hierarchy,
                           wn_roster *roster, wn_error *err)
{
    deal d = {.grouping = grouping, .hierarchy = hierarchy, .roster = roster};
    wn_status status;
    bool enough = true;
    for (size_t level = 0; level < hierarchy->levels; level++) {
        d.branches[level] = wn_calloc(WN_MEMORY_SELECTION, hierarchy->level[level].clusters, sizeof(branch));
        enough = enough && d.branches[level];
    }
    d.order = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *d.order);
    d.next = wn_alloc(WN_MEMORY_SELECTION, hierarchy->level[0].clusters, sizeof *d.next);
    if (!enough || !d.order || !d.next) {
        status = wn_fail(err, WN_NOMEM, "no memory to pick from %zu rows", grouping->len);
        goto done;
    }
    order_items(&d, p->sampling == 1);
    status = deal_picks(&d, err);
done:
    wn_free(d.next);
    wn_free(d.order);
    for (size_t level = 0; level < hierarchy->levels; level++) wn_free(d.branches[level]);
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    wn_hierarchy hierarchy = {0};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (!status && grouping->len) {
        wn_hierarchy_plan plan = plan_of(p, grouping->len);
        status = wn_hierarchy_new(grouping, roster, &plan, &hierarchy, err);
        if (!status) status = deal_from(p, grouping, &hierarchy, roster, err);
    }
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->mean;
    wn_hierarchy_clear(&hierarchy);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_hierarchical_kmeans = {
    .name = "hierarchical-kmeans",
    .summary = "as many picks from rare kinds of rows as from common ones",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
