/* SPDX-License-Identifier: Apache-2.0
 *
 * Clusters of a selection, and picks that go round them.
 */
#include "selection/grouping.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

uint64_t wn_grouping_bytes(const wn_selection_request *request, size_t clusters)
{
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols;
    return rows * (dim * sizeof(float) + 4 * sizeof(uint32_t) + sizeof(float)) + wn_kmeans_bytes(rows, dim, clusters) +
           (uint64_t)clusters * 4 * sizeof(uint32_t) + 4096;
}

wn_status wn_grouping_new(const wn_roster *roster, wn_grouping **out, wn_error *err)
{
    size_t rows = roster->request->embeddings.rows;
    wn_grouping *g = *out = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *g);
    if (!g) return wn_fail(err, WN_NOMEM, "no memory for clusters of %zu rows", rows);
    g->dim = roster->request->embeddings.cols;
    g->rows = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *g->rows);
    for (size_t row = 0; g->rows && row < rows; row++) {
        if (roster->states[row]) g->rows[g->len++] = (uint32_t)row;
    }
    g->points = wn_alloc(WN_MEMORY_SELECTION, g->len * g->dim, sizeof *g->points);
    if (!g->rows || !g->points) {
        wn_grouping_free(out);
        return wn_fail(err, WN_NOMEM, "no memory for clusters of %zu rows", rows);
    }
    wn_roster_gather(roster, g->rows, g->len, g->points);
    return WN_OK;
}

void wn_grouping_free(wn_grouping **grouping)
{
    if (!*grouping) return;
    wn_kmeans_clear(&(*grouping)->kmeans);
    wn_free((*grouping)->points);
    wn_free((*grouping)->rows);
    wn_free(*grouping);
    *grouping = NULL;
}

wn_status wn_grouping_cluster(wn_grouping *grouping, const wn_roster *roster, size_t clusters, size_t iterations,
                              const float *weights, wn_error *err)
{
    wn_kmeans_request request = {.points = grouping->points,
                                 .n = grouping->len,
                                 .dim = grouping->dim,
                                 .weights = weights,
                                 .clusters = clusters ? clusters : 1,
                                 .iterations = iterations,
                                 .seed = roster->request->seed,
                                 .pool = roster->request->pool,
                                 .progress = roster->request->progress};
    wn_kmeans_clear(&grouping->kmeans);
    return wn_kmeans_run(&request, &grouping->kmeans, err);
}

/* What is sorted: an item with its key and row, or a cluster with its size. */
typedef struct entry {
    double key;
    uint32_t index;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

typedef struct circle {
    const wn_rounds *rounds;
    const wn_grouping *grouping;
    wn_roster *roster;
    entry *items;    /* open items by cluster, then key; items[starts[c] ..] of cluster c */
    uint32_t *ends;  /* per cluster: one beyond its last open item */
    uint32_t *next;  /* per cluster: its next item */
    uint32_t *taken; /* per cluster: preselected and picked rows */
    entry *order;    /* clusters in the order of a round */
} circle;

static void sort_items(circle *c)
{
    const wn_kmeans *k = &c->grouping->kmeans;
    for (size_t cluster = 0; cluster < k->clusters; cluster++) {
        uint32_t at = k->starts[cluster], size = k->starts[cluster + 1] - at;
        c->next[cluster] = at;
        c->taken[cluster] = 0;
        for (uint32_t m = k->starts[cluster]; m < k->starts[cluster + 1]; m++) {
            uint32_t item = k->members[m];
            if (!wn_roster_is_open(c->roster, c->grouping->rows[item])) {
                c->taken[cluster]++;
                continue;
            }
            c->items[at++] = (entry){c->rounds->keys ? (double)c->rounds->keys[item] : 0, item};
        }
        c->ends[cluster] = at;
        qsort(c->items + k->starts[cluster], at - k->starts[cluster], sizeof *c->items, compare_entries);
        double rank = c->rounds->smallest_first ? (double)size : -(double)size;
        if (size < c->rounds->least) rank += 1e12;
        c->order[cluster] = (entry){rank, (uint32_t)cluster};
    }
    qsort(c->order, k->clusters, sizeof *c->order, compare_entries);
}

/* The least number of taken rows in a cluster [from, to) of the order that has open items; UINT32_MAX when none has. */
static uint32_t least_taken(const circle *c, size_t from, size_t to)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = from; i < to; i++) {
        uint32_t cluster = c->order[i].index;
        if (c->next[cluster] < c->ends[cluster] && c->taken[cluster] < least) least = c->taken[cluster];
    }
    return least;
}

static wn_status go_round(circle *c, size_t from, size_t to, wn_error *err)
{
    uint32_t level;
    while (!wn_roster_is_full(c->roster) && (level = least_taken(c, from, to)) != UINT32_MAX) {
        for (size_t i = from; i < to && !wn_roster_is_full(c->roster); i++) {
            uint32_t cluster = c->order[i].index;
            if (c->taken[cluster] != level || c->next[cluster] >= c->ends[cluster]) continue;
            c->taken[cluster]++;
            WN_TRY(wn_roster_take(c->roster, c->grouping->rows[c->items[c->next[cluster]++].index], err));
        }
    }
    return WN_OK;
}

wn_status wn_rounds_take(const wn_rounds *rounds, const wn_grouping *grouping, wn_roster *roster, wn_error *err)
{
    size_t clusters = grouping->kmeans.clusters, large = 0;
    circle c = {.rounds = rounds, .grouping = grouping, .roster = roster};
    wn_status status;
    c.items = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *c.items);
    c.ends = wn_alloc(WN_MEMORY_SELECTION, clusters, sizeof *c.ends);
    c.next = wn_alloc(WN_MEMORY_SELECTION, clusters, sizeof *c.next);
    c.taken = wn_alloc(WN_MEMORY_SELECTION, clusters, sizeof *c.taken);
    c.order = wn_alloc(WN_MEMORY_SELECTION, clusters, sizeof *c.order);
    if (!c.items || !c.ends || !c.next || !c.taken || !c.order) {
        status = wn_fail(err, WN_NOMEM, "no memory to pick from %zu clusters", clusters);
        goto done;
    }
    sort_items(&c);
    while (large < clusters && c.order[large].key < 5e11) large++;
    status = go_round(&c, 0, large, err);
    if (!status) status = go_round(&c, large, clusters, err);
done:
    wn_free(c.order);
    wn_free(c.taken);
    wn_free(c.next);
    wn_free(c.ends);
    wn_free(c.items);
    return status;
}
