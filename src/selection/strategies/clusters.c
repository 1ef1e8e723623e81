/* SPDX-License-Identifier: Apache-2.0
 *
 * Cluster-based sampling (Munro 2021, "Human-in-the-loop machine learning", section 4.3): k-means clusters, and of each
 * in turn the row nearest to its centre, its farthest row, and rows at random, so that a batch holds what is typical,
 * what is odd and what is neither. Clusters with the fewest preselected rows go first, among equals the largest. Use
 * metric=cosine for the book's cosine clusters. The objective is the mean squared distance of the rows to their
 * centres.
 */
#include "base/error.h"
#include "base/rng.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t clusters, iterations, each;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_CLUSTERS(params, "clusters to make; 0 = one for each five picks"),
    {WN_OPTION_INT, "random-rows", "rows at random of each cluster, after its centre and its farthest row",
     offsetof(params, each), 0, 1e9, "3", NULL, "N", 0},
    WN_OPTION_ITERATIONS(params),
    {0},
};

static size_t count_clusters(const params *p, const wn_selection_request *request)
{
    size_t each = 2 + (size_t)p->each, clusters = (request->count + request->preselected.len + each - 1) / each;
    if (p->clusters) clusters = (size_t)p->clusters;
    return clusters < request->embeddings.rows ? clusters : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    return wn_roster_bytes(request) + wn_grouping_bytes(request, count_clusters(parameters, request)) +
           request->embeddings.rows * sizeof(float);
}

/* Keys that put the open row nearest to the centre first, the farthest second, all others behind at random. */
static void order_rows(const wn_grouping *grouping, const wn_roster *roster, float *keys)
{
    const wn_kmeans *k = &grouping->kmeans;
    for (size_t c = 0; c < k->clusters; c++) {
        uint32_t first = UINT32_MAX, last = UINT32_MAX;
        wn_rng rng;
        wn_rng_init(&rng, roster->request->seed, c);
        for (uint32_t m = k->starts[c]; m < k->starts[c + 1]; m++) {
            uint32_t item = k->members[m];
            keys[item] = 1 + wn_rng_uniform(&rng);
            if (!wn_roster_is_open(roster, grouping->rows[item])) continue;
            if (first == UINT32_MAX || k->squares[item] < k->squares[first]) first = item;
            if (last == UINT32_MAX || k->squares[item] > k->squares[last]) last = item;
        }
        if (last != UINT32_MAX) keys[last] = 0.5f;
        if (first != UINT32_MAX) keys[first] = 0;
    }
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    float *keys = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *keys);
    wn_rounds rounds = {.keys = keys};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && !keys) status = wn_fail(err, WN_NOMEM, "no memory to order %zu rows", request->embeddings.rows);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (!status)
        status = wn_grouping_cluster(grouping, roster, count_clusters(p, request), (size_t)p->iterations, NULL, err);
    if (!status) {
        order_rows(grouping, roster, keys);
        status = wn_rounds_take(&rounds, grouping, roster, err);
    }
    if (!status && grouping->len) out->objective = grouping->kmeans.inertia / (double)grouping->len;
    if (!status) status = wn_roster_finish(roster, err);
    wn_free(keys);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_clusters = {
    .name = "clusters",
    .summary = "centres, outliers and random rows of clusters",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
