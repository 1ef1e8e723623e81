/* SPDX-License-Identifier: Apache-2.0
 *
 * int8 codes. The rotation spreads what a few coordinates hold over all of them, so that one step serves all: random
 * signs and a Hadamard transform of the first 2^k coordinates, then the same of the last 2^k, 2^k <= dim < 2^(k+1). It
 * helps rows from a principal-component analysis and hurts evenly filled cubes; a sample decides. Rows that the step is
 * too small for are cut and get a large error; nothing else depends on the choice.
 */
#include "selection/coarse.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

enum { ALIGN = 16, GRAIN = 1024, SAMPLE = 2048, SAMPLE_GRAIN = 64, STEPS = 4, LANES = 16 };

/* Relative error of y in float32: one rounding in scaling, one in centring, and at most 2 x 17 in the rotation. */
#define ROUNDING (48 * 0x1p-24)

/* Room for rounding in double precision when bounds are compared with exact distances. */
#define SLACK 1e-9

size_t wn_coarse_stride(size_t dim)
{
    return (dim + ALIGN - 1) / ALIGN * ALIGN;
}

uint64_t wn_coarse_bytes(size_t len, size_t dim, bool stored)
{
    uint64_t each = wn_coarse_stride(dim) + sizeof(int32_t) + sizeof(float);
    return sizeof(wn_coarse) + 3 * sizeof(float) * (uint64_t)dim + (stored ? each * len : 0);
}

/* In place; len is a power of two; scaled to be orthonormal. */
static void transform(float *values, size_t len)
{
    float scale = (float)(1 / sqrt((double)len));
    for (size_t half = 1; half < len; half *= 2) {
        for (size_t begin = 0; begin < len; begin += 2 * half) {
            float *a = values + begin, *b = a + half;
            for (size_t i = 0; i < half; i++) {
                float sum = a[i] + b[i], difference = a[i] - b[i];
                a[i] = sum;
                b[i] = difference;
            }
        }
    }
    for (size_t i = 0; i < len; i++) values[i] *= scale;
}

static void rotate(const float *signs, float *values, size_t dim)
{
    size_t part = 1;
    while (part * 2 <= dim) part *= 2;
    for (size_t turn = 0; turn < 2; turn++) {
        for (size_t k = 0; k < dim; k++) values[k] *= signs[turn * dim + k];
        transform(values + turn * (dim - part), part);
    }
}

/* y of one row; the answer is the bound on its rounding error. */
static double place(const wn_coarse *coarse, const float *row, bool rotated, float *y)
{
    size_t dim = coarse->space->matrix.cols;
    float scale = (float)wn_space_scale(coarse->space, row);
    double square = 0;
    for (size_t k = 0; k < dim; k++) y[k] = row[k] * scale - coarse->centre[k];
    for (size_t k = 0; k < dim; k++) square += (double)y[k] * (double)y[k];
    if (rotated) rotate(coarse->signs, y, dim);
    /* A row scaled to length 1 carries the rounding of its own length, whatever is left after centring. */
    return ROUNDING * (sqrt(square) + (coarse->space->metric == WN_METRIC_COSINE ? 1 : 0));
}

/* Length of y - step q, q being y / step rounded and cut. */
static double residual(const float *y, const uint8_t *code, double step, size_t dim)
{
    double lanes[4] = {0};
    for (size_t k = 0; k < dim; k++) {
        double rest = (double)y[k] - step * ((double)code[k] - 128);
        lanes[k % 4] += rest * rest;
    }
    return sqrt((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]));
}

void wn_coarse_encode(const wn_coarse *coarse, const float *row, float *scratch, uint8_t *code, int32_t *norm,
                      float *error)
{
    size_t dim = coarse->space->matrix.cols;
    double rounding = place(coarse, row, coarse->rotated, scratch);
    int32_t square = 0;
    coarse->convert.f32_to_s8(scratch, dim, (float)(1 / coarse->step), 0x80, (int8_t *)code);
    memset(code + dim, 0x80, coarse->stride - dim);
    for (size_t k = 0; k < dim; k++) square += ((int32_t)code[k] - 128) * ((int32_t)code[k] - 128);
    double lost = residual(scratch, code, coarse->step, dim) * (1 + 1e-6) + rounding;
    *norm = square;
    *error = lost < (double)FLT_MAX / 2 ? nextafterf((float)lost, INFINITY) : INFINITY; /* NaN becomes infinite too */
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Rows spread over the slots, placed with or without rotation, and what each loses with the steps that are tried. */
typedef struct sample {
    const wn_coarse *coarse;
    size_t count;
    bool rotated;
    float *values;   /* count x dim */
    float *greatest; /* per row */
    float steps[STEPS];
    double *lost; /* count x STEPS */
} sample;

static void place_sample(void *context, size_t begin, size_t end, unsigned worker)
{
    const sample *s = context;
    const wn_space *space = s->coarse->space;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        float *y = s->values + i * space->matrix.cols;
        place(s->coarse, wn_matrix_row(&space->matrix, wn_space_row(space, i * space->len / s->count)), s->rotated, y);
        s->greatest[i] = s->coarse->convert.max_abs(y, space->matrix.cols);
    }
}

