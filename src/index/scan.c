/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of candidates. A candidate is a key: nearness above the position, both 32 bits, so that one comparison orders
 * them. A list has room for a few times k; when it is full, the k-th smallest key bounds the exact value of the k-th
 * neighbour, and what that bound excludes is dropped. Where bytes cannot tell enough rows apart, exact values decide at
 * once.
 */
#include "index/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "index/keys.h"
#include "num/distance.h"
#include "winnow/memory.h"

enum { GRAIN = 64 };

/* What a row is at the end, or when its list overflows. */
typedef struct ranked {
    double value;
    uint64_t key;
    uint32_t slot;
} ranked;

typedef struct scratch {
    int32_t *row_limits, *row_least, *row_shift, *other_limits, *other_least; /* WN_SCAN_BLOCK each */
    wn_tile_hit *hits;                                                        /* WN_SCAN_BLOCK x WN_TILE_WIDTH */
    ranked *ranked;                                                           /* room */
} scratch;

struct wn_scan {
    const wn_index_task *task;
    const wn_bytes_form *form;
    wn_scan_side *points, *queries;
    size_t k, room, kept; /* kept: of a full list, when bytes alone decide; 0 = what bounds leave */
    uint64_t *keys;       /* per position of the queries: room */
    uint32_t *counts;
    float *bases;    /* of the bound of the k-th value (wn_bytes_base) */
    int32_t *limits; /* when bytes alone decide: the greatest nearness that is kept */
    scratch *scratch;
    unsigned workers;
    wn_distance_kernels distance;
    const wn_scan_pair *pairs; /* of the run */
    const uint32_t *near;
    size_t near_count;
};

/* ---- sides ---- */

typedef struct side_job {
    const wn_bytes_form *form;
    wn_scan_side *side;
} side_job;

static void pack_block(const wn_bytes_form *form, wn_scan_side *side, size_t begin, size_t len)
{
    size_t padded = form->padded, end = begin + wn_tile_padded(len);
    int32_t norms[WN_SCAN_BLOCK];
    int8_t *signed_codes = (int8_t *)side->bytes.codes + begin * padded;
    for (size_t i = 0; i < len * padded; i++) signed_codes[i] = (int8_t)(signed_codes[i] ^ INT8_MIN);
    form->tile.pack_s8(signed_codes, padded, NULL, len, padded, 128, side->panels + begin * padded,
                       side->starts + begin, norms);
    for (size_t i = 0; i < len * padded; i++) signed_codes[i] = (int8_t)(signed_codes[i] ^ INT8_MIN);
    for (size_t i = begin; i < end; i++) {
        if (i - begin >= len)
            side->starts[i] = -(1 << 30);
        else if (form->metric != WN_INDEX_METRIC_IP)
            side->starts[i] -= side->bytes.norms[i] >> 1;
    }
}

static void finish_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const side_job *job = context;
    wn_scan_side *side = job->side;
    size_t dim = job->form->dim;
    (void)worker;
    for (size_t block = begin; block < end; block++) {
        size_t first = side->begins[block], len = side->lens[block];
        wn_bytes_block facts = {0};
        for (size_t i = first; i < first + len; i++) {
            facts.error = fmax(facts.error, (double)side->bytes.errors[i]);
            facts.length = fmax(facts.length, (double)side->bytes.lengths[i]);
            if (side->copy) memcpy(side->copy + i * dim, wn_index_row(side->from, side->slots[i]), dim * sizeof(float));
        }
        side->facts[block] = facts;
        if (side->panels) pack_block(job->form, side, first, len);
    }
}

static wn_status get_side(const wn_bytes_form *form, size_t blocks, bool packed, bool copied, wn_scan_side *out,
                          wn_error *err)
{
    out->slots = wn_alloc(WN_MEMORY_MATRIX, out->positions, sizeof *out->slots);
    out->begins = wn_alloc(WN_MEMORY_MATRIX, blocks, sizeof *out->begins);
    out->lens = wn_alloc(WN_MEMORY_MATRIX, blocks, sizeof *out->lens);
    out->facts = wn_alloc(WN_MEMORY_MATRIX, blocks, sizeof *out->facts);
    if (packed) {
        out->panels = wn_alloc(WN_MEMORY_MATRIX, out->positions, form->padded);
        out->starts = wn_alloc(WN_MEMORY_MATRIX, out->positions, sizeof *out->starts);
    }
    if (copied) out->copy = wn_alloc(WN_MEMORY_MATRIX, out->positions * sizeof *out->copy, form->dim);
    if (out->slots && out->begins && out->lens && out->facts && (!packed || (out->panels && out->starts)) &&
        (!copied || out->copy))
        return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory for the scan of %zu rows", out->positions);
}

