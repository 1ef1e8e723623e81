/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances to the nearest pick for all rows: int8 tiles find the few picks that can be nearest, and those are measured
 * exactly, so the figures are those of a full search in double precision.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
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
           (uint64_t)len * (sizeof(uint32_t) + 2 * sizeof(float)) +
           2048 * ((uint64_t)(dim + 1) * sizeof(float) + 4 * sizeof(double)) +
           (uint64_t)(len / 4096 + 2) * dim * sizeof(double) + 16384 +
           (uint64_t)threads * WN_TILE_WIDTH * WN_PICKS_BLOCK * 2 * sizeof(int32_t);
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

/* Picks that are compared with all before them: of one piece of work, and between two reports. */
enum { ORDER_GRAIN = WN_TILE_WIDTH, ORDER_PIECE = 16 * WN_PICKS_BLOCK };

typedef struct order_job {
    const cover *c;
    size_t begin, from;
    float *distances; /* from `from` on */
    int32_t *squares; /* ORDER_GRAIN x WN_PICKS_BLOCK a worker */
    uint32_t *hits;   /* WN_PICKS_BLOCK a worker */
} order_job;

/* The picks begin .. end - 1 (begin starts a panel) with the blocks of earlier ones, then with those among them that
 * come before. */
static void order_picks(void *context, size_t begin, size_t end, unsigned worker)
{
    const order_job *job = context;
    const wn_picks *picks = job->c->picks;
    size_t dim = job->c->space->matrix.cols, stride = picks->coarse->stride, m = end - begin;
    int32_t *squares = job->squares + worker * ORDER_GRAIN * WN_PICKS_BLOCK;
    uint32_t *hits = job->hits + worker * WN_PICKS_BLOCK;
    double bounds[ORDER_GRAIN];
    begin += job->begin;
    for (size_t i = 0; i < m; i++) bounds[i] = INFINITY;
    for (size_t first = 0; first < begin + m; first += WN_PICKS_BLOCK) {
        size_t n = begin + m - first < WN_PICKS_BLOCK ? begin + m - first : WN_PICKS_BLOCK;
        wn_picks_squares(picks, picks->codes + begin * stride, picks->norms + begin, m, first, n, squares);
        for (size_t i = 0; i < m; i++) {
            size_t at = begin + i, before = at - first < n ? at - first : n;
            wn_probe probe = {.values = picks->values + at * dim,
                              .scale = picks->scales[at],
                              .code = picks->codes + at * stride,
                              .error = picks->errors[at]};
            bounds[i] = wn_picks_refine(picks, &probe, squares + i * WN_PICKS_BLOCK, first, before, bounds[i], hits);
        }
    }
    for (size_t i = begin < job->from ? job->from - begin : 0; i < m; i++)
        job->distances[begin + i - job->from] = (float)wn_space_distance(job->c->space, bounds[i]);
}

/* How many picks can be compared with those before them, the first `from` not being asked about. */
static size_t order_end(size_t from, size_t len)
{
    double end = sqrt((double)from * (double)from + 2 * WN_COVER_ORDER_PAIRS);
    return end < (double)len ? (size_t)end : len;
}

