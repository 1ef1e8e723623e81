/* SPDX-License-Identifier: Apache-2.0
 *
 * The greedy engine over a graph or a table. A state per row (or table column) holds how well it is covered and what it
 * weighs; the gain of a row is the sum over those it covers.
 */
#include "selection/coverage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/cover_graph.h"
#include "selection/cover_table.h"
#include "selection/lazy.h"
#include "winnow/memory.h"

/* Rows of the greatest table, of a table of drawn rows, and the least share of the neighbours that a pick must own. */
enum { DENSE_ROWS = 12288, SAMPLE_ROWS = 8192, GRAIN_TABLE = 16, GRAIN_GRAPH = 2048 };

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
    const wn_cover_graph *graph; /* one of the two */
    const wn_cover_table *table;
    cell *cells;     /* per row of the graph */
    float *covered;  /* per column of the table */
    float *weights;  /* per column of the table; NULL = 1 */
    float *gone;     /* per column: how well earlier layers cover it */
    uint32_t *items; /* what can be picked: rows of the graph, or of the table */
    size_t items_len, points;
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

/* Sixteen sums side by side keep the compiler in vector registers; they go to double before they grow long. */
static double gain_in_table(void *context, uint32_t item)
{
    const engine *e = context;
    const float *values = e->table->values + item * e->table->stride, *covered = e->covered, *weights = e->weights;
    double total = 0;
    for (size_t begin = 0; begin < e->points; begin += 512) {
        size_t end = begin + 512 < e->points ? begin + 512 : e->points, i = begin;
        float lanes[16] = {0};
        for (; i + 16 <= end; i += 16) {
            for (size_t k = 0; k < 16; k++) {
                float more = values[i + k] - covered[i + k];
                more = more > 0 ? more : 0;
                lanes[k] += weights ? more * weights[i + k] : more;
            }
        }
        for (size_t k = 0; i < end; i++, k++) {
            float more = values[i] - covered[i];
            more = more > 0 ? more : 0;
            lanes[k] += weights ? more * weights[i] : more;
        }
        for (size_t k = 0; k < 16; k++) total += (double)lanes[k];
    }
    return total;
}

static double gain_in_graph(void *context, uint32_t item)
{
    const engine *e = context;
    const wn_cover_graph *graph = e->graph;
    const uint32_t *ids = graph->ids + graph->starts[item];
    const float *values = graph->values + graph->starts[item];
    double total = 0;
    for (uint32_t i = 0; i < graph->lens[item]; i++) {
        cell c = e->cells[ids[i]];
        float more = values[i] - c.covered;
        if (more > 0) total += (double)(more * c.weight);
    }
    return total;
}

static void cover_in_table(engine *e, const float *values)
{
    for (size_t i = 0; i < e->points; i++) e->covered[i] = values[i] > e->covered[i] ? values[i] : e->covered[i];
}

static void cover_in_graph(engine *e, size_t row)
{
    const uint32_t *ids = e->graph->ids + e->graph->starts[row];
    const float *values = e->graph->values + e->graph->starts[row];
    for (uint32_t i = 0; i < e->graph->lens[row]; i++) {
        cell *c = e->cells + ids[i];
        if (values[i] > c->covered) c->covered = values[i];
    }
}

/* The rows given before are in S. */
static wn_status cover_by_preselected(engine *e, wn_error *err)
{
    const wn_rows *given = &e->roster->request->preselected;
    if (e->graph) {
        for (size_t i = 0; i < given->len; i++) cover_in_graph(e, (size_t)given->data[i]);
        return WN_OK;
    }
    float *values = wn_alloc(WN_MEMORY_SELECTION, e->points, sizeof *values);
    float *scratch = wn_alloc(WN_MEMORY_SELECTION, e->roster->space.matrix.cols, sizeof *scratch);
    wn_status status = WN_OK;
    if (!values || !scratch) status = wn_fail(err, WN_NOMEM, "no memory for %zu preselected rows", given->len);
    for (size_t i = 0; i < given->len && !status; i++) {
        wn_cover_table_measure(e->table, e->roster, &e->coverage->nearness, (uint32_t)given->data[i], scratch, values);
        cover_in_table(e, values);
        if (i % 1024 == 1023) status = wn_roster_tell(e->roster, err);
    }
    wn_free(scratch);
    wn_free(values);
    return status;
}

static float covered_at(const engine *e, size_t i)
{
    return e->graph ? e->cells[i].covered : e->covered[i];
}

/* Forgets the picks of a layer, but not how well they cover. */
static void begin_layer(engine *e)
{
    for (size_t i = 0; i < e->points; i++) {
        float covered = covered_at(e, i);
        if (covered > e->gone[i]) e->gone[i] = covered;
        if (e->graph) {
            e->cells[i].covered = 0;
        } else {
            e->covered[i] = 0;
        }
    }
}

