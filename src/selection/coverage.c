/* SPDX-License-Identifier: Apache-2.0
 *
 * The greedy engine over a graph, lazy: a cell per row holds how well it is covered and what it weighs; the gain of a
 * row is the sum over those it covers. And the choice of the form; the engine over a table is in cover_table_pick.c.
 */
#include "selection/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/cover_bounds.h"
#include "selection/cover_bounds_pick.h"
#include "selection/cover_graph.h"
#include "selection/cover_table.h"
#include "selection/cover_table_pick.h"
#include "selection/lazy.h"
#include "winnow/memory.h"

/* Rows of the greatest table, and of a table of drawn rows. */
enum { DENSE_ROWS = 12288, SAMPLE_ROWS = 8192, GRAIN = 2048 };

/* Sums of a gain; bytes of a list that are fetched ahead, and of a cache line. */
enum { SUMS = 4, EXPECTED = 1024, LINE = 64 };

const char *const wn_coverage_form_names[WN_COVERAGE_FORMS + 1] = {
#define X(name, text) [WN_COVERAGE_##name] = text,
    WN_COVERAGE_FORM_MAP(X)
#undef X
};

const char *const wn_nearness_names[WN_NEARNESS_KINDS + 1] = {
#define X(name, text) [WN_NEARNESS_##name] = text,
    WN_NEARNESS_MAP(X)
#undef X
};

typedef struct cell {
    float covered, weight;
} cell;

typedef struct engine {
    const wn_coverage *coverage;
    wn_roster *roster;
    const wn_cover_graph *graph;
    cell *cells;     /* per row */
    float *gone;     /* per row: how well earlier layers cover it */
    uint32_t *items; /* rows that can be picked */
    size_t items_len;
    wn_lazy lazy;
} engine;

static size_t candidates_of(const wn_selection_request *request)
{
    return request->candidates.data ? request->candidates.len : request->embeddings.rows;
}

/* A table of drawn rows must hold enough of them to pick from. */
static size_t sample_rows(const wn_selection_request *request)
{
    size_t len = candidates_of(request), least = 4 * request->count;
    size_t rows = least > SAMPLE_ROWS ? least : SAMPLE_ROWS;
    rows = rows > DENSE_ROWS ? DENSE_ROWS : rows;
    return rows < len ? rows : len;
}

wn_coverage_form wn_coverage_choose(const wn_coverage *coverage, const wn_selection_request *request)
{
    size_t len = candidates_of(request), picks = request->count + request->preselected.len + 1;
    if (coverage->form != WN_COVERAGE_AUTO) return coverage->form;
    if (!request->embeddings.data) return WN_COVERAGE_SPARSE;
    if (len <= DENSE_ROWS) return WN_COVERAGE_DENSE;
    size_t k = request->neighbours ? request->neighbours->k : coverage->neighbours;
    bool few = request->count <= DENSE_ROWS / 4;
    return few && len / picks > k ? WN_COVERAGE_SAMPLE : WN_COVERAGE_SPARSE;
}

/* What a value adds to a cell. */
static inline double add_of(cell c, float value)
{
    const float more = value - c.covered;
    return (double)((more > 0 ? more : 0) * c.weight);
}

