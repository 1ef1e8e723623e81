/* SPDX-License-Identifier: Apache-2.0
 *
 * Uncertainty herding (Bae, Oliveira and Sutherland 2025, "Uncertainty herding: one active learning method for all
 * label budgets"): greedy maximum of the sum over x of U(x) max over s in S of k(x, s). U is the score of a row; from
 * probabilities it is the margin 1 - (p1 - p2) after temperature scaling p^(1/T), with T fitted by the likelihood of
 * the labels of preselected rows where they are known (Guo et al. 2017), so that an unsure model counts for little. The
 * radius shrinks with the number of picks and preselected rows (max_herding.c): with few labels this is MaxHerding,
 * with many it picks by uncertainty alone.
 */
#include <math.h>

#include "base/error.h"
#include "selection/coverage.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric, form;
    int64_t neighbours, sweeps;
    double radius, temperature;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_COVERAGE_FORM(params),
    {WN_OPTION_REAL, "radius", "of the kernel, Euclidean (of rows of length 1 for cosine); 0 = a pick's share",
     offsetof(params, radius), 0, 1e30, "0", NULL, "R", 0},
    {WN_OPTION_REAL, "temperature", "of the probabilities; 0 = fitted where labels are known, else 1",
     offsetof(params, temperature), 0, 1000, "0", NULL, "T", 0},
    WN_OPTION_SWEEPS(params),
    {0},
};

static wn_coverage coverage_of(const params *p)
{
    return (wn_coverage){.nearness = {WN_NEARNESS_RBF, p->radius},
                         .form = (wn_coverage_form)p->form,
                         .neighbours = (size_t)p->neighbours,
                         .sweeps = (size_t)p->sweeps};
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    wn_coverage coverage = coverage_of(parameters);
    return wn_roster_bytes(request) + wn_coverage_bytes(&coverage, request) + request->embeddings.rows * sizeof(float);
}

static double log_of(float p)
{
    return log(fmax((double)p, 1e-12));
}

/* Mean log likelihood of the labels of preselected rows at a temperature. */
static double likelihood(const wn_selection_request *request, double temperature, size_t *count)
{
    const wn_matrix *p = &request->probabilities;
    double sum = 0;
    *count = 0;
    for (size_t i = 0; i < request->preselected.len; i++) {
        int64_t row = request->preselected.data[i], label = request->labels.data[row];
        double total = 0;
        if (label < 0 || (size_t)label >= p->cols) continue;
        const float *values = wn_matrix_row(p, (size_t)row);
        for (size_t c = 0; c < p->cols; c++) total += exp(log_of(values[c]) / temperature);
        sum += log_of(values[label]) / temperature - log(total);
        ++*count;
    }
    return *count ? sum / (double)*count : 0;
}

/* Golden section on log T in [1/20, 20]; the likelihood is concave in 1 / T. */
static double fit_temperature(const wn_selection_request *request)
{
    const double golden = 0.6180339887498949;
    double low = -3, high = 3;
    size_t count = 0;
    if (!request->labels.data || !request->preselected.len) return 1;
    (void)likelihood(request, 1, &count);
    if (count < 10) return 1;
    for (int step = 0; step < 40; step++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (likelihood(request, exp(a), &count) > likelihood(request, exp(b), &count)) {
            high = b;
        } else {
            low = a;
        }
    }
    return exp((low + high) / 2);
}

static void weigh_by_margin(const wn_matrix *p, double temperature, float *weights)
{
    for (size_t i = 0; i < p->rows; i++) {
        const float *values = wn_matrix_row(p, i);
        double total = 0, first = 0, second = 0;
        for (size_t c = 0; c < p->cols; c++) {
            double value = exp(log_of(values[c]) / temperature);
            total += value;
            second = fmax(second, fmin(first, value));
            first = fmax(first, value);
        }
        weights[i] = (float)(1 - (first - second) / total);
    }
}

/* Weights are not negative: scores count from the least of them when that lies below 0. */
static wn_status weigh(const params *p, const wn_selection_request *request, float *weights, wn_error *err)
{
    float least = 0;
    if (!request->scores.data) {
        double temperature = p->temperature > 0 ? p->temperature : fit_temperature(request);
        weigh_by_margin(&request->probabilities, temperature, weights);
        return WN_OK;
    }
    WN_TRY(wn_selection_score(request, weights, err));
    for (size_t i = 0; i < request->embeddings.rows; i++) least = fminf(least, weights[i]);
    for (size_t i = 0; i < request->embeddings.rows && least < 0; i++) weights[i] -= least;
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_coverage coverage = coverage_of(p);
    wn_roster *roster = NULL;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    double share = 1 / (double)(request->count + request->preselected.len + 1);
    float *weights = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *weights);
    if (!status && !weights) status = wn_fail(err, WN_NOMEM, "no memory to weigh %zu rows", request->embeddings.rows);
    if (!status) status = weigh(p, request, weights, err);
    coverage.weights = weights;
    if (!status && p->radius <= 0) status = wn_nearness_share_radius(roster, share, &coverage.nearness.radius, err);
    if (!status) status = wn_coverage_pick(&coverage, roster, err);
    if (!status) status = wn_roster_finish(roster, err);
    wn_free(weights);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_uncertainty_herding = {
    .name = "uncertainty-herding",
    .summary = "picks that the uncertain rows are near to; for any number of labels",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_SCORES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