static double measure_objective(const engine *e)
{
    double sum = 0, total = 0;
    for (size_t i = 0; i < e->points; i++) {
        double weight = e->graph ? (double)e->cells[i].weight : e->weights ? (double)e->weights[i] : 1;
        sum += weight * (double)fmaxf(covered_at(e, i), e->gone[i]);
        total += weight;
    }
    return total > 0 ? sum / total : 0;
}

static wn_status start_layer(engine *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->items_len; i++) {
        size_t row = e->table ? e->table->rows[e->items[i]] : e->items[i];
        if (wn_roster_is_open(e->roster, row)) e->items[n++] = e->items[i];
    }
    e->items_len = n;
    wn_lazy_start(&e->lazy, e->items, n, e->roster->request->pool, e->table ? GRAIN_TABLE : GRAIN_GRAPH);
    return WN_OK;
}

static wn_status pick_greedily(engine *e, wn_error *err)
{
    uint32_t item;
    double gain;
    bool fresh = true;
    WN_TRY(wn_lazy_init(&e->lazy, e->items_len, e->table ? gain_in_table : gain_in_graph, e, err));
    WN_TRY(start_layer(e));
    while (!wn_roster_is_full(e->roster) && wn_lazy_next(&e->lazy, &item, &gain)) {
        size_t row = e->table ? e->table->rows[item] : item;
        if (gain <= 0) {
            if (fresh) break; /* nothing has weight */
            begin_layer(e);
            WN_TRY(start_layer(e));
            fresh = true;
            continue;
        }
        fresh = false;
        WN_TRY(wn_roster_take(e->roster, row, err));
        if (e->table) {
            cover_in_table(e, e->table->values + item * e->table->stride);
        } else {
            cover_in_graph(e, item);
        }
    }
    return WN_OK;
}

/* Cells or columns, at first not covered. Only candidates count. */
static wn_status prepare(engine *e, wn_error *err)
{
    const wn_roster *roster = e->roster;
    const float *weights = e->coverage->weights;
    e->points = e->graph ? e->graph->rows : e->table->len;
    e->gone = wn_calloc(WN_MEMORY_SELECTION, e->points, sizeof *e->gone);
    e->items = wn_alloc(WN_MEMORY_SELECTION, e->points, sizeof *e->items);
    if (e->graph) e->cells = wn_calloc(WN_MEMORY_SELECTION, e->points, sizeof *e->cells);
    if (e->table) e->covered = wn_calloc(WN_MEMORY_SELECTION, e->points, sizeof *e->covered);
    if (e->table && weights) e->weights = wn_alloc(WN_MEMORY_SELECTION, e->points, sizeof *e->weights);
    if (!e->gone || !e->items || (e->graph ? !e->cells : !e->covered) || (e->table && weights && !e->weights))
        return wn_fail(err, WN_NOMEM, "no memory to cover %zu rows", e->points);
    for (size_t i = 0; i < e->points; i++) {
        size_t row = e->table ? e->table->rows[i] : i;
        if (e->graph && (roster->states[row] & WN_ROSTER_CANDIDATE)) e->cells[i].weight = weights ? weights[row] : 1;
        if (e->weights) e->weights[i] = weights[row];
        if (wn_roster_is_open(roster, row)) e->items[e->items_len++] = (uint32_t)i;
    }
    return WN_OK;
}

static wn_status run_engine(engine *e, wn_error *err)
{
    wn_status status = prepare(e, err);
    if (!status) status = cover_by_preselected(e, err);
    if (!status) status = pick_greedily(e, err);
    if (!status) e->roster->out->objective = measure_objective(e);
    wn_lazy_clear(&e->lazy);
    wn_free(e->weights);
    wn_free(e->covered);
    wn_free(e->cells);
    wn_free(e->items);
    wn_free(e->gone);
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

static wn_status pick_by_table(const wn_coverage *coverage, wn_roster *roster, bool drawn, wn_error *err)
{
    uint32_t *rows = NULL;
    size_t len = 0;
    wn_cover_table *table = NULL;
    engine e = {.coverage = coverage, .roster = roster};
    wn_status status = list_table_rows(roster, drawn, &rows, &len, err);
    if (!status) status = wn_cover_table_new(roster, rows, len, &coverage->nearness, &table, err);
    e.table = table;
    if (!status) status = run_engine(&e, err);
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
        return share + wn_cover_table_bytes(table, dim, threads) + wn_lazy_bytes(table) +
               (uint64_t)table * 6 * sizeof(float) + (uint64_t)len * 12 + dim * sizeof(float);
    }
    size_t k = request->neighbours ? request->neighbours->k : coverage->neighbours;
    uint64_t found = request->neighbours ? 0 : wn_cover_lists_bytes(request, k);
    return share + found + wn_cover_graph_bytes(rows, k, threads) + wn_lazy_bytes(rows) + (uint64_t)rows * 16;
}
