/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes from rows. The step is set by typical lengths, not by the greatest value, so that rows far away do not blur
 * all others.
 */
#include "index/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

/* After the rotation the values of a row are near normal; beyond CUT standard deviations of a long row they are cut.
 * Rows that are looked at to choose the form. */
enum { GRAIN = 256, SAMPLE = 32768, ROWS_LEAST = 2048, LANES = 8 };
static const float cut = 4.75f;

bool wn_bytes_suit(size_t rows, size_t dim)
{
    return wn_cpu_level() >= WN_CPU_AVX2 && dim >= 16 && dim <= 4096 && rows >= ROWS_LEAST && rows >= 4 * dim;
}

uint64_t wn_bytes_memory(size_t dim)
{
    return (dim + 3) / 4 * 4 + sizeof(int32_t) + 2 * sizeof(float) + sizeof(double);
}

/* ---- the form ---- */

/* float32 points of rows begin .. end - 1. */
static void make_points(const wn_bytes_form *form, const wn_index_rows *rows, double *scales, size_t begin, size_t end,
                        float *out)
{
    for (size_t i = begin; i < end; i++, out += form->dim) {
        const float *row = wn_index_row(rows, i);
        double scale = wn_index_scale(&form->precise, form->metric, row, form->dim);
        if (scales) scales[i] = scale;
        if (!form->mean) {
            for (size_t k = 0; k < form->dim; k++) out[k] = (float)((double)row[k] * scale * form->scale);
        } else if (scale == 1) {
            for (size_t k = 0; k < form->dim; k++) out[k] = (float)(((double)row[k] - form->mean[k]) * form->scale);
        } else {
            for (size_t k = 0; k < form->dim; k++) {
                double value = (double)(float)((double)row[k] * scale);
                out[k] = (float)((value - form->mean[k]) * form->scale);
            }
        }
    }
}

typedef struct greatest_job {
    const wn_bytes_form *form;
    const wn_index_rows *rows;
    double *greatest; /* per chunk */
} greatest_job;

static void find_greatest(void *context, size_t begin, size_t end, unsigned worker)
{
    const greatest_job *job = context;
    double greatest = 0;
    (void)worker;
    for (size_t i = begin; i < end; i++)
        greatest = fmax(greatest, (double)job->form->convert.max_abs(wn_index_row(job->rows, i), job->form->dim));
    job->greatest[begin / GRAIN] = greatest;
}

