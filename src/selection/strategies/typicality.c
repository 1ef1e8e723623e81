/* SPDX-License-Identifier: Apache-2.0
 *
 * Typicality: the rows in the densest places, by the inverse of the mean distance to the k nearest rows (the density of
 * Hacohen et al. 2022; also the "typicality" of selection configurations). Picks may be near copies of one another:
 * join it with diversity, or use typiclust. The objective is the mean typicality of the picks.
 */
#include <math.h>

#include "base/error.h"
#include "selection/cover_graph.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t neighbours;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_INT, "neighbours", "nearest rows that typicality is measured by", offsetof(params, neighbours), 1, 10000,
     "20", NULL, "N", 0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->embeddings.rows;
    return wn_roster_bytes(request) + wn_rank_bytes(rows) + rows * sizeof(float) +
           (request->neighbours ? 0 : wn_cover_lists_bytes(request, (size_t)p->neighbours));
}

static void measure(const wn_neighbours *lists, size_t near, float *keys)
{
    for (size_t row = 0; row < lists->rows; row++) {
        const float *distances = lists->distances + row * lists->k;
        double sum = 0;
        size_t count = 0;
        for (size_t j = 0; j < lists->k && count < near; j++) {
            if (lists->ids[row * lists->k + j] < 0) continue;
            sum += (double)distances[j];
            count++;
        }
        /* copies of one another lie in an infinitely dense place: very typical, but finite */
        keys[row] = count == 0 ? 0 : (float)fmin((double)count / sum, 1e12);
    }
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_neighbours own = {0};
    const wn_neighbours *lists = NULL;
    wn_metric metric;
    double sum = 0;
    float *keys = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *keys);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && !keys) status = wn_fail(err, WN_NOMEM, "no memory to measure %zu rows", request->embeddings.rows);
    if (!status && request->embeddings.rows)
        status = wn_cover_lists(roster, (size_t)p->neighbours, &own, &lists, &metric, err);
    if (!status && lists) measure(lists, (size_t)p->neighbours, keys);
    if (!status) status = wn_rank_take(roster, keys, err);
    for (size_t i = 0; i < out->len; i++) sum += (double)keys[out->picks[i]];
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->len ? sum / (double)out->len : 0;
    wn_neighbours_clear(&own);
    wn_free(keys);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_typicality = {
    .name = "typicality",
    .summary = "rows in the densest places of the data",
    .needs = WN_STRATEGY_GRAPH,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
