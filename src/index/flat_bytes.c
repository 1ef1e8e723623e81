/* SPDX-License-Identifier: Apache-2.0
 *
 * Points in bytes. The step is set by the typical length, not by the greatest value, so that one row far away does not
 * blur all others; rows that it cuts are set aside.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "index/flat_points.h"
#include "num/linear.h"
#include "winnow/memory.h"

/* After the rotation the values of a row are near normal; beyond 7 standard deviations of a typical row they are cut.
 * At most ASIDE_MOST rows are compared one by one. */
enum { GRAIN = 512, CUT = 7, ASIDE_MOST = 64 };

typedef struct code_job {
    wn_flat_points *points;
    const float *rotated;
    float step;
    wn_convert_kernels convert;
} code_job;

static void write_codes(void *context, size_t begin, size_t end, unsigned worker)
{
    const code_job *job = context;
    size_t dim = job->points->dim;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *row = job->rotated + i * dim;
        int8_t *codes = job->points->codes + i * dim;
        double square = 0;
        job->convert.f32_to_s8(row, dim, 1 / job->step, 0, codes);
        job->convert.norms_s8(codes, 1, dim, dim, &job->points->code_norms[i]);
        for (size_t k = 0; k < dim; k++) {
            double error = (double)row[k] - (double)codes[k] * (double)job->step;
            square += error * error;
        }
        job->points->errors[i] = (float)(sqrt(square) * (1 + 1e-6));
    }
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float *sorted_copy(const float *values, size_t n)
{
    float *copy = wn_alloc(WN_MEMORY_MATRIX, n, sizeof *copy);
    if (!copy) return NULL;
    memcpy(copy, values, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, compare_floats);
    return copy;
}

static wn_status choose_step(const wn_flat_points *points, const float *rotated, wn_flat_bytes *out, wn_error *err)
{
    wn_convert_kernels convert;
    float *norms = sorted_copy(points->norms, points->rows);
    if (!norms) return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", points->rows);
    wn_convert_kernels_init(&convert, wn_cpu_level());
    float greatest = convert.max_abs(rotated, points->rows * points->dim);
    float cut = CUT * sqrtf(norms[points->rows / 2] / (float)points->dim);
    if (cut > 0 && cut < greatest) greatest = cut;
    out->step = greatest > 0x1p-60f ? greatest / 127 : 1;
    wn_free(norms);
    return WN_OK;
}

static wn_status code_rows(const wn_index_task *task, wn_flat_points *points, float step, const float *rotated,
                           wn_error *err)
{
    code_job job = {.points = points, .rotated = rotated, .step = step};
    points->codes = wn_alloc(WN_MEMORY_MATRIX, points->rows, points->dim);
    points->code_norms = wn_alloc(WN_MEMORY_MATRIX, points->rows, sizeof *points->code_norms);
    points->errors = wn_alloc(WN_MEMORY_MATRIX, points->rows, sizeof *points->errors);
    if (!points->codes || !points->code_norms || !points->errors)
        return wn_fail(err, WN_NOMEM, "no memory for the bytes of %zu rows", points->rows);
    wn_convert_kernels_init(&job.convert, wn_cpu_level());
    wn_pool_for(task->pool, points->rows, GRAIN, write_codes, &job);
    return WN_OK;
}

static wn_status set_aside(const wn_flat_points *points, wn_flat_bytes *out, wn_error *err)
{
    float *errors = sorted_copy(points->errors, points->rows);
    out->aside = wn_alloc(WN_MEMORY_MATRIX, ASIDE_MOST, sizeof *out->aside);
    out->is_aside = wn_calloc(WN_MEMORY_MATRIX, points->rows, 1);
    if (!errors || !out->aside || !out->is_aside) {
        wn_free(errors);
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", points->rows);
    }
    float limit = 1.5f * errors[points->rows / 2];
    if (points->rows > ASIDE_MOST) limit = fmaxf(limit, errors[points->rows - 1 - ASIDE_MOST]);
    for (size_t i = 0; i < points->rows; i++) {
        if (points->errors[i] > limit && out->aside_len < ASIDE_MOST) {
            out->aside[out->aside_len++] = (uint32_t)i;
            out->is_aside[i] = 1;
        } else if ((double)points->errors[i] > out->error) {
            out->error = (double)points->errors[i];
        }
    }
    wn_free(errors);
    return WN_OK;
}

wn_status wn_flat_bytes_make(const wn_index_task *task, wn_flat_points *points, wn_flat_points *queries,
                             wn_flat_bytes *out, wn_error *err)
{
    wn_status status;
    size_t dim = points->dim, most = queries && queries->rows > points->rows ? queries->rows : points->rows;
    float *rotation = wn_alloc(WN_MEMORY_MATRIX, dim * sizeof *rotation, dim);
    float *rotated = wn_alloc(WN_MEMORY_MATRIX, most * sizeof *rotated, dim);
    wn_matrix matrix = {points->values, points->rows, dim, dim};
    *out = (wn_flat_bytes){.stretch = 1 + 0x1p-22 * sqrt((double)dim),
                           .rounding = 0x1p-23 * sqrt((double)dim) * (double)(dim + 4)};
    if (!rotation || !rotated) {
        status = wn_fail(err, WN_NOMEM, "no memory to rotate %zu rows", most);
        goto done;
    }
    if ((status = wn_linear_rotation(dim, task->seed, rotation, err))) goto done;
    if ((status = wn_linear_project(&matrix, NULL, rotation, dim, task->pool, rotated, err))) goto done;
    if ((status = choose_step(points, rotated, out, err))) goto done;
    if ((status = code_rows(task, points, out->step, rotated, err))) goto done;
    if ((status = set_aside(points, out, err)) || !queries) goto done;
    matrix = (wn_matrix){queries->values, queries->rows, dim, dim};
    if ((status = wn_linear_project(&matrix, NULL, rotation, dim, task->pool, rotated, err))) goto done;
    status = code_rows(task, queries, out->step, rotated, err);
done:
    wn_free(rotated);
    wn_free(rotation);
    return status;
}

void wn_flat_bytes_clear(wn_flat_bytes *bytes)
{
    wn_free(bytes->aside);
    wn_free(bytes->is_aside);
    *bytes = (wn_flat_bytes){0};
}