/* No magnitude of a point is above it before scaling. */
static wn_status bound_magnitude(const wn_bytes_form *form, const wn_index_rows *rows, wn_pool *pool, double *out,
                                 wn_error *err)
{
    double mean = 0;
    for (size_t k = 0; form->mean && k < form->dim; k++) mean = fmax(mean, fabs(form->mean[k]));
    if (form->metric == WN_INDEX_METRIC_COSINE) {
        *out = fmax(*out, 1.01 + mean);
        return WN_OK;
    }
    size_t chunks = (rows->len + GRAIN - 1) / GRAIN;
    greatest_job job = {form, rows, wn_calloc(WN_MEMORY_MATRIX, chunks, sizeof *job.greatest)};
    if (!job.greatest) return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", rows->len);
    wn_pool_for(pool, rows->len, GRAIN, find_greatest, &job);
    for (size_t i = 0; i < chunks; i++) *out = fmax(*out, job.greatest[i] + mean);
    wn_free(job.greatest);
    return WN_OK;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

typedef struct form_sample {
    size_t len;
    float *points, *norms, *sorted;
} form_sample;

static void sample_points(const wn_index_task *task, const wn_bytes_form *form, form_sample *sample)
{
    for (size_t i = 0; i < sample->len; i++) {
        size_t row = i * task->points.len / sample->len;
        make_points(form, &task->points, NULL, row, row + 1, sample->points + i * form->dim);
    }
    form->convert.norms_f32(sample->points, sample->len, form->dim, form->dim, sample->norms);
    memcpy(sample->sorted, sample->norms, sample->len * sizeof *sample->sorted);
    qsort(sample->sorted, sample->len, sizeof *sample->sorted, compare_floats);
}

/* A magnitude that no point exceeds becomes at most 1. */
static wn_status choose_scale(const wn_index_task *task, wn_bytes_form *form, wn_error *err)
{
    int exponent = 0;
    double greatest = 0;
    WN_TRY(bound_magnitude(form, &task->points, task->pool, &greatest, err));
    if (!task->self) WN_TRY(bound_magnitude(form, &task->queries, task->pool, &greatest, err));
    if (greatest > 0) (void)frexp(greatest, &exponent);
    form->scale = ldexp(1, -exponent);
    return WN_OK;
}

/* The mean of the sample, and then of those rows that are not far from it, so that outliers do not pull it away. */
static wn_status choose_mean(const wn_index_task *task, wn_bytes_form *form, form_sample *sample, wn_error *err)
{
    size_t dim = form->dim, kept = 0;
    wn_matrix matrix = {sample->points, sample->len, dim, dim};
    if (!(form->mean = wn_calloc(WN_MEMORY_MATRIX, dim, sizeof *form->mean)))
        return wn_fail(err, WN_NOMEM, "no memory for the mean of %zu rows", sample->len);
    WN_TRY(choose_scale(task, form, err));
    sample_points(task, form, sample);
    double scale = form->scale;
    for (int round = 0; round < 2; round++) {
        double shift[4096];
        WN_TRY(wn_linear_mean(&matrix, task->pool, shift, err));
        for (size_t k = 0; k < dim; k++) form->mean[k] += shift[k] / scale;
        if (round == 1) break;
        sample_points(task, form, sample);
        float limit = 4 * sample->sorted[sample->len / 2];
        for (size_t i = 0; i < sample->len; i++) {
            if (sample->norms[i] <= limit)
                memmove(sample->points + kept++ * dim, sample->points + i * dim, dim * sizeof *sample->points);
        }
        matrix.rows = kept;
    }
    return WN_OK;
}

/* Mean, scale and step from every n-th row. */
static wn_status measure_sample(const wn_index_task *task, wn_bytes_form *form, wn_error *err)
{
    wn_status status = WN_OK;
    size_t len = task->points.len < SAMPLE ? task->points.len : SAMPLE, dim = form->dim;
    form_sample sample = {.len = len};
    sample.points = wn_alloc(WN_MEMORY_MATRIX, len * sizeof *sample.points, dim);
    sample.norms = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *sample.norms);
    sample.sorted = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *sample.sorted);
    if (!sample.points || !sample.norms || !sample.sorted) {
        status = wn_fail(err, WN_NOMEM, "no memory to look at %zu rows", len);
        goto done;
    }
    if (form->metric != WN_INDEX_METRIC_IP && (status = choose_mean(task, form, &sample, err))) goto done;
    if ((status = choose_scale(task, form, err))) goto done;
    sample_points(task, form, &sample);
    float typical =
        fminf(cut * sqrtf(sample.sorted[len - 1 - len / 50] / (float)dim), 2 * sqrtf(sample.sorted[len - 1]));
    form->step = typical > 0x1p-60f ? typical / 127 : 1;
done:
    wn_free(sample.points);
    wn_free(sample.norms);
    wn_free(sample.sorted);
    return status;
}

wn_status wn_bytes_form_make(const wn_index_task *task, wn_bytes_form *out, wn_error *err)
{
    wn_status status;
    size_t dim = task->points.matrix.cols;
    float *rotation = wn_alloc(WN_MEMORY_MATRIX, dim * sizeof *rotation, dim);
    *out = (wn_bytes_form){.metric = task->metric, .dim = dim, .padded = (dim + 3) / 4 * 4, .scale = 1, .step = 1};
    wn_convert_kernels_init(&out->convert, wn_cpu_level());
    wn_tile_kernels_init(&out->tile, wn_cpu_level());
    wn_precise_kernels_init(&out->precise, wn_cpu_level());
    out->panels = wn_alloc(WN_MEMORY_MATRIX, wn_tile_panel_len(dim, dim, 1), sizeof *out->panels);
    if (!rotation || !out->panels) {
        status = wn_fail(err, WN_NOMEM, "no memory to rotate %zu dimensions", dim);
        goto done;
    }
    if ((status = wn_linear_rotation(dim, task->seed, rotation, err))) goto done;
    out->tile.pack_f32(rotation, dim, NULL, dim, dim, out->panels, NULL);
    status = measure_sample(task, out, err);
done:
    wn_free(rotation);
    if (status) wn_bytes_form_clear(out);
    return status;
}

void wn_bytes_form_clear(wn_bytes_form *form)
{
    wn_free(form->mean);
    wn_free(form->panels);
    *form = (wn_bytes_form){0};
}

/* ---- rows ---- */

typedef struct code_job {
    const wn_bytes_form *form;
    const wn_index_rows *rows;
    wn_bytes *out;
    float *scratch; /* 2 x GRAIN x dim a worker */
} code_job;

