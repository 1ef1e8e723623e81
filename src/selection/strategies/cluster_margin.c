/* SPDX-License-Identifier: Apache-2.0
 *
 * Cluster-Margin (Citovsky et al. 2021, "Batch active learning at scale", NeurIPS): all rows are clustered once by
 * average linkage (graph_clusters.h, on the neighbour graph); of the open rows the `factor` x K most uncertain ones are
 * kept, and picks go round their clusters, one from each, from the cluster with the fewest of them up, the most
 * uncertain row first. Scores stand for uncertainty; from probabilities it is the margin, as in the paper. The
 * objective is the mean score of the picks.
 */
#include <string.h>

#include "base/error.h"
#include "selection/cover_graph.h"
#include "selection/graph_clusters.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t clusters, neighbours;
    double factor;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_CLUSTERS(params, "clusters of all rows; 0 = a tenth of the rows"),
    {WN_OPTION_INT, "neighbours", "nearest rows that clusters are made from", offsetof(params, neighbours), 1, 1000,
     "10", NULL, "N", 0},
    {WN_OPTION_REAL, "factor", "uncertain rows kept for each pick", offsetof(params, factor), 1, 1e6, "10", NULL, "F",
     0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->embeddings.rows;
    size_t k = request->neighbours ? request->neighbours->k : (size_t)p->neighbours;
    return wn_roster_bytes(request) + wn_graph_clusters_bytes(rows, k) + wn_rank_bytes(rows) + rows * 24 +
           (request->neighbours ? 0 : wn_cover_lists_bytes(request, k));
}

typedef struct run {
    float *scores;                                        /* per row */
    uint32_t *cluster, *sizes, *starts, *order, *members; /* per row, and per cluster */
    size_t count;
} run;

static wn_status cluster_rows(const params *p, const wn_roster *roster, run *r, wn_error *err)
{
    size_t rows = roster->request->embeddings.rows, wanted = p->clusters ? (size_t)p->clusters : (rows + 9) / 10;
    wn_neighbours own = {0};
    const wn_neighbours *lists;
    wn_metric metric;
    wn_status status = wn_cover_lists(roster, (size_t)p->neighbours, &own, &lists, &metric, err);
    if (!status) status = wn_graph_clusters(lists, wanted, r->cluster, &r->count, err);
    wn_neighbours_clear(&own);
    return status;
}

/* Groups the kept rows by cluster, each cluster's in the order of the scores, and orders clusters by size. */
static wn_status group_rows(run *r, const uint32_t *kept, size_t n, wn_error *err)
{
    float *keys = wn_alloc(WN_MEMORY_SELECTION, r->count, sizeof *keys);
    if (!keys) return wn_fail(err, WN_NOMEM, "no memory to sort %zu clusters", r->count);
    memset(r->sizes, 0, r->count * sizeof *r->sizes);
    for (size_t i = 0; i < n; i++) r->sizes[r->cluster[kept[i]]]++;
    for (size_t c = 0, at = 0; c < r->count; at += r->sizes[c++]) r->starts[c] = (uint32_t)at;
    for (size_t i = 0; i < n; i++) r->members[r->starts[r->cluster[kept[i]]]++] = kept[i];
    for (size_t c = 0; c < r->count; c++) {
        r->starts[c] -= r->sizes[c];
        r->order[c] = (uint32_t)c;
        keys[c] = -(float)r->sizes[c];
    }
    wn_status status = wn_rank_sort(r->order, r->count, keys, err);
    wn_free(keys);
    return status;
}

static wn_status go_round(const run *r, wn_roster *roster, size_t n, wn_error *err)
{
    size_t taken = 0;
    for (uint32_t round = 0; taken < n && !wn_roster_is_full(roster); round++) {
        for (size_t i = 0; i < r->count && !wn_roster_is_full(roster); i++) {
            uint32_t c = r->order[i];
            if (round >= r->sizes[c]) continue;
            taken++;
            WN_TRY(wn_roster_take(roster, r->members[r->starts[c] + round], err));
        }
    }
    return WN_OK;
}

static wn_status choose(const params *p, wn_roster *roster, run *r, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    uint32_t *kept = roster->available;
    size_t n = roster->available_len;
    double most = p->factor * (double)request->count;
    if (!request->embeddings.rows) return WN_OK;
    WN_TRY(wn_selection_score(request, r->scores, err));
    WN_TRY(cluster_rows(p, roster, r, err));
    WN_TRY(wn_rank_sort(kept, n, r->scores, err));
    if (most < (double)n) n = (size_t)most;
    WN_TRY(group_rows(r, kept, n, err));
    return go_round(r, roster, n, err);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    run r = {0};
    size_t rows = request->embeddings.rows;
    double sum = 0;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    r.scores = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.scores);
    r.cluster = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.cluster);
    r.sizes = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.sizes);
    r.starts = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.starts);
    r.order = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.order);
    r.members = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.members);
    bool enough = r.scores && r.cluster && r.sizes && r.starts && r.order && r.members;
    if (!status && !enough) status = wn_fail(err, WN_NOMEM, "no memory to cluster %zu rows", rows);
    if (!status) status = choose(p, roster, &r, err);
    for (size_t i = 0; i < out->len; i++) sum += (double)r.scores[out->picks[i]];
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->len ? sum / (double)out->len : 0;
    wn_free(r.members);
    wn_free(r.order);
    wn_free(r.starts);
    wn_free(r.sizes);
    wn_free(r.cluster);
    wn_free(r.scores);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_cluster_margin = {
    .name = "cluster-margin",
    .summary = "uncertain rows, one from each cluster in turn; for large batches",
    .needs = WN_STRATEGY_GRAPH | WN_STRATEGY_SCORES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