wn_status wn_scan_side_make(const wn_bytes_form *form, wn_bytes *bytes, const wn_index_rows *from,
                            const uint32_t *order, const uint32_t *sizes, size_t blocks, bool packed, bool copied,
                            wn_pool *pool, wn_scan_side *out, wn_error *err)
{
    wn_status status;
    *out = (wn_scan_side){.from = from, .blocks = blocks, .bytes = *bytes};
    *bytes = (wn_bytes){0};
    for (size_t i = 0; i < blocks; i++) out->positions += wn_tile_padded(sizes[i]);
    if ((status = get_side(form, blocks, packed, copied, out, err))) goto done;
    size_t position = 0, at = 0;
    for (size_t i = 0; i < blocks; i++) {
        out->begins[i] = (uint32_t)position;
        out->lens[i] = sizes[i];
        for (size_t j = 0; j < wn_tile_padded(sizes[i]); j++)
            out->slots[position++] = j < sizes[i] ? order[at++] : UINT32_MAX;
    }
    if ((status = wn_bytes_reorder(form, &out->bytes, out->slots, out->positions, pool, err))) goto done;
    side_job job = {form, out};
    wn_pool_for(pool, blocks, 1, finish_block, &job);
done:
    if (status) wn_scan_side_clear(out);
    return status;
}

void wn_scan_side_clear(wn_scan_side *side)
{
    wn_bytes_clear(&side->bytes);
    wn_free(side->slots);
    wn_free(side->begins);
    wn_free(side->lens);
    wn_free(side->facts);
    wn_free(side->copy);
    wn_free(side->panels);
    wn_free(side->starts);
    *side = (wn_scan_side){0};
}

size_t wn_scan_cut(size_t rows, size_t least_blocks, uint32_t *sizes, size_t count)
{
    size_t size = WN_SCAN_BLOCK;
    while (size > 2 * WN_TILE_WIDTH && rows / size < least_blocks) size /= 2;
    for (size_t at = 0; at < rows; at += size) sizes[count++] = (uint32_t)(rows - at < size ? rows - at : size);
    return count;
}

wn_status wn_scan_queries_make(const wn_bytes_form *form, const wn_index_rows *rows, wn_pool *pool, wn_scan_side *out,
                               wn_error *err)
{
    wn_status status;
    wn_bytes bytes = {0};
    uint32_t *order = wn_alloc(WN_MEMORY_MATRIX, rows->len, sizeof *order);
    uint32_t *sizes = wn_alloc(WN_MEMORY_MATRIX, rows->len / WN_TILE_WIDTH + 2, sizeof *sizes);
    *out = (wn_scan_side){0};
    if (!order || !sizes) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu queries", rows->len);
        goto done;
    }
    for (size_t i = 0; i < rows->len; i++) order[i] = (uint32_t)i;
    size_t blocks = wn_scan_cut(rows->len, 4 * wn_pool_threads(pool), sizes, 0);
    if ((status = wn_bytes_make(form, rows, pool, &bytes, err))) goto done;
    status = wn_scan_side_make(form, &bytes, rows, order, sizes, blocks, false, false, pool, out, err);
done:
    wn_bytes_clear(&bytes);
    wn_free(sizes);
    wn_free(order);
    return status;
}

wn_status wn_scan_singles_make(wn_bytes *bytes, const wn_index_rows *rows, wn_scan_side *out, wn_error *err)
{
    size_t len = rows->len;
    *out = (wn_scan_side){.from = rows, .blocks = len, .positions = len, .bytes = *bytes};
    *bytes = (wn_bytes){0};
    wn_status status = get_side(NULL, len, false, false, out, err);
    for (size_t i = 0; i < len && !status; i++) {
        out->slots[i] = out->begins[i] = (uint32_t)i;
        out->lens[i] = 1;
        out->facts[i] = (wn_bytes_block){(double)out->bytes.errors[i], (double)out->bytes.lengths[i]};
    }
    if (status) wn_scan_side_clear(out);
    return status;
}