static double sum_squares(const float *row, const uint8_t *codes, float step, size_t dim)
{
    double lanes[LANES] = {0}, sum = 0;
    size_t k = 0;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) {
            double error = (double)row[k + i] - (double)((int)codes[k + i] - 128) * (double)step;
            lanes[i] += error * error;
        }
    }
    for (; k < dim; k++) {
        double error = (double)row[k] - (double)((int)codes[k] - 128) * (double)step;
        sum += error * error;
    }
    for (size_t i = 0; i < LANES; i++) sum += lanes[i];
    return sum;
}

static void code_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const code_job *job = context;
    const wn_bytes_form *form = job->form;
    size_t dim = form->dim, n = end - begin;
    float *points = job->scratch + worker * 2 * GRAIN * dim, *rotated = points + GRAIN * dim;
    make_points(form, job->rows, job->out->scales, begin, end, points);
    wn_tile_f32 tile = {.rows = points, .stride = dim, .m = n, .dim = dim, .panels = form->panels, .n = dim};
    form->tile.dot_f32(&tile, rotated, dim);
    form->convert.norms_f32(points, n, dim, dim, job->out->lengths + begin);
    for (size_t i = 0; i < n; i++) {
        uint8_t *codes = job->out->codes + (begin + i) * form->padded;
        const float *row = rotated + i * dim;
        int32_t norm = 0;
        form->convert.f32_to_s8(row, dim, 1 / form->step, 0x80, (int8_t *)codes);
        memset(codes + dim, 0x80, form->padded - dim);
        for (size_t k = 0; k < dim; k++) norm += ((int)codes[k] - 128) * ((int)codes[k] - 128);
        job->out->norms[begin + i] = norm;
        job->out->errors[begin + i] = (float)(sqrt(sum_squares(row, codes, form->step, dim)) * (1 + 1e-6));
        job->out->lengths[begin + i] = 1.01f * sqrtf(job->out->lengths[begin + i]);
    }
}

static wn_status get_rows(size_t rows, size_t padded, bool scales, wn_bytes *out, wn_error *err)
{
    *out = (wn_bytes){.rows = rows};
    out->codes = wn_alloc(WN_MEMORY_MATRIX, rows, padded);
    out->norms = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->norms);
    out->errors = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->errors);
    out->lengths = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->lengths);
    if (scales) out->scales = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->scales);
    if (out->codes && out->norms && out->errors && out->lengths && (!scales || out->scales)) return WN_OK;
    wn_bytes_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory for the bytes of %zu rows", rows);
}

wn_status wn_bytes_new(const wn_bytes_form *form, size_t rows, wn_bytes *out, wn_error *err)
{
    return get_rows(rows, form->padded, form->metric == WN_INDEX_METRIC_COSINE, out, err);
}

wn_status wn_bytes_make(const wn_bytes_form *form, const wn_index_rows *rows, wn_pool *pool, wn_bytes *out,
                        wn_error *err)
{
    code_job job = {.form = form, .rows = rows, .out = out};
    WN_TRY(wn_bytes_new(form, rows->len, out, err));
    job.scratch = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(pool) * 2 * GRAIN * form->dim, sizeof *job.scratch);
    if (!job.scratch) {
        wn_bytes_clear(out);
        return wn_fail(err, WN_NOMEM, "no memory to rotate %zu rows", rows->len);
    }
    wn_pool_for(pool, rows->len, GRAIN, code_rows, &job);
    wn_free(job.scratch);
    return WN_OK;
}

void wn_bytes_clear(wn_bytes *bytes)
{
    wn_free(bytes->codes);
    wn_free(bytes->norms);
    wn_free(bytes->errors);
    wn_free(bytes->lengths);
    wn_free(bytes->scales);
    *bytes = (wn_bytes){0};
}

typedef struct reorder_job {
    const wn_bytes *from;
    wn_bytes *to;
    const uint32_t *order;
    size_t padded;
} reorder_job;

static void move_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const reorder_job *job = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        size_t from = job->order[i];
        if (from == UINT32_MAX) {
            memset(job->to->codes + i * job->padded, 0x80, job->padded);
            job->to->norms[i] = 0;
            job->to->errors[i] = job->to->lengths[i] = 0;
            if (job->to->scales) job->to->scales[i] = 0;
            continue;
        }
        memcpy(job->to->codes + i * job->padded, job->from->codes + from * job->padded, job->padded);
        job->to->norms[i] = job->from->norms[from];
        job->to->errors[i] = job->from->errors[from];
        job->to->lengths[i] = job->from->lengths[from];
        if (job->to->scales) job->to->scales[i] = job->from->scales[from];
    }
}

