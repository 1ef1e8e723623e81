/* SPDX-License-Identifier: Apache-2.0
 *
 * ProbCover (Yehuda, Dekel, Hacohen and Weinshall 2022, "Active learning through a covering lens", NeurIPS): balls of
 * one radius around the picks shall cover as many rows as they can, greedily. The radius is the greatest for which 95 %
 * of the balls are pure, that is, hold rows of one cluster only, as section 3.3 of the paper estimates it by k-means.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "num/distance.h"
#include "selection/coverage.h"
#include "selection/kmeans.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric, form;
    int64_t neighbours, clusters;
    double radius, purity;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_COVERAGE_FORM(params),
    {WN_OPTION_REAL, "radius", "of the balls, Euclidean (of rows of length 1 for cosine); 0 = by purity",
     offsetof(params, radius), 0, 1e30, "0", NULL, "R", 0},
    {WN_OPTION_REAL, "purity", "share of the balls that shall hold rows of one cluster only", offsetof(params, purity),
     0, 1, "0.95", NULL, "SHARE", 0},
    WN_OPTION_CLUSTERS(params, "clusters that purity is judged by; 0 = as many as picks, from 10 to 100"),
    {0},
};

/* Rows that purity is judged on, and balls that are tried. */
enum { MOST_ROWS = 50000, BALLS = 1000, MOST_CLUSTERS = 100, LEAST_CLUSTERS = 10, PASSES = 20 };

static wn_coverage coverage_of(const params *p)
{
    return (wn_coverage){.nearness = {WN_NEARNESS_TOPHAT, p->radius},
                         .form = (wn_coverage_form)p->form,
                         .neighbours = (size_t)p->neighbours};
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    wn_coverage coverage = coverage_of(parameters);
    size_t n = request->embeddings.rows < MOST_ROWS ? request->embeddings.rows : MOST_ROWS;
    uint64_t judging = n * (uint64_t)(request->embeddings.cols + 1) * sizeof(float) +
                       wn_pool_threads(request->pool) * n * sizeof(float) +
                       wn_kmeans_bytes(n, request->embeddings.cols, MOST_CLUSTERS);
    uint64_t covering = wn_coverage_bytes(&coverage, request);
    return wn_roster_bytes(request) + (judging > covering ? judging : covering);
}

typedef struct judge {
    const float *points;
    size_t n, dim, balls;
    const uint32_t *cluster;
    float *squares; /* threads x n */
    float *out;     /* per ball: the square at which it ceases to be pure */
    wn_distance_kernels kernels;
} judge;

static void judge_balls(void *context, size_t begin, size_t end, unsigned worker)
{
    const judge *j = context;
    float *squares = j->squares + (size_t)worker * j->n;
    for (size_t ball = begin; ball < end; ball++) {
        size_t at = ball * j->n / j->balls;
        float least = INFINITY;
        j->kernels.l2sq_rows_f32(j->points + at * j->dim, j->points, j->dim, NULL, j->n, j->dim, squares);
        for (size_t i = 0; i < j->n; i++) {
            if (j->cluster[i] != j->cluster[at] && squares[i] < least) least = squares[i];
        }
        j->out[ball] = least;
    }
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The greatest radius at which no more than 1 - purity of the balls hold a row of another cluster. */
static double read_radius(float *squares, size_t n, double purity)
{
    qsort(squares, n, sizeof *squares, compare_floats);
    size_t at = (size_t)((1 - purity) * (double)n);
    if (at >= n) at = n - 1;
    while (at < n && squares[at] <= 0) at++;
    return at < n && isfinite(squares[at]) ? sqrt((double)squares[at]) * (1 - 1e-6) : 0;
}

static wn_status judge_radius(const params *p, const wn_roster *roster, double *radius, wn_error *err)
{
    size_t len = roster->space.len, n = len < MOST_ROWS ? len : MOST_ROWS, dim = roster->space.matrix.cols;
    size_t clusters = p->clusters ? (size_t)p->clusters : roster->request->count + roster->request->preselected.len;
    unsigned threads = wn_pool_threads(roster->request->pool);
    wn_kmeans kmeans = {0};
    wn_status status;
    float *points = wn_alloc(WN_MEMORY_SELECTION, n * dim, sizeof *points), out[BALLS];
    float *squares = wn_alloc(WN_MEMORY_SELECTION, threads * n, sizeof *squares);
    if (!p->clusters) clusters = clusters < LEAST_CLUSTERS ? LEAST_CLUSTERS : clusters;
    if (!p->clusters) clusters = clusters > MOST_CLUSTERS ? MOST_CLUSTERS : clusters;
    if (!points || !squares) {
        status = wn_fail(err, WN_NOMEM, "no memory to judge %zu rows", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t row = (uint32_t)wn_space_row(&roster->space, i * len / n);
        wn_roster_gather(roster, &row, 1, points + i * dim);
    }
    wn_kmeans_request request = {.points = points,
                                 .n = n,
                                 .dim = dim,
                                 .clusters = clusters,
                                 .iterations = PASSES,
                                 .seed = roster->request->seed,
                                 .pool = roster->request->pool,
                                 .progress = roster->request->progress};
    if ((status = wn_kmeans_run(&request, &kmeans, err))) goto done;
    judge j = {.points = points, .n = n, .dim = dim, .cluster = kmeans.cluster, .squares = squares, .out = out};
    j.balls = n < BALLS ? n : BALLS;
    wn_distance_kernels_init(&j.kernels, wn_cpu_level());
    wn_pool_for(roster->request->pool, j.balls, 1, judge_balls, &j);
    *radius = n ? read_radius(out, j.balls, p->purity) : 0;
    if (*radius <= 0) status = wn_nearness_spread(roster, radius, err); /* one cluster, or copies of a few rows */
done:
    wn_kmeans_clear(&kmeans);
    wn_free(squares);
    wn_free(points);
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_coverage coverage = coverage_of(p);
    wn_roster *roster = NULL;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && p->radius <= 0) status = judge_radius(p, roster, &coverage.nearness.radius, err);
    if (!status) status = wn_coverage_pick(&coverage, roster, err);
    if (!status) status = wn_roster_finish(roster, err);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_probcover = {
    .name = "probcover",
    .summary = "balls of one radius around the picks cover as many rows as they can",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
