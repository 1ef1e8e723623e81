/* SPDX-License-Identifier: Apache-2.0
 *
 * Principal components. Axes come from the covariance, whose products run in float32; the variance along each axis is
 * then measured on the rows themselves, in double, so that small variances are not lost beside great ones.
 */
#include "winnow/pca.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/distance.h"
#include "num/linear.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

enum { MEASURE_ROWS = 4096, APPLY_GRAIN = 256 };
/* Of the random subspace: vectors beyond those wanted, and products with the covariance. */
enum { OVERSAMPLE = 32, PASSES = 6 };
enum { BLOCK_FLOATS = 1 << 21, BLOCK_MOST = 1024, BLOCK_LEAST = 64 };

/* Axes with less of the greatest variance are noise of float32. */
static const double VARIANCE_LEAST = 1e-10;

void wn_pca_clear(wn_pca *pca)
{
    wn_free(pca->mean);
    wn_free(pca->axes);
    wn_free(pca->variance);
    *pca = (wn_pca){0};
}

double wn_pca_explained(const wn_pca *pca)
{
    double sum = 0;
    for (size_t i = 0; i < pca->dim; i++) sum += pca->variance[i];
    return pca->total > 0 ? fmin(sum / pca->total, 1) : 1;
}

/* ---- applying ---- */

typedef struct applying {
    const wn_pca *pca;
    const wn_matrix *matrix;
    float *centred; /* threads x from */
    float *out;
    wn_distance_kernels distance;
} applying;

static void apply_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const applying *a = context;
    const wn_pca *pca = a->pca;
    float *centred = a->centred + worker * pca->from;
    for (size_t r = begin; r < end; r++) {
        const float *row = wn_matrix_row(a->matrix, r);
        float *out = a->out + r * pca->dim;
        for (size_t c = 0; c < pca->from; c++) centred[c] = (float)((double)row[c] - pca->mean[c]);
        a->distance.dot_rows_f32(centred, pca->axes, pca->from, NULL, pca->dim, pca->from, out);
        for (size_t i = 0; i < pca->dim && pca->whiten; i++) {
            const float scale = i < pca->rank ? (float)(1 / sqrt(pca->variance[i])) : 0;
            out[i] = isfinite(out[i]) ? out[i] * scale : NAN;
        }
    }
}

wn_status wn_pca_apply(const wn_pca *pca, const wn_matrix *matrix, wn_pool *pool, float *out, wn_error *err)
{
    applying a = {.pca = pca, .matrix = matrix, .out = out};
    if (matrix->cols != pca->from)
        return wn_fail(err, WN_INVALID, "rows of %zu dimensions cannot be reduced by axes for %zu", matrix->cols,
                       pca->from);
    a.centred = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(pool), pca->from * sizeof *a.centred);
    if (!a.centred) return wn_fail(err, WN_NOMEM, "no memory to reduce rows of %zu dimensions", pca->from);
    wn_distance_kernels_init(&a.distance, wn_cpu_level());
    wn_pool_for(pool, matrix->rows, APPLY_GRAIN, apply_rows, &a);
    wn_free(a.centred);
    return WN_OK;
}

/* ---- fitting ---- */

typedef struct fitting {
    const wn_pca_request *request;
    wn_pca *pca;
    size_t passes, pass; /* over the rows, for the progress */
    double *basis;       /* width x from: axes, in double */
    double *values;      /* width */
    size_t width;

    /* one product with the covariance */
    size_t first, block; /* row that the wave starts at; rows of a block */
    float *thin;         /* basis in float */
    float *centred;      /* threads x block x from */
    float *projected;    /* threads x block x width */
    float *products;     /* threads x width x from */
    double *squares;     /* of the wave's blocks */
} fitting;

static wn_status tell(fitting *f, wn_error *err)
{
    const size_t rows = f->request->matrix.rows;
    wn_progress_report report = {.stage = "pca", .unit = "rows", .done = ++f->pass * rows, .total = f->passes * rows};
    if (wn_progress_tell(f->request->progress, &report) && f->pass < f->passes)
        return wn_fail(err, WN_CANCELLED, "stopped while finding principal components");
    return WN_OK;
}

