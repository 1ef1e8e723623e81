/* SPDX-License-Identifier: Apache-2.0
 *
 * Shape of an embedding. Sums over pairs are made by chunks of rows and added in chunk order.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/linear.h"
#include "num/tile.h"
#include "winnow/evaluate.h"
#include "winnow/index.h"
#include "winnow/memory.h"

/* Rows for uniformity and intrinsic dimension. */
enum { SAMPLE = 4096, SAMPLE_LEAST = 3, ROWS_PER_CHUNK = 64 };

static const double ratios_kept = 0.9;

/* A sample of rows, scaled to length 1; those without length have no place on the sphere and are left out. */
typedef struct sample {
    float *rows; /* count x dim */
    size_t count, dim;
    double *sums; /* one a chunk */
    float *panels;
    wn_tile_kernels kernels;
    float *products; /* ROWS_PER_CHUNK x padded a worker */
    size_t padded;
} sample;

/* False for a row without length, which is not copied. */
static bool copy_unit(const float *row, size_t dim, float *out)
{
    double squares = 0.0;
    for (size_t j = 0; j < dim; j++) squares += (double)row[j] * (double)row[j];
    if (!(squares > 0.0)) return false;
    const double scale = 1.0 / sqrt(squares);
    for (size_t j = 0; j < dim; j++) out[j] = (float)((double)row[j] * scale);
    return true;
}

