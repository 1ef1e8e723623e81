/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear algebra of tall matrices. Sums over rows go in waves: each of up to WAVE blocks of BLOCK rows writes a
 * partial result, and the wave's results are added in the order of their rows before the next wave starts. That
 * bounds the memory and makes the sum the same for any number of threads.
 */
#include "num/linear.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

enum { BLOCK = 2048, WAVE = 16 };

/* Bytes of the partial products of one wave, unless each thread has one already. */
static const size_t WAVE_BYTES = (size_t)64 << 20;

/* One pass over the rows. */
typedef struct pass {
    const wn_matrix *x;
    const double *mean;
    size_t first;    /* row that the wave starts at */
    float *centred;  /* threads x BLOCK x cols */
    double *sums;    /* WAVE x cols */
    float *products; /* WAVE x cols x cols */
    const float *basis;
    size_t k;
    float *out;
} pass;

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The pool cuts the rows, so BLAS uses one thread a call. A BLAS that was built without threads (Debian's
 * libopenblas-serial) shares its work memory between callers without a lock: there, calls take turns. */
static pthread_once_t blas_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t blas_turn = PTHREAD_MUTEX_INITIALIZER;
static bool blas_takes_turns;

static void prepare_blas(void)
{
    openblas_set_num_threads(1);
    blas_takes_turns = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
}

static void begin_blas(void)
{
    (void)pthread_once(&blas_once, prepare_blas);
    if (blas_takes_turns) (void)pthread_mutex_lock(&blas_turn);
}

static void end_blas(void)
{
    if (blas_takes_turns) (void)pthread_mutex_unlock(&blas_turn);
}

/* Rows [begin, end) less the mean, in the worker's scratch. */
static float *centre_rows(const pass *p, size_t begin, size_t end, unsigned worker)
{
    size_t cols = p->x->cols;
    float *centred = p->centred + (size_t)worker * BLOCK * cols;
    for (size_t r = begin; r < end; r++) {
        const float *row = wn_matrix_row(p->x, r);
        float *to = centred + (r - begin) * cols;
        for (size_t c = 0; c < cols; c++) to[c] = p->mean ? (float)((double)row[c] - p->mean[c]) : row[c];
    }
    return centred;
}

static void sum_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    size_t cols = p->x->cols;
    double *sums = p->sums + begin / BLOCK * cols;
    (void)worker;
    memset(sums, 0, cols * sizeof *sums);
    for (size_t r = begin; r < end; r++) {
        const float *row = wn_matrix_row(p->x, p->first + r);
        for (size_t c = 0; c < cols; c++) sums[c] += (double)row[c];
    }
}

wn_status wn_linear_mean(const wn_matrix *x, wn_pool *pool, double *mean, wn_error *err)
{
    size_t cols = x->cols;
    pass p = {.x = x};
    if (!(p.sums = wn_alloc(WN_MEMORY_MATRIX, WAVE * cols, sizeof *p.sums))) {
        return wn_fail(err, WN_NOMEM, "no memory for the mean of %zu columns", cols);
    }
    for (size_t c = 0; c < cols; c++) mean[c] = 0;
    for (p.first = 0; p.first < x->rows; p.first += WAVE * BLOCK) {
        size_t n = min_size(x->rows - p.first, WAVE * BLOCK);
        wn_pool_for(pool, n, BLOCK, sum_block, &p);
        for (size_t i = 0; i < (n + BLOCK - 1) / BLOCK * cols; i++) mean[i % cols] += p.sums[i];
    }
    for (size_t c = 0; c < cols; c++) mean[c] /= (double)x->rows;
    wn_free(p.sums);
    return WN_OK;
}

/* Lower triangle of this block's products. */
static void multiply_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    int cols = (int)p->x->cols;
    float *products = p->products + begin / BLOCK * p->x->cols * p->x->cols;
    const float *centred = centre_rows(p, p->first + begin, p->first + end, worker);
    begin_blas();
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, cols, (int)(end - begin), 1.0f, centred, cols, 0.0f, products,
                cols);
    end_blas();
}

static void add_products(const pass *p, size_t blocks, double *out)
{
    size_t cols = p->x->cols;
    for (size_t b = 0; b < blocks; b++) {
        const float *products = p->products + b * cols * cols;
        for (size_t i = 0; i < cols; i++) {
            for (size_t j = 0; j <= i; j++) out[i * cols + j] += (double)products[i * cols + j];
        }
    }
}

