/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in double: the C reference, whose order of operations is the contract.
 */
#include "num/precise.h"

#include "num/x86/precise_init.h"

enum { LANES = 8 };

static double sum_lanes(const double lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static double dot_c(const float *a, const float *b, size_t dim)
{
    double lanes[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) lanes[i] += (double)a[k + i] * (double)b[k + i];
    }
    for (size_t i = 0; k < dim; k++, i++) lanes[i] += (double)a[k] * (double)b[k];
    return sum_lanes(lanes);
}

static void dot_tiles_c(const double *a, const float *tiles, size_t dim, size_t count, double *out)
{
    for (size_t t = 0; t < count; t++, tiles += dim * WN_PRECISE_TILE, out += WN_PRECISE_TILE) {
        for (size_t i = 0; i < WN_PRECISE_TILE; i++) {
            double lanes[LANES] = {0};
            for (size_t k = 0; k < dim; k++) lanes[k % LANES] += a[k] * (double)tiles[k * WN_PRECISE_TILE + i];
            out[i] = sum_lanes(lanes);
        }
    }
}

static double l2sq_c(const float *a, double a_scale, const float *b, double b_scale, size_t dim)
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

void wn_precise_kernels_init(wn_precise_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_PRECISE_MAP(X)
#undef X
    precise_init_x86(kernels, level);
}