static wn_status take_sample(const wn_geometry_request *request, sample *s, wn_error *err)
{
    const wn_matrix *m = &request->matrix;
    const unsigned threads = wn_pool_threads(request->pool);
    wn_rng rng;
    int64_t *chosen;
    wn_status status = WN_OK;
    const size_t count = m->rows < SAMPLE ? m->rows : SAMPLE;
    s->dim = m->cols;
    s->padded = wn_tile_padded(count);
    wn_tile_kernels_init(&s->kernels, wn_cpu_level());
    chosen = wn_alloc(WN_MEMORY_MATRIX, count, sizeof *chosen);
    s->rows = wn_alloc(WN_MEMORY_MATRIX, count * s->dim, sizeof *s->rows);
    s->sums = wn_calloc(WN_MEMORY_MATRIX, count / ROWS_PER_CHUNK + 1, sizeof *s->sums);
    s->panels = wn_alloc(WN_MEMORY_MATRIX, wn_tile_panel_len(count, s->dim, 1), sizeof *s->panels);
    s->products = wn_alloc(WN_MEMORY_MATRIX, (size_t)threads * ROWS_PER_CHUNK * s->padded, sizeof *s->products);
    wn_rng_init(&rng, request->seed, 0x67656f6dULL);
    if (!chosen || !s->rows || !s->sums || !s->panels || !s->products ||
        !wn_rng_sample(&rng, (int64_t)m->rows, (int64_t)count, chosen)) {
        status = wn_fail(err, WN_NOMEM, "out of memory for a sample of %zu rows", count);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        s->count += copy_unit(m->data + (size_t)chosen[i] * m->stride, s->dim, s->rows + s->count * s->dim);
    s->kernels.pack_f32(s->rows, s->dim, NULL, s->count, s->dim, s->panels, NULL);
done:
    wn_free(chosen);
    return status;
}

static void free_sample(sample *s)
{
    wn_free(s->products);
    wn_free(s->panels);
    wn_free(s->sums);
    wn_free(s->rows);
}

/* Sum over pairs of exp(-2 |x - y|^2) = exp(4 x.y - 4) for unit rows, each pair once. */
static void sum_pairs(void *context, size_t begin, size_t end, unsigned worker)
{
    sample *s = context;
    float *products = s->products + (size_t)worker * ROWS_PER_CHUNK * s->padded;
    double sum = 0.0;
    wn_tile_f32 tile = {.rows = s->rows + begin * s->dim,
                        .stride = s->dim,
                        .m = end - begin,
                        .dim = s->dim,
                        .panels = s->panels,
                        .n = s->count};
    s->kernels.dot_f32(&tile, products, s->padded);
    for (size_t r = begin; r < end; r++) {
        const float *row = products + (r - begin) * s->padded;
        for (size_t c = 0; c < r; c++) sum += exp(4.0 * fmin((double)row[c], 1.0) - 4.0);
    }
    s->sums[begin / ROWS_PER_CHUNK] = sum;
}

static double uniformity(sample *s, wn_pool *pool)
{
    double sum = 0.0;
    wn_pool_for(pool, s->count, ROWS_PER_CHUNK, sum_pairs, s);
    for (size_t c = 0; c * ROWS_PER_CHUNK < s->count; c++) sum += s->sums[c];
    return log(sum / ((double)s->count * (double)(s->count - 1) / 2.0));
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Rows with equal neighbours at distance 0 say nothing. */
static wn_status intrinsic_dim(const wn_geometry_request *request, const sample *s, double *out, wn_error *err)
{
    const wn_neighbours_request query = {.embeddings = {s->rows, s->count, s->dim, s->dim},
                                         .k = 2,
                                         .metric = WN_INDEX_METRIC_L2,
                                         .pool = request->pool,
                                         .progress = request->progress};
    wn_neighbours found = {0};
    double *ratios = NULL, sum = 0.0;
    size_t len = 0, kept;
    wn_status status = wn_neighbours_find(wn_index_kind_find("flat"), &query, &found, err);
    if (status) goto done;
    if (!(ratios = wn_alloc(WN_MEMORY_MATRIX, s->count, sizeof *ratios))) {
        status = wn_fail(err, WN_NOMEM, "out of memory for %zu ratios", s->count);
        goto done;
    }
    for (size_t i = 0; i < s->count; i++) {
        const double first = (double)found.distances[2 * i], second = (double)found.distances[2 * i + 1];
        if (first > 0.0 && isfinite(second)) ratios[len++] = log(second / first);
    }
    qsort(ratios, len, sizeof *ratios, compare_doubles);
    kept = (size_t)(ratios_kept * (double)len);
    for (size_t i = 0; i < kept; i++) sum += ratios[i];
    /* Of exponentially distributed logarithms with rate d, the largest tenth is known only to be above the last kept.
     */
    if (kept > 0) sum += (double)(len - kept) * ratios[kept - 1];
    *out = kept > 0 && sum > 0.0 ? (double)kept / sum : NAN;
done:
    wn_free(ratios);
    wn_neighbours_clear(&found);
    return status;
}

static wn_status effective_rank(const wn_geometry_request *request, double *out, wn_error *err)
{
    const wn_matrix *m = &request->matrix;
    const size_t dim = m->cols;
    double trace = 0.0, sum = 0.0, entropy = 0.0;
    wn_status status;
    double *mean = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *mean);
    double *covariance = wn_alloc(WN_MEMORY_MATRIX, dim * dim, sizeof *covariance);
    double *values = wn_alloc(WN_MEMORY_MATRIX, dim, sizeof *values);
    double *vectors = wn_alloc(WN_MEMORY_MATRIX, dim * dim, sizeof *vectors);
    if (!mean || !covariance || !values || !vectors) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the axes of %zu dimensions", dim);
        goto done;
    }
    if ((status = wn_linear_mean(m, request->pool, mean, err))) goto done;
    if ((status = wn_linear_covariance(m, mean, (double)m->rows, request->pool, covariance, err))) goto done;
    /* Shares do not depend on the unit of the rows; the solver, which takes small numbers for zeros, does. */
    for (size_t k = 0; k < dim; k++) trace += covariance[k * dim + k];
    for (size_t k = 0; k < dim * dim && trace > 0.0; k++) covariance[k] /= trace;
    if ((status = wn_linear_eigen(covariance, dim, dim, values, vectors, err))) goto done;
    for (size_t k = 0; k < dim; k++) {
        /* float32 products leave noise of this size in directions that do not occur */
        values[k] = values[k] > 1e-6 * values[0] ? sqrt(values[k]) : 0.0;
        sum += values[k];
    }
    for (size_t k = 0; k < dim && sum > 0.0; k++) {
        if (values[k] > 0.0) entropy -= values[k] / sum * log(values[k] / sum);
    }
    *out = sum > 0.0 ? exp(entropy) : 0.0;
done:
    wn_free(vectors);
    wn_free(values);
    wn_free(covariance);
    wn_free(mean);
    return status;
}