/* Blocks of a wave, whose number does not show in the sums: they are added in order of their rows. */
static size_t wave_of(size_t rows, size_t cols, unsigned threads)
{
    size_t fit = WAVE_BYTES / sizeof(float) / cols / cols, wave = min_size(WAVE, (rows + BLOCK - 1) / BLOCK);
    return min_size(wave, fit > threads ? fit : threads);
}

uint64_t wn_linear_covariance_memory(size_t rows, size_t cols, unsigned threads)
{
    uint64_t wave = wave_of(rows, cols, threads > 0 ? threads : 1), d = cols;
    return (wave * d * d + (uint64_t)threads * BLOCK * d) * sizeof(float);
}

wn_status wn_linear_covariance(const wn_matrix *x, const double *mean, double divisor, wn_pool *pool, double *out,
                               wn_error *err)
{
    size_t cols = x->cols, wave = wave_of(x->rows, cols, wn_pool_threads(pool)), square = 0, len = 0;
    wn_status status = WN_OK;
    pass p = {.x = x, .mean = mean};
    if (cols <= INT32_MAX && wn_mul_size(cols, cols, &square) && wn_mul_size(square, wave, &len)) {
        p.products = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *p.products);
        p.centred = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(pool) * (size_t)BLOCK, cols * sizeof *p.centred);
    }
    if (!p.products || !p.centred) {
        status = wn_fail(err, WN_NOMEM, "no memory for the covariance of %zu columns", cols);
        goto done;
    }
    memset(out, 0, square * sizeof *out);
    for (p.first = 0; p.first < x->rows; p.first += wave * BLOCK) {
        size_t n = min_size(x->rows - p.first, wave * BLOCK);
        wn_pool_for(pool, n, BLOCK, multiply_block, &p);
        add_products(&p, (n + BLOCK - 1) / BLOCK, out);
    }
    for (size_t i = 0; i < cols; i++) {
        for (size_t j = 0; j <= i; j++) {
            out[i * cols + j] /= divisor;
            out[j * cols + i] = out[i * cols + j];
        }
    }
done:
    wn_free(p.centred);
    wn_free(p.products);
    return status;
}

void wn_linear_fix_sign(double *vector, size_t n)
{
    size_t most = 0;
    for (size_t i = 1; i < n; i++) {
        if (fabs(vector[i]) > fabs(vector[most])) most = i;
    }
    if (vector[most] >= 0) return;
    for (size_t i = 0; i < n; i++) vector[i] = -vector[i];
}

/* LAPACK counts by columns: the row-major lower triangle is its upper one. It gives ascending order. */
wn_status wn_linear_eigen(double *matrix, size_t n, size_t wanted, double *values, double *vectors, wn_error *err)
{
    wn_status status = WN_OK;
    lapack_int order = (lapack_int)n, first = (lapack_int)(n - wanted + 1), found = 0, info;
    double *ascending = wn_alloc(WN_MEMORY_MATRIX, n, sizeof *ascending);
    double *columns = wn_alloc(WN_MEMORY_MATRIX, n * sizeof *columns, wanted);
    lapack_int *support = wn_alloc(WN_MEMORY_MATRIX, 2 * n, sizeof *support);
    if (!ascending || !columns || !support) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu eigenvectors of length %zu", wanted, n);
        goto done;
    }
    begin_blas();
    info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', order, matrix, order, 0.0, 0.0, first, order, 0.0, &found,
                          ascending, columns, order, support);
    end_blas();
    if (info == LAPACK_WORK_MEMORY_ERROR || info == LAPACK_TRANSPOSE_MEMORY_ERROR) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu eigenvectors of length %zu", wanted, n);
        goto done;
    }
    if (info != 0 || (size_t)found != wanted) {
        status = wn_fail(err, info < 0 ? WN_INVALID : WN_INTERNAL,
                         "eigenvectors of a %zu x %zu matrix failed (LAPACK says %d); are all its values finite?", n, n,
                         (int)info);
        goto done;
    }
    for (size_t i = 0; i < wanted; i++) {
        values[i] = ascending[wanted - 1 - i];
        memcpy(vectors + i * n, columns + (wanted - 1 - i) * n, n * sizeof *vectors);
        wn_linear_fix_sign(vectors + i * n, n);
    }
done:
    wn_free(support);
    wn_free(columns);
    wn_free(ascending);
    return status;
}

