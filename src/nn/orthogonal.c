/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/orthogonal.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "nn/onednn.h"

enum { ROUNDS = 5, BAND = 64 };

static const float linear = 3.4445F, cubic = -4.7750F, quintic = 2.0315F;

/* c (rows x cols, without gaps) = op(a) b, in bands of rows of c. */
typedef struct product {
    bool transpose_a, transpose_b;
    size_t rows, cols, depth, a_stride, b_stride;
    const float *a, *b;
    float *c;
    atomic_bool failed;
} product;

static void multiply_band(void *context, size_t begin, size_t end, unsigned worker)
{
    product *p = context;
    const float *a = p->a + (p->transpose_a ? begin : begin * p->a_stride);
    (void)worker;
    const wn_onednn_section section = wn_onednn_enter();
    if (wn_onednn_multiply(p->transpose_a, p->transpose_b, end - begin, p->cols, p->depth, a, p->a_stride, p->b,
                           p->b_stride, 0, p->c + begin * p->cols, p->cols, NULL) != WN_OK)
        atomic_store_explicit(&p->failed, true, memory_order_relaxed);
    wn_onednn_leave(section);
}

static wn_status multiply(wn_pool *pool, product p, wn_error *err)
{
    wn_pool_for(pool, p.rows, BAND, multiply_band, &p);
    return p.failed ? wn_fail(err, WN_INTERNAL, "oneDNN cannot multiply matrices of %zu x %zu", p.rows, p.cols) : WN_OK;
}

/* c = a b, n x n each. */
static wn_status multiply_square(wn_pool *pool, size_t n, const float *a, const float *b, float *c, wn_error *err)
{
    return multiply(
        pool, (product){.rows = n, .cols = n, .depth = n, .a_stride = n, .b_stride = n, .a = a, .b = b, .c = c}, err);
}

/* g (n x n) = x x^T or x^T x, whichever is smaller. */
static wn_status gram(wn_pool *pool, size_t rows, size_t cols, const float *x, float *g, wn_error *err)
{
    const bool tall = rows > cols;
    const size_t n = tall ? cols : rows, m = tall ? rows : cols;
    return multiply(pool,
                    (product){.transpose_a = tall,
                              .transpose_b = !tall,
                              .rows = n,
                              .cols = n,
                              .depth = m,
                              .a_stride = cols,
                              .b_stride = cols,
                              .a = x,
                              .b = x,
                              .c = g},
                    err);
}

/* The matrices of a call, n x n each. */
typedef struct squares {
    float *g, *p, *q, *t;
} squares;

/* One round: p = a I + b g + c g^2, q <- p q and g <- p g p. All of them commute. */
static wn_status advance(wn_pool *pool, size_t n, squares *s, bool last, wn_error *err)
{
    WN_TRY(multiply_square(pool, n, s->g, s->g, s->p, err));
    for (size_t i = 0; i < n * n; i++) s->p[i] = quintic * s->p[i] + cubic * s->g[i];
    for (size_t i = 0; i < n; i++) s->p[i * n + i] += linear;
    WN_TRY(multiply_square(pool, n, s->p, s->q, s->t, err));
    float *q = s->t;
    s->t = s->q;
    s->q = q;
    if (last) return WN_OK;
    WN_TRY(multiply_square(pool, n, s->p, s->g, s->t, err));
    return multiply_square(pool, n, s->t, s->p, s->g, err);
}

size_t wn_orthogonalize_floats(size_t rows, size_t cols)
{
    const size_t n = rows < cols ? rows : cols;
    return 4 * n * n + rows * cols;
}

wn_status wn_orthogonalize(wn_pool *pool, size_t rows, size_t cols, float *x, float *scratch, wn_error *err)
{
    const bool tall = rows > cols;
    const size_t n = tall ? cols : rows;
    squares s = {scratch, scratch + n * n, scratch + 2 * n * n, scratch + 3 * n * n};
    float *out = scratch + 4 * n * n;
    double squared = 0.0;
    for (size_t i = 0; i < rows * cols; i++) squared += (double)x[i] * (double)x[i];
    if (!(squared > 0.0)) return WN_OK;

    const double scale = 1.0 / sqrt(squared); /* beyond the range of a float for the smallest x */
    for (size_t i = 0; i < rows * cols; i++) x[i] = (float)((double)x[i] * scale);
    WN_TRY(gram(pool, rows, cols, x, s.g, err));
    memset(s.q, 0, n * n * sizeof *s.q);
    for (size_t i = 0; i < n; i++) s.q[i * n + i] = 1.0F;
    for (int round = 0; round < ROUNDS; round++) WN_TRY(advance(pool, n, &s, round + 1 == ROUNDS, err));
    WN_TRY(multiply(pool,
                    (product){.rows = rows,
                              .cols = cols,
                              .depth = n,
                              .a_stride = n,
                              .b_stride = cols,
                              .a = tall ? x : s.q,
                              .b = tall ? s.q : x,
                              .c = out},
                    err));
    memcpy(x, out, rows * cols * sizeof *x);
    return WN_OK;
}