/* ---- ranking ---- */

static const float *row_at(const wn_scan_side *side, size_t position)
{
    return side->copy ? side->copy + position * side->from->matrix.cols
                      : wn_index_row(side->from, side->slots[position]);
}

static double value_of(const wn_scan *scan, size_t query, size_t point)
{
    const wn_bytes *a = &scan->queries->bytes, *b = &scan->points->bytes;
    return wn_index_value(&scan->form->precise, scan->task->metric, row_at(scan->queries, query),
                          a->scales ? a->scales[query] : 1, row_at(scan->points, point),
                          b->scales ? b->scales[point] : 1, scan->form->dim);
}

/* ---- values in float32 ---- */

/* Squares below this may have lost bits in float32. */
static const double tiny = 1e-30;

/* Candidates whose values are found together. */
enum { TOGETHER = 32 };

/* Squared distances of the raw rows, or for cosine products, of n <= TOGETHER candidates. */
static void find_floats(const wn_scan *scan, size_t query, const uint64_t *keys, size_t n, float *out)
{
    const wn_scan_side *points = scan->points;
    const wn_index_rows *from = points->from;
    const float *rows = points->copy ? points->copy : from->matrix.data, *row = row_at(scan->queries, query);
    size_t stride = points->copy ? from->matrix.cols : from->matrix.stride;
    bool product = scan->task->metric == WN_INDEX_METRIC_COSINE;
    uint32_t index[TOGETHER];
    for (size_t i = 0; i < n; i++) {
        uint32_t at = (uint32_t)keys[i], slot = points->copy ? at : points->slots[at];
        index[i] = points->copy || !from->rows ? slot : from->rows[slot];
    }
    (product ? scan->distance.dot_rows_f32 : scan->distance.l2sq_rows_f32)(row, rows, stride, index, n, scan->form->dim,
                                                                           out);
}

/* A value that value_of is not below, from what find_floats gave: each sum of d terms is off by at most d u times that
 * of their magnitudes, and twice that is taken off. Where magnitudes come near the limits of float32, or the metric is
 * ip, it tells nothing. */
static double least_value(const wn_scan *scan, size_t query, size_t point, double raw)
{
    const wn_bytes *a = &scan->queries->bytes, *b = &scan->points->bytes;
    double off = (double)(scan->form->dim + 8) * 0x1p-23;
    if (scan->task->metric == WN_INDEX_METRIC_IP) return -INFINITY;
    if (scan->task->metric == WN_INDEX_METRIC_L2) {
        if (!(raw < 1e30)) return -INFINITY;
        return raw > tiny ? raw * (1 - off) : 0;
    }
    double x_scale = a->scales[query], y_scale = b->scales[point];
    if (!(x_scale > 1e-15 && x_scale < 1e15 && y_scale > 1e-15 && y_scale < 1e15)) return -INFINITY;
    return 2 - 2 * raw * x_scale * y_scale - 2 * off;
}

static bool comes_before(const ranked *a, const ranked *b)
{
    return a->value != b->value ? a->value < b->value : a->slot < b->slot;
}

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static void sort_ranked(ranked *list, size_t n)
{
    if (n > 96) {
        qsort(list, n, sizeof *list, compare_ranked);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        ranked item = list[i];
        size_t at = i;
        for (; at > 0 && comes_before(&item, &list[at - 1]); at--) list[at] = list[at - 1];
        list[at] = item;
    }
}

/* Greatest nearness at which `point` can be among the neighbours, given the base of the bound. */
static int32_t limit_for(const wn_scan *scan, size_t query, float base, size_t point)
{
    const wn_bytes *a = &scan->queries->bytes, *b = &scan->points->bytes;
    wn_bytes_block block = {(double)b->errors[point], (double)b->lengths[point]};
    int32_t limit;
    wn_bytes_limits(scan->form, &block, &base, a->lengths + query, a->errors + query, 1, &limit);
    return limit;
}

