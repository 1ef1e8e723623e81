/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact neighbours by comparing all pairs in float32: for processors without byte products, few rows, few or very many
 * dimensions, and products with queries of another magnitude.
 *
 * First scan: all pairs as tiles; of each query the m nearest are kept, m = k + max(28, k), and ranked by their exact
 * distances. Let d be the k-th of those. Whatever is at most d away has a tile value of at most limit(d), by the bounds
 * below. If the m-th kept value is above the limit, no row outside can be among the k nearest, and the list is proved.
 * Otherwise a second scan takes all rows up to the limit and ranks them. So the answer is exact for any data, and what
 * the data decide is how many lists need the second scan.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "index/flat_floats.h"
#include "index/flat_points.h"
#include "num/distance.h"
#include "num/tile.h"
#include "num/topk.h"
#include "winnow/memory.h"

/* Queries of one chunk of the first and of the second scan, points of one tile. */
enum { CHUNK = 128, AGAIN = 16, COLS = 256, PACK = 8 * WN_TILE_WIDTH, ROOM = 4096, SLAB_MOST = 16384 };

typedef struct ranked {
    double value;
    uint32_t slot;
} ranked;

/* What one thread works in. */
typedef struct scratch {
    wn_topk *kept; /* chunk x m */
    wn_topk *best; /* 1 x k */
    float *tile;   /* chunk x COLS */
    uint32_t *found, passed[COLS];
    float *nearness, *best_distances;
    float *kept_values; /* m */
    ranked *ranked;
} scratch;

typedef struct flat {
    const wn_index_task *task;
    wn_flat_points points, own_queries;
    const wn_flat_points *queries;
    bool is_product;
    size_t rows, dim, k, m, chunk, room;
    double longest; /* greatest length of a point */
    float *panels, *panel_norms;
    scratch *scratch; /* one a worker */
    unsigned workers;
    size_t slab_begin;
    double *unproved; /* per query of a slab: the value of the k-th found so far, or NaN when proved */
    uint32_t *again;  /* queries to scan again */
    wn_tile_kernels tile;
    wn_topk_kernels topk;
    wn_distance_kernels distance;
    wn_precise_kernels precise;
} flat;

/* ---- bounds ---- */

static double length_of(const flat *f, size_t query)
{
    return 1.01 * sqrt((double)f->queries->norms[query]);
}

/* A float32 sum of products of two points is off by at most this times the product of their lengths. */
static double sum_error(const flat *f)
{
    return 0x1p-23 * (double)(f->dim + 8);
}

/* What underflow can take from a sum. */
static double underflow(const flat *f)
{
    return 1e-37 * (double)f->dim;
}

static double product_error(const flat *f, size_t query)
{
    return (sum_error(f) + 0x1p-20) * length_of(f, query) * f->longest + underflow(f);
}

/* Distance between the float32 points of rows whose true distance, times the scale, is at most `distance`. */
static double point_reach(const flat *f, size_t query, double distance)
{
    double lengths = 2 * length_of(f, query) + distance;
    return distance * (1 + 1e-9) + 2 * f->queries->unit_slack + 0x1p-22 * lengths;
}

/* Tile value that no row exceeds whose exact value is at most `value`. */
static double tile_limit(const flat *f, size_t query, double value)
{
    if (f->is_product) return value * f->points.scale * f->queries->scale + product_error(f, query);
    double reach = point_reach(f, query, sqrt(value) * f->points.scale), lengths = 2 * length_of(f, query) + reach;
    return reach * reach * (1 + 1e-6) + sum_error(f) * lengths * lengths + underflow(f);
}

/* The same for the float32 value that `rank` computes, from the k-th smallest of those. */
static double rank_limit(const flat *f, size_t query, double kth)
{
    if (f->is_product) return kth + 2 * product_error(f, query);
    double distance = sqrt(kth * (1 + sum_error(f)) + underflow(f));
    double reach = point_reach(f, query, point_reach(f, query, distance));
    return reach * reach * (1 + sum_error(f)) * (1 + 1e-6) + underflow(f);
}

static float float_limit(double limit)
{
    return limit >= (double)FLT_MAX ? INFINITY : nextafterf((float)limit, INFINITY);
}

/* ---- ranking ---- */

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static double exact_value(const flat *f, size_t query, size_t slot)
{
    const wn_index_task *task = f->task;
    double a = f->queries->scales ? f->queries->scales[query] : 1, b = f->points.scales ? f->points.scales[slot] : 1;
    return wn_index_value(&f->precise, task->metric, wn_index_row(&task->queries, query), a,
                          wn_index_row(&task->points, slot), b, f->dim);
}

