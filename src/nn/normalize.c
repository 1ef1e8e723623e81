/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of length 1, and the gradient through that.
 */
#include <math.h>

#include "nn/mlp.h"

enum { ROWS_GRAIN = 128 };

typedef struct rows_work {
    const float *x, *dy;
    float *y, *dx, *inverse;
    size_t width, xstride, ystride;
} rows_work;

static void normalize_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const rows_work *work = context;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const float *x = work->x + r * work->xstride;
        float *y = work->y + r * work->ystride;
        double square = 0;
        for (size_t c = 0; c < work->width; c++) square += (double)x[c] * (double)x[c];
        float inverse = square > 0 ? (float)(1 / sqrt(square)) : 0;
        for (size_t c = 0; c < work->width; c++) y[c] = x[c] * inverse;
        if (work->inverse) work->inverse[r] = inverse;
    }
}

void wn_l2_normalize_forward(wn_pool *pool, const float *x, size_t rows, size_t width, size_t xstride, float *y,
                             size_t ystride, float *inverse_lengths)
{
    rows_work work = {
        .x = x, .y = y, .inverse = inverse_lengths, .width = width, .xstride = xstride, .ystride = ystride};
    wn_pool_for(pool, rows, ROWS_GRAIN, normalize_rows, &work);
}

static void differentiate_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const rows_work *work = context;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const float *y = work->y + r * work->ystride, *dy = work->dy + r * work->ystride;
        float *dx = work->dx + r * work->xstride;
        double along = 0;
        for (size_t c = 0; c < work->width; c++) along += (double)y[c] * (double)dy[c];
        for (size_t c = 0; c < work->width; c++) dx[c] += (dy[c] - y[c] * (float)along) * work->inverse[r];
    }
}

void wn_l2_normalize_backward(wn_pool *pool, const float *y, const float *dy, size_t rows, size_t width, size_t ystride,
                              const float *inverse_lengths, float *dx, size_t xstride)
{
    rows_work work = {.y = (float *)(uintptr_t)y,
                      .dy = dy,
                      .dx = dx,
                      .inverse = (float *)(uintptr_t)inverse_lengths,
                      .width = width,
                      .xstride = xstride,
                      .ystride = ystride};
    wn_pool_for(pool, rows, ROWS_GRAIN, differentiate_rows, &work);
}