static size_t drop_far(const wn_scan *scan, size_t query, float base, uint64_t *keys, size_t begin, size_t n)
{
    size_t count = begin;
    for (size_t i = begin; i < n; i++) {
        if (wn_key_nearness(keys[i]) <= limit_for(scan, query, base, (uint32_t)keys[i])) keys[count++] = keys[i];
    }
    return count;
}

static float base_of(const wn_scan *scan, size_t query, double value)
{
    const wn_bytes *a = &scan->queries->bytes;
    return wn_bytes_base(scan->form, (double)a->lengths[query], (double)a->errors[query], value);
}

/* Puts the last in order of n into the first place, as a heap does. */
static void sift_last(ranked *list, size_t n, size_t at)
{
    ranked item = list[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && comes_before(&list[child], &list[child + 1])) child++;
        if (!comes_before(&item, &list[child])) break;
        list[at] = list[child];
    }
    list[at] = item;
}

static ranked rank_one(const wn_scan *scan, size_t query, uint64_t key)
{
    uint32_t point = (uint32_t)key;
    return (ranked){value_of(scan, query, point), key, scan->points->slots[point]};
}

/* The exact k nearest of n candidates, sorted; returns how many. First those that bytes call nearest, whose k-th exact
 * value excludes most others; of the rest, float32 tells which need to be looked at in double. */
static size_t rank_exactly(const wn_scan *scan, size_t query, uint64_t *keys, size_t n, ranked *out)
{
    size_t k = scan->k, first = n < k ? n : k;
    if (n > k) wn_keys_select(keys, n, k);
    for (size_t i = 0; i < first; i++) out[i] = rank_one(scan, query, keys[i]);
    if (n > k) {
        for (size_t i = k / 2; i-- > 0;) sift_last(out, k, i);
        if (!scan->kept) n = drop_far(scan, query, base_of(scan, query, out[0].value), keys, k, n);
    }
    for (size_t begin = k; begin < n; begin += TOGETHER) {
        float raw[TOGETHER];
        size_t len = n - begin < TOGETHER ? n - begin : TOGETHER;
        find_floats(scan, query, keys + begin, len, raw);
        for (size_t i = 0; i < len; i++) {
            if (least_value(scan, query, (uint32_t)keys[begin + i], (double)raw[i]) > out[0].value) continue;
            ranked item = rank_one(scan, query, keys[begin + i]);
            if (!comes_before(&item, &out[0])) continue;
            out[0] = item;
            sift_last(out, k, 0);
        }
    }
    sort_ranked(out, first);
    return first;
}

/* Keeps the candidates that can be among the k nearest by their values in float32, and lowers the bound to the k-th of
 * those; returns how many are left, n where float32 tells nothing. */
static size_t cut_by_floats(const wn_scan *scan, size_t query, uint64_t *keys, size_t n, float *base, ranked *list)
{
    size_t k = scan->k, count = 0;
    double off = (double)(scan->form->dim + 8) * 0x1p-23;
    bool relative = scan->task->metric == WN_INDEX_METRIC_L2;
    if (scan->task->metric == WN_INDEX_METRIC_IP) return n;
    for (size_t begin = 0; begin < n; begin += TOGETHER) {
        float raw[TOGETHER];
        size_t len = n - begin < TOGETHER ? n - begin : TOGETHER;
        find_floats(scan, query, keys + begin, len, raw);
        for (size_t i = begin; i < begin + len; i++) {
            double value = least_value(scan, query, (uint32_t)keys[i], (double)raw[i - begin]);
            if (!(value > -INFINITY)) return n;
            list[i] = (ranked){.value = value, .key = keys[i], .slot = (uint32_t)i};
        }
    }
    for (size_t i = k / 2; i-- > 0;) sift_last(list, k, i);
    for (size_t i = k; i < n; i++) {
        if (!comes_before(&list[i], &list[0])) continue;
        ranked out = list[0];
        list[0] = list[i];
        list[i] = out;
        sift_last(list, k, 0);
    }
    double most = list[0].value;
    most = relative ? most * (1 + 4 * off) + 2 * tiny : most + 5 * off;
    for (size_t i = 0; i < n; i++) {
        if (list[i].value <= most) keys[count++] = list[i].key;
    }
    *base = fminf(*base, base_of(scan, query, most));
    return count;
}

