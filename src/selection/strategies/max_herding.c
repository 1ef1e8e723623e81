/* SPDX-License-Identifier: Apache-2.0
 *
 * MaxHerding (Bae, Noh and Sutherland 2024, "Generalized coverage for more robust low-budget active learning",
 * arXiv 2407.12212): greedy maximum of the mean over x of max over s in S of k(x, s), with a Gaussian or Laplace
 * kernel; then exchanges of picks for better ones (cover_exchange.h), which the paper does not have. Unless given, the
 * radius is the distance within which a row has N / (picks + preselected) rows, the share that each pick would own.
 */
#include "selection/coverage.h"
#include "selection/strategy_options.h"

typedef struct params {
    int metric, form, kernel;
    int64_t neighbours, sweeps;
    double radius;
} params;

static const char *const kernels[] = {"rbf", "laplace", NULL};

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    WN_OPTION_COVERAGE_FORM(params),
    {WN_OPTION_CHOICE, "kernel", "how nearness falls with distance", offsetof(params, kernel), 0, 0, "rbf", kernels,
     NULL, 0},
    {WN_OPTION_REAL, "radius", "of the kernel, Euclidean (of rows of length 1 for cosine); 0 = a pick's share",
     offsetof(params, radius), 0, 1e30, "0", NULL, "R", 0},
    WN_OPTION_SWEEPS(params),
    {0},
};

static wn_coverage coverage_of(const params *p)
{
    return (wn_coverage){.nearness = {p->kernel ? WN_NEARNESS_LAPLACE : WN_NEARNESS_RBF, p->radius},
                         .form = (wn_coverage_form)p->form,
                         .neighbours = (size_t)p->neighbours,
                         .sweeps = (size_t)p->sweeps};
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    wn_coverage coverage = coverage_of(parameters);
    return wn_roster_bytes(request) + wn_coverage_bytes(&coverage, request);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_coverage coverage = coverage_of(p);
    wn_roster *roster = NULL;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    double share = 1 / (double)(request->count + request->preselected.len + 1);
    if (!status && p->radius <= 0) status = wn_nearness_share_radius(roster, share, &coverage.nearness.radius, err);
    if (!status) status = wn_coverage_pick(&coverage, roster, err);
    if (!status) status = wn_roster_finish(roster, err);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_max_herding = {
    .name = "max-herding",
    .summary = "picks in the dense parts of the data that every row is near to",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