/* The k nearest of n different slots in w->ranked, by exact values; float32 tells which need them. */
static size_t rank(const flat *f, size_t query, const uint32_t *slots, size_t n, scratch *w)
{
    const float *point = f->queries->values + query * f->dim;
    float limit = INFINITY;
    size_t count = 0;
    (f->is_product ? f->distance.dot_rows_f32 : f->distance.l2sq_rows_f32)(point, f->points.values, f->dim, slots, n,
                                                                           f->dim, w->nearness);
    for (size_t i = 0; i < n && f->is_product; i++) w->nearness[i] = -w->nearness[i];
    if (n > f->k) {
        wn_topk_reset(w->best);
        wn_topk_push_f32(w->best, 0, w->nearness, slots, n, 0);
        (void)wn_topk_take_f32(w->best, 0, w->best_distances, NULL);
        limit = float_limit(rank_limit(f, query, (double)w->best_distances[f->k - 1]));
    }
    for (size_t i = 0; i < n; i++) {
        if (w->nearness[i] <= limit) w->ranked[count++] = (ranked){exact_value(f, query, slots[i]), slots[i]};
    }
    qsort(w->ranked, count, sizeof *w->ranked, compare_ranked);
    return count < f->k ? count : f->k;
}

static void write_list(const flat *f, size_t query, const scratch *w)
{
    for (size_t i = 0; i < f->k; i++) {
        f->task->slots[query * f->k + i] = w->ranked[i].slot;
        f->task->values[query * f->k + i] = w->ranked[i].value;
    }
}

/* ---- the scans ---- */

/* m queries, from `begin` or as listed, against the points from `col`. */
static void compute_tile(const flat *f, size_t begin, const uint32_t *index, size_t m, size_t col, size_t n, float *out)
{
    size_t first = index ? 0 : begin;
    wn_tile_f32 tile = {.rows = f->queries->values + first * f->dim,
                        .stride = f->dim,
                        .index = index,
                        .row_norms = f->queries->norms + first,
                        .m = m,
                        .dim = f->dim,
                        .panels = f->panels + col * f->dim,
                        .panel_norms = f->panel_norms + col,
                        .n = n};
    (f->is_product ? f->tile.dot_f32 : f->tile.l2sq_f32)(&tile, out, COLS);
}

/* One row of a tile into the m nearest; most rows of most tiles have nothing to add. */
static void keep_floats(const flat *f, scratch *w, size_t at, const float *values, size_t n, uint32_t col)
{
    float near[COLS];
    size_t count = f->topk.filter_f32(values, n, wn_topk_threshold_f32(w->kept, at), w->passed);
    for (size_t i = 0; i < count; i++) {
        near[i] = values[w->passed[i]];
        w->passed[i] += col;
    }
    if (count) wn_topk_push_f32(w->kept, at, near, w->passed, count, 0);
}

/* Ranks what was kept for one query; the answer tells whether that is proved to be all. */
static bool finish_list(const flat *f, size_t query, size_t at, scratch *w)
{
    size_t n = wn_topk_take_f32(w->kept, at, w->kept_values, w->found);
    double last = n == 0 ? 0 : (double)w->kept_values[n - 1];
    (void)rank(f, query, w->found, n, w);
    write_list(f, query, w);
    return n == f->rows || last > tile_limit(f, query, w->ranked[f->k - 1].value);
}

static void scan_chunk(void *context, size_t begin, size_t end, unsigned worker)
{
    const flat *f = context;
    scratch *w = &f->scratch[worker];
    size_t first = f->slab_begin + begin, m = end - begin;
    wn_topk_reset(w->kept);
    for (size_t col = 0; col < f->rows; col += COLS) {
        size_t n = f->rows - col < COLS ? f->rows - col : COLS;
        compute_tile(f, first, NULL, m, col, n, w->tile);
        for (size_t i = 0; i < m; i++) keep_floats(f, w, i, w->tile + i * COLS, n, (uint32_t)col);
    }
    for (size_t i = 0; i < m; i++)
        f->unproved[begin + i] = finish_list(f, first + i, i, w) ? NAN : w->ranked[f->k - 1].value;
}