static wn_status fit_exact(fitting *f, wn_error *err)
{
    const wn_matrix *x = &f->request->matrix;
    const size_t d = x->cols;
    double *covariance = wn_alloc(WN_MEMORY_MATRIX, d * sizeof *covariance, d);
    wn_status status = covariance ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the covariance of %zu columns", d);
    const double divisor = x->rows > 1 ? (double)(x->rows - 1) : 1;
    if (!status) status = wn_linear_covariance(x, f->pca->mean, divisor, f->request->pool, covariance, err);
    for (size_t k = 0; k < d && !status; k++) f->pca->total += covariance[k * d + k];
    if (!status) status = tell(f, err);
    if (!status) status = wn_linear_eigen(covariance, d, f->width, f->values, f->basis, err);
    wn_free(covariance);
    return status;
}

/* One block of rows: its part of (x - mean)' (x - mean) basis, and its squares. */
static void multiply_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const fitting *f = context;
    const wn_matrix *x = &f->request->matrix;
    const size_t d = x->cols, n = end - begin, at = begin / f->block;
    float *centred = f->centred + worker * f->block * d, *projected = f->projected + worker * f->block * f->width;
    double squares = 0;
    for (size_t r = 0; r < n; r++) {
        const float *row = wn_matrix_row(x, f->first + begin + r);
        for (size_t c = 0; c < d; c++) {
            const double value = (double)row[c] - f->pca->mean[c];
            centred[r * d + c] = (float)value;
            squares += value * value;
        }
    }
    f->squares[at] = squares;
    wn_linear_multiply(WN_LINEAR_ABT, n, f->width, d, centred, f->thin, projected);
    wn_linear_multiply(WN_LINEAR_ATB, f->width, d, n, projected, centred, f->products + at * f->width * d);
}

/* basis = basis times the covariance; blocks are added in order. */
static void multiply(fitting *f)
{
    const size_t rows = f->request->matrix.rows, count = f->width * f->request->matrix.cols;
    const size_t wave = wn_pool_threads(f->request->pool) * f->block;
    double total = 0;
    for (size_t i = 0; i < count; i++) f->thin[i] = (float)f->basis[i];
    memset(f->basis, 0, count * sizeof *f->basis);
    for (f->first = 0; f->first < rows; f->first += wave) {
        const size_t n = rows - f->first < wave ? rows - f->first : wave;
        wn_pool_for(f->request->pool, n, f->block, multiply_block, f);
        for (size_t b = 0; b < (n + f->block - 1) / f->block; b++) {
            const float *product = f->products + b * count;
            for (size_t i = 0; i < count; i++) f->basis[i] += (double)product[i];
            total += f->squares[b];
        }
    }
    f->pca->total = total / (rows > 1 ? (double)(rows - 1) : 1);
}

/* Eigenvectors within the subspace: values and basis become those of the rows projected on it. */
static wn_status turn(fitting *f, wn_error *err)
{
    const wn_matrix *x = &f->request->matrix;
    const size_t d = x->cols, w = f->width, dim = f->pca->dim;
    const double divisor = x->rows > 1 ? (double)(x->rows - 1) : 1;
    wn_status status = WN_OK;
    float *points = wn_alloc(WN_MEMORY_MATRIX, x->rows, w * sizeof *points);
    double *covariance = wn_alloc(WN_MEMORY_MATRIX, w * w, sizeof *covariance);
    double *vectors = wn_alloc(WN_MEMORY_MATRIX, dim * w, sizeof *vectors);
    double *turned = wn_calloc(WN_MEMORY_MATRIX, dim * d, sizeof *turned);
    if (!points || !covariance || !vectors || !turned)
        status = wn_fail(err, WN_NOMEM, "no memory for %zu principal components", dim);
    for (size_t i = 0; i < w * d && !status; i++) f->thin[i] = (float)f->basis[i];
    if (!status) status = wn_linear_project(x, f->pca->mean, f->thin, w, f->request->pool, points, err);
    const wn_matrix inside = {points, x->rows, w, w};
    if (!status) status = wn_linear_covariance(&inside, NULL, divisor, f->request->pool, covariance, err);
    if (!status) status = wn_linear_eigen(covariance, w, dim, f->values, vectors, err);
    for (size_t i = 0; i < dim && !status; i++) {
        for (size_t k = 0; k < w; k++) {
            const double share = vectors[i * w + k], *from = f->basis + k * d;
            for (size_t c = 0; c < d; c++) turned[i * d + c] += share * from[c];
        }
    }
    if (!status) memcpy(f->basis, turned, dim * d * sizeof *turned);
    wn_free(turned);
    wn_free(vectors);
    wn_free(covariance);
    wn_free(points);
    return status;
}