wn_status wn_bytes_reorder(const wn_bytes_form *form, wn_bytes *bytes, const uint32_t *order, size_t rows,
                           wn_pool *pool, wn_error *err)
{
    wn_bytes moved;
    WN_TRY(get_rows(rows, form->padded, bytes->scales != NULL, &moved, err));
    reorder_job job = {bytes, &moved, order, form->padded};
    wn_pool_for(pool, rows, GRAIN, move_rows, &job);
    wn_bytes_clear(bytes);
    *bytes = moved;
    return WN_OK;
}

/* ---- bounds ---- */

/* Rotating makes no distance longer than by this factor, and puts a rotated point off by at most `rounding` times its
 * length. */
static double stretch_of(const wn_bytes_form *form)
{
    return 1 + 0x1p-22 * sqrt((double)form->dim);
}

static double rounding_of(const wn_bytes_form *form)
{
    return 0x1p-23 * sqrt((double)form->dim) * (double)(form->dim + 4);
}

/* A point scaled to length 1 is off by this much and 4 u times its length. */
static double unit_slack(const wn_bytes_form *form)
{
    return form->metric == WN_INDEX_METRIC_COSINE ? 0x1p-22 * form->scale : 0;
}

/* How far the product of the bytes, times step^2, can be from that of the points: rotation and rounding in float32,
 * and what the bytes lack. */
static double product_error(const wn_bytes_form *form, double length, double error, const wn_bytes_block *block)
{
    double lengths = length * block->length, tilt = 3 * (stretch_of(form) - 1) + 3 * rounding_of(form) + 0x1p-20;
    return tilt * lengths + (length * block->error + block->length * error) * (1 + 0x1p-10) + error * block->error;
}

/* A float that is not below x. */
static float round_up(double x)
{
    return (float)(x + fabs(x) * 0x1p-22 + 1e-30);
}

float wn_bytes_base(const wn_bytes_form *form, double length, double error, double value)
{
    double step = (double)form->step;
    if (!(value < (double)INFINITY)) return INFINITY;
    if (form->metric == WN_INDEX_METRIC_IP) return round_up(value * form->scale * form->scale / (step * step));
    double distance = sqrt(value) * form->scale, lengths = 2 * length + distance;
    double reach = distance * (1 + 1e-9) + 2 * unit_slack(form) + 0x1p-22 * lengths;
    double blur = rounding_of(form) * (lengths + reach) + error;
    return round_up((stretch_of(form) * reach + blur) / step);
}

void wn_bytes_limits(const wn_bytes_form *form, const wn_bytes_block *block, const float *bases, const float *lengths,
                     const float *errors, size_t n, int32_t *limits)
{
    double step = (double)form->step, most = WN_BYTES_NO_LIMIT;
    if (form->metric == WN_INDEX_METRIC_IP) {
        for (size_t i = 0; i < n; i++) {
            double off = product_error(form, (double)lengths[i], (double)errors[i], block) / (step * step);
            double limit = (double)bases[i] + off + 1;
            limits[i] = limit >= most ? WN_BYTES_NO_LIMIT : limit <= -most ? -WN_BYTES_NO_LIMIT : (int32_t)limit;
        }
        return;
    }
    double error = block->error / step * (1 + 1e-9);
    for (size_t i = 0; i < n; i++) {
        double steps = (double)bases[i] + error, limit = steps * steps * (1 + 1e-9) + 1;
        limits[i] = (int32_t)(limit < most ? limit : most);
    }
}

double wn_bytes_value(const wn_bytes_form *form, double length, double error, const wn_bytes_block *block,
                      int32_t nearness)
{
    double step = (double)form->step, scale = form->scale;
    if (form->metric == WN_INDEX_METRIC_IP)
        return ((double)nearness * step * step + product_error(form, length, error, block)) / (scale * scale);
    double rounding = rounding_of(form), stretch = stretch_of(form);
    double rotated = step * sqrt((double)nearness) + error + block->error + 2 * rounding * length;
    double points = stretch * rotated / (1 - 2 * rounding);
    double distance = (points + 2 * unit_slack(form) + 0x1p-21 * (2 * length + points)) * (1 + 1e-6);
    return distance / scale * (distance / scale);
}
