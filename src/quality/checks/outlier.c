/* SPDX-License-Identifier: Apache-2.0
 *
 * Images unlike the others, by two distances: from the middle of all embeddings in terms of their spread (Mahalanobis),
 * and the mean distance to the k nearest neighbours, which also finds what lies between groups. z is the robust
 * deviation of the log of the one, or that of the other less 1, whichever is greater (median and median absolute
 * deviation stand for mean and deviation); the score is the share 2 (1 - Phi(z)) of a normal sample that lies farther
 * out, and 1 below the median.
 */
#include <math.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "quality/spread.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t neighbours;
    int by;
    double threshold;
} params;

enum { BY_BOTH, BY_SPREAD, BY_NEIGHBOURS };

static const char *const ways[] = {"both", "spread", "neighbours", NULL};

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "whose mean distance counts", offsetof(params, neighbours), 1, 1000, "20", NULL, "K",
     0},
    {WN_OPTION_CHOICE, "by", "which distance counts; without embeddings only that to neighbours does",
     offsetof(params, by), 0, 0, "both", ways, NULL, 0},
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

/* Turns the values into robust deviations from their median, less `less`. */
static void set_deviations(double *values, double *scratch, size_t n, double less)
{
    double median, deviation;
    get_middle(values, scratch, n, &median, &deviation);
    for (size_t i = 0; i < n; i++) {
        double over = values[i] - median;
        values[i] = (deviation > 0 ? over / deviation : over > 0 ? INFINITY : isnan(over) ? NAN : 0) - less;
    }
}

static bool has_neighbours(const void *context, size_t row)
{
    const wn_check_input *input = context;
    return input->neighbours[row * input->k] >= 0;
}

/* The greater of both deviations, in z. */
static wn_status find_deviations(const params *set, const wn_check_input *input, double *z, double *other,
                                 double *scratch, wn_error *err)
{
    size_t rows = input->rows;
    bool spread = set->by != BY_NEIGHBOURS && input->embeddings.data;
    wn_check_mean_distances(input, (size_t)set->neighbours, z);
    set_deviations(z, scratch, rows, spread ? 1 : 0);
    if (!spread) return WN_OK;
    WN_TRY(wn_spread_distances(&input->embeddings, has_neighbours, input, input->pool, other, err));
    for (size_t row = 0; row < rows; row++) other[row] = log(fmax(other[row], 1e-30));
    for (size_t row = 0; row < rows; row++) {
        if (isnan(z[row])) other[row] = NAN;
    }
    set_deviations(other, scratch, rows, 0);
    for (size_t row = 0; row < rows; row++) {
        if (set->by == BY_SPREAD || other[row] > z[row]) z[row] = other[row];
    }
    return WN_OK;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    double *z = wn_alloc(WN_MEMORY_GENERAL, 3 * input->rows, sizeof *z);
    if (!z) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", input->rows);
    wn_status status = find_deviations(set, input, z, z + input->rows, z + 2 * input->rows, err);
    for (size_t row = 0; row < input->rows && !status; row++)
        out->scores[row] = isnan(z[row]) ? NAN : z[row] <= 0 ? 1 : (float)erfc(z[row] / sqrt(2));
    wn_check_apply_threshold(set->threshold, out);
    wn_check_show_nearest(input, out);
    wn_free(z);
    return status;
}

const wn_check wn_check_outlier = {
    .name = "outlier",
    .summary = "unlike all other images",
    .needs = WN_CHECK_GRAPH,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
