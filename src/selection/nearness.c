/* SPDX-License-Identifier: Apache-2.0
 *
 * How much a pick counts for a row at some distance.
 */
#include "selection/nearness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/distance.h"
#include "winnow/memory.h"

/* exp(x) for x <= 0 with a relative error below 3e-7: 2^k times a polynomial (the Taylor terms of 2^f, |f| <= 1/2).
 * Plain arithmetic, so that it is the same on every system, and the compiler can do several at once. */
static inline float fall(float x)
{
    float power = x * 1.44269504f, whole, f, p;
    power = power > -100 ? power : -100; /* also what is no number */
    whole = (float)(int)(power - 0.5f);  /* nearest, for power <= 0 */
    f = power - whole;
    p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1;
    union {
        uint32_t bits;
        float value;
    } scale = {(uint32_t)((int)whole + 127) << 23};
    return p * scale.value;
}

void wn_nearness_values(const wn_nearness *nearness, const float *squares, size_t n, float *values)
{
    float r = (float)nearness->radius, half = 1 / (2 * r * r), inverse = 1 / r, square = r * r;
    switch (nearness->kind) {
    case WN_NEARNESS_LINEAR:
        for (size_t i = 0; i < n; i++) values[i] = 1 - squares[i] * half;
        break;
    case WN_NEARNESS_RBF:
        for (size_t i = 0; i < n; i++) values[i] = fall(-squares[i] * half);
        break;
    case WN_NEARNESS_LAPLACE:
        for (size_t i = 0; i < n; i++) values[i] = fall(-sqrtf(squares[i] < 0 ? 0 : squares[i]) * inverse);
        break;
    default:
        for (size_t i = 0; i < n; i++) values[i] = squares[i] <= square ? 1 : 0;
    }
    for (size_t i = 0; i < n; i++) values[i] = values[i] >= WN_NEARNESS_LEAST ? values[i] : 0;
}

wn_status wn_nearness_spread(const wn_roster *roster, double *radius, wn_error *err)
{
    const wn_space *space = &roster->space;
    double sum = 0;
    *radius = 1;
    if (space->metric == WN_METRIC_COSINE || space->len == 0) return WN_OK;
    size_t dim = space->matrix.cols;
    double *mean = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *mean);
    if (!mean) return wn_fail(err, WN_NOMEM, "no memory for the mean of %zu rows", space->len);
    wn_status status = wn_space_mean(space, roster->request->pool, mean, err);
    for (size_t i = 0; i < space->len && !status; i++) {
        const float *row = wn_matrix_row(&space->matrix, wn_space_row(space, i));
        for (size_t k = 0; k < dim; k++) sum += ((double)row[k] - mean[k]) * ((double)row[k] - mean[k]);
    }
    if (sum > 0) *radius = sqrt(sum / (double)space->len);
    wn_free(mean);
    return status;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Some rows drawn evenly: their middles of equal stretches. */
static size_t draw_rows(const wn_roster *roster, size_t most, uint32_t *rows)
{
    size_t len = roster->space.len, n = len < most ? len : most;
    for (size_t i = 0; i < n; i++) {
        size_t begin = i * len / n, end = (i + 1) * len / n;
        rows[i] = (uint32_t)wn_space_row(&roster->space, begin + (end - begin) / 2);
    }
    return n;
}

enum { PROBES = 256, OTHERS = 20000 };

typedef struct share_job {
    const float *probes, *others;
    size_t count, dim, rank;
    float *squares; /* threads x count */
    float *out;
    wn_distance_kernels kernels;
} share_job;

static void find_share(void *context, size_t begin, size_t end, unsigned worker)
{
    const share_job *job = context;
    float *squares = job->squares + (size_t)worker * job->count;
    for (size_t i = begin; i < end; i++) {
        job->kernels.l2sq_rows_f32(job->probes + i * job->dim, job->others, job->dim, NULL, job->count, job->dim,
                                   squares);
        qsort(squares, job->count, sizeof *squares, compare_floats);
        job->out[i] = squares[job->rank];
    }
}

wn_status wn_nearness_share_radius(const wn_roster *roster, double share, double *radius, wn_error *err)
{
    size_t dim = roster->space.matrix.cols, threads = wn_pool_threads(roster->request->pool);
    uint32_t *rows = wn_alloc(WN_MEMORY_SELECTION, OTHERS, sizeof *rows);
    float *probes = wn_alloc(WN_MEMORY_SELECTION, PROBES * dim, sizeof *probes);
    float *others = wn_alloc(WN_MEMORY_SELECTION, OTHERS * dim, sizeof *others);
    float *squares = wn_alloc(WN_MEMORY_SELECTION, threads * OTHERS, sizeof *squares), out[PROBES];
    wn_status status = WN_OK;
    *radius = 1;
    if (!rows || !probes || !others || !squares) {
        status = wn_fail(err, WN_NOMEM, "no memory to measure how near rows are");
        goto done;
    }
    share_job job = {.probes = probes, .others = others, .dim = dim, .squares = squares, .out = out};
    job.count = draw_rows(roster, OTHERS, rows);
    if (job.count == 0) goto done;
    wn_roster_gather(roster, rows, job.count, others);
    size_t n = draw_rows(roster, PROBES, rows);
    wn_roster_gather(roster, rows, n, probes);
    wn_distance_kernels_init(&job.kernels, wn_cpu_level());
    job.rank = (size_t)(share * (double)job.count);
    if (job.rank == 0) job.rank = 1; /* rank 0 is the row itself */
    if (job.rank >= job.count) job.rank = job.count - 1;
    wn_pool_for(roster->request->pool, n, 1, find_share, &job);
    qsort(out, n, sizeof *out, compare_floats);
    size_t at = n / 2;
    while (at < n && out[at] <= 0) at++;
    if (at < n) *radius = sqrt((double)out[at]);
done:
    wn_free(squares);
    wn_free(others);
    wn_free(probes);
    wn_free(rows);
    return status;
}
