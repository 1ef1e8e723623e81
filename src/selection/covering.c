/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances to the nearest pick for all rows: int8 tiles find the few picks that can be nearest, and those are measured
 * exactly, so the figures are those of a full search in double precision.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/cover.h"
#include "selection/frontier.h"
#include "winnow/memory.h"

/* Rows x picks between two reports. */
static const double REPORT_WORK = 2e8;

typedef struct cover {
    const wn_space *space;
    const wn_progress *progress;
    wn_coarse *coarse;
    wn_picks *picks;
    wn_frontier *frontier;
    uint32_t *slots;
    float *distances; /* len; for the percentile */
    uint64_t done, total;
} cover;

uint64_t wn_cover_bytes(size_t len, size_t dim, size_t picks, unsigned threads)
{
    return wn_coarse_bytes(len, dim, true) + wn_picks_bytes(picks, dim) + wn_frontier_bytes(len, dim, picks, threads) +
           (uint64_t)len * (sizeof(uint32_t) + 2 * sizeof(float)) + 2048 * (uint64_t)(dim + 1) * sizeof(float) +
           (uint64_t)(len / 4096 + 2) * dim * sizeof(double) + 16384;
}

static void cover_clear(cover *c)
{
    wn_free(c->distances);
    wn_free(c->slots);
    wn_frontier_free(&c->frontier);
    wn_picks_free(&c->picks);
    wn_coarse_free(&c->coarse);
    *c = (cover){0};
}

static wn_status cover_init(cover *c, const wn_space *space, size_t picks, wn_pool *pool, const wn_progress *progress,
                            wn_error *err)
{
    wn_status status;
    double *mean = wn_alloc(WN_MEMORY_SELECTION, space->matrix.cols, sizeof *mean);
    *c = (cover){.space = space, .progress = progress, .total = space->len};
    c->slots = wn_alloc(WN_MEMORY_SELECTION, space->len, sizeof *c->slots);
    c->distances = wn_alloc(WN_MEMORY_SELECTION, space->len, sizeof *c->distances);
    if (!mean || !c->slots || !c->distances) {
        status = wn_fail(err, WN_NOMEM, "no memory to measure the covering of %zu rows", space->len);
        goto done;
    }
    if (space->matrix.cols > WN_COARSE_DIM_MAX) {
        status = wn_fail(err, WN_UNSUPPORTED, "rows of %zu dimensions; at most %d are understood: project them first",
                         space->matrix.cols, WN_COARSE_DIM_MAX);
        goto done;
    }
    if ((status = wn_space_mean(space, pool, mean, err))) goto done;
    if ((status = wn_coarse_new(space, mean, true, pool, &c->coarse, err))) goto done;
    if ((status = wn_picks_new(c->coarse, picks, &c->picks, err))) goto done;
    status = wn_frontier_new(c->picks, pool, &c->frontier, err);
done:
    wn_free(mean);
    if (status) cover_clear(c);
    return status;
}

