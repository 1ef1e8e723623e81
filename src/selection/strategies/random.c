/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows drawn at random without repeats: the baseline that every other strategy has to beat.
 */
#include "base/error.h"
#include "base/rng.h"
#include "selection/roster.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {
    {WN_OPTION_CHOICE, "metric", "distance in which the covering is reported", offsetof(params, metric), 0, 0, "l2",
     wn_metric_names, NULL, 0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + (request->count + request->embeddings.rows) * sizeof(int64_t);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_rng rng;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    int64_t *places = wn_alloc(WN_MEMORY_SELECTION, request->count, sizeof *places);
    wn_rng_init(&rng, request->seed, 0);
    if (!status && (!places || !wn_rng_sample(&rng, (int64_t)roster->available_len, (int64_t)request->count, places)))
        status = wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", request->embeddings.rows);
    for (size_t i = 0; i < request->count && !status; i++)
        status = wn_roster_take(roster, roster->available[places[i]], err);
    if (!status) status = wn_roster_finish(roster, err);
    out->objective = out->radius;
    wn_free(places);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_random = {
    .name = "random",
    .summary = "rows drawn at random, the baseline",
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
