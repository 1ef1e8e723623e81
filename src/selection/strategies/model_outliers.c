/* SPDX-License-Identifier: Apache-2.0
 *
 * Model-based outliers (Munro 2021, "Human-in-the-loop machine learning", section 4.2): rows that a model reacts to
 * less than to the preselected rows, which should be held out from its training. The probabilities array holds its
 * activations, logits best: of each the rank among the preselected rows, and the rows of the least mean rank are
 * picked. The objective is the mean of 1 - rank over the picks.
 */
#include "base/error.h"
#include "selection/munro.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), {0}};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + wn_munro_bytes(request) + wn_rank_bytes(request->embeddings.rows) +
           request->embeddings.rows * sizeof(float);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    double sum = 0;
    float *keys = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *keys);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && !keys) status = wn_fail(err, WN_NOMEM, "no memory to rank %zu rows", request->embeddings.rows);
    if (!status) status = wn_munro_outliers(roster, keys, err);
    if (!status) status = wn_rank_take(roster, keys, err);
    for (size_t i = 0; i < out->len; i++) sum += (double)keys[out->picks[i]];
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->len ? sum / (double)out->len : 0;
    wn_free(keys);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_model_outliers = {
    .name = "model-outliers",
    .summary = "rows that a model reacts to less than to those it was tested on",
    .needs = WN_STRATEGY_ACTIVATIONS | WN_STRATEGY_PRESELECTED,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