/* Leaves the `kept` nearest by bytes. */
static void cut_by_bytes(wn_scan *scan, size_t query)
{
    uint64_t *keys = scan->keys + query * scan->room;
    if (scan->counts[query] <= scan->kept) return;
    wn_keys_select(keys, scan->counts[query], scan->kept);
    scan->counts[query] = (uint32_t)scan->kept;
    scan->limits[query] = wn_key_nearness(keys[scan->kept - 1]);
}

/* Brings a full list down to at most half its room; the bound falls with it. */
static void cut_by_bounds(wn_scan *scan, size_t query, scratch *w)
{
    uint64_t *keys = scan->keys + query * scan->room;
    const wn_bytes *a = &scan->queries->bytes, *b = &scan->points->bytes;
    size_t k = scan->k, n = scan->counts[query];
    wn_bytes_block block = {0};
    wn_keys_select(keys, n, k);
    for (size_t i = 0; i < k; i++) {
        block.error = fmax(block.error, (double)b->errors[(uint32_t)keys[i]]);
        block.length = fmax(block.length, (double)b->lengths[(uint32_t)keys[i]]);
    }
    double value = wn_bytes_value(scan->form, (double)a->lengths[query], (double)a->errors[query], &block,
                                  wn_key_nearness(keys[k - 1]));
    float base = fminf(scan->bases[query], base_of(scan, query, value));
    n = drop_far(scan, query, base, keys, k, n);
    if (n > scan->room / 2) n = cut_by_floats(scan, query, keys, n, &base, w->ranked);
    if (n > scan->room / 2) {
        size_t len = rank_exactly(scan, query, keys, n, w->ranked);
        base = fminf(base, base_of(scan, query, w->ranked[len - 1].value));
        for (n = 0; n < len; n++) keys[n] = w->ranked[n].key;
    }
    scan->counts[query] = (uint32_t)n;
    scan->bases[query] = base;
}

/* ---- passes ---- */

/* Limits of the rows of a block of the queries against a block of points. */
static void set_limits(const wn_scan *scan, size_t begin, size_t len, const wn_bytes_block *block, int32_t *limits)
{
    const wn_bytes *a = &scan->queries->bytes;
    if (scan->kept)
        memcpy(limits, scan->limits + begin, len * sizeof *limits);
    else
        wn_bytes_limits(scan->form, block, scan->bases + begin, a->lengths + begin, a->errors + begin, len, limits);
}

/* nearness <= limit means 2 score >= norm - limit (+ 0 or 1 that halving the norm of the other side lost); shifting
 * right rounds down, which lets a few too many pass. */
static int32_t least_score(const wn_scan *scan, int32_t norm, int32_t limit)
{
    return scan->task->metric == WN_INDEX_METRIC_IP ? -limit : (norm - limit) >> 1;
}

/* Whether the list was cut, so that its limit fell. */
static bool keep(wn_scan *scan, size_t query, size_t point, int32_t nearness, scratch *w)
{
    scan->keys[query * scan->room + scan->counts[query]++] = wn_key_make(nearness, (uint32_t)point);
    if (scan->counts[query] < scan->room) return false;
    if (scan->kept)
        cut_by_bytes(scan, query);
    else
        cut_by_bounds(scan, query, w);
    return true;
}

static void take_hits(wn_scan *scan, const wn_scan_pair *pair, size_t count, size_t column, scratch *w)
{
    bool product = scan->task->metric == WN_INDEX_METRIC_IP;
    size_t a = scan->queries->begins[pair->a], b = scan->points->begins[pair->b] + column;
    const int32_t *norms = scan->queries->bytes.norms + a, *other_norms = scan->points->bytes.norms + b;
    const wn_bytes_block *facts = &scan->points->facts[pair->b], *other_facts = &scan->queries->facts[pair->a];
    for (size_t i = 0; i < count; i++) {
        const wn_tile_hit *hit = &w->hits[i];
        size_t row = hit->row, other = hit->centre;
        int32_t nearness = product ? -hit->score : norms[row] + (other_norms[other] & 1) - 2 * hit->score;
        if (nearness <= w->row_limits[row]) {
            if (keep(scan, a + row, b + other, nearness, w)) {
                set_limits(scan, a + row, 1, facts, &w->row_limits[row]);
                w->row_least[row] = least_score(scan, norms[row], w->row_limits[row]);
            }
        }
        if (pair->both && nearness <= w->other_limits[column + other]) {
            if (keep(scan, b + other, a + row, nearness, w))
                set_limits(scan, b + other, 1, other_facts, &w->other_limits[column + other]);
        }
    }
}