/* Squared residual of one row for one step, cut values included: to four digits, which a choice between steps needs. */
static double measure_step(const float *values, size_t dim, float step)
{
    float lanes[LANES] = {0}, inverse = 1 / step;
    double sum = 0;
    for (size_t k = 0; k < dim; k += LANES) {
        size_t n = dim - k < LANES ? dim - k : LANES;
        float rest[LANES] = {0};
        for (size_t l = 0; l < n; l++) {
            float q = values[k + l] * inverse;
            q = q > 127 ? 127 : q < -127 ? -127 : q;
            rest[l] = values[k + l] - step * (float)(int)(q + (q > 0 ? 0.5f : -0.5f));
        }
        for (size_t l = 0; l < LANES; l++) lanes[l] += rest[l] * inverse * (rest[l] * inverse);
    }
    for (size_t l = 0; l < LANES; l++) sum += (double)lanes[l];
    return sum * (double)step * (double)step;
}

static void measure_sample(void *context, size_t begin, size_t end, unsigned worker)
{
    const sample *s = context;
    size_t dim = s->coarse->space->matrix.cols;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        for (size_t j = 0; j < STEPS; j++)
            s->lost[i * STEPS + j] = s->steps[j] > 0 ? measure_step(s->values + i * dim, dim, s->steps[j]) : INFINITY;
    }
}

/* Tries four steps between the typical and the greatest magnitude. */
static void try_rotation(wn_coarse *coarse, sample *s, wn_pool *pool, double *best)
{
    static const double quantiles[STEPS] = {0.5, 0.9, 0.99, 1};
    wn_pool_for(pool, s->count, SAMPLE_GRAIN, place_sample, s);
    qsort(s->greatest, s->count, sizeof *s->greatest, compare_floats);
    for (size_t j = 0; j < STEPS; j++) {
        double step = (double)s->greatest[(size_t)(quantiles[j] * (double)(s->count - 1))] / 127;
        s->steps[j] = step > (double)FLT_MIN && step < (double)FLT_MAX / 256 ? (float)step : 0;
    }
    wn_pool_for(pool, s->count, SAMPLE_GRAIN, measure_sample, s);
    for (size_t j = 0; j < STEPS; j++) {
        double lost = 0;
        for (size_t i = 0; i < s->count; i++) lost += s->lost[i * STEPS + j];
        if (!(lost < *best)) continue;
        *best = lost;
        coarse->step = (double)s->steps[j];
        coarse->rotated = s->rotated;
    }
}

static wn_status choose_step(wn_coarse *coarse, wn_pool *pool, wn_error *err)
{
    size_t dim = coarse->space->matrix.cols;
    sample s = {.coarse = coarse, .count = coarse->space->len < SAMPLE ? coarse->space->len : SAMPLE};
    wn_status status = WN_OK;
    double best = INFINITY;
    s.values = wn_alloc(WN_MEMORY_SELECTION, s.count * dim, sizeof *s.values);
    s.greatest = wn_alloc(WN_MEMORY_SELECTION, s.count, sizeof *s.greatest);
    s.lost = wn_alloc(WN_MEMORY_SELECTION, s.count * STEPS, sizeof *s.lost);
    if (!s.values || !s.greatest || !s.lost) {
        status = wn_fail(err, WN_NOMEM, "no memory for a sample of %zu rows", s.count);
        goto done;
    }
    coarse->step = 1; /* for rows that are all alike, or beyond any scale */
    for (int turn = 0; turn < 2 && s.count; turn++) {
        s.rotated = turn;
        try_rotation(coarse, &s, pool, &best);
    }
done:
    wn_free(s.lost);
    wn_free(s.greatest);
    wn_free(s.values);
    return status;
}

typedef struct encode_job {
    wn_coarse *coarse;
    float *scratch; /* dim a worker */
} encode_job;

