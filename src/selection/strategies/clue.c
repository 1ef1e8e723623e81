/* SPDX-License-Identifier: Apache-2.0
 *
 * CLUE (Prabhu et al. 2021, "Active domain adaptation via clustering uncertainty-weighted embeddings", ICCV): k-means
 * into as many clusters as picks, each row weighing its uncertainty, and of each cluster the row nearest to its centre.
 * The uncertainty is the score; from probabilities it is the entropy, as in the paper. Scores below 0 count as 0. The
 * objective is the weighted mean squared distance to the centres.
 */
#include <math.h>

#include "base/error.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t iterations;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), WN_OPTION_ITERATIONS(params), {0}};

static size_t count_clusters(const wn_selection_request *request)
{
    size_t clusters = request->count + request->preselected.len;
    return clusters < request->embeddings.rows ? clusters : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + wn_grouping_bytes(request, count_clusters(request)) +
           request->embeddings.rows * sizeof(float);
}

static float weigh(const wn_selection_request *request, size_t row)
{
    double entropy = 0;
    if (request->scores.data) return fmaxf(*wn_matrix_row(&request->scores, row), 0);
    const float *p = wn_matrix_row(&request->probabilities, row);
    for (size_t c = 0; c < request->probabilities.cols; c++) {
        if (p[c] > 0) entropy -= (double)p[c] * log((double)p[c]);
    }
    return (float)fmax(entropy, 0);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    wn_rounds rounds = {0};
    double total = 0;
    float *weights = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *weights);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && !weights) status = wn_fail(err, WN_NOMEM, "no memory to weigh %zu rows", request->embeddings.rows);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    for (size_t i = 0; !status && i < grouping->len; i++)
        total += (double)(weights[i] = weigh(request, grouping->rows[i]));
    if (!status)
        status = wn_grouping_cluster(grouping, roster, count_clusters(request), (size_t)p->iterations, weights, err);
    if (!status) {
        rounds.keys = grouping->kmeans.squares;
        status = wn_rounds_take(&rounds, grouping, roster, err);
    }
    if (!status && total > 0) out->objective = grouping->kmeans.inertia / total;
    if (!status) status = wn_roster_finish(roster, err);
    wn_free(weights);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_clue = {
    .name = "clue",
    .summary = "the centres of clusters in which uncertain rows weigh more",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_SCORES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