static void pass(wn_scan *scan, const wn_scan_pair *pair, scratch *w)
{
    const wn_bytes_form *form = scan->form;
    const wn_scan_side *queries = scan->queries, *points = scan->points;
    size_t a = queries->begins[pair->a], m = queries->lens[pair->a];
    size_t b = points->begins[pair->b], n = points->lens[pair->b];
    bool product = form->metric == WN_INDEX_METRIC_IP;
    set_limits(scan, a, m, &points->facts[pair->b], w->row_limits);
    for (size_t i = 0; i < m; i++) {
        w->row_least[i] = least_score(scan, queries->bytes.norms[a + i], w->row_limits[i]);
        w->row_shift[i] = product ? 0 : queries->bytes.norms[a + i] >> 1;
    }
    if (pair->both) set_limits(scan, b, n, &queries->facts[pair->a], w->other_limits);
    for (size_t column = 0; column < n; column += WN_TILE_WIDTH) {
        size_t width = n - column < WN_TILE_WIDTH ? n - column : WN_TILE_WIDTH;
        for (size_t i = 0; i < WN_TILE_WIDTH; i++) {
            bool served = pair->both && i < width;
            w->other_least[i] = served ? least_score(scan, 0, w->other_limits[column + i]) : 1 << 29;
        }
        wn_tile_u8s8 tile = {.rows = queries->bytes.codes + a * form->padded,
                             .stride = form->padded,
                             .m = m,
                             .dim = form->padded,
                             .panels = points->panels + (b + column) * form->padded,
                             .panel_bias = points->starts + b + column,
                             .n = width};
        wn_tile_wanted wanted = {w->row_least, w->row_shift, w->other_least};
        size_t count = form->tile.hits_u8s8(&tile, &wanted, w->hits);
        if (count) take_hits(scan, pair, count, column, w);
    }
}

static void run_pairs(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_scan *scan = context;
    for (size_t i = begin; i < end; i++) pass(scan, &scan->pairs[i], &scan->scratch[worker]);
}

void wn_scan_run(wn_scan *scan, const wn_scan_pair *pairs, size_t count)
{
    scan->pairs = pairs;
    wn_pool_for(scan->task->pool, count, 1, run_pairs, scan);
}

static void run_lists(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_scan *scan = context;
    size_t count = scan->near ? scan->near_count : scan->points->blocks;
    for (size_t a = begin; a < end; a++) {
        for (size_t i = 0; i < count; i++) {
            wn_scan_pair pair = {(uint32_t)a, scan->near ? scan->near[a * count + i] : (uint32_t)i, false};
            if (pair.b != UINT32_MAX) pass(scan, &pair, &scan->scratch[worker]);
        }
    }
}

void wn_scan_run_lists(wn_scan *scan, const uint32_t *near, size_t count)
{
    scan->near = near;
    scan->near_count = count;
    wn_pool_for(scan->task->pool, scan->queries->blocks, 1, run_lists, scan);
}

static void finish_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_scan *scan = context;
    const wn_index_task *task = scan->task;
    scratch *w = &scan->scratch[worker];
    for (size_t query = begin; query < end; query++) {
        size_t slot = scan->queries->slots[query];
        if (slot == UINT32_MAX) continue;
        if (scan->kept) cut_by_bytes(scan, query);
        size_t len = rank_exactly(scan, query, scan->keys + query * scan->room, scan->counts[query], w->ranked);
        for (size_t i = 0; i < len; i++) {
            task->slots[slot * scan->k + i] = w->ranked[i].slot;
            task->values[slot * scan->k + i] = w->ranked[i].value;
        }
    }
}

