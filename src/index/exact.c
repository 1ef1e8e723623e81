/* SPDX-License-Identifier: Apache-2.0
 *
 * The values that decide. Sums run over eight partial sums in a fixed order, so that a value depends on the two rows
 * alone and the compiler can keep them in vector registers.
 */
#include <math.h>

#include "index/index_task.h"

enum { LANES = 8 };

const char *const wn_index_metric_names[WN_INDEX_METRIC_COUNT + 1] = {
#define X(name, text) [WN_INDEX_METRIC_##name] = text,
    WN_INDEX_METRIC_MAP(X)
#undef X
};

static double sum_lanes(const double lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static double inner_product(const float *a, const float *b, size_t dim)
{
    double lanes[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) lanes[i] += (double)a[k + i] * (double)b[k + i];
    }
    for (size_t i = 0; k < dim; k++, i++) lanes[i] += (double)a[k] * (double)b[k];
    return sum_lanes(lanes);
}

static double squared_distance(const float *a, double a_scale, const float *b, double b_scale, size_t dim)
{
    double lanes[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) {
            double difference = (double)a[k + i] * a_scale - (double)b[k + i] * b_scale;
            lanes[i] += difference * difference;
        }
    }
    for (size_t i = 0; k < dim; k++, i++) {
        double difference = (double)a[k] * a_scale - (double)b[k] * b_scale;
        lanes[i] += difference * difference;
    }
    return sum_lanes(lanes);
}

double wn_index_value(wn_index_metric metric, const float *a, double a_scale, const float *b, double b_scale,
                      size_t dim)
{
    if (metric == WN_INDEX_METRIC_IP) return -inner_product(a, b, dim);
    return squared_distance(a, a_scale, b, b_scale, dim);
}

double wn_index_scale(wn_index_metric metric, const float *row, size_t dim)
{
    double square = metric == WN_INDEX_METRIC_COSINE ? inner_product(row, row, dim) : 1;
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
