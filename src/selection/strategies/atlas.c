/* SPDX-License-Identifier: Apache-2.0
 *
 * ATLAS, active transfer learning for adaptive sampling (Munro 2021, "Human-in-the-loop machine learning",
 * section 5.4): as active-transfer for uncertainty, in rounds; the picks of a round will be labelled, so the head takes
 * them for right when it is trained for the next one, and the batch spreads over all the ways in which the model is
 * wrong.
 */
#include "base/error.h"
#include "selection/strategy_options.h"
#include "selection/transfer.h"

typedef struct params {
    int metric;
    int64_t rounds;
    double penalty;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_INT, "rounds", "batches, with training between", offsetof(params, rounds), 1, 1e6, "10", NULL, "N", 0},
    {WN_OPTION_REAL, "penalty", "on the weights of the head", offsetof(params, penalty), 0, 1e6, "0.01", NULL, "L2", 0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + wn_transfer_bytes(request);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_transfer_pick(roster, WN_TRANSFER_UNCERTAINTY, (size_t)p->rounds, p->penalty, err);
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->mean;
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_atlas = {
    .name = "atlas",
    .summary = "rows that the model is wrong about, in all its ways of being wrong",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_PROBABILITIES | WN_STRATEGY_LABELS | WN_STRATEGY_PRESELECTED,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
