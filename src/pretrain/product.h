/* SPDX-License-Identifier: Apache-2.0
 *
 * Small matrix pieces that losses share.
 */
#ifndef PRETRAIN_PRODUCT_H
#define PRETRAIN_PRODUCT_H

#include <stddef.h>

#include "num/tile.h"
#include "winnow/pool.h"

/* out (m x n, rows `stride` apart) = a (m x k) times the transpose of b (n x k). `panels` holds wn_product_panels(n, k)
 * floats. The same bytes for any pool. */
void wn_product(const wn_tile_kernels *kernels, wn_pool *pool, const float *a, size_t m, const float *b, size_t n,
                size_t k, float *panels, float *out, size_t stride);

size_t wn_product_panels(size_t n, size_t k);

/* out (cols x rows) = in (rows x cols, rows `stride` apart). */
void wn_transpose(const float *in, size_t rows, size_t cols, size_t stride, float *out);

/* row[0 .. n) becomes its softmax at scale `gain`; returns log sum exp(gain x). */
double wn_softmax(float *row, size_t n, double gain);

/* exp(x) for x up to about 0, relative error below 1e-6; plain arithmetic, so that loops vectorise. */
static inline float wn_exp_negative(float x)
{
    x = x > -80.0F ? x : -80.0F;
    int n = (int)(x * 1.44269504F - 0.5F);
    float r = (x - (float)n * 0.693359375F) + (float)n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    union {
        int bits;
        float value;
    } power = {(n + 127) << 23};
    return p * power.value;
}

/* How slowly a teacher follows: from `start` to 1 along half a cosine (Grill et al. 2020). */
double wn_momentum_cosine(double start, double progress);

#endif