static wn_status compare_order(order_job *job, cover *c, wn_rows picks, size_t end, wn_pool *pool, wn_error *err)
{
    for (size_t i = 0; i < end; i++) wn_picks_add(c->picks, (size_t)picks.data[i]);
    wn_picks_pack(c->picks);
    job->begin = job->from / WN_TILE_WIDTH * WN_TILE_WIDTH;
    for (size_t stop; job->begin < end; job->begin = stop) {
        stop = end - job->begin < ORDER_PIECE ? end : job->begin + ORDER_PIECE;
        wn_pool_for(pool, stop - job->begin, ORDER_GRAIN, order_picks, job);
        wn_progress_report report = {.stage = "covering", .unit = "picks", .done = stop, .total = end};
        if (wn_progress_tell(c->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

/* Fills distances[i] for pick from + i. */
static wn_status measure_order(cover *c, wn_rows picks, size_t from, wn_pool *pool, float *distances, wn_error *err)
{
    size_t workers = wn_pool_threads(pool), end = order_end(from, picks.len);
    order_job job = {.c = c, .from = from, .distances = distances};
    job.squares = wn_alloc(WN_MEMORY_SELECTION, workers * ORDER_GRAIN * WN_PICKS_BLOCK, sizeof *job.squares);
    job.hits = wn_alloc(WN_MEMORY_SELECTION, workers * WN_PICKS_BLOCK, sizeof *job.hits);
    wn_status status = WN_OK;
    if (!job.squares || !job.hits) status = wn_fail(err, WN_NOMEM, "no memory for %zu picks", picks.len);
    if (!status) status = compare_order(&job, c, picks, end, pool, err);
    for (size_t i = end; i < picks.len; i++) distances[i - from] = NAN;
    wn_free(job.squares);
    wn_free(job.hits);
    return status;
}

wn_status wn_cover_order(const wn_space *space, wn_rows picks, size_t from, wn_pool *pool, const wn_progress *progress,
                         float *distances, wn_covering *out, wn_error *err)
{
    cover c;
    WN_TRY(cover_init(&c, space, picks.len, pool, progress, err));
    wn_status status = measure_order(&c, picks, from, pool, distances, err);
    if (!status && out) status = cover_run(&c, picks.data, picks.len, err);
    if (!status && out) summarise(&c, NULL, out);
    cover_clear(&c);
    return status;
}

static wn_status check_rows(const wn_matrix *matrix, wn_rows rows, const char *what, bool ascending, wn_error *err)
{
    for (size_t i = 0; i < rows.len; i++) {
        if (rows.data[i] < 0 || (uint64_t)rows.data[i] >= matrix->rows)
            return wn_fail(err, WN_INVALID, "%s %zu names row %" PRId64 ", but rows go from 0 to %zu", what, i,
                           rows.data[i], matrix->rows - 1);
        if (ascending && i > 0 && rows.data[i] <= rows.data[i - 1])
            return wn_fail(err, WN_INVALID, "%s %zu names row %" PRId64 " after row %" PRId64 "; they must ascend",
                           what, i, rows.data[i], rows.data[i - 1]);
    }
    return WN_OK;
}

static wn_space space_of(const wn_covering_request *request)
{
    return (wn_space){.matrix = request->matrix,
                      .metric = request->metric,
                      .rows = request->measured.data,
                      .len = request->measured.data ? request->measured.len : request->matrix.rows};
}

static wn_status check_request(const wn_covering_request *request, wn_error *err)
{
    const wn_matrix *matrix = &request->matrix;
    if (space_of(request).len == 0 || matrix->cols == 0)
        return wn_fail(err, WN_INVALID, "no rows to measure the covering of");
    if (matrix->rows > UINT32_MAX - 1)
        return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", matrix->rows);
    if ((unsigned)request->metric >= WN_METRIC_COUNT)
        return wn_fail(err, WN_INVALID, "metric %d is not known", (int)request->metric);
    if (request->measured.data) WN_TRY(check_rows(matrix, request->measured, "measured row", true, err));
    return wn_matrix_check_finite(matrix, "embeddings", request->pool, err);
}

wn_status wn_covering_measure(const wn_covering_request *request, wn_rows picks, float *distances, wn_covering *out,
                              wn_error *err)
{
    wn_space space = space_of(request);
    WN_TRY(check_request(request, err));
    if (picks.len == 0) return wn_fail(err, WN_INVALID, "no picks to measure the covering of");
    WN_TRY(check_rows(&request->matrix, picks, "pick", false, err));
    return wn_cover_measure(&space, picks, request->pool, request->progress, distances, out, err);
}

wn_status wn_covering_measure_random(const wn_covering_request *request, size_t count, size_t sets, uint64_t seed,
                                     wn_covering *out, wn_error *err)
{
    wn_space space = space_of(request);
    size_t available = request->matrix.rows;
    cover c = {0};
    wn_status status;
    WN_TRY(check_request(request, err));
    if (count == 0 || count > available)
        return wn_fail(err, WN_INVALID, "cannot draw sets of %zu from %zu rows", count, available);
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *rows);
    if (!rows) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu random rows", count);
        goto done;
    }
    if ((status = cover_init(&c, &space, count, request->pool, request->progress, err))) goto done;
    c.total = (uint64_t)sets * space.len;
    for (size_t set = 0; set < sets; set++) {
        wn_rng rng;
        wn_rng_init(&rng, seed, set);
        if (!wn_rng_sample(&rng, (int64_t)available, (int64_t)count, rows)) {
            status = wn_fail(err, WN_NOMEM, "no memory for %zu random rows", count);
            goto done;
        }
        if ((status = cover_run(&c, rows, count, err))) goto done;
        summarise(&c, NULL, &out[set]);
    }
done:
    cover_clear(&c);
    wn_free(rows);
    return status;
}

uint64_t wn_covering_memory(const wn_covering_request *request, size_t picks)
{
    uint64_t drawing = ((uint64_t)picks + request->matrix.rows) * sizeof(int64_t); /* of a random set */
    return drawing + wn_cover_bytes(space_of(request).len, request->matrix.cols, picks, wn_pool_threads(request->pool));
}
