/* SPDX-License-Identifier: Apache-2.0
 *
 * UMAP (McInnes, Healy, Melville 2018): neighbours pull by the fuzzy graph, random rows push.
 *
 * The usual program draws edges one by one and moves both ends at once, so that the map depends on who comes first.
 * Here every row has one owner: in an epoch it adds the pulls of all its edges, each weighted by how often it would be
 * drawn, and the pushes of rows drawn from a stream of (seed, epoch, row), all at the places of the epoch before; then
 * it takes one step of Adam (Kingma and Ba 2015, decays 0.5 and 0.9). Any number of threads gives the same map.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/layout.h"
#include "projection/fuzzy.h"
#include "winnow/memory.h"

enum { MOST_PUSHES = 512, MEASURED_ROWS = 1000, MEASURED_EVERY = 10 };

typedef struct params {
    int64_t neighbours, epochs, pushes;
    double min_distance, spread, rate;
    int start;
} params;

#define AT(field) offsetof(params, field)

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "of each row, that are kept near it", AT(neighbours), 2, 200, "15", NULL, "K", 0},
    {WN_OPTION_REAL, "min-distance", "how near points may come on the map", AT(min_distance), 0, 10, "0.1", NULL, "D",
     0},
    {WN_OPTION_REAL, "spread", "how far points that belong together spread", AT(spread), 0.01, 100, "1", NULL, "D", 0},
    {WN_OPTION_INT, "epochs", "passes over the graph (0 = 500 up to 10,000 rows, 200 beyond)", AT(epochs), 0, 100000,
     "0", NULL, "N", 0},
    {WN_OPTION_INT, "pushes", "random rows that push, for each pull", AT(pushes), 1, 50, "5", NULL, "N", 0},
    {WN_OPTION_REAL, "rate", "length of the first steps", AT(rate), 0.001, 100, "1", NULL, "X", 0},
    {WN_OPTION_CHOICE, "start", "where the points start", AT(start), 0, 0, "pca", wn_map_start_names, NULL, 0},
    {0},
};

static const char objective_name[] = "cross-entropy";

typedef struct moving {
    const wn_sparse *graph;
    wn_layout_kernels kernels;
    wn_layout_law law;
    size_t stride;
    const float *from;
    float *to;
    float *speed, *square; /* Adam */
    float *pushes;         /* for each row, how many random rows push in one epoch */
    uint64_t salt;         /* of this epoch */
    uint32_t epoch;
    float rate, correct_speed, correct_square;
} moving;

static size_t draw_pushers(const moving *m, size_t row, uint32_t *out)
{
    double phase = (double)(wn_rng_mix(row) >> 40) * 0x1p-24, each = (double)m->pushes[row];
    size_t count = (size_t)(floor(phase + each * (m->epoch + 1)) - floor(phase + each * m->epoch));
    uint64_t state = wn_rng_mix(m->salt ^ row);
    if (count > MOST_PUSHES) count = MOST_PUSHES;
    for (size_t i = 0; i < count; i += 2) {
        uint64_t bits = wn_rng_mix(state += 0x9e3779b97f4a7c15u);
        out[i] = (uint32_t)((bits >> 32) * m->graph->rows >> 32);
        out[i + 1] = (uint32_t)((bits & UINT32_MAX) * m->graph->rows >> 32);
    }
    return count;
}

static void move_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const moving *m = context;
    const wn_sparse *graph = m->graph;
    uint32_t pushers[MOST_PUSHES + 1];
    size_t stride = m->stride;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        const float *at = m->from + row * stride;
        float *to = m->to + row * stride;
        uint64_t first = graph->starts[row];
        float pull[4] = {0}, push[4] = {0};
        m->kernels.pull(&m->law, m->from, stride, at, graph->cols + first, graph->values + first,
                        (size_t)(graph->starts[row + 1] - first), pull);
        size_t count = draw_pushers(m, row, pushers);
        m->kernels.push(&m->law, m->from, stride, at, pushers, NULL, count, push);
        for (size_t c = 0; c < stride; c++) {
            float force = 2 * pull[c] - push[c];
            float *speed = m->speed + row * stride + c, *square = m->square + row * stride + c;
            *speed += (force - *speed) * 0.5f;
            *square += (force * force - *square) * 0.1f;
            to[c] = at[c] + m->rate * (*speed * m->correct_speed) / (sqrtf(*square * m->correct_square) + 1e-7f);
        }
    }
}

static double likeness(const moving *m, const float *x, const float *y)
{
    double d2 = 0;
    for (size_t c = 0; c < m->stride; c++) d2 += ((double)x[c] - (double)y[c]) * ((double)x[c] - (double)y[c]);
    return 1 / (1 + (double)m->law.a * pow(d2, (double)m->law.b));
}

/* The cross-entropy that an epoch works on, for one row: of up to MEASURED_ROWS rows, evenly spaced. */
static double measure(const moving *m, const float *points)
{
    const wn_sparse *graph = m->graph;
    size_t step = graph->rows / MEASURED_ROWS + 1, count = 0;
    uint32_t pushers[MOST_PUSHES + 1];
    double sum = 0;
    for (size_t row = 0; row < graph->rows; row += step, count++) {
        const float *at = points + row * m->stride;
        for (uint64_t i = graph->starts[row]; i < graph->starts[row + 1]; i++)
            sum -= (double)graph->values[i] * log(likeness(m, at, points + graph->cols[i] * m->stride));
        for (size_t i = draw_pushers(m, row, pushers); i-- > 0;)
            sum -= log(1.001 - likeness(m, at, points + pushers[i] * m->stride));
    }
    return sum / (double)count;
}

