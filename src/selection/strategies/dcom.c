/* SPDX-License-Identifier: Apache-2.0
 *
 * DCoM (Mishal and Weinshall 2024, "DCoM: active learning for all learners", arXiv 2407.01804): margin and density,
 * mixed by how well the labelled rows cover the data. With balls around preselected rows and picks, cov the share of
 * rows in them, and
 *
 *     competence = (1 + e^(-k (1 - a))) / (1 + e^(-k (cov - a))),   k = 30, a = 0.9 of the paper,
 *     score(x)   = competence * margin(x) + (1 - competence) * density(x)
 *
 * the row of the greatest score is picked. margin is the score of a row, scaled to 0 .. 1 (1 - (p1 - p2) from
 * probabilities); density is the number of rows in the ball of x that no ball holds yet, over the greatest. The ball
 * of a preselected row reaches to where fewer than `purity` of its rows have the class that the model predicts for it;
 * that of a pick is their mean. Without preselected rows the radius is the mean distance to a row of another class.
 * The objective is the share of covered rows.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/cover_graph.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t neighbours;
    double purity, radius, slope, middle;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_INT, "neighbours", "nearest rows that a ball can hold", offsetof(params, neighbours), 1, 10000, "100",
     NULL, "M", 0},
    {WN_OPTION_REAL, "purity", "share of a ball that shall be of one predicted class", offsetof(params, purity), 0, 1,
     "0.95", NULL, "SHARE", 0},
    {WN_OPTION_REAL, "radius", "of the balls, Euclidean (of rows of length 1 for cosine); 0 = by purity",
     offsetof(params, radius), 0, 1e30, "0", NULL, "R", 0},
    {WN_OPTION_REAL, "slope", "k of the competence", offsetof(params, slope), 0, 1e6, "30", NULL, "K", 0},
    {WN_OPTION_REAL, "middle", "a of the competence", offsetof(params, middle), 0, 1, "0.9", NULL, "A", 0},
    {0},
};

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->embeddings.rows;
    size_t k = request->neighbours ? request->neighbours->k : (size_t)p->neighbours;
    return wn_roster_bytes(request) + wn_cover_graph_bytes(rows, k, wn_pool_threads(request->pool)) + rows * 20 +
           (request->neighbours ? 0 : wn_cover_lists_bytes(request, k));
}

typedef struct run {
    const params *params;
    wn_roster *roster;
    const wn_neighbours *lists;
    wn_cover_graph *graph;
    wn_metric metric;
    uint32_t *classes; /* predicted, per row */
    float *margins;    /* per row, 0 .. 1 */
    uint32_t *degrees; /* per row: rows of its ball that no ball holds */
    uint8_t *covered;
    size_t covered_len;
} run;

static double list_distance(const run *r, size_t row, size_t j)
{
    float square;
    wn_cover_squares(r->metric, r->lists->distances + row * r->lists->k + j, 1, &square);
    return sqrt((double)square);
}

/* How far the ball of a row reaches: through its list until purity falls below what is wanted. */
static double pure_radius(const run *r, size_t row)
{
    const int64_t *ids = r->lists->ids + row * r->lists->k;
    double radius = 0;
    size_t same = 1, all = 1;
    for (size_t j = 0; j < r->lists->k && ids[j] >= 0; j++) {
        same += r->classes[ids[j]] == r->classes[row];
        all++;
        if ((double)same >= r->params->purity * (double)all) radius = list_distance(r, row, j);
    }
    return radius;
}

static double mean_radius(const run *r)
{
    const wn_rows *given = &r->roster->request->preselected;
    size_t n = given->len ? given->len : r->lists->rows, count = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double radius = pure_radius(r, given->len ? (size_t)given->data[i] : i);
        sum += radius;
        count += radius > 0;
    }
    return count ? sum / (double)count : 1;
}

static void cover_row(run *r, size_t row)
{
    const wn_cover_graph *graph = r->graph;
    if (r->covered[row]) return;
    r->covered[row] = 1;
    r->covered_len += (r->roster->states[row] & WN_ROSTER_CANDIDATE) != 0;
    for (uint32_t i = 0; i < graph->lens[row]; i++) r->degrees[graph->ids[graph->starts[row] + i]]--;
}

/* The ball of a preselected row has a radius of its own. */
static void cover_given(run *r, size_t row)
{
    const int64_t *ids = r->lists->ids + row * r->lists->k;
    double radius = r->params->radius > 0 ? r->params->radius : pure_radius(r, row);
    cover_row(r, row);
    for (size_t j = 0; j < r->lists->k && ids[j] >= 0 && list_distance(r, row, j) <= radius; j++)
        cover_row(r, (size_t)ids[j]);
}

