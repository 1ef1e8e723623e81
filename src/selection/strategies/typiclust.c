/* SPDX-License-Identifier: Apache-2.0
 *
 * TypiClust (Hacohen, Dekel and Weinshall 2022, "Active learning on a budget: opposite strategies suit high and low
 * budgets", ICML): k-means into as many clusters as picks and preselected rows (at most `most-clusters`), and from the
 * cluster with the fewest labelled rows, among equals the largest, its most typical row. Typicality is 1 / mean
 * distance to the min(20, half the cluster) nearest rows of the cluster; it is taken among all rows of the cluster,
 * picked or not, so a pick does not change it. Clusters of five rows or fewer come last.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"
#include "winnow/index.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t most_clusters, neighbours, least_size, iterations;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_INT, "most-clusters", "clusters at most", offsetof(params, most_clusters), 1, 1e9, "500", NULL, "N", 0},
    {WN_OPTION_INT, "neighbours", "nearest rows that typicality is measured by", offsetof(params, neighbours), 1, 10000,
     "20", NULL, "N", 0},
    {WN_OPTION_INT, "least-size", "clusters of fewer rows come last", offsetof(params, least_size), 0, 1e9, "6", NULL,
     "N", 0},
    WN_OPTION_ITERATIONS(params),
    {0},
};

static size_t count_clusters(const params *p, const wn_selection_request *request)
{
    size_t clusters = request->count + request->preselected.len;
    if (clusters > (size_t)p->most_clusters) clusters = (size_t)p->most_clusters;
    return clusters < request->embeddings.rows ? clusters : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols;
    /* at worst one cluster holds all rows: its copy, its search, its lists */
    return wn_roster_bytes(request) + wn_grouping_bytes(request, count_clusters(p, request)) + rows * sizeof(float) +
           rows * (dim * 8 + 256) + rows * (uint64_t)p->neighbours * 64;
}

/* keys[item] = mean distance to its nearest rows of one cluster. */
static wn_status measure_cluster(const params *p, const wn_roster *roster, const wn_grouping *grouping, size_t cluster,
                                 float *keys, wn_error *err)
{
    const wn_kmeans *k = &grouping->kmeans;
    const uint32_t *members = k->members + k->starts[cluster];
    size_t n = k->starts[cluster + 1] - k->starts[cluster], dim = grouping->dim, near = n / 2;
    wn_neighbours found = {0};
    if (near > (size_t)p->neighbours) near = (size_t)p->neighbours;
    for (size_t i = 0; i < n; i++) keys[members[i]] = 0;
    if (near == 0) return WN_OK;
    float *points = wn_alloc(WN_MEMORY_SELECTION, n * dim, sizeof *points);
    if (!points) return wn_fail(err, WN_NOMEM, "no memory for a cluster of %zu rows", n);
    for (size_t i = 0; i < n; i++) memcpy(points + i * dim, grouping->points + members[i] * dim, dim * sizeof *points);
    wn_neighbours_request request = {.embeddings = {points, n, dim, dim},
                                     .k = near,
                                     .metric = WN_INDEX_METRIC_L2,
                                     .pool = roster->request->pool,
                                     .progress = roster->request->progress};
    wn_status status = wn_neighbours_find(wn_index_kind_choose(n, 0), &request, &found, err);
    for (size_t i = 0; i < n && !status; i++) {
        double sum = 0;
        for (size_t j = 0; j < near; j++) sum += (double)found.distances[i * near + j];
        keys[members[i]] = (float)(sum / (double)near);
    }
    wn_neighbours_clear(&found);
    wn_free(points);
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    float *keys = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *keys);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    wn_rounds rounds = {.keys = keys, .least = (size_t)p->least_size};
    if (!status && !keys) status = wn_fail(err, WN_NOMEM, "no memory to measure %zu rows", request->embeddings.rows);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (!status)
        status = wn_grouping_cluster(grouping, roster, count_clusters(p, request), (size_t)p->iterations, NULL, err);
    for (size_t c = 0; !status && c < grouping->kmeans.clusters; c++)
        status = measure_cluster(p, roster, grouping, c, keys, err);
    if (!status) status = wn_rounds_take(&rounds, grouping, roster, err);
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->mean;
    wn_free(keys);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_typiclust = {
    .name = "typiclust",
    .summary = "the most typical row of each cluster; for the first few labels",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