static void encode_slots(void *context, size_t begin, size_t end, unsigned worker)
{
    const encode_job *job = context;
    wn_coarse *c = job->coarse;
    for (size_t slot = begin; slot < end; slot++) {
        wn_coarse_encode(c, wn_matrix_row(&c->space->matrix, wn_space_row(c->space, slot)),
                         job->scratch + worker * c->space->matrix.cols, c->codes + slot * c->stride, c->norms + slot,
                         c->errors + slot);
    }
}

static wn_status encode_all(wn_coarse *coarse, wn_pool *pool, wn_error *err)
{
    size_t len = coarse->space->len;
    encode_job job = {.coarse = coarse};
    coarse->codes = wn_alloc(WN_MEMORY_SELECTION, len, coarse->stride);
    coarse->norms = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *coarse->norms);
    coarse->errors = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *coarse->errors);
    job.scratch = wn_alloc(WN_MEMORY_SELECTION, wn_pool_threads(pool) * coarse->space->matrix.cols, sizeof(float));
    if (!coarse->codes || !coarse->norms || !coarse->errors || !job.scratch) {
        wn_free(job.scratch);
        return wn_fail(err, WN_NOMEM, "no memory for the codes of %zu rows; set a memory limit", len);
    }
    wn_pool_for(pool, len, GRAIN, encode_slots, &job);
    wn_free(job.scratch);
    return WN_OK;
}

wn_status wn_coarse_new(const wn_space *space, const double *centre, bool stored, wn_pool *pool, wn_coarse **out,
                        wn_error *err)
{
    wn_status status;
    size_t dim = space->matrix.cols;
    wn_rng rng;
    wn_coarse *coarse = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *coarse);
    *out = NULL;
    if (!coarse) return wn_fail(err, WN_NOMEM, "no memory for the codes");
    coarse->space = space;
    coarse->stride = wn_coarse_stride(dim);
    coarse->centre = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *coarse->centre);
    coarse->signs = wn_alloc(WN_MEMORY_SELECTION, 2 * dim, sizeof *coarse->signs);
    if (!coarse->centre || !coarse->signs) {
        status = wn_fail(err, WN_NOMEM, "no memory for the codes");
        goto done;
    }
    wn_convert_kernels_init(&coarse->convert, wn_cpu_level());
    wn_rng_init(&rng, 1, 0);
    for (size_t k = 0; k < dim; k++) coarse->centre[k] = (float)centre[k];
    for (size_t k = 0; k < 2 * dim; k++) coarse->signs[k] = wn_rng_u32(&rng) & 1 ? 1.0f : -1.0f;
    if ((status = choose_step(coarse, pool, err))) goto done;
    if (stored && (status = encode_all(coarse, pool, err))) goto done;
    *out = coarse;
    return WN_OK;
done:
    wn_coarse_free(&coarse);
    return status;
}

void wn_coarse_free(wn_coarse **coarse)
{
    if (!*coarse) return;
    wn_free((*coarse)->errors);
    wn_free((*coarse)->norms);
    wn_free((*coarse)->codes);
    wn_free((*coarse)->signs);
    wn_free((*coarse)->centre);
    wn_free(*coarse);
    *coarse = NULL;
}

void wn_coarse_gather(const wn_coarse *coarse, const uint32_t *slots, size_t n, float *scratch, uint8_t *codes,
                      int32_t *norms, float *errors)
{
    const wn_space *space = coarse->space;
    for (size_t i = 0; i < n; i++) {
        uint8_t *code = codes + i * coarse->stride;
        if (coarse->codes) {
            memcpy(code, coarse->codes + slots[i] * coarse->stride, coarse->stride);
            norms[i] = coarse->norms[slots[i]];
            errors[i] = coarse->errors[slots[i]];
        } else {
            wn_coarse_encode(coarse, wn_matrix_row(&space->matrix, wn_space_row(space, slots[i])), scratch, code,
                             norms + i, errors + i);
        }
    }
}

double wn_coarse_upper(const wn_coarse *coarse, int32_t square, double errors)
{
    double distance = coarse->step * sqrt((double)square) + errors;
    return distance * distance * (1 + SLACK);
}

double wn_coarse_lower(const wn_coarse *coarse, int32_t square, double errors)
{
    double distance = coarse->step * sqrt((double)square) - errors;
    return distance > 0 ? distance * distance * (1 - SLACK) : 0;
}

int32_t wn_coarse_limit(const wn_coarse *coarse, double square, double errors)
{
    double limit = (sqrt(square) + errors) / coarse->step;
    limit = limit * limit * (1 + SLACK) + 1;
    return limit < INT32_MAX ? (int32_t)limit : INT32_MAX;
}