static double gain_of(void *context, uint32_t item)
{
    const engine *e = context;
    const wn_cover_graph *graph = e->graph;
    const uint32_t *ids = graph->ids + graph->starts[item];
    const float *values = graph->values + graph->starts[item];
    const uint32_t len = graph->lens[item];
    double sums[SUMS] = {0}; /* side by side: the sum does not wait for each cell */
    uint32_t i = 0;
    for (; i + SUMS <= len; i += SUMS) {
        for (uint32_t k = 0; k < SUMS; k++) sums[k] += add_of(e->cells[ids[i + k]], values[i + k]);
    }
    for (; i < len; i++) sums[0] += add_of(e->cells[ids[i]], values[i]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void expect_list(const void *context, uint32_t item)
{
    const engine *e = context;
    const char *ids = (const char *)(e->graph->ids + e->graph->starts[item]);
    const char *values = (const char *)(e->graph->values + e->graph->starts[item]);
    const size_t bytes = e->graph->lens[item] * sizeof(float);
    for (size_t at = 0; at < bytes && at < EXPECTED; at += LINE) {
        __builtin_prefetch(ids + at);
        __builtin_prefetch(values + at);
    }
}

static void cover_by(engine *e, size_t row)
{
    const uint32_t *ids = e->graph->ids + e->graph->starts[row];
    const float *values = e->graph->values + e->graph->starts[row];
    for (uint32_t i = 0; i < e->graph->lens[row]; i++) {
        cell *c = e->cells + ids[i];
        if (values[i] > c->covered) c->covered = values[i];
    }
}

/* Forgets the picks of a layer, but not how well they cover. */
static void begin_layer(engine *e)
{
    for (size_t row = 0; row < e->graph->rows; row++) {
        if (e->cells[row].covered > e->gone[row]) e->gone[row] = e->cells[row].covered;
        e->cells[row].covered = 0;
    }
}

static double measure_objective(const engine *e)
{
    double sum = 0, total = 0;
    for (size_t row = 0; row < e->graph->rows; row++) {
        double weight = (double)e->cells[row].weight;
        sum += weight * (double)fmaxf(e->cells[row].covered, e->gone[row]);
        total += weight;
    }
    return total > 0 ? sum / total : 0;
}

static void start_layer(engine *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->items_len; i++) {
        if (wn_roster_is_open(e->roster, e->items[i])) e->items[n++] = e->items[i];
    }
    e->items_len = n;
    wn_lazy_start(&e->lazy, e->items, n, e->roster->request->pool, GRAIN);
}

static wn_status pick_greedily(engine *e, wn_error *err)
{
    uint32_t row;
    double gain;
    bool fresh = true;
    WN_TRY(wn_lazy_init(&e->lazy, e->items_len, gain_of, e, err));
    e->lazy.expect = expect_list;
    start_layer(e);
    while (!wn_roster_is_full(e->roster) && wn_lazy_next(&e->lazy, &row, &gain)) {
        if (gain <= 0) {
            if (fresh) break; /* nothing has weight */
            begin_layer(e);
            start_layer(e);
            fresh = true;
            continue;
        }
        fresh = false;
        WN_TRY(wn_roster_take(e->roster, row, err));
        cover_by(e, row);
    }
    return WN_OK;
}

static wn_status run_engine(engine *e, wn_error *err)
{
    const wn_roster *roster = e->roster;
    const wn_rows *given = &roster->request->preselected;
    const float *weights = e->coverage->weights;
    size_t rows = e->graph->rows;
    wn_status status;
    e->cells = wn_calloc(WN_MEMORY_SELECTION, rows, sizeof *e->cells);
    e->gone = wn_calloc(WN_MEMORY_SELECTION, rows, sizeof *e->gone);
    e->items = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *e->items);
    if (!e->cells || !e->gone || !e->items) {
        status = wn_fail(err, WN_NOMEM, "no memory to cover %zu rows", rows);
        goto done;
    }
    for (size_t row = 0; row < rows; row++) { /* only candidates count */
        if (roster->states[row] & WN_ROSTER_CANDIDATE) e->cells[row].weight = weights ? weights[row] : 1;
        if (wn_roster_is_open(roster, row)) e->items[e->items_len++] = (uint32_t)row;
    }
    for (size_t i = 0; i < given->len; i++) cover_by(e, (size_t)given->data[i]);
    if ((status = pick_greedily(e, err))) goto done;
    roster->out->objective = measure_objective(e);
done:
    wn_lazy_clear(&e->lazy);
    wn_free(e->items);
    wn_free(e->gone);
    wn_free(e->cells);
    return status;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* All candidates, or some drawn at random. */
static wn_status list_table_rows(const wn_roster *roster, bool drawn, uint32_t **rows, size_t *len, wn_error *err)
{
    size_t n = roster->space.len;
    *len = drawn ? sample_rows(roster->request) : n;
    *rows = wn_alloc(WN_MEMORY_SELECTION, n, sizeof **rows);
    int64_t *places = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *places);
    wn_rng rng;
    wn_rng_init(&rng, roster->request->seed, 0xc0);
    bool done = *rows && places;
    if (done && *len < n) {
        done = wn_rng_sample(&rng, (int64_t)n, (int64_t)*len, places) != 0;
    } else {
        for (size_t i = 0; done && i < n; i++) places[i] = (int64_t)i;
    }
    for (size_t i = 0; done && i < *len; i++) (*rows)[i] = (uint32_t)wn_space_row(&roster->space, (size_t)places[i]);
    if (done) qsort(*rows, *len, sizeof **rows, compare_ids);
    wn_free(places);
    return done ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to list %zu rows", n);
}

