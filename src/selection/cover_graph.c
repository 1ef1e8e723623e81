/* SPDX-License-Identifier: Apache-2.0
 *
 * The symmetric graph. Edges against their direction are gathered for one range of rows after the other, each by a walk
 * over all lists: few walks, and the places that are written to at random near each other. A row's own neighbours are
 * stamped, and of the others only those are added that bear no stamp.
 */
#include "selection/cover_graph.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { GRAIN = 8192, RANGE_EDGES = 16 * 1024 * 1024 };

/* The search plans for itself and is held to what the request leaves: the figure is near enough to refuse early. */
uint64_t wn_cover_lists_bytes(const wn_selection_request *request, size_t k)
{
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols;
    return rows * k * (sizeof(int64_t) + sizeof(float)) + rows * (2 * dim + 64) + dim * dim * sizeof(float);
}

wn_status wn_cover_lists(const wn_roster *roster, size_t k, wn_neighbours *own, const wn_neighbours **out,
                         wn_metric *metric, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    size_t rows = request->embeddings.rows;
    *metric = request->neighbours ? request->neighbours_metric : roster->space.metric;
    *out = request->neighbours ? request->neighbours : own;
    if (request->neighbours) return WN_OK;
    wn_neighbours_request find = {.embeddings = request->embeddings,
                                  .k = k < rows   ? k
                                       : rows > 1 ? rows - 1
                                                  : 1,
                                  .metric = *metric == WN_METRIC_COSINE ? WN_INDEX_METRIC_COSINE : WN_INDEX_METRIC_L2,
                                  .seed = request->seed,
                                  .pool = request->pool,
                                  .progress = request->progress};
    return wn_neighbours_find(wn_index_kind_choose(rows, 0), &find, own, err);
}

void wn_cover_squares(wn_metric metric, const float *distances, size_t n, float *squares)
{
    for (size_t i = 0; i < n; i++) {
        const float distance = distances[i] < 0 ? 0 : distances[i]; /* 1 - cos of like rows, rounded */
        squares[i] = metric == WN_METRIC_COSINE ? 2 * distance : distance * distance;
    }
}

typedef struct build {
    const wn_neighbours *lists;
    const wn_nearness *nearness;
    wn_cover_graph *graph;
    float *values;    /* rows x k: nearness of each neighbour */
    uint32_t *counts; /* threads x rows: how often a row is a neighbour */
    uint32_t *stamps; /* threads x rows */
    uint64_t *places; /* threads x range: where the next edge to a row goes */
    size_t range, ranges;
    wn_metric metric;
    int64_t *wrong; /* per chunk: the first list with a neighbour that is no row, or -1 */
} build;

/* Values of the lists, and how often each row is named. */
static void weigh_lists(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    const wn_neighbours *lists = b->lists;
    uint32_t *counts = b->counts + (size_t)worker * lists->rows;
    b->wrong[begin / GRAIN] = -1;
    for (size_t row = begin; row < end; row++) {
        float *values = b->values + row * lists->k;
        wn_cover_squares(b->metric, lists->distances + row * lists->k, lists->k, values);
        wn_nearness_values(b->nearness, values, lists->k, values);
        for (size_t j = 0; j < lists->k; j++) {
            int64_t id = lists->ids[row * lists->k + j];
            if (id < -1 || id >= (int64_t)lists->rows) {
                if (b->wrong[begin / GRAIN] < 0) b->wrong[begin / GRAIN] = (int64_t)row;
                id = -1;
            }
            if (id < 0 || id == (int64_t)row) values[j] = 0;
            if (values[j] > 0) counts[id]++;
        }
    }
}

/* Gathers the edges that end in rows [first, last), ordered by source, at the end of each row's room. */
static void gather_range(const build *b, size_t first, size_t last, unsigned worker)
{
    const wn_neighbours *lists = b->lists;
    uint64_t *places = b->places + (size_t)worker * b->range;
    const uint64_t width = last - first;
    for (size_t row = first; row < last; row++) places[row - first] = b->graph->starts[row] + 1 + lists->k;
    for (size_t row = 0; row < lists->rows; row++) {
        const int64_t *ids = lists->ids + row * lists->k;
        const float *values = b->values + row * lists->k;
        for (size_t j = 0; j < lists->k; j++) {
            uint64_t at = (uint64_t)ids[j] - first;
            if (at >= width || !(values[j] > 0)) continue; /* as counted */
            uint64_t place = places[at]++;
            b->graph->ids[place] = (uint32_t)row;
            b->graph->values[place] = values[j];
        }
    }
}

/* The row itself, its list, and the sources that are not in its list; these are moved up over what is left out. */
static void join_row(const build *b, size_t row, uint32_t *stamps)
{
    const wn_neighbours *lists = b->lists;
    wn_cover_graph *graph = b->graph;
    const int64_t *ids = lists->ids + row * lists->k;
    const float *values = b->values + row * lists->k;
    uint32_t *to = graph->ids + graph->starts[row];
    float *to_values = graph->values + graph->starts[row];
    const uint32_t *sources = to + 1 + lists->k;
    const float *source_values = to_values + 1 + lists->k;
    uint32_t n = 0, mark = (uint32_t)row + 1;
    to[n] = (uint32_t)row;
    to_values[n++] = 1;
    for (size_t j = 0; j < lists->k; j++) {
        if (!(values[j] > 0) || stamps[ids[j]] == mark) continue;
        stamps[ids[j]] = mark;
        to[n] = (uint32_t)ids[j];
        to_values[n++] = values[j];
    }
    for (size_t i = 0; i < b->counts[row]; i++) {
        if (stamps[sources[i]] == mark) continue;
        stamps[sources[i]] = mark; /* a list may name a row twice */
        to[n] = sources[i];
        to_values[n++] = source_values[i];
    }
    graph->lens[row] = n;
}

