/* SPDX-License-Identifier: Apache-2.0
 *
 * The values that decide.
 */
#include <math.h>

#include "index/index_task.h"

const char *const wn_index_metric_names[WN_INDEX_METRIC_COUNT + 1] = {
#define X(name, text) [WN_INDEX_METRIC_##name] = text,
    WN_INDEX_METRIC_MAP(X)
#undef X
};

double wn_index_value(const wn_precise_kernels *precise, wn_index_metric metric, const float *a, double a_scale,
                      const float *b, double b_scale, size_t dim)
{
    if (metric == WN_INDEX_METRIC_IP) return -precise->dot(a, b, dim);
    return precise->l2sq(a, a_scale, b, b_scale, dim);
}

double wn_index_scale(const wn_precise_kernels *precise, wn_index_metric metric, const float *row, size_t dim)
{
    double square = metric == WN_INDEX_METRIC_COSINE ? precise->dot(row, row, dim) : 1;
    return square > 0 ? 1 / sqrt(square) : 0;
}

float wn_index_distance(wn_index_metric metric, double value)
{
    switch (metric) {
    case WN_INDEX_METRIC_COSINE:
        return (float)(value / 2);
    case WN_INDEX_METRIC_IP:
        return (float)(0 - value);
    default:
        return (float)sqrt(value);
    }
}
