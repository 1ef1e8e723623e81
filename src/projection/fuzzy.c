/* SPDX-License-Identifier: Apache-2.0
 *
 * Smooth nearest-neighbour distances, and the curve of the map.
 */
#include "projection/fuzzy.h"

#include <math.h>

enum { HALVINGS = 64, PLACES = 300 };

typedef struct weighing {
    const wn_map_lists *lists;
    float *weights;
    double mean; /* distance over all lists, the floor of sigma where all neighbours of a row are at distance 0 */
} weighing;

static double sum_of(const float *distances, size_t n, double rho, double sigma)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double beyond = (double)distances[i] - rho;
        sum += beyond > 0 ? exp(-beyond / sigma) : 1;
    }
    return sum;
}

/* By halving: the sum grows with sigma. */
static double find_sigma(const float *distances, size_t n, double rho)
{
    double target = log2((double)n + 1), low = 0, high = INFINITY, sigma = 1;
    for (int step = 0; step < HALVINGS; step++) {
        double sum = sum_of(distances, n, rho, sigma);
        if (fabs(sum - target) < 1e-5) break;
        if (sum > target)
            high = sigma;
        else
            low = sigma;
        sigma = isinf(high) ? sigma * 2 : (low + high) / 2;
    }
    return sigma;
}

static void weigh_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    weighing *w = context;
    const wn_map_lists *lists = w->lists;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        const float *distances = lists->distances + row * lists->stride;
        float *weights = w->weights + row * lists->k;
        double rho = 0, mean = 0;
        size_t n = 0;
        while (n < lists->k && lists->ids[row * lists->stride + n] >= 0) mean += (double)distances[n++];
        for (size_t i = n; i-- > 0;)
            if (distances[i] > 0) rho = (double)distances[i]; /* ascending: ends at the least */
        double least = 1e-3 * (rho > 0 ? mean / (double)n : w->mean);
        double sigma = fmax(n ? find_sigma(distances, n, rho) : 1, least);
        for (size_t i = 0; i < lists->k; i++) {
            double beyond = i < n ? (double)distances[i] - rho : 0;
            weights[i] = i >= n ? 0 : beyond > 0 && sigma > 0 ? (float)exp(-beyond / sigma) : 1;
        }
    }
}

void wn_fuzzy_weigh(const wn_map_lists *lists, wn_pool *pool, float *weights)
{
    weighing w = {.lists = lists, .weights = weights};
    size_t count = 0;
    for (size_t row = 0; row < lists->rows; row++)
        for (size_t i = 0; i < lists->k; i++)
            if (lists->ids[row * lists->stride + i] >= 0)
                w.mean += (double)lists->distances[row * lists->stride + i], count++;
    if (count) w.mean /= (double)count;
    wn_pool_for(pool, lists->rows, WN_MAP_GRAIN, weigh_rows, &w);
}

/* Sums for one step of Gauss and Newton in (ln a, b), damped by `damping`; returns the sum of squares. */
static double sum_squares(double min_distance, double spread, double a, double b, double normal[3], double gradient[2])
{
    double total = 0;
    normal[0] = normal[1] = normal[2] = gradient[0] = gradient[1] = 0;
    for (int i = 0; i < PLACES; i++) {
        double x = 3 * spread * i / (PLACES - 1), wanted = x < min_distance ? 1 : exp(-(x - min_distance) / spread);
        double power = x > 0 ? a * pow(x, 2 * b) : 0, value = 1 / (1 + power), error = value - wanted;
        double by_a = -value * value * power, by_b = x > 0 ? by_a * 2 * log(x) : 0;
        normal[0] += by_a * by_a, normal[1] += by_a * by_b, normal[2] += by_b * by_b;
        gradient[0] += by_a * error, gradient[1] += by_b * error;
        total += error * error;
    }
    return total;
}

void wn_fuzzy_curve(double min_distance, double spread, double *a, double *b)
{
    double normal[3], gradient[2], damping = 1e-3;
    *a = *b = 1;
    double least = sum_squares(min_distance, spread, *a, *b, normal, gradient);
    for (int step = 0; step < 200 && damping < 1e12; step++) {
        double p = normal[0] * (1 + damping), q = normal[1], r = normal[2] * (1 + damping), det = p * r - q * q;
        double next_a = *a * exp((q * gradient[1] - r * gradient[0]) / det);
        double next_b = *b + (q * gradient[0] - p * gradient[1]) / det;
        double unused[3], unused2[2];
        double total =
            det > 0 && next_b > 0 ? sum_squares(min_distance, spread, next_a, next_b, unused, unused2) : INFINITY;
        if (total < least) {
            double gain = least - total;
            *a = next_a, *b = next_b, damping /= 4;
            least = sum_squares(min_distance, spread, *a, *b, normal, gradient);
            if (gain < 1e-14) break;
        } else {
            damping *= 4;
        }
    }
}
