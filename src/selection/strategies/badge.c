/* SPDX-License-Identifier: Apache-2.0
 *
 * BADGE (Ash et al. 2020, "Deep batch active learning by diverse, uncertain gradient lower bounds", ICLR): D^2 sampling
 * of the gradients that the likeliest label would give the last layer, g = (p - e_y) (x) h with h the embedding. They
 * have classes x dim values and are never written down: with a = p - e_y,
 *
 *     |g - g'|^2 = |a|^2 |h|^2 + |a'|^2 |h'|^2 - 2 (a . a') (h . h').
 *
 * The first pick has the longest gradient. Preselected rows count as drawn. The objective is the mean distance of the
 * candidates to their nearest pick.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/distance.h"
#include "selection/grouping.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), {0}};

typedef struct gradients {
    const wn_grouping *grouping;
    size_t classes;
    float *a;        /* items x classes */
    double *squares; /* |a|^2 |h|^2 of each item */
    uint32_t *given, *drawn;
    uint8_t *closed;
    wn_distance_kernels kernels;
} gradients;

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows;
    (void)parameters;
    return wn_roster_bytes(request) + wn_grouping_bytes(request, 1) +
           rows * (request->probabilities.cols * sizeof(float) + sizeof(double) + sizeof(uint32_t) + 1) +
           request->count * sizeof(uint32_t) + wn_seeding_bytes(rows, request->count + request->preselected.len);
}

static double nearest(const void *context, size_t item, const uint32_t *drawn, size_t count)
{
    const gradients *g = context;
    size_t dim = g->grouping->dim;
    const float *a = g->a + item * g->classes, *h = g->grouping->points + item * dim;
    double least = INFINITY;
    for (size_t i = 0; i < count; i++) {
        size_t other = drawn[i];
        double aa = (double)g->kernels.dot_f32(a, g->a + other * g->classes, g->classes);
        double hh = (double)g->kernels.dot_f32(h, g->grouping->points + other * dim, dim);
        double square = g->squares[item] + g->squares[other] - 2 * aa * hh;
        /* what rounding leaves of equal gradients is nothing */
        if (square < 1e-6 * (g->squares[item] + g->squares[other])) square = 0;
        least = fmin(least, square);
    }
    return least;
}

static void make_gradients(gradients *g, const wn_roster *roster)
{
    const wn_matrix *p = &roster->request->probabilities;
    size_t dim = g->grouping->dim;
    for (size_t i = 0; i < g->grouping->len; i++) {
        float *a = g->a + i * g->classes;
        const float *h = g->grouping->points + i * dim;
        size_t best = 0;
        memcpy(a, wn_matrix_row(p, g->grouping->rows[i]), g->classes * sizeof *a);
        for (size_t c = 1; c < g->classes; c++) {
            if (a[c] > a[best]) best = c;
        }
        a[best] -= 1;
        g->squares[i] = (double)g->kernels.dot_f32(a, a, g->classes) * (double)g->kernels.dot_f32(h, h, dim);
    }
}

static wn_status draw(gradients *g, wn_roster *roster, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    wn_seeding seeding = {.n = g->grouping->len, .nearest = nearest, .context = g, .seed = request->seed};
    size_t given = 0, first = SIZE_MAX, len = 0;
    seeding.pool = request->pool;
    seeding.progress = request->progress;
    for (size_t i = 0; i < g->grouping->len; i++) {
        uint32_t row = g->grouping->rows[i];
        g->closed[i] = !wn_roster_is_open(roster, row);
        if (roster->states[row] & WN_ROSTER_PRESELECTED) g->given[given++] = (uint32_t)i;
        if (!g->closed[i] && (first == SIZE_MAX || g->squares[i] > g->squares[first])) first = i;
    }
    if (given == 0 && request->count > 0) {
        g->given[given++] = (uint32_t)first;
        WN_TRY(wn_roster_take(roster, g->grouping->rows[first], err));
    }
    size_t count = request->count - roster->out->len;
    wn_status status = wn_seeding_draw(&seeding, g->given, given, g->closed, count, g->drawn, &len, err);
    for (size_t i = 0; i < len && (!status || status == WN_CANCELLED); i++) {
        wn_status taken = wn_roster_take(roster, g->grouping->rows[g->drawn[i]], err);
        if (taken) status = taken;
    }
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    gradients g = {.classes = request->probabilities.cols};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (status) goto done;
    g.grouping = grouping;
    g.a = wn_alloc(WN_MEMORY_SELECTION, grouping->len * g.classes, sizeof *g.a);
    g.squares = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *g.squares);
    g.given = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *g.given);
    g.drawn = wn_alloc(WN_MEMORY_SELECTION, request->count, sizeof *g.drawn);
    g.closed = wn_alloc(WN_MEMORY_SELECTION, grouping->len, 1);
    if (!g.a || !g.squares || !g.given || !g.drawn || !g.closed) {
        status = wn_fail(err, WN_NOMEM, "no memory for the gradients of %zu rows", grouping->len);
        goto done;
    }
    wn_distance_kernels_init(&g.kernels, wn_cpu_level());
    make_gradients(&g, roster);
    if ((status = draw(&g, roster, err))) goto done;
    status = wn_roster_finish(roster, err);
    out->objective = out->mean;
done:
    wn_free(g.closed);
    wn_free(g.drawn);
    wn_free(g.given);
    wn_free(g.squares);
    wn_free(g.a);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_badge = {
    .name = "badge",
    .summary = "rows whose labels would teach the model much, each something else",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_PROBABILITIES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