/* Makes all bounds exact for the picks given. */
static wn_status cover_run(cover *c, const int64_t *rows, size_t n, wn_error *err)
{
    size_t len = c->space->len, piece = (size_t)(REPORT_WORK / (double)(n + 64)) + 4096;
    wn_picks_reset(c->picks);
    wn_frontier_reset(c->frontier);
    for (size_t i = 0; i < n; i++) wn_picks_add(c->picks, (size_t)rows[i]);
    wn_picks_pack(c->picks);
    for (size_t slot = 0; slot < len; slot++) c->slots[slot] = (uint32_t)slot;
    for (size_t begin = 0; begin < len; begin += piece) {
        size_t count = len - begin < piece ? len - begin : piece;
        wn_frontier_refine(c->frontier, c->slots + begin, count);
        c->done += count;
        wn_progress_report report = {.stage = "covering", .unit = "rows", .done = c->done, .total = c->total};
        if (wn_progress_tell(c->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

/* The value with `rank` smaller ones before it; reorders. */
static float select_least(float *values, size_t n, size_t rank)
{
    size_t begin = 0, end = n - 1;
    while (begin < end) {
        float pivot = values[begin + (end - begin) / 2];
        size_t i = begin, j = end + 1; /* j is one beyond, so that it may reach 0 */
        while (i < j) {
            while (values[i] < pivot) i++;
            while (values[j - 1] > pivot) j--;
            if (i >= j) break;
            float swap = values[i];
            values[i++] = values[j - 1];
            values[--j] = swap;
        }
        if (rank < j) {
            end = j - 1;
        } else if (rank >= i) {
            begin = i;
        } else {
            break;
        }
    }
    return values[rank];
}

static void summarise(cover *c, float *distances, wn_covering *out)
{
    const double *bounds = wn_frontier_bounds(c->frontier);
    size_t len = c->space->len;
    double sum = 0, radius = 0;
    for (size_t slot = 0; slot < len; slot++) {
        double distance = wn_space_distance(c->space, bounds[slot]);
        sum += distance;
        radius = fmax(radius, distance);
        c->distances[slot] = (float)distance;
        if (distances) distances[slot] = (float)distance;
    }
    *out = (wn_covering){.radius = radius, .mean = len ? sum / (double)len : 0};
    if (len) out->percentile95 = (double)select_least(c->distances, len, (len * 95 + 99) / 100 - 1);
}

wn_status wn_cover_measure(const wn_space *space, wn_rows picks, wn_pool *pool, const wn_progress *progress,
                           float *distances, wn_covering *out, wn_error *err)
{
    cover c;
    WN_TRY(cover_init(&c, space, picks.len, pool, progress, err));
    wn_status status = cover_run(&c, picks.data, picks.len, err);
    if (!status) summarise(&c, distances, out);
    cover_clear(&c);
    return status;
}

wn_status wn_cover_order(const wn_space *space, wn_rows picks, const wn_progress *progress, float *distances,
                         wn_error *err)
{
    cover c;
    int32_t *squares = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *squares);
    uint32_t *hits = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *hits);
    wn_status status = cover_init(&c, space, picks.len, NULL, progress, err);
    if (status) goto done;
    if (!squares || !hits) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu picks", picks.len);
        goto done;
    }
    for (size_t i = 0; i < picks.len; i++) {
        wn_picks_add(c.picks, (size_t)picks.data[i]);
        c.picks->len--; /* the row itself does not count yet */
        wn_probe probe = {.values = c.picks->values + i * space->matrix.cols,
                          .scale = c.picks->scales[i],
                          .code = c.picks->codes + i * c.coarse->stride,
                          .error = c.picks->errors[i]};
        double square = wn_picks_refine_from(c.picks, &probe, 0, INFINITY, squares, hits);
        c.picks->len++;
        distances[i] = (float)wn_space_distance(space, square);
        wn_progress_report report = {.stage = "covering", .unit = "picks", .done = i + 1, .total = picks.len};
        if (i % 256 == 255 && wn_progress_tell(progress, &report)) {
            status = wn_fail(err, WN_CANCELLED, "cancelled");
            goto done;
        }
    }
done:
    cover_clear(&c);
    wn_free(hits);
    wn_free(squares);
    return status;
}

static wn_status check_matrix(const wn_matrix *matrix, wn_metric metric, wn_pool *pool, wn_error *err)
{
    if (matrix->rows == 0 || matrix->cols == 0) return wn_fail(err, WN_INVALID, "no rows to measure the covering of");
    if (matrix->rows > UINT32_MAX - 1)
        return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", matrix->rows);
    if ((unsigned)metric >= WN_METRIC_COUNT) return wn_fail(err, WN_INVALID, "metric %d is not known", (int)metric);
    return wn_matrix_check_finite(matrix, "embeddings", pool, err);
}

wn_status wn_covering_measure(const wn_matrix *matrix, wn_rows picks, wn_metric metric, wn_pool *pool,
                              const wn_progress *progress, float *distances, wn_covering *out, wn_error *err)
{
    wn_space space = {.matrix = *matrix, .metric = metric, .len = matrix->rows};
    WN_TRY(check_matrix(matrix, metric, pool, err));
    if (picks.len == 0) return wn_fail(err, WN_INVALID, "no picks to measure the covering of");
    for (size_t i = 0; i < picks.len; i++) {
        if (picks.data[i] < 0 || (uint64_t)picks.data[i] >= matrix->rows) {
            return wn_fail(err, WN_INVALID, "pick %zu names row %" PRId64 ", but rows go from 0 to %zu", i,
                           picks.data[i], matrix->rows - 1);
        }
    }
    return wn_cover_measure(&space, picks, pool, progress, distances, out, err);
}

/* Mean and standard deviation of a sample. */
static void summarise_sets(const double *values, size_t n, double *mean, double *std)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += values[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (values[i] - *mean) * (values[i] - *mean);
    *std = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
}

wn_status wn_covering_measure_random(const wn_matrix *matrix, size_t count, size_t sets, wn_metric metric,
                                     uint64_t seed, wn_pool *pool, const wn_progress *progress, wn_covering_random *out,
                                     wn_error *err)
{
    wn_space space = {.matrix = *matrix, .metric = metric, .len = matrix->rows};
    cover c = {0};
    wn_status status;
    *out = (wn_covering_random){.sets = sets};
    WN_TRY(check_matrix(matrix, metric, pool, err));
    if (count == 0 || count > matrix->rows || sets == 0)
        return wn_fail(err, WN_INVALID, "cannot draw %zu sets of %zu from %zu rows", sets, count, matrix->rows);
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *rows);
    double *radii = wn_alloc(WN_MEMORY_SELECTION, sets, sizeof *radii);
    double *means = wn_alloc(WN_MEMORY_SELECTION, sets, sizeof *means);
    if (!rows || !radii || !means) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu random rows", count);
        goto done;
    }
    if ((status = cover_init(&c, &space, count, pool, progress, err))) goto done;
    c.total = (uint64_t)sets * matrix->rows;
    for (size_t set = 0; set < sets; set++) {
        wn_rng rng;
        wn_covering covering;
        wn_rng_init(&rng, seed, set);
        if (!wn_rng_sample(&rng, (int64_t)matrix->rows, (int64_t)count, rows)) {
            status = wn_fail(err, WN_NOMEM, "no memory for %zu random rows", count);
            goto done;
        }
        if ((status = cover_run(&c, rows, count, err))) goto done;
        summarise(&c, NULL, &covering);
        radii[set] = covering.radius;
        means[set] = covering.mean;
    }
    summarise_sets(radii, sets, &out->radius_mean, &out->radius_std);
    summarise_sets(means, sets, &out->mean_mean, &out->mean_std);
done:
    cover_clear(&c);
    wn_free(means);
    wn_free(radii);
    wn_free(rows);
    return status;
}