/* Adds what is within the limit; a full list is ranked and cut to k, which brings the limit down. */
static void collect(const flat *f, size_t query, const float *values, size_t n, size_t col, double *value,
                    uint32_t *slots, size_t *len, scratch *w)
{
    double limit = tile_limit(f, query, *value);
    size_t count = f->topk.filter_f32(values, n, float_limit(limit), w->passed);
    for (size_t i = 0; i < count; i++) slots[(*len)++] = (uint32_t)col + w->passed[i];
    if (*len + 2 * COLS < f->room) return;
    *len = rank(f, query, slots, *len, w);
    for (size_t i = 0; i < *len; i++) slots[i] = w->ranked[i].slot;
    *value = fmin(*value, w->ranked[*len - 1].value);
}

static void scan_again(void *context, size_t begin, size_t end, unsigned worker)
{
    const flat *f = context;
    scratch *w = &f->scratch[worker];
    size_t len[AGAIN] = {0}, m = end - begin;
    double value[AGAIN];
    const uint32_t *queries = f->again + begin;
    for (size_t i = 0; i < m; i++) value[i] = f->unproved[queries[i] - f->slab_begin];
    for (size_t col = 0; col < f->rows; col += COLS) {
        size_t n = f->rows - col < COLS ? f->rows - col : COLS;
        compute_tile(f, 0, queries, m, col, n, w->tile);
        for (size_t i = 0; i < m; i++) {
            collect(f, queries[i], w->tile + i * COLS, n, col, &value[i], w->found + i * f->room, &len[i], w);
        }
    }
    for (size_t i = 0; i < m; i++) {
        uint32_t *slots = w->found + i * f->room;
        (void)rank(f, queries[i], slots, len[i], w);
        write_list(f, queries[i], w);
    }
}

/* ---- setting up ---- */

static void pack_points(void *context, size_t begin, size_t end, unsigned worker)
{
    const flat *f = context;
    size_t n = end - begin, dim = f->dim;
    float *values = f->points.values + begin * dim;
    (void)worker;
    for (size_t i = 0; i < n * dim && f->is_product; i++) values[i] = -values[i];
    f->tile.pack_f32(values, dim, NULL, n, dim, f->panels + begin * dim, f->panel_norms + begin);
    for (size_t i = 0; i < n * dim && f->is_product; i++) values[i] = -values[i];
}

static wn_status pack_all(flat *f, wn_error *err)
{
    f->panels = wn_alloc(WN_MEMORY_MATRIX, wn_tile_panel_len(f->rows, f->dim, 1), sizeof *f->panels);
    f->panel_norms = wn_alloc(WN_MEMORY_MATRIX, wn_tile_padded(f->rows), sizeof *f->panel_norms);
    if (!f->panels || !f->panel_norms) return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", f->rows);
    wn_pool_for(f->task->pool, f->rows, PACK, pack_points, f);
    return WN_OK;
}

static wn_status get_scratch(flat *f, wn_error *err)
{
    f->workers = wn_pool_threads(f->task->pool);
    f->scratch = wn_calloc(WN_MEMORY_MATRIX, f->workers, sizeof *f->scratch);
    f->unproved = wn_alloc(WN_MEMORY_MATRIX, SLAB_MOST, sizeof *f->unproved);
    f->again = wn_alloc(WN_MEMORY_MATRIX, SLAB_MOST, sizeof *f->again);
    if (!f->scratch || !f->unproved || !f->again) return wn_fail(err, WN_NOMEM, "no memory for the scan");
    for (unsigned i = 0; i < f->workers; i++) {
        scratch *w = &f->scratch[i];
        w->tile = wn_alloc(WN_MEMORY_MATRIX, (f->chunk > AGAIN ? f->chunk : AGAIN) * COLS, sizeof(float));
        w->found = wn_alloc(WN_MEMORY_MATRIX, AGAIN * f->room, sizeof *w->found);
        w->nearness = wn_alloc(WN_MEMORY_MATRIX, f->room, sizeof *w->nearness);
        w->best_distances = wn_alloc(WN_MEMORY_MATRIX, f->k, sizeof *w->best_distances);
        w->kept_values = wn_alloc(WN_MEMORY_MATRIX, f->m, sizeof *w->kept_values);
        w->ranked = wn_alloc(WN_MEMORY_MATRIX, f->room, sizeof *w->ranked);
        if (!w->tile || !w->found || !w->nearness || !w->best_distances || !w->kept_values || !w->ranked)
            return wn_fail(err, WN_NOMEM, "no memory for the scan");
        WN_TRY(wn_topk_new(f->chunk, f->m, wn_cpu_level(), &w->kept, err));
        WN_TRY(wn_topk_new(1, f->k, wn_cpu_level(), &w->best, err));
    }
    return WN_OK;
}

