/* SPDX-License-Identifier: Apache-2.0
 *
 * Representative sampling (Munro 2021, "Human-in-the-loop machine learning", section 4.4): rows that look like the data
 * to come and unlike the data that is known, cos(x, mean of the candidates) - cos(x, mean of the known rows). Known are
 * the preselected rows. In the adaptive form every pick joins them and all rows are judged again, so that picks are not
 * alike; `rounds` sets how often (0 = after each pick). The objective is the mean of the difference when picked.
 */
#include "base/error.h"
#include "selection/munro.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    bool once;
    int64_t rounds;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_BOOL, "once", "judge all rows once, not again after picks", offsetof(params, once), 0, 0, NULL, NULL,
     NULL, 0},
    {WN_OPTION_INT, "rounds", "times that rows are judged; 0 = for each pick, at most 1,000", offsetof(params, rounds),
     0, 1e9, "0", NULL, "N", 0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + wn_munro_bytes(request) + wn_rank_bytes(request->embeddings.rows) +
           request->embeddings.rows * sizeof(float) + (request->count + request->preselected.len) * sizeof(uint32_t);
}

/* Takes the `n` open rows with the greatest keys; one of them needs no sorting. */
static wn_status take_best(wn_roster *roster, size_t n, const float *keys, wn_error *err)
{
    size_t open = 0, best = 0;
    for (size_t i = 0; i < roster->available_len; i++) {
        if (wn_roster_is_open(roster, roster->available[i])) roster->available[open++] = roster->available[i];
    }
    roster->available_len = open;
    if (n > 1) {
        WN_TRY(wn_rank_sort(roster->available, open, keys, err));
        for (size_t i = 0; i < n; i++) WN_TRY(wn_roster_take(roster, roster->available[i], err));
        return WN_OK;
    }
    for (size_t i = 1; i < open; i++) {
        uint32_t row = roster->available[i], than = roster->available[best];
        if (keys[row] > keys[than] || (keys[row] >= keys[than] && row < than)) best = i;
    }
    return wn_roster_take(roster, roster->available[best], err);
}

static wn_status choose(const params *p, wn_roster *roster, float *keys, uint32_t *known, wn_error *err)
{
    size_t count = roster->request->count, len = roster->request->preselected.len;
    size_t rounds = p->once ? 1 : p->rounds ? (size_t)p->rounds : count < 1000 ? count : 1000;
    wn_selection *out = roster->out;
    wn_munro_known(roster, known);
    for (size_t round = 0; round < rounds; round++) {
        size_t until = (size_t)((double)(round + 1) * (double)count / (double)rounds + 0.5), before = out->len;
        if (until > count) until = count;
        if (until <= before) continue;
        WN_TRY(wn_munro_representative(roster, known, len, keys, err));
        WN_TRY(take_best(roster, until - before, keys, err));
        for (size_t i = before; i < out->len; i++) {
            known[len++] = (uint32_t)out->picks[i];
            out->objective += (double)keys[out->picks[i]] / (double)count;
        }
        WN_TRY(wn_roster_tell(roster, err));
    }
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    float *keys = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *keys);
    uint32_t *known = wn_alloc(WN_MEMORY_SELECTION, request->count + request->preselected.len, sizeof *known);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && (!keys || !known))
        status = wn_fail(err, WN_NOMEM, "no memory to judge %zu rows", request->embeddings.rows);
    if (!status) status = choose(p, roster, keys, known, err);
    if (!status) status = wn_roster_finish(roster, err);
    wn_free(known);
    wn_free(keys);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_representative = {
    .name = "representative",
    .summary = "rows like the data to come and unlike what is known",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_PRESELECTED,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