static size_t epochs_of(const params *p, size_t rows)
{
    return p->epochs ? (size_t)p->epochs : rows <= 10000 ? 500 : 200;
}

/* Values become shares of the greatest; edges too weak to be used once in all epochs are dropped, as they are when
 * edges are drawn one by one. */
static void scale_graph(wn_sparse *graph, float *pushes, double per_pull, size_t epochs)
{
    float greatest = 0;
    size_t to = 0;
    for (uint64_t i = 0; i < graph->starts[graph->rows]; i++) greatest = fmaxf(greatest, graph->values[i]);
    for (size_t row = 0; row < graph->rows; row++) {
        double sum = 0;
        uint64_t begin = graph->starts[row];
        graph->starts[row] = to;
        for (uint64_t i = begin; i < graph->starts[row + 1]; i++) {
            float share = graph->values[i] / greatest;
            if (!((double)share * (double)epochs >= 1)) continue;
            graph->cols[to] = graph->cols[i];
            graph->values[to++] = share;
            sum += (double)share;
        }
        pushes[row] = (float)(per_pull * sum);
    }
    graph->starts[graph->rows] = to;
}

static wn_status move(const params *p, const wn_projection_request *request, moving *m, float *points, float *spare,
                      wn_projection *out, wn_error *err)
{
    size_t rows = m->graph->rows, epochs = epochs_of(p, rows);
    double decay[2] = {1, 1}, objective = NAN;
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        if (wn_map_stops(request, epoch, epochs, objective_name, objective))
            return wn_fail(err, WN_CANCELLED, "cancelled");
        decay[0] *= 0.5, decay[1] *= 0.9;
        m->from = points, m->to = spare;
        m->epoch = (uint32_t)epoch;
        m->salt = wn_rng_mix(request->seed ^ wn_rng_mix(epoch));
        m->rate = (float)(p->rate * (1 - (double)epoch / (double)epochs));
        m->correct_speed = (float)(1 / (1 - decay[0])), m->correct_square = (float)(1 / (1 - decay[1]));
        wn_pool_for(request->pool, rows, WN_MAP_GRAIN, move_rows, m);
        float *swap = points;
        points = spare, spare = swap;
        if ((epoch + 1) % MEASURED_EVERY == 0 || epoch + 1 == epochs) objective = measure(m, points);
    }
    out->iterations = epochs;
    out->objective_name = objective_name;
    out->objective = objective;
    wn_map_finish(points, m->stride, out);
    return WN_OK;
}

/* The pairs' weights, from the lists of neighbours. */
static wn_status make_graph(const params *p, const wn_projection_request *request, wn_sparse *graph, wn_error *err)
{
    wn_map_lists lists;
    wn_status status = wn_map_lists_get(request, (size_t)p->neighbours, &lists, err);
    float *weights = NULL;
    if (status) return status;
    if (!(weights = wn_alloc(WN_MEMORY_MATRIX, lists.rows * lists.k, sizeof *weights))) {
        status = wn_fail(err, WN_NOMEM, "no memory for the graph of %zu rows", lists.rows);
    } else {
        wn_fuzzy_weigh(&lists, request->pool, weights);
        status = wn_sparse_join(&lists, weights, WN_SPARSE_UNION, request->pool, graph, err);
    }
    wn_free(weights);
    wn_map_lists_clear(&lists);
    return status;
}

static wn_status fit(const void *parameters, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    const params *p = parameters;
    size_t rows = request->matrix.rows, stride = wn_map_stride(request);
    wn_sparse graph = {0};
    moving m = {.graph = &graph, .stride = stride, .law = {.limit = 4}};
    double a, b;
    float *points = NULL;
    wn_status status = make_graph(p, request, &graph, err);
    if (status) return status;
    points = wn_alloc(WN_MEMORY_MATRIX, rows * stride, 4 * sizeof *points);
    m.pushes = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *m.pushes);
    if (!points || !m.pushes) {
        status = wn_fail(err, WN_NOMEM, "no memory for a map of %zu rows", rows);
        goto done;
    }
    if ((status = wn_map_start_points(request, (wn_map_start)p->start, WN_MAP_SCALE_GREATEST, 10, points, err)))
        goto done;
    wn_layout_kernels_init(&m.kernels, wn_cpu_level());
    wn_fuzzy_curve(p->min_distance, p->spread, &a, &b);
    m.law.a = (float)a, m.law.b = (float)b;
    scale_graph(&graph, m.pushes, (double)p->pushes, epochs_of(p, rows));
    m.speed = points + 2 * rows * stride;
    m.square = points + 3 * rows * stride;
    memset(m.speed, 0, 2 * rows * stride * sizeof *m.speed);
    status = move(p, request, &m, points, points + rows * stride, out, err);
done:
    wn_free(m.pushes);
    wn_free(points);
    wn_sparse_clear(&graph);
    return status;
}

static uint64_t memory(const void *parameters, const wn_projection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->matrix.rows, k = (uint64_t)p->neighbours;
    return wn_map_lists_memory(request, k) + wn_sparse_memory(rows, k) + rows * (k * sizeof(float) + 4 * 16 + 4);
}

static size_t neighbours(const void *parameters)
{
    return (size_t)((const params *)parameters)->neighbours;
}

const wn_projection_method wn_projection_method_umap = {
    .name = "umap",
    .summary = "neighbours stay near, by the fuzzy graph of the rows",
    .options = options,
    .params_size = sizeof(params),
    .dims_most = 3,
    .fit = fit,
    .memory = memory,
    .neighbours = neighbours,
};