static void cover_ball(run *r, size_t row)
{
    const wn_cover_graph *graph = r->graph;
    for (uint32_t i = 0; i < graph->lens[row]; i++) cover_row(r, graph->ids[graph->starts[row] + i]);
}

static wn_status measure_margins(run *r, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    const wn_matrix *p = &request->probabilities;
    float least = INFINITY, most = -INFINITY;
    WN_TRY(wn_selection_score(request, r->margins, err));
    for (size_t i = 0; i < p->rows; i++) {
        const float *values = wn_matrix_row(p, i);
        r->classes[i] = 0;
        for (size_t c = 1; c < p->cols; c++) {
            if (values[c] > values[r->classes[i]]) r->classes[i] = (uint32_t)c;
        }
        least = fminf(least, r->margins[i]);
        most = fmaxf(most, r->margins[i]);
    }
    for (size_t i = 0; i < p->rows; i++) r->margins[i] = most > least ? (r->margins[i] - least) / (most - least) : 0;
    return WN_OK;
}

static double competence(const run *r)
{
    const params *p = r->params;
    double cov = r->roster->space.len ? (double)r->covered_len / (double)r->roster->space.len : 1;
    double c = (1 + exp(-p->slope * (1 - p->middle))) / (1 + exp(-p->slope * (cov - p->middle)));
    return fmin(c, 1);
}

static wn_status choose(run *r, wn_error *err)
{
    const wn_roster *roster = r->roster;
    while (!wn_roster_is_full(roster)) {
        size_t best = SIZE_MAX;
        uint32_t most = 1;
        double c = competence(r), best_score = -1;
        for (size_t i = 0; i < roster->available_len; i++) {
            size_t row = roster->available[i];
            if (wn_roster_is_open(roster, row) && r->degrees[row] > most) most = r->degrees[row];
        }
        for (size_t i = 0; i < roster->available_len; i++) {
            size_t row = roster->available[i];
            if (!wn_roster_is_open(roster, row)) continue;
            double score = c * (double)r->margins[row] + (1 - c) * (double)r->degrees[row] / (double)most;
            if (score > best_score) {
                best_score = score;
                best = row;
            }
        }
        WN_TRY(wn_roster_take(r->roster, best, err));
        cover_ball(r, best);
    }
    return WN_OK;
}

static wn_status run_on(run *r, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    wn_nearness ball = {WN_NEARNESS_TOPHAT, r->params->radius};
    WN_TRY(measure_margins(r, err));
    if (ball.radius <= 0) ball.radius = mean_radius(r);
    WN_TRY(wn_cover_graph_new(r->lists, r->metric, &ball, request->pool, &r->graph, err));
    for (size_t row = 0; row < r->lists->rows; row++) r->degrees[row] = r->graph->lens[row];
    for (size_t i = 0; i < request->preselected.len; i++) cover_given(r, (size_t)request->preselected.data[i]);
    WN_TRY(choose(r, err));
    r->roster->out->objective = r->roster->space.len ? (double)r->covered_len / (double)r->roster->space.len : 0;
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    wn_neighbours own = {0};
    size_t rows = request->embeddings.rows;
    run r = {.params = p};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (status || rows == 0) goto done;
    r.roster = roster;
    r.classes = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.classes);
    r.margins = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.margins);
    r.degrees = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.degrees);
    r.covered = wn_calloc(WN_MEMORY_SELECTION, rows, 1);
    if (!r.classes || !r.margins || !r.degrees || !r.covered) {
        status = wn_fail(err, WN_NOMEM, "no memory to judge %zu rows", rows);
        goto done;
    }
    if ((status = wn_cover_lists(roster, (size_t)p->neighbours, &own, &r.lists, &r.metric, err))) goto done;
    if ((status = run_on(&r, err))) goto done;
    status = wn_roster_finish(roster, err);
done:
    wn_cover_graph_free(&r.graph);
    wn_neighbours_clear(&own);
    wn_free(r.covered);
    wn_free(r.degrees);
    wn_free(r.margins);
    wn_free(r.classes);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_dcom = {
    .name = "dcom",
    .summary = "dense uncovered places first, uncertain rows as coverage grows",
    .needs = WN_STRATEGY_GRAPH | WN_STRATEGY_PROBABILITIES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
