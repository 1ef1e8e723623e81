/* SPDX-License-Identifier: Apache-2.0
 *
 * D^2 sampling (Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding"): each pick is drawn with
 * a probability in proportion to its squared distance to the nearest earlier one, times its score where scores are
 * given (scores below 0 count as 0). A random relative of farthest-first that does not chase outliers. The objective is
 * the mean distance of the candidates to their nearest pick.
 */
#include <string.h>

#include "base/error.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), {0}};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows;
    (void)parameters;
    return wn_roster_bytes(request) + wn_grouping_bytes(request, 1) +
           wn_seeding_bytes(rows, request->count + request->preselected.len) +
           rows * (1 + sizeof(float) + 2 * sizeof(uint32_t));
}

/* What the draw works on, per item of the grouping. */
typedef struct draw {
    uint32_t *given, *drawn;
    uint8_t *closed;
    float *weights;
} draw;

static wn_status draw_items(const wn_grouping *grouping, wn_roster *roster, draw *d, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    wn_point_seeding points;
    wn_seeding seeding = {.seed = request->seed, .pool = request->pool, .progress = request->progress};
    size_t given = 0, len = 0;
    WN_TRY(wn_point_seeding_init(&points, grouping->points, grouping->len, grouping->dim, &seeding, err));
    for (size_t i = 0; i < grouping->len; i++) {
        uint32_t row = grouping->rows[i];
        d->closed[i] = !wn_roster_is_open(roster, row);
        if (roster->states[row] & WN_ROSTER_PRESELECTED) d->given[given++] = (uint32_t)i;
        float score = request->scores.data ? *wn_matrix_row(&request->scores, row) : 1;
        d->weights[i] = score > 0 ? score : 0;
    }
    if (request->scores.data) seeding.weights = d->weights;
    wn_status status = wn_seeding_draw(&seeding, d->given, given, d->closed, request->count, d->drawn, &len, err);
    wn_point_seeding_clear(&points);
    for (size_t i = 0; i < len && (!status || status == WN_CANCELLED); i++) {
        wn_status taken = wn_roster_take(roster, grouping->rows[d->drawn[i]], err);
        if (taken) status = taken;
    }
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    draw d = {0};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (status) goto done;
    d.given = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *d.given);
    d.drawn = wn_alloc(WN_MEMORY_SELECTION, request->count, sizeof *d.drawn);
    d.closed = wn_alloc(WN_MEMORY_SELECTION, grouping->len, 1);
    d.weights = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *d.weights);
    if (!d.given || !d.drawn || !d.closed || !d.weights) {
        status = wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", grouping->len);
        goto done;
    }
    if ((status = draw_items(grouping, roster, &d, err))) goto done;
    wn_grouping_free(&grouping);
    status = wn_roster_finish(roster, err);
    out->objective = out->mean;
done:
    wn_free(d.weights);
    wn_free(d.closed);
    wn_free(d.drawn);
    wn_free(d.given);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_kmeans_plus_plus = {
    .name = "kmeans++",
    .summary = "drawn by squared distance to the picks so far, and by score",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
