/* SPDX-License-Identifier: Apache-2.0
 *
 * Active transfer learning (Munro 2021, "Human-in-the-loop machine learning", sections 5.3): a small head on the
 * embeddings learns where the model is wrong (goal=uncertainty: from preselected rows with labels and probabilities,
 * which the model was not trained on), or what sets the candidates apart from the preselected rows
 * (goal=representativeness), and the rows that it is surest of are picked. All at once, or in rounds with training
 * between; see atlas.
 */
#include "base/error.h"
#include "selection/strategy_options.h"
#include "selection/transfer.h"

typedef struct params {
    int metric, goal;
    int64_t rounds;
    double penalty;
} params;

static const char *const goals[] = {"auto", "uncertainty", "representativeness", NULL};

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_CHOICE, "goal", "what the head learns; auto = uncertainty where labels and probabilities are given",
     offsetof(params, goal), 0, 0, "auto", goals, NULL, 0},
    {WN_OPTION_INT, "rounds", "batches, with training between", offsetof(params, rounds), 1, 1e6, "1", NULL, "N", 0},
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
    bool known = request->labels.data && request->probabilities.data;
    wn_transfer_goal goal =
        p->goal == 1 || (p->goal == 0 && known) ? WN_TRANSFER_UNCERTAINTY : WN_TRANSFER_REPRESENTATIVENESS;
    if (goal == WN_TRANSFER_UNCERTAINTY && !known)
        return wn_fail(err, WN_INVALID, "goal=uncertainty needs labels and probabilities of the preselected rows");
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_transfer_pick(roster, goal, (size_t)p->rounds, p->penalty, err);
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->mean;
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_active_transfer = {
    .name = "active-transfer",
    .summary = "rows that a small head takes for wrong, or for unlike the known ones",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_PRESELECTED,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