static void join_range(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    const size_t rows = b->lists->rows;
    for (size_t range = begin; range < end; range++) {
        const size_t first = range * b->range, last = rows - first < b->range ? rows : first + b->range;
        gather_range(b, first, last, worker);
        for (size_t row = first; row < last; row++) join_row(b, row, b->stamps + (size_t)worker * rows);
    }
}

/* Adds the threads' counts into the first, and lays out the room of each row. */
static void lay_out(build *b, unsigned threads)
{
    size_t rows = b->lists->rows;
    uint64_t place = 0;
    for (size_t row = 0; row < rows; row++) {
        for (unsigned t = 1; t < threads; t++) b->counts[row] += b->counts[(size_t)t * rows + row];
        b->graph->starts[row] = place;
        place += 1 + b->lists->k + b->counts[row];
    }
    b->graph->starts[rows] = place;
}

uint64_t wn_cover_graph_bytes(size_t rows, size_t k, unsigned threads)
{
    const uint64_t edges = (uint64_t)rows * k;
    return (2 * edges + rows) * (sizeof(uint32_t) + sizeof(float)) + edges * sizeof(float) +
           (uint64_t)rows * (sizeof(uint64_t) + sizeof(uint32_t)) + (uint64_t)threads * rows * 2 * sizeof(uint32_t) +
           ((uint64_t)rows + threads) * sizeof(uint64_t) + (uint64_t)rows / GRAIN * sizeof(int64_t) + 65536;
}

/* Ranges of rows whose edges are gathered by one walk over all lists: as many for each thread, and never longer than
 * its share of the rows. */
static void choose_ranges(build *b, size_t threads)
{
    const size_t rows = b->lists->rows, least = rows * b->lists->k / RANGE_EDGES + 1;
    b->ranges = (least + threads - 1) / threads * threads;
    b->range = (rows + b->ranges - 1) / b->ranges;
    b->range = b->range < 1 ? 1 : b->range;
    b->ranges = (rows + b->range - 1) / b->range;
}

static wn_status build_graph(build *b, wn_pool *pool, wn_error *err)
{
    const wn_neighbours *lists = b->lists;
    size_t rows = lists->rows, chunks = (rows + GRAIN - 1) / GRAIN, threads = wn_pool_threads(pool);
    wn_cover_graph *graph = b->graph;
    choose_ranges(b, threads);
    b->values = wn_alloc(WN_MEMORY_SELECTION, rows * lists->k, sizeof *b->values);
    b->counts = wn_calloc(WN_MEMORY_SELECTION, threads * rows, sizeof *b->counts);
    b->stamps = wn_calloc(WN_MEMORY_SELECTION, threads * rows, sizeof *b->stamps);
    b->places = wn_alloc(WN_MEMORY_SELECTION, threads * b->range, sizeof *b->places);
    b->wrong = wn_alloc(WN_MEMORY_SELECTION, chunks, sizeof *b->wrong);
    graph->starts = wn_alloc(WN_MEMORY_SELECTION, rows + 1, sizeof *graph->starts);
    graph->lens = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *graph->lens);
    if (!b->values || !b->counts || !b->stamps || !b->places || !b->wrong || !graph->starts || !graph->lens)
        return wn_fail(err, WN_NOMEM, "no memory for a graph of %zu rows", rows);
    wn_pool_for(pool, rows, GRAIN, weigh_lists, b);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        if (b->wrong[chunk] >= 0)
            return wn_fail(err, WN_INVALID, "the list of row %" PRId64 " names a neighbour that is not among %zu rows",
                           b->wrong[chunk], rows);
    }
    lay_out(b, (unsigned)threads);
    graph->ids = wn_alloc(WN_MEMORY_SELECTION, graph->starts[rows], sizeof *graph->ids);
    graph->values = wn_alloc(WN_MEMORY_SELECTION, graph->starts[rows], sizeof *graph->values);
    if (!graph->ids || !graph->values) return wn_fail(err, WN_NOMEM, "no memory for a graph of %zu rows", rows);
    wn_pool_for(pool, b->ranges, 1, join_range, b);
    return WN_OK;
}

wn_status wn_cover_graph_new(const wn_neighbours *lists, wn_metric metric, const wn_nearness *nearness, wn_pool *pool,
                             wn_cover_graph **out, wn_error *err)
{
    build b = {.lists = lists, .nearness = nearness, .metric = metric};
    *out = b.graph = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *b.graph);
    if (!b.graph) return wn_fail(err, WN_NOMEM, "no memory for a graph of %zu rows", lists->rows);
    b.graph->rows = lists->rows;
    wn_status status = build_graph(&b, pool, err);
    wn_free(b.wrong);
    wn_free(b.places);
    wn_free(b.stamps);
    wn_free(b.counts);
    wn_free(b.values);
    if (status) wn_cover_graph_free(out);
    return status;
}

void wn_cover_graph_free(wn_cover_graph **graph)
{
    if (!*graph) return;
    wn_free((*graph)->values);
    wn_free((*graph)->ids);
    wn_free((*graph)->lens);
    wn_free((*graph)->starts);
    wn_free(*graph);
    *graph = NULL;
}
