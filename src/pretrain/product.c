/* SPDX-License-Identifier: Apache-2.0 */
#include "pretrain/product.h"

#include <math.h>

enum { ROWS_PER_CHUNK = 32, LANES = 16 };

typedef struct product_work {
    const wn_tile_kernels *kernels;
    const float *a, *panels;
    size_t n, k, stride;
    float *out;
} product_work;

static void multiply_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const product_work *w = context;
    (void)worker;
    wn_tile_f32 tile = {
        .rows = w->a + begin * w->k, .stride = w->k, .m = end - begin, .dim = w->k, .panels = w->panels, .n = w->n};
    w->kernels->dot_f32(&tile, w->out + begin * w->stride, w->stride);
}

void wn_product(const wn_tile_kernels *kernels, wn_pool *pool, const float *a, size_t m, const float *b, size_t n,
                size_t k, float *panels, float *out, size_t stride)
{
    product_work w = {kernels, a, panels, n, k, stride, out};
    kernels->pack_f32(b, k, NULL, n, k, panels, NULL);
    wn_pool_for(pool, m, ROWS_PER_CHUNK, multiply_rows, &w);
}

size_t wn_product_panels(size_t n, size_t k)
{
    return wn_tile_panel_len(n, k, 1);
}

void wn_transpose(const float *in, size_t rows, size_t cols, size_t stride, float *out)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) out[c * rows + r] = in[r * stride + c];
    }
}

/* In lanes, as compilers may not reorder one sum. */
static float largest_of(const float *row, size_t n)
{
    float lanes[LANES], largest = row[0];
    size_t i = 0;
    for (size_t l = 0; l < LANES; l++) lanes[l] = row[0];
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) lanes[l] = row[i + l] > lanes[l] ? row[i + l] : lanes[l];
    }
    for (; i < n; i++) largest = row[i] > largest ? row[i] : largest;
    for (size_t l = 0; l < LANES; l++) largest = lanes[l] > largest ? lanes[l] : largest;
    return largest;
}

static float sum_of(const float *row, size_t n)
{
    float lanes[LANES] = {0}, sum = 0.0F;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) lanes[l] += row[i + l];
    }
    for (; i < n; i++) sum += row[i];
    for (size_t l = 0; l < LANES; l++) sum += lanes[l];
    return sum;
}

double wn_softmax(float *row, size_t n, double gain)
{
    const float largest = largest_of(row, n), scale = (float)gain;
    for (size_t i = 0; i < n; i++) row[i] = wn_exp_negative((row[i] - largest) * scale);
    const float sum = sum_of(row, n), inverse = 1.0F / sum;
    for (size_t i = 0; i < n; i++) row[i] *= inverse;
    return log((double)sum) + gain * (double)largest;
}

double wn_momentum_cosine(double start, double progress)
{
    return 1.0 - (1.0 - start) * 0.5 * (1.0 + cos(3.14159265358979323846 * progress));
}
