/* SPDX-License-Identifier: Apache-2.0
 *
 * What checks share.
 */
#include "quality/check_rows.h"

#include <math.h>
#include <stdlib.h>

void wn_check_apply_threshold(double threshold, wn_check_result *out)
{
    out->threshold = threshold;
    for (size_t row = 0; row < out->rows; row++) out->is_issue[row] = (double)out->scores[row] < threshold;
}

void wn_check_score_rows(const wn_check_input *input, wn_check_score *score, double threshold, wn_check_result *out)
{
    for (size_t row = 0; row < input->rows; row++) {
        double value = score(input, row);
        out->scores[row] = (float)(value < 0 ? 0 : value > 1 ? 1 : value);
    }
    wn_check_apply_threshold(threshold, out);
}

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double wn_check_quantile(double *values, size_t len, double share)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (isfinite(values[i])) values[n++] = values[i];
    }
    if (n == 0) return NAN;
    qsort(values, n, sizeof *values, compare_values);
    double at = share * (double)(n - 1);
    size_t low = (size_t)at, high = low + 1 < n ? low + 1 : low;
    return values[low] + (at - (double)low) * (values[high] - values[low]);
}

void wn_check_mean_distances(const wn_check_input *input, size_t k, double *out)
{
    if (k == 0 || k > input->k) k = input->k;
    for (size_t row = 0; row < input->rows; row++) {
        double sum = 0;
        size_t n = 0;
        for (size_t i = row * input->k; i < row * input->k + k; i++) {
            if (input->neighbours[i] < 0) continue;
            sum += (double)input->distances[i];
            n++;
        }
        out[row] = n ? sum / (double)n : NAN;
    }
}

void wn_check_show_nearest(const wn_check_input *input, wn_check_result *out)
{
    for (size_t row = 0; row < input->rows; row++) {
        out->evidence[row] = input->neighbours[row * input->k];
        out->distances[row] = out->evidence[row] < 0 ? NAN : input->distances[row * input->k];
    }
}
