/* SPDX-License-Identifier: Apache-2.0
 *
 * Clusters by merging reciprocal nearest neighbours. After each round the edges are renamed, sorted, and those of one
 * pair of clusters added up, so the list shrinks as clusters grow.
 */
#include "selection/graph_clusters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

/* All edges between clusters a < b. */
typedef struct edge {
    uint32_t a, b;
    uint32_t count;
    double sum;
} edge;

typedef struct state {
    edge *edges;
    size_t edges_len, rows, clusters;
    uint32_t *name;    /* per row: its cluster, which is its smallest row */
    uint32_t *nearest; /* per cluster */
    double *distance;
} state;

uint64_t wn_graph_clusters_bytes(size_t rows, size_t k)
{
    return (uint64_t)rows * (k * sizeof(edge) + 2 * sizeof(uint32_t) + sizeof(double));
}

static int compare_edges(const void *x, const void *y)
{
    const edge *e = x, *f = y;
    if (e->a != f->a) return e->a < f->a ? -1 : 1;
    if (e->b != f->b) return e->b < f->b ? -1 : 1;
    /* sums are added in one order whatever the sort makes of equals */
    return (e->sum > f->sum) - (e->sum < f->sum);
}

static void put_edge(state *s, uint32_t a, uint32_t b, double sum, uint32_t count)
{
    s->edges[s->edges_len++] = a < b ? (edge){a, b, count, sum} : (edge){b, a, count, sum};
}

/* Sorts the edges and adds up those of one pair. */
static void join_edges(state *s)
{
    size_t n = 0;
    qsort(s->edges, s->edges_len, sizeof *s->edges, compare_edges);
    for (size_t i = 0; i < s->edges_len; i++) {
        edge *last = s->edges + n - (n > 0);
        if (n > 0 && last->a == s->edges[i].a && last->b == s->edges[i].b) {
            last->sum += s->edges[i].sum;
            last->count += s->edges[i].count;
        } else {
            s->edges[n++] = s->edges[i];
        }
    }
    s->edges_len = n;
}

static void offer(state *s, uint32_t cluster, uint32_t other, double distance)
{
    if (distance > s->distance[cluster] || (distance >= s->distance[cluster] && other >= s->nearest[cluster])) return;
    s->distance[cluster] = distance;
    s->nearest[cluster] = other;
}

/* The name of a cluster after merges: names only fall. */
static uint32_t find_name(state *s, uint32_t row)
{
    while (s->name[row] != row) row = s->name[row] = s->name[s->name[row]];
    return row;
}

/* Merges pairs that are each other's nearest, no more than are wanted, in the order of their names. */
static bool merge_pairs(state *s, size_t wanted)
{
    size_t pairs = 0, most = s->clusters - wanted;
    for (size_t i = 0; i < s->rows; i++) {
        s->distance[i] = INFINITY;
        s->nearest[i] = UINT32_MAX;
    }
    for (size_t i = 0; i < s->edges_len; i++) {
        double distance = s->edges[i].sum / s->edges[i].count;
        offer(s, s->edges[i].a, s->edges[i].b, distance);
        offer(s, s->edges[i].b, s->edges[i].a, distance);
    }
    for (size_t i = 0; i < s->edges_len && pairs < most; i++) {
        uint32_t a = s->edges[i].a, b = s->edges[i].b;
        if (s->nearest[a] != b || s->nearest[b] != a) continue;
        s->name[b] = a;
        s->clusters--;
        pairs++;
    }
    return pairs > 0;
}

static void rename_edges(state *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->edges_len; i++) {
        edge e = s->edges[i];
        uint32_t a = find_name(s, e.a), b = find_name(s, e.b);
        if (a == b) continue;
        s->edges[n++] = a < b ? (edge){a, b, e.count, e.sum} : (edge){b, a, e.count, e.sum};
    }
    s->edges_len = n;
}

/* Equal rows are nearer to each other than to any other: they are merged at once, because a hundred thousand of them
 * that name the same few would take a round each. */
static void merge_equal(state *s, size_t wanted)
{
    for (size_t i = 0; i < s->edges_len && s->clusters > wanted; i++) {
        if (s->edges[i].sum > 0) continue;
        uint32_t a = find_name(s, s->edges[i].a), b = find_name(s, s->edges[i].b);
        if (a == b) continue;
        s->name[a < b ? b : a] = a < b ? a : b;
        s->clusters--;
    }
    rename_edges(s);
    join_edges(s);
}

wn_status wn_graph_clusters(const wn_neighbours *lists, size_t wanted, uint32_t *cluster, size_t *count, wn_error *err)
{
    state s = {.rows = lists->rows, .clusters = lists->rows, .name = cluster};
    wn_status status = WN_OK;
    s.edges = wn_alloc(WN_MEMORY_SELECTION, lists->rows * lists->k, sizeof *s.edges);
    s.nearest = wn_alloc(WN_MEMORY_SELECTION, lists->rows, sizeof *s.nearest);
    s.distance = wn_alloc(WN_MEMORY_SELECTION, lists->rows, sizeof *s.distance);
    if (!s.edges || !s.nearest || !s.distance) {
        status = wn_fail(err, WN_NOMEM, "no memory to cluster %zu rows", lists->rows);
        goto done;
    }
    for (size_t row = 0; row < lists->rows; row++) {
        cluster[row] = (uint32_t)row;
        for (size_t j = 0; j < lists->k; j++) {
            int64_t id = lists->ids[row * lists->k + j];
            float distance = lists->distances[row * lists->k + j];
            if (id >= 0 && id < (int64_t)lists->rows && id != (int64_t)row && isfinite(distance))
                put_edge(&s, (uint32_t)row, (uint32_t)id, (double)distance, 1);
        }
    }
    join_edges(&s);
    merge_equal(&s, wanted ? wanted : 1);
    while (s.clusters > (wanted ? wanted : 1) && s.edges_len && merge_pairs(&s, wanted ? wanted : 1)) {
        rename_edges(&s);
        join_edges(&s);
    }
    *count = 0;
    for (size_t row = 0; row < lists->rows; row++) s.nearest[row] = find_name(&s, (uint32_t)row);
    for (size_t row = 0; row < lists->rows; row++)
        cluster[row] = s.nearest[row] == row ? (uint32_t)(*count)++ : cluster[s.nearest[row]];
done:
    wn_free(s.distance);
    wn_free(s.nearest);
    wn_free(s.edges);
    return status;
}
