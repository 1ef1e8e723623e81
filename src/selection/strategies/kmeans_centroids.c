/* SPDX-License-Identifier: Apache-2.0
 *
 * k-means: as many clusters as picks and preselected rows together (Lloyd 1982, seeded as k-means++), and of each
 * cluster without a preselected row the row nearest to its centre, large clusters first. The objective is the mean
 * squared distance of the rows to their centres.
 */
#include "base/error.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"

typedef struct params {
    int metric;
    int64_t clusters, iterations;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params),
                                    WN_OPTION_CLUSTERS(params, "clusters to make; 0 = one for each pick"),
                                    WN_OPTION_ITERATIONS(params),
                                    {0}};

static size_t count_clusters(const params *p, const wn_selection_request *request)
{
    size_t clusters = p->clusters ? (size_t)p->clusters : request->count + request->preselected.len;
    return clusters < request->embeddings.rows ? clusters : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    return wn_roster_bytes(request) + wn_grouping_bytes(request, count_clusters(parameters, request));
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    wn_rounds rounds = {0};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (!status)
        status = wn_grouping_cluster(grouping, roster, count_clusters(p, request), (size_t)p->iterations, NULL, err);
    if (!status) {
        rounds.keys = grouping->kmeans.squares;
        status = wn_rounds_take(&rounds, grouping, roster, err);
    }
    if (!status && grouping->len) out->objective = grouping->kmeans.inertia / (double)grouping->len;
    if (!status) status = wn_roster_finish(roster, err);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_kmeans_centroids = {
    .name = "kmeans",
    .summary = "the row nearest to the centre of each of K clusters",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
