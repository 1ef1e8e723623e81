/* SPDX-License-Identifier: Apache-2.0
 *
 * The width of each row's bell by Newton's method on the logarithm of beta, kept between bounds that halve.
 */
#include "projection/perplexity.h"

#include <math.h>

enum { STEPS_MOST = 60 };

typedef struct weighing {
    const wn_map_lists *lists;
    double entropy; /* natural */
    float *weights;
} weighing;

typedef struct bell {
    double sum, mean, square; /* of exp(-beta x), and the means of x and x^2 under it; x is beyond the least */
} bell;

static bell ring(const float *distances, size_t n, double beta, float *weights)
{
    double least = (double)distances[0] * (double)distances[0];
    bell b = {0};
    for (size_t i = 0; i < n; i++) {
        double x = (double)distances[i] * (double)distances[i] - least;
        float weight = expf((float)(-beta * x));
        weights[i] = weight;
        b.sum += (double)weight, b.mean += (double)weight * x, b.square += (double)weight * x * x;
    }
    b.mean /= b.sum, b.square /= b.sum;
    return b;
}

/* The entropy ln(sum) + beta mean falls as beta grows: d entropy / d ln beta = -beta^2 variance. */
static void fit_row(const float *distances, size_t n, double entropy, float *weights)
{
    double low = -INFINITY, high = INFINITY, scale = 0;
    for (size_t i = 0; i < n; i++) scale += (double)distances[i] * (double)distances[i];
    scale = scale / (double)n - (double)distances[0] * (double)distances[0];
    if (!(scale > 0) || entropy >= log((double)n) - 1e-9) {
        for (size_t i = 0; i < n; i++) weights[i] = 1;
        return;
    }
    double log_beta = -log(scale);
    for (int step = 0; step < STEPS_MOST; step++) {
        double beta = exp(log_beta);
        bell b = ring(distances, n, beta, weights);
        double error = log(b.sum) + beta * b.mean - entropy, slope = beta * beta * (b.square - b.mean * b.mean);
        if (fabs(error) < 1e-5) return;
        if (error > 0)
            low = log_beta;
        else
            high = log_beta;
        double next = log_beta + (slope > 1e-12 ? error / slope : error > 0 ? 2 : -2);
        next = fmin(log_beta + 2, fmax(log_beta - 2, next));
        if (next <= low || next >= high) next = (low + high) / 2;
        if (!isfinite(next)) return;
        log_beta = next;
    }
}

static void weigh_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const weighing *w = context;
    const wn_map_lists *lists = w->lists;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        float *weights = w->weights + row * lists->k;
        size_t n = 0;
        double sum = 0;
        while (n < lists->k && lists->ids[row * lists->stride + n] >= 0) weights[n++] = 1;
        if (n && w->entropy > 0) fit_row(lists->distances + row * lists->stride, n, w->entropy, weights);
        for (size_t i = 0; i < n; i++) sum += (double)weights[i];
        for (size_t i = 0; i < lists->k; i++) weights[i] = i < n ? (float)((double)weights[i] / sum) : 0;
    }
}

void wn_perplexity_weigh(const wn_map_lists *lists, double perplexity, wn_pool *pool, float *weights)
{
    weighing w = {lists, perplexity > 0 ? log(perplexity) : 0, weights};
    wn_pool_for(pool, lists->rows, WN_MAP_GRAIN, weigh_rows, &w);
}
