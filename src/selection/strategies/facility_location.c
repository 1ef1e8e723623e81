/* SPDX-License-Identifier: Apache-2.0
 *
 * Facility location: picks that represent all rows, sum over x of max over s in S of similarity(x, s) (Cornuejols,
 * Fisher and Nemhauser 1977; for subsets of data Wei, Iyer and Bilmes 2015, "Submodularity in data subset selection and
 * active learning"). Similarity is max(0, cos) for the cosine metric; for l2 it is max(0, 1 - d^2 / (2 r^2)) with r^2
 * the mean squared distance to the mean, which is the same for centred rows of one length. Where only neighbours are
 * given, r is the root of the mean squared distance to the last of each list.
 */
#include <math.h>

#include "selection/coverage.h"
#include "selection/strategy_options.h"

typedef struct params {
    int metric, form;
    int64_t neighbours;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), WN_OPTION_COVERAGE_FORM(params), {0}};

static wn_coverage coverage_of(const params *p)
{
    return (wn_coverage){
        .nearness = {WN_NEARNESS_LINEAR, 1}, .form = (wn_coverage_form)p->form, .neighbours = (size_t)p->neighbours};
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    wn_coverage coverage = coverage_of(parameters);
    return wn_roster_bytes(request) + wn_coverage_bytes(&coverage, request);
}

static double radius_of_lists(const wn_selection_request *request)
{
    const wn_neighbours *lists = request->neighbours;
    double sum = 0;
    size_t count = 0;
    for (size_t row = 0; row < lists->rows; row++) {
        float distance = lists->k ? lists->distances[(row + 1) * lists->k - 1] : INFINITY;
        if (!isfinite(distance)) continue;
        sum += (double)distance * (double)distance;
        count++;
    }
    return request->neighbours_metric == WN_METRIC_COSINE || sum <= 0 ? 1 : sqrt(sum / (double)count);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_coverage coverage = coverage_of(p);
    wn_roster *roster = NULL;
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!request->embeddings.data) {
        coverage.nearness.radius = request->embeddings.rows ? radius_of_lists(request) : 1;
    } else if (!status) {
        status = wn_nearness_spread(roster, &coverage.nearness.radius, err);
    }
    if (!status) status = wn_coverage_pick(&coverage, roster, err);
    if (!status) status = wn_roster_finish(roster, err);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_facility_location = {
    .name = "facility-location",
    .summary = "picks that represent all rows: each row is similar to one of them",
    .needs = WN_STRATEGY_GRAPH,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
