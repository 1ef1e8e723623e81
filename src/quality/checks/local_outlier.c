/* SPDX-License-Identifier: Apache-2.0
 *
 * Images in sparser surroundings than their neighbours: the local outlier factor (Breunig et al. 2000), the mean of the
 * neighbours' reachability densities over the row's own. The score is 1 / max(1, factor).
 */
#include <math.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t neighbours;
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "that make the surroundings", offsetof(params, neighbours), 1, 1000, "20", NULL, "K",
     0},
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.5", NULL, "X", 0},
    {0},
};

/* Distance from a row to its last neighbour among the first k. */
static double reach_of(const wn_check_input *input, size_t row, size_t k)
{
    double reach = 0;
    for (size_t i = row * input->k; i < row * input->k + k; i++) {
        if (input->neighbours[i] >= 0) reach = (double)input->distances[i];
    }
    return reach;
}

/* One over the mean reachability distance; NaN without neighbours. Equal images have distances of 0: the least that is
 * counted keeps the density finite. */
static double density_of(const wn_check_input *input, size_t row, size_t k, const double *reach)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = row * input->k; i < row * input->k + k; i++) {
        if (input->neighbours[i] < 0) continue;
        sum += fmax((double)input->distances[i], reach[input->neighbours[i]]);
        n++;
    }
    return n ? (double)n / fmax(sum, 1e-9 * (double)n) : NAN;
}

static double factor_of(const wn_check_input *input, size_t row, size_t k, const double *density)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = row * input->k; i < row * input->k + k; i++) {
        if (input->neighbours[i] < 0 || isnan(density[input->neighbours[i]])) continue;
        sum += density[input->neighbours[i]];
        n++;
    }
    return n ? sum / (double)n / density[row] : NAN;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    size_t rows = input->rows, k = (size_t)set->neighbours < input->k ? (size_t)set->neighbours : input->k;
    double *reach = wn_alloc(WN_MEMORY_GENERAL, 2 * rows, sizeof *reach), *density = reach ? reach + rows : NULL;
    if (!reach) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", rows);
    for (size_t row = 0; row < rows; row++) reach[row] = reach_of(input, row, k);
    for (size_t row = 0; row < rows; row++) density[row] = density_of(input, row, k, reach);
    for (size_t row = 0; row < rows; row++) out->scores[row] = (float)(1 / fmax(1, factor_of(input, row, k, density)));
    for (size_t row = 0; row < rows; row++) {
        if (isnan(density[row])) out->scores[row] = NAN;
    }
    wn_check_apply_threshold(set->threshold, out);
    wn_check_show_nearest(input, out);
    wn_free(reach);
    return WN_OK;
}

const wn_check wn_check_local_outlier = {
    .name = "local-outlier",
    .summary = "in sparser surroundings than its neighbours",
    .needs = WN_CHECK_GRAPH,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