/* |x - y|^2 of two rows scaled to length 1. */
static double unit_distance(const float *x, const float *y, size_t dim)
{
    double xx = 0.0, yy = 0.0, xy = 0.0;
    for (size_t j = 0; j < dim; j++) {
        xx += (double)x[j] * (double)x[j];
        yy += (double)y[j] * (double)y[j];
        xy += (double)x[j] * (double)y[j];
    }
    const double x_there = xx > 0.0 ? 1.0 : 0.0, y_there = yy > 0.0 ? 1.0 : 0.0;
    return x_there + y_there - (x_there * y_there > 0.0 ? 2.0 * xy / sqrt(xx * yy) : 0.0);
}

typedef struct labelled {
    int64_t label;
    size_t row;
} labelled;

static int compare_labelled(const void *a, const void *b)
{
    const labelled *x = a, *y = b;
    if (x->label != y->label) return x->label > y->label ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Adds the row at length 1 to the sum; 1, or 0 for a row without length. */
static double add_unit(const float *row, size_t dim, double *sum)
{
    double squares = 0.0;
    for (size_t j = 0; j < dim; j++) squares += (double)row[j] * (double)row[j];
    if (!(squares > 0.0)) return 0.0;
    const double scale = 1.0 / sqrt(squares);
    for (size_t j = 0; j < dim; j++) sum[j] += scale * (double)row[j];
    return 1.0;
}

/* The mean over the `len` rows, two at least, of the mean squared distance to the others, times `len`. The distances of
 * all pairs together are len sum |x|^2 - |sum x|^2. */
static double group_distance(const wn_matrix *m, const labelled *rows, size_t len, double *sum)
{
    double lengths = 0.0, squares = 0.0;
    memset(sum, 0, m->cols * sizeof *sum);
    for (size_t i = 0; i < len; i++) lengths += add_unit(m->data + rows[i].row * m->stride, m->cols, sum);
    for (size_t j = 0; j < m->cols; j++) squares += sum[j] * sum[j];
    return fmax(2.0 * ((double)len * lengths - squares) / (double)(len - 1), 0.0);
}

/* Each row against all others of its label. */
static wn_status label_alignment(const wn_geometry_request *request, double *out, wn_error *err)
{
    const wn_matrix *m = &request->matrix;
    size_t len = 0, paired = 0;
    double total = 0.0;
    labelled *rows = wn_alloc(WN_MEMORY_MATRIX, m->rows, sizeof *rows);
    double *sum = wn_alloc(WN_MEMORY_MATRIX, m->cols, sizeof *sum);
    wn_status status = rows && sum ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for %zu labels", m->rows);
    for (size_t i = 0; !status && i < m->rows; i++) {
        if (request->labels[i] >= 0) rows[len++] = (labelled){request->labels[i], i};
    }
    if (!status) qsort(rows, len, sizeof *rows, compare_labelled);
    for (size_t begin = 0, end; begin < len; begin = end) {
        for (end = begin + 1; end < len && rows[end].label == rows[begin].label;) end++;
        if (end - begin < 2) continue;
        total += group_distance(m, rows + begin, end - begin, sum);
        paired += end - begin;
    }
    if (!status) *out = paired > 0 ? total / (double)paired : NAN;
    wn_free(sum);
    wn_free(rows);
    return status;
}

static wn_status alignment(const wn_geometry_request *request, double *out, wn_error *err)
{
    const wn_matrix *m = &request->matrix, *pairs = &request->pairs;
    double sum = 0.0;
    *out = NAN;
    if (!pairs->data) return request->labels ? label_alignment(request, out, err) : WN_OK;
    for (size_t i = 0; i < m->rows; i++) {
        sum += unit_distance(m->data + i * m->stride, pairs->data + i * pairs->stride, m->cols);
    }
    *out = sum / (double)m->rows;
    return WN_OK;
}

static wn_status check_request(const wn_geometry_request *request, wn_error *err)
{
    const wn_matrix *m = &request->matrix, *pairs = &request->pairs;
    if (m->rows < 3 || m->cols == 0)
        return wn_fail(err, WN_INVALID, "%zu rows of %zu dimensions have no shape; give at least 3 rows", m->rows,
                       m->cols);
    if (pairs->data && (pairs->rows != m->rows || pairs->cols != m->cols))
        return wn_fail(err, WN_INVALID, "the pairs are %zu x %zu, the embeddings %zu x %zu", pairs->rows, pairs->cols,
                       m->rows, m->cols);
    if (m->rows >= UINT32_MAX) return wn_fail(err, WN_UNSUPPORTED, "more rows than 32 bits count");
    WN_TRY(wn_matrix_check_finite(m, "embeddings", request->pool, err));
    return pairs->data ? wn_matrix_check_finite(pairs, "pairs", request->pool, err) : WN_OK;
}

wn_status wn_evaluate_geometry(const wn_geometry_request *request, wn_geometry *out, wn_error *err)
{
    sample s = {0};
    wn_status status;
    *out = (wn_geometry){0};
    if ((status = check_request(request, err))) return status;
    if ((status = effective_rank(request, &out->effective_rank, err))) goto done;
    if ((status = take_sample(request, &s, err))) goto done;
    out->rows_used = s.count;
    out->uniformity = out->intrinsic_dim = NAN;
    if (s.count >= SAMPLE_LEAST) {
        out->uniformity = uniformity(&s, request->pool);
        if ((status = intrinsic_dim(request, &s, &out->intrinsic_dim, err))) goto done;
    }
    status = alignment(request, &out->alignment, err);
done:
    free_sample(&s);
    return status;
}

typedef struct overlap_work {
    const wn_neighbours *a, *b;
    double *shares; /* of each row */
} overlap_work;

static void count_common(void *context, size_t begin, size_t end, unsigned worker)
{
    const overlap_work *w = context;
    const size_t k = w->a->k;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        size_t common = 0;
        for (size_t i = 0; i < k; i++) {
            for (size_t j = 0; j < k; j++) common += w->a->ids[r * k + i] == w->b->ids[r * k + j];
        }
        w->shares[r] = (double)common / (double)k;
    }
}