/* With metric = U' U the pair becomes the plain problem of U'^-1 matrix U^-1, whose vectors are U u. */
wn_status wn_linear_eigen_pair(double *matrix, double *metric, size_t n, size_t wanted, double *values, double *vectors,
                               wn_error *err)
{
    const lapack_int order = (lapack_int)n;
    begin_blas();
    lapack_int info = LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', order, metric, order);
    if (info == 0) info = LAPACKE_dsygst(LAPACK_COL_MAJOR, 1, 'U', order, matrix, order, metric, order);
    end_blas();
    if (info != 0)
        return wn_fail(err, WN_INVALID, "a %zu x %zu matrix of distances is not positive definite (LAPACK says %d)", n,
                       n, (int)info);
    WN_TRY(wn_linear_eigen(matrix, n, wanted, values, vectors, err));
    begin_blas();
    info = LAPACKE_dtrtrs(LAPACK_COL_MAJOR, 'U', 'N', 'N', order, (lapack_int)wanted, metric, order, vectors, order);
    end_blas();
    if (info != 0)
        return wn_fail(err, WN_INTERNAL, "cannot solve a triangle of %zu rows (LAPACK says %d)", n, (int)info);
    for (size_t i = 0; i < wanted; i++) wn_linear_fix_sign(vectors + i * n, n);
    return WN_OK;
}

static void project_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    int cols = (int)p->x->cols, k = (int)p->k;
    const float *centred = centre_rows(p, begin, end, worker);
    begin_blas();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(end - begin), k, cols, 1.0f, centred, cols, p->basis,
                cols, 0.0f, p->out + begin * p->k, k);
    end_blas();
}

wn_status wn_linear_project(const wn_matrix *x, const double *mean, const float *basis, size_t k, wn_pool *pool,
                            float *out, wn_error *err)
{
    pass p = {.x = x, .mean = mean, .basis = basis, .k = k, .out = out};
    p.centred = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(pool) * (size_t)BLOCK, x->cols * sizeof *p.centred);
    if (!p.centred) return wn_fail(err, WN_NOMEM, "no memory to project %zu columns", x->cols);
    wn_pool_for(pool, x->rows, BLOCK, project_block, &p);
    wn_free(p.centred);
    return WN_OK;
}

/* LAPACK counts by columns: the rows are its columns. */
wn_status wn_linear_orthonormal(double *rows, size_t count, size_t n, double *signs, wn_error *err)
{
    lapack_int m = (lapack_int)n, k = (lapack_int)count;
    double *scales = wn_alloc(WN_MEMORY_MATRIX, count, sizeof *scales);
    bool good = scales != NULL;
    if (good) {
        begin_blas();
        good = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, k, rows, m, scales) == 0;
        for (size_t i = 0; i < count && signs; i++) signs[i] = rows[i * n + i] < 0 ? -1.0 : 1.0;
        good = good && LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, k, k, rows, m, scales) == 0;
        end_blas();
    }
    wn_free(scales);
    return good ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for a basis of %zu vectors of length %zu", count, n);
}

wn_status wn_linear_rotation(size_t n, uint64_t seed, float *out, wn_error *err)
{
    wn_status status;
    wn_rng rng;
    double *q = wn_alloc(WN_MEMORY_MATRIX, n * sizeof *q, n), *signs = wn_alloc(WN_MEMORY_MATRIX, n, sizeof *signs);
    if (!q || !signs) {
        status = wn_fail(err, WN_NOMEM, "no memory for a rotation of %zu dimensions", n);
        goto done;
    }
    wn_rng_init(&rng, seed, 0);
    for (size_t i = 0; i < n * n; i++) q[i] = (double)wn_rng_normal(&rng);
    if ((status = wn_linear_orthonormal(q, n, n, signs, err))) goto done;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++) out[j * n + i] = (float)(q[j * n + i] * signs[j]);
done:
    wn_free(signs);
    wn_free(q);
    return status;
}

void wn_linear_multiply(wn_linear_product product, size_t m, size_t n, size_t k, const float *a, const float *b,
                        float *out)
{
    bool first = product == WN_LINEAR_ATB;
    begin_blas();
    cblas_sgemm(CblasRowMajor, first ? CblasTrans : CblasNoTrans, first ? CblasNoTrans : CblasTrans, (int)m, (int)n,
                (int)k, 1.0f, a, (int)(first ? m : k), b, (int)(first ? n : k), 0.0f, out, (int)n);
    end_blas();
}