void wn_scan_finish(wn_scan *scan)
{
    wn_pool_for(scan->task->pool, scan->queries->positions, GRAIN, finish_rows, scan);
}

/* ---- life ---- */

static size_t room_of(size_t k)
{
    return 3 * k + 8 > 64 ? 3 * k + 8 : 64;
}

/* What rounding to bytes may move beyond the k-th; `ivf` measures on a sample whether it was enough. */
static size_t kept_of(size_t k)
{
    return k + k / 4 + 8;
}

uint64_t wn_scan_list_memory(size_t k)
{
    return room_of(k) * sizeof(uint64_t) + sizeof(uint32_t) + sizeof(float) + sizeof(int32_t);
}

uint64_t wn_scan_worker_memory(void)
{
    return WN_SCAN_BLOCK * WN_TILE_WIDTH * sizeof(wn_tile_hit) + (uint64_t)WN_SCAN_BLOCK * 20;
}

static bool get_scratch(const wn_scan *scan, scratch *w)
{
    w->row_limits = wn_alloc(WN_MEMORY_MATRIX, 4 * WN_SCAN_BLOCK + WN_TILE_WIDTH, sizeof *w->row_limits);
    w->hits = wn_alloc(WN_MEMORY_MATRIX, WN_SCAN_BLOCK * WN_TILE_WIDTH, sizeof *w->hits);
    w->ranked = wn_alloc(WN_MEMORY_MATRIX, scan->room, sizeof *w->ranked);
    if (!w->row_limits || !w->hits || !w->ranked) return false;
    w->row_least = w->row_limits + WN_SCAN_BLOCK;
    w->row_shift = w->row_least + WN_SCAN_BLOCK;
    w->other_limits = w->row_shift + WN_SCAN_BLOCK;
    w->other_least = w->other_limits + WN_SCAN_BLOCK;
    return true;
}

wn_status wn_scan_new(const wn_index_task *task, const wn_bytes_form *form, wn_scan_side *points, wn_scan_side *queries,
                      bool by_bytes, wn_scan **out, wn_error *err)
{
    wn_scan *scan = *out = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *scan);
    bool whole = scan != NULL;
    if (scan) {
        *scan = (wn_scan){.task = task, .form = form, .points = points, .queries = queries, .k = task->k};
        wn_distance_kernels_init(&scan->distance, wn_cpu_level());
        scan->room = room_of(task->k);
        scan->workers = wn_pool_threads(task->pool);
        scan->keys = wn_alloc(WN_MEMORY_MATRIX, queries->positions * scan->room, sizeof *scan->keys);
        scan->counts = wn_calloc(WN_MEMORY_MATRIX, queries->positions, sizeof *scan->counts);
        scan->bases = wn_alloc(WN_MEMORY_MATRIX, queries->positions, sizeof *scan->bases);
        scan->limits = wn_alloc(WN_MEMORY_MATRIX, queries->positions, sizeof *scan->limits);
        scan->kept = by_bytes ? kept_of(task->k) : 0;
        scan->scratch = wn_calloc(WN_MEMORY_MATRIX, scan->workers, sizeof *scan->scratch);
        whole = scan->keys && scan->counts && scan->bases && scan->limits && scan->scratch;
        for (unsigned i = 0; i < scan->workers && whole; i++) whole = get_scratch(scan, &scan->scratch[i]);
        for (size_t i = 0; i < queries->positions && whole; i++)
            scan->bases[i] = INFINITY, scan->limits[i] = WN_BYTES_NO_LIMIT;
    }
    if (whole) return WN_OK;
    wn_scan_free(out);
    return wn_fail(err, WN_NOMEM, "no memory for the lists of %zu rows", queries->positions);
}

void wn_scan_free(wn_scan **scan)
{
    wn_scan *old = *scan;
    if (!old) return;
    for (unsigned i = 0; old->scratch && i < old->workers; i++) {
        wn_free(old->scratch[i].row_limits);
        wn_free(old->scratch[i].hits);
        wn_free(old->scratch[i].ranked);
    }
    wn_free(old->scratch);
    wn_free(old->keys);
    wn_free(old->counts);
    wn_free(old->bases);
    wn_free(old->limits);
    wn_free(old);
    *scan = NULL;
}