/* Are the values of a table cosines, each of the same weight, which bounds suffice for? */
static bool wants_bounds(const wn_coverage *coverage, const wn_roster *roster, size_t len)
{
    return coverage->nearness.kind == WN_NEARNESS_LINEAR && roster->space.metric == WN_METRIC_COSINE &&
           fabs(coverage->nearness.radius - 1) < 1e-12 && !coverage->weights && coverage->sweeps == 0 &&
           len <= WN_COVER_BOUNDS_ROWS;
}

/* *done is false when there are no bounds for these rows, or they do not tell enough: no picks are made then. */
static wn_status pick_by_bounds(const wn_coverage *coverage, wn_roster *roster, const uint32_t *rows, size_t len,
                                bool *done, wn_error *err)
{
    wn_cover_bounds *table = NULL;
    *done = wants_bounds(coverage, roster, len);
    if (!*done) return WN_OK;
    wn_status status = wn_cover_bounds_new(roster, rows, len, &table, err);
    if (!status) status = wn_cover_bounds_pick(table, roster, done, err);
    wn_cover_bounds_free(&table);
    if (!status && !*done) wn_roster_forget(roster);
    return status;
}

static wn_status pick_by_table(const wn_coverage *coverage, wn_roster *roster, bool drawn, wn_error *err)
{
    uint32_t *rows = NULL;
    size_t len = 0;
    wn_cover_table *table = NULL;
    bool done = false;
    wn_status status = list_table_rows(roster, drawn, &rows, &len, err);
    if (!status) status = pick_by_bounds(coverage, roster, rows, len, &done, err);
    if (!status && !done) status = wn_cover_table_new(roster, rows, len, &coverage->nearness, &table, err);
    if (!status && !done) status = wn_cover_table_pick(table, coverage, roster, err);
    wn_cover_table_free(&table);
    wn_free(rows);
    return status;
}

static wn_status pick_by_graph(const wn_coverage *coverage, wn_roster *roster, wn_error *err)
{
    wn_neighbours own = {0};
    const wn_neighbours *lists = NULL;
    wn_metric metric;
    wn_cover_graph *graph = NULL;
    engine e = {.coverage = coverage, .roster = roster};
    wn_status status = wn_cover_lists(roster, coverage->neighbours, &own, &lists, &metric, err);
    if (!status) status = wn_cover_graph_new(lists, metric, &coverage->nearness, roster->request->pool, &graph, err);
    wn_neighbours_clear(&own);
    e.graph = graph;
    if (!status) status = run_engine(&e, err);
    wn_cover_graph_free(&graph);
    return status;
}

wn_status wn_coverage_pick(const wn_coverage *coverage, wn_roster *roster, wn_error *err)
{
    wn_coverage_form form = wn_coverage_choose(coverage, roster->request);
    if (roster->space.len == 0) return WN_OK;
    if (form == WN_COVERAGE_SPARSE) {
        WN_TRY(pick_by_graph(coverage, roster, err));
    } else {
        if (!roster->request->embeddings.data)
            return wn_fail(err, WN_INVALID, "a table of all pairs needs embeddings; choose the sparse form");
        WN_TRY(pick_by_table(coverage, roster, form == WN_COVERAGE_SAMPLE, err));
    }
    return wn_roster_fill(roster, err);
}

uint64_t wn_coverage_bytes(const wn_coverage *coverage, const wn_selection_request *request)
{
    size_t rows = request->embeddings.rows, dim = request->embeddings.cols, len = candidates_of(request);
    unsigned threads = wn_pool_threads(request->pool);
    wn_coverage_form form = wn_coverage_choose(coverage, request);
    uint64_t share = 41000 * (uint64_t)dim * sizeof(float) / 2 + (uint64_t)threads * 20000 * sizeof(float) + 200000;
    if (form != WN_COVERAGE_SPARSE) {
        size_t table = form == WN_COVERAGE_SAMPLE ? sample_rows(request) : len;
        uint64_t exact = wn_cover_table_bytes(table, dim, threads) + wn_cover_table_pick_bytes(table, dim);
        uint64_t bounds = wn_cover_bounds_bytes(table, dim, threads) + wn_cover_bounds_pick_bytes(table, dim);
        return share + (exact > bounds ? exact : bounds) + (uint64_t)len * 12;
    }
    size_t k = request->neighbours ? request->neighbours->k : coverage->neighbours;
    uint64_t found = request->neighbours ? 0 : wn_cover_lists_bytes(request, k);
    return share + found + wn_cover_graph_bytes(rows, k, threads) + wn_lazy_bytes(rows) + (uint64_t)rows * 16;
}