static size_t block_rows(size_t cols)
{
    const size_t rows = BLOCK_FLOATS / cols;
    return rows > BLOCK_MOST ? BLOCK_MOST : rows < BLOCK_LEAST ? BLOCK_LEAST : rows;
}

static wn_status fit_random(fitting *f, wn_error *err)
{
    const size_t d = f->request->matrix.cols, w = f->width, threads = wn_pool_threads(f->request->pool);
    wn_rng rng;
    wn_status status = WN_OK;
    f->block = block_rows(d);
    f->thin = wn_alloc(WN_MEMORY_MATRIX, w * sizeof *f->thin, d);
    f->centred = wn_alloc(WN_MEMORY_MATRIX, threads * f->block, d * sizeof *f->centred);
    f->projected = wn_alloc(WN_MEMORY_MATRIX, threads * f->block, w * sizeof *f->projected);
    f->products = wn_alloc(WN_MEMORY_MATRIX, threads * w, d * sizeof *f->products);
    f->squares = wn_alloc(WN_MEMORY_MATRIX, threads, sizeof *f->squares);
    if (!f->thin || !f->centred || !f->projected || !f->products || !f->squares)
        status = wn_fail(err, WN_NOMEM, "no memory for %zu principal components of %zu dimensions", f->pca->dim, d);
    wn_rng_init(&rng, f->request->seed, 0);
    for (size_t i = 0; i < w * d && !status; i++) f->basis[i] = (double)wn_rng_normal(&rng);
    if (!status) status = wn_linear_orthonormal(f->basis, w, d, NULL, err);
    for (int pass = 0; pass < PASSES && !status; pass++) {
        multiply(f);
        if (!(status = tell(f, err))) status = wn_linear_orthonormal(f->basis, w, d, NULL, err);
    }
    if (!status) status = turn(f, err);
    wn_free(f->squares);
    wn_free(f->products);
    wn_free(f->projected);
    wn_free(f->centred);
    wn_free(f->thin);
    return status;
}

/* Variances along the axes, from the rows; the order of the rows fixes that of the sums. */
static wn_status measure(fitting *f, wn_error *err)
{
    const wn_matrix *x = &f->request->matrix;
    wn_pca plain = *f->pca;
    const size_t dim = plain.dim;
    wn_status status = WN_OK;
    float *points = wn_alloc(WN_MEMORY_MATRIX, MEASURE_ROWS, dim * sizeof *points);
    double *sums = wn_calloc(WN_MEMORY_MATRIX, dim, sizeof *sums);
    if (!points || !sums) status = wn_fail(err, WN_NOMEM, "no memory for %zu principal components", dim);
    plain.whiten = false;
    for (size_t first = 0; first < x->rows && !status; first += MEASURE_ROWS) {
        const size_t n = x->rows - first < MEASURE_ROWS ? x->rows - first : MEASURE_ROWS;
        const wn_matrix part = {wn_matrix_row(x, first), n, x->cols, x->stride};
        status = wn_pca_apply(&plain, &part, f->request->pool, points, err);
        for (size_t i = 0; i < n * dim && !status; i++) sums[i % dim] += (double)points[i] * (double)points[i];
    }
    for (size_t i = 0; i < dim && !status; i++)
        f->pca->variance[i] = sums[i] / (x->rows > 1 ? (double)(x->rows - 1) : 1);
    wn_free(sums);
    wn_free(points);
    return status ? status : tell(f, err);
}

/* Axes whose measured variances came out of order change places; then the rank is known. */
static void order_axes(wn_pca *pca, float *spare)
{
    const size_t bytes = pca->from * sizeof *spare;
    for (size_t i = 1; i < pca->dim; i++) {
        for (size_t j = i; j > 0 && pca->variance[j] > pca->variance[j - 1]; j--) {
            const double variance = pca->variance[j];
            float *here = pca->axes + j * pca->from, *before = here - pca->from;
            pca->variance[j] = pca->variance[j - 1];
            pca->variance[j - 1] = variance;
            memcpy(spare, here, bytes);
            memcpy(here, before, bytes);
            memcpy(before, spare, bytes);
        }
    }
    const double least = pca->variance[0] * VARIANCE_LEAST;
    while (pca->rank < pca->dim && pca->rank + 1 < pca->rows && pca->variance[pca->rank] > least) pca->rank++;
}

