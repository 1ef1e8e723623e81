/* SPDX-License-Identifier: Apache-2.0
 *
 * Images far from all others: the mean distance d to the k nearest neighbours. With z the robust deviation of log d
 * (its median and median absolute deviation stand for mean and deviation), the score is the share 2 (1 - Phi(z)) of a
 * normal sample that lies farther out, and 1 below the median.
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
    {WN_OPTION_INT, "neighbours", "whose mean distance counts", offsetof(params, neighbours), 1, 1000, "20", NULL, "K",
     0},
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.003", NULL, "X", 0},
    {0},
};

/* Median and deviation (1.4826 median absolute deviations) of the finite values. */
static void get_middle(const double *values, double *scratch, size_t n, double *median, double *deviation)
{
    for (size_t i = 0; i < n; i++) scratch[i] = values[i];
    *median = wn_check_quantile(scratch, n, 0.5);
    for (size_t i = 0; i < n; i++) scratch[i] = fabs(values[i] - *median);
    *deviation = 1.4826 * wn_check_quantile(scratch, n, 0.5);
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    double median, deviation;
    double *values = wn_alloc(WN_MEMORY_GENERAL, 2 * input->rows, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", input->rows);
    wn_check_mean_distances(input, (size_t)set->neighbours, values);
    get_middle(values, values + input->rows, input->rows, &median, &deviation);
    for (size_t row = 0; row < input->rows; row++) {
        double z = deviation > 0 ? (values[row] - median) / deviation : values[row] > median ? INFINITY : 0;
        out->scores[row] = isnan(values[row]) ? NAN : z <= 0 ? 1 : (float)erfc(z / sqrt(2));
    }
    wn_check_apply_threshold(set->threshold, out);
    wn_check_show_nearest(input, out);
    wn_free(values);
    return WN_OK;
}

const wn_check wn_check_outlier = {
    .name = "outlier",
    .summary = "far from all other images",
    .needs = WN_CHECK_GRAPH,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
