/* SPDX-License-Identifier: Apache-2.0
 *
 * Determinantal point process, greedy MAP (Chen, Zhang and Zhou 2018, "Fast greedy MAP inference for determinantal
 * point process", NeurIPS): picks that make log det L_S large, L_ij = q_i q_j exp(-|x_i - x_j|^2 / (2 r^2)), with
 * quality q_i = exp(strength x score / 2) where scores are given. With c_i the row of the Cholesky factor of an item,
 * each pick j appends e_i = (L_ji - c_j . c_i) / d_j to every c_i and lowers d_i^2 by e_i^2; the next pick has the
 * greatest d^2. Takes rows x picks floats; for up to a few thousand picks. When the rank is used up, the rows left
 * follow in order. The objective is log det L_S of the picks and preselected rows.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/distance.h"
#include "selection/grouping.h"
#include "selection/nearness.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    double radius, strength;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_REAL, "radius", "of the kernel, Euclidean (of rows of length 1 for cosine); 0 = that of the data",
     offsetof(params, radius), 0, 1e30, "0", NULL, "R", 0},
    {WN_OPTION_REAL, "strength", "how much scores count against diversity", offsetof(params, strength), 0, 1000, "1",
     NULL, "S", 0},
    {0},
};

enum { GRAIN = 256 };
static const double LEAST = 1e-6; /* of d^2 / q^2: below, float32 holds nothing but rounding */

typedef struct run {
    const wn_grouping *grouping;
    wn_roster *roster;
    wn_nearness nearness;
    size_t capacity, len; /* columns of c */
    float *c;             /* items x capacity */
    double *squares;      /* d^2 of each item */
    float *quality;       /* q of each item */
    size_t *best;         /* per chunk */
    size_t pick;
    wn_distance_kernels kernels;
} run;

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows, capacity = request->count + request->preselected.len;
    (void)parameters;
    return wn_roster_bytes(request) + wn_grouping_bytes(request, 1) + rows * capacity * sizeof(float) +
           rows * (sizeof(double) + sizeof(float)) + rows / GRAIN * sizeof(size_t) + 4096;
}

/* Appends the column of the pick to each item. */
static void append(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    size_t dim = r->grouping->dim, pick = r->pick;
    const float *points = r->grouping->points;
    double d = sqrt(r->squares[pick]);
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        float square = r->kernels.l2sq_f32(points + i * dim, points + pick * dim, dim), value;
        wn_nearness_values(&r->nearness, &square, 1, &value);
        double along = (double)(r->quality[i] * r->quality[pick] * value) -
                       (double)r->kernels.dot_f32(r->c + i * r->capacity, r->c + pick * r->capacity, r->len);
        r->c[i * r->capacity + r->len] = (float)(along / d);
    }
}

/* Lowers d^2 by the newest column, and finds the greatest that is open. */
static void lower(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    size_t best = SIZE_MAX;
    double most = 0;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        double e = r->len ? (double)r->c[i * r->capacity + r->len - 1] : 0, q = (double)r->quality[i];
        r->squares[i] -= e * e;
        if (r->squares[i] < LEAST * q * q) r->squares[i] = 0;
        if (r->squares[i] > most && wn_roster_is_open(r->roster, r->grouping->rows[i])) {
            most = r->squares[i];
            best = i;
        }
    }
    r->best[begin / GRAIN] = best;
}

/* Item `pick` joins S. */
static void join(run *r, size_t pick)
{
    if (r->squares[pick] <= 0) return;
    r->roster->out->objective += log(r->squares[pick]);
    r->pick = pick;
    wn_pool_for(r->roster->request->pool, r->grouping->len, GRAIN, append, r);
    r->len++;
    wn_pool_for(r->roster->request->pool, r->grouping->len, GRAIN, lower, r);
    r->squares[pick] = 0;
}

static size_t find_best(const run *r)
{
    size_t chunks = (r->grouping->len + GRAIN - 1) / GRAIN, best = SIZE_MAX;
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        size_t item = r->best[chunk];
        if (item != SIZE_MAX && (best == SIZE_MAX || r->squares[item] > r->squares[best])) best = item;
    }
    return best;
}

static wn_status choose(run *r, const params *p, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    double most = 0;
    for (size_t i = 0; i < r->grouping->len && request->scores.data; i++)
        most = fmax(most, fabs((double)*wn_matrix_row(&request->scores, r->grouping->rows[i])));
    for (size_t i = 0; i < r->grouping->len; i++) {
        double score = request->scores.data ? (double)*wn_matrix_row(&request->scores, r->grouping->rows[i]) : 0;
        /* scores count relative to the greatest, so that exp stays within range */
        r->quality[i] = (float)exp(most > 0 ? fmin(p->strength, 40) * score / most / 2 : 0);
        r->squares[i] = (double)r->quality[i] * (double)r->quality[i];
    }
    wn_pool_for(request->pool, r->grouping->len, GRAIN, lower, r);
    for (size_t i = 0; i < r->grouping->len; i++) {
        if (r->roster->states[r->grouping->rows[i]] & WN_ROSTER_PRESELECTED) join(r, i);
    }
    while (!wn_roster_is_full(r->roster)) {
        size_t best = find_best(r);
        if (best == SIZE_MAX) return wn_roster_fill(r->roster, err);
        WN_TRY(wn_roster_take(r->roster, r->grouping->rows[best], err));
        WN_TRY(wn_roster_tell(r->roster, err));
        join(r, best);
    }
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_grouping *grouping = NULL;
    run r = {.nearness = {WN_NEARNESS_RBF, p->radius}, .capacity = request->count + request->preselected.len};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status) status = wn_grouping_new(roster, &grouping, err);
    if (!status && p->radius <= 0) status = wn_nearness_spread(roster, &r.nearness.radius, err);
    if (status) goto done;
    r.grouping = grouping;
    r.roster = roster;
    r.c = wn_alloc(WN_MEMORY_SELECTION, grouping->len * r.capacity, sizeof *r.c);
    r.squares = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *r.squares);
    r.quality = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof *r.quality);
    r.best = wn_alloc(WN_MEMORY_SELECTION, grouping->len / GRAIN + 1, sizeof *r.best);
    if (!r.c || !r.squares || !r.quality || !r.best) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu x %zu factors", grouping->len, r.capacity);
        goto done;
    }
    wn_distance_kernels_init(&r.kernels, wn_cpu_level());
    if ((status = choose(&r, p, err))) goto done;
    wn_free(r.c);
    r.c = NULL;
    status = wn_roster_finish(roster, err);
done:
    wn_free(r.best);
    wn_free(r.quality);
    wn_free(r.squares);
    wn_free(r.c);
    wn_grouping_free(&grouping);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_dpp = {
    .name = "dpp",
    .summary = "the likeliest sample of a determinantal process: good rows that repel each other",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
