/* SPDX-License-Identifier: Apache-2.0
 *
 * Each round fits a middle and axes to the rows that the round before found near, and measures all drawn rows by them;
 * the last one measures every row.
 */
#include "quality/spread.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

enum { DRAWN = 100000, ROUNDS = 3, ROWS_AN_AXIS = 20, BLOCK = 1024 };

#define NEAR   0.95 /* share of the rows that the fit trusts */
#define EVENED 0.3  /* share of each variance that is the mean of all */

typedef struct fit {
    size_t dim, axes;
    double *mean, *matrix, *values, *vectors; /* dim; dim x dim; axes; axes x dim */
    float *basis, *shift;                     /* axes x dim, each axis over its deviation; dim */
    double rest;                              /* variance of the directions that are no axis */
} fit;

typedef struct measuring {
    const wn_matrix *x;
    const uint32_t *rows;
    const fit *fit;
    float *centred, *along; /* BLOCK x dim, BLOCK x axes a worker */
    double *out;
} measuring;

static void free_fit(fit *f)
{
    wn_free(f->shift);
    wn_free(f->basis);
    wn_free(f->vectors);
    wn_free(f->values);
    wn_free(f->matrix);
    wn_free(f->mean);
}

static wn_status new_fit(size_t rows, size_t dim, fit *f, wn_error *err)
{
    *f = (fit){.dim = dim, .axes = rows / ROWS_AN_AXIS < dim ? rows / ROWS_AN_AXIS : dim};
    if (f->axes == 0) f->axes = 1;
    f->mean = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *f->mean);
    f->matrix = wn_alloc(WN_MEMORY_MATRIX, dim * dim, sizeof *f->matrix);
    f->values = wn_alloc(WN_MEMORY_MATRIX, f->axes, sizeof *f->values);
    f->vectors = wn_alloc(WN_MEMORY_MATRIX, f->axes * dim, sizeof *f->vectors);
    f->basis = wn_alloc(WN_MEMORY_MATRIX, f->axes * dim, sizeof *f->basis);
    f->shift = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *f->shift);
    if (f->mean && f->matrix && f->values && f->vectors && f->basis && f->shift) return WN_OK;
    free_fit(f);
    return wn_fail(err, WN_NOMEM, "no memory for the spread of %zu dimensions", dim);
}

/* Middle and axes of the rows of `near`, which has no gaps. */
static wn_status fit_rows(const wn_matrix *near, wn_pool *pool, fit *f, wn_error *err)
{
    size_t dim = f->dim;
    double all = 0, found = 0;
    WN_TRY(wn_linear_mean(near, pool, f->mean, err));
    WN_TRY(wn_linear_covariance(near, f->mean, (double)near->rows, pool, f->matrix, err));
    for (size_t i = 0; i < dim; i++) all += f->matrix[i * dim + i];
    WN_TRY(wn_linear_eigen(f->matrix, dim, f->axes, f->values, f->vectors, err));
    double even = EVENED * all / (double)dim;
    for (size_t i = 0; i < f->axes; i++) {
        double variance = f->values[i] > 0 ? f->values[i] : 0, widened = (1 - EVENED) * variance + even;
        double scale = widened > 0 ? 1 / sqrt(widened) : 0;
        found += variance;
        for (size_t c = 0; c < dim; c++) f->basis[i * dim + c] = (float)(f->vectors[i * dim + c] * scale);
        f->values[i] = widened;
    }
    for (size_t c = 0; c < dim; c++) f->shift[c] = (float)f->mean[c];
    double rest = all > found && f->axes < dim ? (all - found) / (double)(dim - f->axes) : 0;
    f->rest = (1 - EVENED) * rest + even;
    return WN_OK;
}

static void measure_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const measuring *m = context;
    const fit *f = m->fit;
    size_t n = end - begin, dim = f->dim;
    float *centred = m->centred + (size_t)worker * BLOCK * dim, *along = m->along + (size_t)worker * BLOCK * f->axes;
    for (size_t i = 0; i < n; i++) {
        const float *row = wn_matrix_row(m->x, m->rows[begin + i]);
        for (size_t c = 0; c < dim; c++) centred[i * dim + c] = row[c] - f->shift[c];
    }
    wn_linear_multiply(WN_LINEAR_ABT, n, f->axes, dim, centred, f->basis, along);
    for (size_t i = 0; i < n; i++) {
        double far = 0, rest = 0;
        for (size_t c = 0; c < dim; c++) rest += (double)centred[i * dim + c] * (double)centred[i * dim + c];
        for (size_t a = 0; a < f->axes; a++) {
            double square = (double)along[i * f->axes + a] * (double)along[i * f->axes + a];
            far += square;
            rest -= square * f->values[a];
        }
        if (f->axes < dim && f->rest > 0 && rest > 0) far += rest / f->rest;
        m->out[begin + i] = far;
    }
}

