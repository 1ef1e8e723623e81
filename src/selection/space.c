/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact geometry. Sums run over eight partial sums in a fixed order, so that a value depends on the two rows alone and
 * the compiler can keep them in vector registers.
 */
#include "selection/space.h"

#include <math.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { LANES = 8, GRAIN = 4096 };

const char *const wn_metric_names[WN_METRIC_COUNT + 1] = {
#define X(name, text) [WN_METRIC_##name] = text,
    WN_METRIC_MAP(X)
#undef X
};

static double sum_lanes(const double lanes[LANES])
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

double wn_space_scale(const wn_space *space, const float *row)
{
    double lanes[LANES] = {0};
    size_t dim = space->matrix.cols, k = 0;
    if (space->metric != WN_METRIC_COSINE) return 1;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) lanes[i] += (double)row[k + i] * (double)row[k + i];
    }
    for (size_t i = 0; k < dim; k++, i++) lanes[i] += (double)row[k] * (double)row[k];
    double square = sum_lanes(lanes);
    return square > 0 ? 1 / sqrt(square) : 0;
}

double wn_space_square(const float *a, double a_scale, const float *b, double b_scale, size_t dim)
{
    double lanes[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= dim; k += LANES) {
        for (size_t i = 0; i < LANES; i++) {
            double difference = (double)a[k + i] * a_scale - (double)b[k + i] * b_scale;
            lanes[i] += difference * difference;
        }
    }
    for (size_t i = 0; k < dim; k++, i++) {
        double difference = (double)a[k] * a_scale - (double)b[k] * b_scale;
        lanes[i] += difference * difference;
    }
    return sum_lanes(lanes);
}

double wn_space_distance(const wn_space *space, double square)
{
    return space->metric == WN_METRIC_COSINE ? square / 2 : sqrt(square);
}

double wn_space_distance_square(const wn_space *space, double distance)
{
    return space->metric == WN_METRIC_COSINE ? distance * 2 : distance * distance;
}

typedef struct sum_job {
    const wn_space *space;
    double *sums; /* chunks x dim */
} sum_job;

static void add_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const sum_job *job = context;
    size_t dim = job->space->matrix.cols;
    double *sums = job->sums + begin / GRAIN * dim;
    (void)worker;
    for (size_t slot = begin; slot < end; slot++) {
        const float *row = wn_matrix_row(&job->space->matrix, wn_space_row(job->space, slot));
        double scale = wn_space_scale(job->space, row);
        for (size_t k = 0; k < dim; k++) sums[k] += (double)row[k] * scale;
    }
}

wn_status wn_space_mean(const wn_space *space, wn_pool *pool, double *mean, wn_error *err)
{
    size_t dim = space->matrix.cols, chunks = (space->len + GRAIN - 1) / GRAIN;
    sum_job job = {.space = space, .sums = wn_calloc(WN_MEMORY_SELECTION, chunks * dim, sizeof(double))};
    if (!job.sums) return wn_fail(err, WN_NOMEM, "no memory for the mean of %zu rows", space->len);
    wn_pool_for(pool, space->len, GRAIN, add_rows, &job);
    for (size_t k = 0; k < dim; k++) {
        double sum = 0;
        for (size_t chunk = 0; chunk < chunks; chunk++) sum += job.sums[chunk * dim + k];
        mean[k] = space->len ? sum / (double)space->len : 0;
    }
    wn_free(job.sums);
    return WN_OK;
}

typedef struct nearest_job {
    const wn_space *space;
    const double *mean;
    double *squares; /* per chunk: the least, and its slot */
    size_t *slots;
} nearest_job;

static void find_nearest(void *context, size_t begin, size_t end, unsigned worker)
{
    const nearest_job *job = context;
    size_t dim = job->space->matrix.cols, best_slot = begin;
    double best = INFINITY;
    (void)worker;
    for (size_t slot = begin; slot < end; slot++) {
        const float *row = wn_matrix_row(&job->space->matrix, wn_space_row(job->space, slot));
        double scale = wn_space_scale(job->space, row), lanes[LANES] = {0};
        for (size_t k = 0; k < dim; k++) {
            double difference = (double)row[k] * scale - job->mean[k];
            lanes[k % LANES] += difference * difference;
        }
        double square = sum_lanes(lanes);
        if (square < best) {
            best = square;
            best_slot = slot;
        }
    }
    job->squares[begin / GRAIN] = best;
    job->slots[begin / GRAIN] = best_slot;
}

wn_status wn_space_nearest_slot(const wn_space *space, const double *mean, wn_pool *pool, size_t *out, wn_error *err)
{
    size_t chunks = (space->len + GRAIN - 1) / GRAIN, best = 0;
    nearest_job job = {.space = space, .mean = mean};
    wn_status status = WN_OK;
    job.squares = wn_alloc(WN_MEMORY_SELECTION, chunks, sizeof *job.squares);
    job.slots = wn_alloc(WN_MEMORY_SELECTION, chunks, sizeof *job.slots);
    if (!job.squares || !job.slots) {
        status = wn_fail(err, WN_NOMEM, "no memory to find the row nearest to the mean");
        goto done;
    }
    wn_pool_for(pool, space->len, GRAIN, find_nearest, &job);
    for (size_t chunk = 1; chunk < chunks; chunk++) {
        if (job.squares[chunk] < job.squares[best]) best = chunk;
    }
    *out = job.slots[best];
done:
    wn_free(job.slots);
    wn_free(job.squares);
    return status;
}