static void free_scratch(flat *f)
{
    for (unsigned i = 0; f->scratch && i < f->workers; i++) {
        scratch *w = &f->scratch[i];
        wn_topk_free(&w->best);
        wn_topk_free(&w->kept);
        wn_free(w->ranked);
        wn_free(w->kept_values);
        wn_free(w->best_distances);
        wn_free(w->nearness);
        wn_free(w->found);
        wn_free(w->tile);
    }
    wn_free(f->again);
    wn_free(f->unproved);
    wn_free(f->scratch);
}

/* What does not depend on the data. */
static void plan_scan(const wn_index_task *task, flat *f)
{
    size_t wide;
    f->task = task;
    f->rows = task->points.len;
    f->dim = task->points.matrix.cols;
    f->k = task->k;
    f->m = f->k + (f->k > 28 ? f->k : 28);
    if (f->m > f->rows) f->m = f->rows;
    wide = ((size_t)1 << 22) / (2 * f->m + 72);
    f->chunk = wide < 1 ? 1 : wide < CHUNK ? wide : CHUNK;
    f->room = (2 * f->m > ROOM ? 2 * f->m : ROOM) + 4 * COLS;
    f->is_product = task->metric == WN_INDEX_METRIC_IP;
}

uint64_t wn_flat_floats_memory(const wn_index_task *task)
{
    flat f = {0};
    plan_scan(task, &f);
    uint64_t queries = task->self ? 0 : task->queries.len, one = (uint64_t)f.dim * 8 + 64;
    uint64_t worker = (uint64_t)f.chunk * ((2 * f.m + 72) * 8 + COLS * 4) + (uint64_t)f.room * (AGAIN * 4 + 20);
    return (f.rows + queries) * one + worker * wn_pool_threads(task->pool);
}

static wn_status run_slab(flat *f, size_t len, wn_error *err)
{
    wn_pool *pool = f->task->pool;
    size_t count = 0;
    wn_progress_report report = {
        .stage = "neighbours", .unit = "rows", .done = f->slab_begin, .total = f->queries->rows};
    if (wn_progress_tell(f->task->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    wn_pool_for(pool, len, f->chunk, scan_chunk, f);
    for (size_t i = 0; i < len; i++) {
        if (!isnan(f->unproved[i])) f->again[count++] = (uint32_t)(f->slab_begin + i);
    }
    wn_pool_for(pool, count, AGAIN, scan_again, f);
    *f->task->rescanned += count;
    return WN_OK;
}

static wn_status run_all(flat *f, wn_error *err)
{
    size_t total = f->queries->rows, slab = 400000000 / f->rows;
    slab = slab < 2048 ? 2048 : slab < SLAB_MOST ? slab : SLAB_MOST;
    for (f->slab_begin = 0; f->slab_begin < total; f->slab_begin += slab)
        WN_TRY(run_slab(f, total - f->slab_begin < slab ? total - f->slab_begin : slab, err));
    wn_progress_report report = {.stage = "neighbours", .unit = "rows", .done = total, .total = total};
    (void)wn_progress_tell(f->task->progress, &report);
    return WN_OK;
}

wn_status wn_flat_floats_search(const wn_index_task *task, wn_error *err)
{
    wn_status status;
    flat f = {0};
    plan_scan(task, &f);
    f.queries = task->self ? &f.points : &f.own_queries;
    wn_tile_kernels_init(&f.tile, wn_cpu_level());
    wn_topk_kernels_init(&f.topk, wn_cpu_level());
    wn_distance_kernels_init(&f.distance, wn_cpu_level());
    wn_precise_kernels_init(&f.precise, wn_cpu_level());
    if ((status = wn_flat_points_make(task, &f.points, &f.own_queries, err))) goto done;
    for (size_t i = 0; i < f.rows; i++) f.longest = fmax(f.longest, 1.01 * sqrt((double)f.points.norms[i]));
    if ((status = pack_all(&f, err)) || (status = get_scratch(&f, err))) goto done;
    status = run_all(&f, err);
done:
    free_scratch(&f);
    wn_free(f.panel_norms);
    wn_free(f.panels);
    wn_flat_points_clear(&f.own_queries);
    wn_flat_points_clear(&f.points);
    return status;
}
