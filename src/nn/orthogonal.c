/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/orthogonal.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "nn/onednn.h"

enum { ROUNDS = 5, BAND = 64, CHUNK = 16384, LANES = 8 };

static const float linear = 3.4445F, cubic = -4.7750F, quintic = 2.0315F;

/* c (rows x cols, without gaps) = op(a) b, in bands of rows of c. Of a symmetric c a band makes what is on the right of
 * its first column, and mirrors it. */
typedef struct product {
    bool transpose_a, transpose_b, symmetric;
    size_t rows, cols, depth, a_stride, b_stride;
    const float *a, *b;
    float *c;
    atomic_bool failed;
} product;

static void mirror_band(const product *p, size_t begin, size_t end)
{
    for (size_t j = end; j < p->cols; j++) {
        for (size_t i = begin; i < end; i++) p->c[j * p->cols + i] = p->c[i * p->cols + j];
    }
}

static void multiply_band(void *context, size_t begin, size_t end, unsigned worker)
{
    product *p = context;
    const size_t first = p->symmetric ? begin : 0;
    const float *a = p->a + (p->transpose_a ? begin : begin * p->a_stride);
    const float *b = p->b + (p->transpose_b ? first * p->b_stride : first);
    (void)worker;
    const wn_onednn_section section = wn_onednn_enter();
    if (wn_onednn_multiply(p->transpose_a, p->transpose_b, end - begin, p->cols - first, p->depth, a, p->a_stride, b,
                           p->b_stride, 0, p->c + begin * p->cols + first, p->cols, NULL) != WN_OK)
        atomic_store_explicit(&p->failed, true, memory_order_relaxed);
    wn_onednn_leave(section);
    if (p->symmetric) mirror_band(p, begin, end);
}

static wn_status multiply(wn_pool *pool, product p, wn_error *err)
{
    wn_pool_for(pool, p.rows, BAND, multiply_band, &p);
    return p.failed ? wn_fail(err, WN_INTERNAL, "oneDNN cannot multiply matrices of %zu x %zu", p.rows, p.cols) : WN_OK;
}

/* c = a b, n x n each: symmetric matrices that commute, so that c is symmetric as well. */
static wn_status multiply_square(wn_pool *pool, size_t n, const float *a, const float *b, float *c, wn_error *err)
{
    return multiply(
        pool,
        (product){
            .symmetric = true, .rows = n, .cols = n, .depth = n, .a_stride = n, .b_stride = n, .a = a, .b = b, .c = c},
        err);
}

/* g (n x n) = x x^T or x^T x, whichever is smaller. */
static wn_status gram(wn_pool *pool, size_t rows, size_t cols, const float *x, float *g, wn_error *err)
{
    const bool tall = rows > cols;
    const size_t n = tall ? cols : rows, m = tall ? rows : cols;
    return multiply(pool,
                    (product){.transpose_a = tall,
                              .transpose_b = !tall,
                              .symmetric = true,
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

/* p = a I + b g + c g^2. */
static wn_status make_polynomial(wn_pool *pool, size_t n, const squares *s, wn_error *err)
{
    WN_TRY(multiply_square(pool, n, s->g, s->g, s->p, err));
    for (size_t i = 0; i < n * n; i++) s->p[i] = quintic * s->p[i] + cubic * s->g[i];
    for (size_t i = 0; i < n; i++) s->p[i * n + i] += linear;
    return WN_OK;
}

/* q = the product of the polynomials of all rounds; g <- p g p between rounds. All of them commute. */
static wn_status multiply_polynomials(wn_pool *pool, size_t n, squares *s, wn_error *err)
{
    WN_TRY(make_polynomial(pool, n, s, err));
    memcpy(s->q, s->p, n * n * sizeof *s->q);
    for (int round = 1; round < ROUNDS; round++) {
        WN_TRY(multiply_square(pool, n, s->p, s->g, s->t, err));
        WN_TRY(multiply_square(pool, n, s->t, s->p, s->g, err));
        WN_TRY(make_polynomial(pool, n, s, err));
        WN_TRY(multiply_square(pool, n, s->p, s->q, s->t, err));
        float *q = s->t;
        s->t = s->q;
        s->q = q;
    }
    return WN_OK;
}

size_t wn_orthogonalize_floats(size_t rows, size_t cols)
{
    const size_t n = rows < cols ? rows : cols;
    return 4 * n * n + rows * cols;
}

/* In sums that are added side by side. */
static double sum_squares(const float *x, size_t count)
{
    double sums[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t l = 0; l < LANES; l++) sums[l] += (double)x[i + l] * (double)x[i + l];
    }
    for (; i < count; i++) sum += (double)x[i] * (double)x[i];
    for (size_t l = 0; l < LANES; l++) sum += sums[l];
    return sum;
}

typedef struct scaling {
    float *x;
    double scale; /* beyond the range of a float for the smallest x */
} scaling;

static void scale_chunk(void *context, size_t begin, size_t end, unsigned worker)
{
    const scaling *s = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) s->x[i] = (float)((double)s->x[i] * s->scale);
}

wn_status wn_orthogonalize(wn_pool *pool, size_t rows, size_t cols, float *x, float *scratch, wn_error *err)
{
    const bool tall = rows > cols;
    const size_t n = tall ? cols : rows;
    squares s = {scratch, scratch + n * n, scratch + 2 * n * n, scratch + 3 * n * n};
    float *out = scratch + 4 * n * n;
    const double squared = sum_squares(x, rows * cols);
    if (!(squared > 0.0)) return WN_OK;

    wn_pool_for(pool, rows * cols, CHUNK, scale_chunk, &(scaling){x, 1.0 / sqrt(squared)});
    WN_TRY(gram(pool, rows, cols, x, s.g, err));
    WN_TRY(multiply_polynomials(pool, n, &s, err));
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