/* out[i] for the row rows[i]. */
static wn_status measure(const wn_matrix *x, const uint32_t *rows, size_t len, const fit *f, wn_pool *pool, double *out,
                         wn_error *err)
{
    size_t threads = wn_pool_threads(pool);
    measuring m = {.x = x, .rows = rows, .fit = f, .out = out};
    m.centred = wn_alloc(WN_MEMORY_MATRIX, threads * BLOCK * f->dim, sizeof *m.centred);
    m.along = wn_alloc(WN_MEMORY_MATRIX, threads * BLOCK * f->axes, sizeof *m.along);
    wn_status status = WN_OK;
    if (m.centred && m.along) {
        wn_pool_for(pool, len, BLOCK, measure_block, &m);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory to measure %zu rows", len);
    }
    wn_free(m.along);
    wn_free(m.centred);
    return status;
}

/* The rows of `drawn` whose distance is at most `limit`, one after another. */
static size_t gather(const wn_matrix *x, const uint32_t *drawn, size_t len, const double *distances, double limit,
                     float *to)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (distances && !(distances[i] <= limit)) continue;
        memcpy(to + n++ * x->cols, wn_matrix_row(x, drawn[i]), x->cols * sizeof *to);
    }
    return n;
}

static wn_status find_fit(const wn_matrix *x, const uint32_t *drawn, size_t len, wn_pool *pool, fit *f, wn_error *err)
{
    float *near = wn_alloc(WN_MEMORY_MATRIX, len * x->cols, sizeof *near);
    double *distances = wn_alloc(WN_MEMORY_MATRIX, 2 * len, sizeof *distances), limit = INFINITY;
    wn_status status = near && distances ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the spread of %zu rows", len);
    for (size_t round = 0; round <= ROUNDS && !status; round++) {
        size_t n = gather(x, drawn, len, round ? distances : NULL, limit, near);
        wn_matrix rows = {near, n, x->cols, x->cols};
        if ((status = fit_rows(&rows, pool, f, err)) || round == ROUNDS) break;
        if ((status = measure(x, drawn, len, f, pool, distances, err))) break;
        memcpy(distances + len, distances, len * sizeof *distances);
        limit = wn_check_quantile(distances + len, len, NEAR);
    }
    wn_free(distances);
    wn_free(near);
    return status;
}

/* Fits to some of the `len` rows of `taken` and measures all of them; `scratch` has room for as many. */
static wn_status measure_taken(const wn_matrix *x, const uint32_t *taken, size_t len, uint32_t *scratch, wn_pool *pool,
                               double *out, wn_error *err)
{
    fit f;
    size_t drawn = len < DRAWN ? len : DRAWN;
    for (size_t i = 0; i < drawn; i++) scratch[i] = taken[(size_t)((double)i * (double)len / (double)drawn)];
    WN_TRY(new_fit(len, x->cols, &f, err));
    double *distances = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *distances);
    wn_status status = distances ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to measure %zu rows", len);
    if (!status) status = find_fit(x, scratch, drawn, pool, &f, err);
    if (!status) status = measure(x, taken, len, &f, pool, distances, err);
    for (size_t i = 0; i < len && !status; i++) out[taken[i]] = distances[i];
    wn_free(distances);
    free_fit(&f);
    return status;
}

wn_status wn_spread_distances(const wn_matrix *x, bool (*takes)(const void *context, size_t row), const void *context,
                              wn_pool *pool, double *out, wn_error *err)
{
    size_t len = 0;
    uint32_t *rows = wn_alloc(WN_MEMORY_GENERAL, 2 * x->rows, sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "no memory to measure %zu rows", x->rows);
    for (size_t row = 0; row < x->rows; row++) {
        out[row] = NAN;
        if (takes(context, row)) rows[len++] = (uint32_t)row;
    }
    wn_status status = len && x->cols ? measure_taken(x, rows, len, rows + len, pool, out, err) : WN_OK;
    wn_free(rows);
    return status;
}