static wn_status fit(fitting *f, wn_error *err)
{
    const wn_pca_request *request = f->request;
    const size_t d = request->matrix.cols;
    wn_pca *pca = f->pca;
    WN_TRY(wn_linear_mean(&request->matrix, request->pool, pca->mean, err));
    WN_TRY(d <= WN_PCA_EXACT_DIM ? fit_exact(f, err) : fit_random(f, err));
    for (size_t i = 0; i < pca->dim; i++) wn_linear_fix_sign(f->basis + i * d, d);
    for (size_t i = 0; i < pca->dim * d; i++) pca->axes[i] = (float)f->basis[i];
    WN_TRY(measure(f, err));
    float *spare = wn_alloc(WN_MEMORY_MATRIX, d, sizeof *spare);
    if (!spare) return wn_fail(err, WN_NOMEM, "no memory for %zu principal components", pca->dim);
    order_axes(pca, spare);
    wn_free(spare);
    return WN_OK;
}

/* Vectors that are searched for at a time. */
static size_t width_of(size_t cols, size_t dim)
{
    if (cols <= WN_PCA_EXACT_DIM) return dim;
    return dim + OVERSAMPLE < cols ? dim + OVERSAMPLE : cols;
}

wn_status wn_pca_fit(const wn_pca_request *request, wn_pca *out, wn_error *err)
{
    const wn_matrix *x = &request->matrix;
    const size_t d = x->cols, dim = request->dim;
    fitting f = {.request = request, .pca = out, .passes = 2, .width = width_of(d, dim)};
    wn_status status;
    *out = (wn_pca){0};
    if (x->rows == 0 || d == 0) return wn_fail(err, WN_INVALID, "there are no rows to find principal components of");
    if (dim < 1 || dim > d)
        return wn_fail(err, WN_INVALID, "rows of %zu dimensions cannot be reduced to %zu; ask for 1 to %zu", d, dim, d);
    if (d > WN_PCA_EXACT_DIM) f.passes = PASSES + 1;
    WN_TRY(wn_matrix_check_finite(x, "embeddings", request->pool, err));
    *out = (wn_pca){.from = d, .dim = dim, .whiten = request->whiten, .rows = x->rows};
    out->mean = wn_alloc(WN_MEMORY_MATRIX, d, sizeof *out->mean);
    out->axes = wn_alloc(WN_MEMORY_MATRIX, dim * sizeof *out->axes, d);
    out->variance = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *out->variance);
    f.basis = wn_alloc(WN_MEMORY_MATRIX, f.width * sizeof *f.basis, d);
    f.values = wn_alloc(WN_MEMORY_MATRIX, f.width, sizeof *f.values);
    if (!out->mean || !out->axes || !out->variance || !f.basis || !f.values)
        status = wn_fail(err, WN_NOMEM, "no memory for %zu principal components of %zu dimensions", dim, d);
    else
        status = fit(&f, err);
    wn_free(f.values);
    wn_free(f.basis);
    if (status) wn_pca_clear(out);
    return status;
}

uint64_t wn_pca_memory(const wn_pca_request *request)
{
    const uint64_t d = request->matrix.cols, rows = request->matrix.rows, dim = request->dim;
    const uint64_t threads = wn_pool_threads(request->pool), w = width_of(d, dim);
    const uint64_t result = d * sizeof(double) + dim * (d * sizeof(float) + sizeof(double));
    const uint64_t common = result + w * d * sizeof(double) + MEASURE_ROWS * dim * sizeof(float);
    if (d <= WN_PCA_EXACT_DIM)
        return common + (d * d + w * d) * sizeof(double) + wn_linear_covariance_memory(rows, d, (unsigned)threads);
    const uint64_t block = block_rows(d), pass = w * d + threads * (block * (d + w) + w * d);
    return common + pass * sizeof(float) + rows * w * sizeof(float) + dim * d * sizeof(double) +
           wn_linear_covariance_memory(rows, w, (unsigned)threads);
}