wn_status wn_evaluate_overlap(const wn_matrix *a, const wn_matrix *b, size_t k, wn_pool *pool,
                              const wn_progress *progress, double *out, wn_error *err)
{
    wn_neighbours found[2] = {{0}, {0}};
    wn_neighbours_request query = {.k = k, .metric = WN_INDEX_METRIC_COSINE, .pool = pool, .progress = progress};
    double *shares = NULL, sum = 0.0;
    wn_status status;
    if (a->rows != b->rows)
        return wn_fail(err, WN_INVALID, "the embeddings have %zu and %zu rows; both must be of the same images",
                       a->rows, b->rows);
    if (k < 1 || k >= a->rows)
        return wn_fail(err, WN_INVALID, "%zu neighbours of %zu rows; ask for 1 to %zu", k, a->rows,
                       a->rows - (a->rows > 0));
    query.embeddings = *a;
    if ((status = wn_neighbours_find(wn_index_kind_find("flat"), &query, &found[0], err))) goto done;
    query.embeddings = *b;
    if ((status = wn_neighbours_find(wn_index_kind_find("flat"), &query, &found[1], err))) goto done;
    if (!(shares = wn_alloc(WN_MEMORY_MATRIX, a->rows, sizeof *shares))) {
        status = wn_fail(err, WN_NOMEM, "out of memory for %zu rows", a->rows);
        goto done;
    }
    overlap_work w = {&found[0], &found[1], shares};
    wn_pool_for(pool, a->rows, 256, count_common, &w);
    for (size_t r = 0; r < a->rows; r++) sum += shares[r];
    *out = sum / (double)a->rows;
done:
    wn_free(shares);
    wn_neighbours_clear(&found[1]);
    wn_neighbours_clear(&found[0]);
    return status;
}
