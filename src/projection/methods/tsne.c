/* SPDX-License-Identifier: Apache-2.0
 *
 * t-SNE (van der Maaten and Hinton 2008): the likelihoods of neighbours in the rows and on the map agree. Gradient
 * descent with momentum and gains; the start, the rate rows / exaggeration and the exaggeration of 12 at first as
 * Belkina et al. 2019 and Kobak and Berens 2019 advise. Exaggeration ends after 200 of 750 iterations, not 250: what it
 * would still do is less than what 50 iterations more without it do for the divergence (docs/benchmarks.md).
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/layout.h"
#include "projection/perplexity.h"
#include "projection/repulsion.h"
#include "winnow/memory.h"

/* FEW_ROWS: so few push each other faster pair by pair, and their map may be wide for a grid. */
enum { EXACT_ROWS_MOST = 10000, FEW_ROWS = 256, MEASURED_EVERY = 50, ORDERED_LEAST = 8192 };

enum { REPULSION_GRID, REPULSION_EXACT };

static const char *const repulsion_names[] = {"grid", "exact", NULL};
static const char objective_name[] = "KL";

typedef struct params {
    int64_t neighbours, iterations, exaggerated;
    double perplexity, exaggeration, final_exaggeration, rate, step;
    int start, repulsion;
    bool uniform;
} params;

#define AT(field) offsetof(params, field)

static const wn_option options[] = {
    {WN_OPTION_REAL, "perplexity", "how many neighbours count, nearly", AT(perplexity), 1, 1000, "30", NULL, "P", 0},
    {WN_OPTION_INT, "neighbours", "of each row, that can count (0 = three times the perplexity)", AT(neighbours), 0,
     3000, "0", NULL, "K", 0},
    {WN_OPTION_BOOL, "uniform", "all neighbours count the same", AT(uniform), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_INT, "iterations", "in all", AT(iterations), 1, 100000, "750", NULL, "N", 0},
    {WN_OPTION_INT, "exaggerated", "iterations with exaggeration", AT(exaggerated), 0, 100000, "200", NULL, "N", 0},
    {WN_OPTION_REAL, "exaggeration", "of the pull, at first", AT(exaggeration), 1, 100, "12", NULL, "X", 0},
    {WN_OPTION_REAL, "final-exaggeration", "of the pull, later", AT(final_exaggeration), 1, 100, "1", NULL, "X", 0},
    {WN_OPTION_REAL, "rate", "length of a step (0 = rows / exaggeration, at least 200)", AT(rate), 0, 1e9, "0", NULL,
     "X", 0},
    {WN_OPTION_REAL, "step", "greatest distance of the nodes of the grid", AT(step), 0.1, 10, "0.5", NULL, "D", 0},
    {WN_OPTION_CHOICE, "repulsion", "grid: by Fourier transforms; exact: by all pairs", AT(repulsion), 0, 0, "grid",
     repulsion_names, NULL, 0},
    {WN_OPTION_CHOICE, "start", "where the points start", AT(start), 0, 0, "pca", wn_map_start_names, NULL, 0},
    {0},
};

typedef struct moving {
    wn_sparse *graph;
    wn_map_bundles bundles; /* of the graph, for maps of two dimensions */
    wn_layout_kernels kernels;
    wn_bundles_kernels bundled;
    size_t stride;
    float *points, *to, *steps, *gains, *pushes; /* in the order of `order` */
    uint32_t *order, *next;                      /* rows, as the request numbers them; the next order, of places */
    double *sums;                                /* rows, for the objective and the exact push */
    double z, certainty;                         /* certainty: sum of p ln p */
    float rate, momentum, exaggeration;
    wn_repulsion repulsion;
} moving;

/* One step of n coordinates: a gain grows while its force keeps the sign of its step. */
static void take_steps(const moving *m, size_t first, size_t n, const float *pulls)
{
    const float *pushes = m->pushes + first;
    float *steps = m->steps + first, *gains = m->gains + first, share = (float)(1 / m->z);
    float exaggeration = m->exaggeration, momentum = m->momentum, rate = m->rate;
    for (size_t i = 0; i < n; i++) {
        float force = exaggeration * pulls[i] + pushes[i] * share;
        float gain = (force > 0) == (steps[i] > 0) ? gains[i] + 0.2f : gains[i] * 0.8f;
        gains[i] = gain < 0.01f ? 0.01f : gain;
        steps[i] = momentum * steps[i] + rate * gains[i] * force;
    }
}

/* No point goes farther than 5 at once. */
static void shorten_steps(float *steps, size_t rows, size_t stride)
{
    for (size_t row = 0; row < rows; row++, steps += stride) {
        float length = 0;
        for (size_t c = 0; c < stride; c++) length += steps[c] * steps[c];
        float cut = length > 25 ? 5 / sqrtf(length) : 1;
        for (size_t c = 0; c < stride; c++) steps[c] *= cut;
    }
}

static void move_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const moving *m = context;
    const wn_sparse *graph = m->graph;
    const wn_layout_law law = {0};
    size_t stride = m->stride, first = begin * stride, n = (end - begin) * stride;
    float pulls[WN_MAP_GRAIN * 4] = {0};
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        const float *at = m->points + row * stride;
        float *pull = pulls + (row - begin) * stride;
        if (stride == 2) {
            const uint64_t *starts = m->bundles.starts + row;
            m->bundled.student(m->points, at, m->bundles.bundles + starts[0], (size_t)(starts[1] - starts[0]),
                               m->bundles.units[row], pull);
        } else {
            const uint64_t *starts = graph->starts + row;
            m->kernels.student(&law, m->points, stride, at, graph->cols + starts[0], graph->values + starts[0],
                               (size_t)(starts[1] - starts[0]), pull);
        }
    }
    take_steps(m, first, n, pulls);
    shorten_steps(m->steps + first, end - begin, stride);
    for (size_t i = first; i < first + n; i++) m->to[i] = m->points[i] + m->steps[i];
}

/* Part of the divergence for each row: sum of p ln(1 + d^2). */
static void measure_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const moving *m = context;
    const wn_sparse *graph = m->graph;
    const wn_layout_law law = {0};
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        uint64_t first = graph->starts[row], last = graph->starts[row + 1];
        float apart[4] = {0};
        m->kernels.log_sum(&law, m->points, m->stride, m->points + row * m->stride, graph->cols + first,
                           graph->values + first, (size_t)(last - first), apart);
        m->sums[row] = (double)apart[0];
    }
}

/* The divergence of all pairs: sum of p ln p + p ln(1 + d^2), plus ln Z, since the p add up to 1. */
static double measure(moving *m, wn_pool *pool)
{
    double sum = m->certainty;
    wn_pool_for(pool, m->graph->rows, WN_MAP_GRAIN, measure_rows, m);
    for (size_t row = 0; row < m->graph->rows; row++) sum += m->sums[row];
    return sum + log(m->z);
}

/* When rows are put into the order of their places: at the start, and while the map takes shape. */
static bool is_order_due(const params *p, int64_t i)
{
    int64_t late = i - p->exaggerated;
    return i == 0 || i == 20 || i == 50 || i == 125 || late == 0 || late == 50 || (late > 0 && late % 150 == 0);
}

static void permute_points(const uint32_t *order, size_t rows, size_t stride, float *values, float *spare)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < stride; c++) spare[i * stride + c] = values[order[i] * stride + c];
    memcpy(values, spare, rows * stride * sizeof *values);
}

/* Rows that pull each other then stand near each other in memory. */
static wn_status order_rows(moving *m, wn_pool *pool, wn_error *err)
{
    size_t rows = m->graph->rows;
    if (rows < ORDERED_LEAST)
        return m->stride == 2 && !m->bundles.starts ? wn_map_bundles_make(m->graph, pool, &m->bundles, err) : WN_OK;
    wn_map_bundles_clear(&m->bundles);
    WN_TRY(wn_map_order(m->points, rows, m->stride, m->next, err));
    WN_TRY(wn_sparse_permute(m->graph, m->next, pool, err));
    permute_points(m->next, rows, m->stride, m->points, m->to);
    permute_points(m->next, rows, m->stride, m->steps, m->to);
    permute_points(m->next, rows, m->stride, m->gains, m->to);
    for (size_t i = 0; i < rows; i++) m->next[i] = m->order[m->next[i]];
    uint32_t *swap = m->order;
    m->order = m->next, m->next = swap;
    return m->stride == 2 ? wn_map_bundles_make(m->graph, pool, &m->bundles, err) : WN_OK;
}

static wn_status push(const params *p, const wn_projection_request *request, moving *m, wn_error *err)
{
    size_t rows = m->graph->rows;
    if (p->repulsion == REPULSION_EXACT || request->dims != 2 || rows < FEW_ROWS) {
        wn_repulsion_exact(m->points, rows, m->stride, request->pool, m->pushes, m->sums, &m->z);
        return WN_OK;
    }
    return wn_repulsion_run(&m->repulsion, m->points, rows, request->pool, m->pushes, &m->z, err);
}

static wn_status move(const params *p, const wn_projection_request *request, moving *m, wn_projection *out,
                      wn_error *err)
{
    size_t rows = m->graph->rows;
    double objective = NAN;
    for (int64_t i = 0; i < p->iterations; i++) {
        if (wn_map_stops(request, (size_t)i, (size_t)p->iterations, objective_name, objective))
            return wn_fail(err, WN_CANCELLED, "cancelled");
        m->exaggeration = (float)(i < p->exaggerated ? p->exaggeration : p->final_exaggeration);
        m->rate = (float)(p->rate > 0 ? p->rate : fmax(200, (double)rows / (double)m->exaggeration));
        m->momentum = i < p->exaggerated ? 0.5f : 0.8f;
        if (is_order_due(p, i)) WN_TRY(order_rows(m, request->pool, err));
        WN_TRY(push(p, request, m, err));
        if (i > 0 && i % MEASURED_EVERY == 0) objective = measure(m, request->pool);
        wn_pool_for(request->pool, rows, WN_MAP_GRAIN, move_rows, m);
        float *swap = m->points;
        m->points = m->to, m->to = swap;
    }
    WN_TRY(push(p, request, m, err));
    out->objective_name = objective_name;
    out->objective = measure(m, request->pool);
    out->iterations = (size_t)p->iterations;
    for (size_t i = 0; i < rows; i++)
        memcpy(m->to + m->order[i] * m->stride, m->points + i * m->stride, m->stride * sizeof *m->to);
    wn_map_finish(m->to, m->stride, out);
    return WN_OK;
}

static size_t neighbours_of(const params *p)
{
    return p->neighbours ? (size_t)p->neighbours : (size_t)ceil(3 * p->perplexity);
}

/* Likelihoods of pairs, which add up to 1. */
static wn_status make_graph(const params *p, const wn_projection_request *request, wn_sparse *graph, wn_error *err)
{
    wn_map_lists lists;
    wn_status status = wn_map_lists_get(request, neighbours_of(p), &lists, err);
    float *weights = NULL;
    if (status) return status;
    if (!(weights = wn_alloc(WN_MEMORY_MATRIX, lists.rows * lists.k, sizeof *weights))) {
        status = wn_fail(err, WN_NOMEM, "no memory for the graph of %zu rows", lists.rows);
    } else {
        double most = fmin((double)lists.k, fmax(1, (double)(lists.rows - 1) / 3)); /* beyond, all pairs weigh alike */
        wn_perplexity_weigh(&lists, p->uniform ? 0 : fmin(p->perplexity, most), request->pool, weights);
        status = wn_sparse_join(&lists, weights, WN_SPARSE_MEAN, request->pool, graph, err);
    }
    double sum = 0;
    for (uint64_t i = 0; !status && i < graph->starts[graph->rows]; i++) sum += (double)graph->values[i];
    for (uint64_t i = 0; !status && i < graph->starts[graph->rows]; i++)
        graph->values[i] = (float)((double)graph->values[i] / sum);
    wn_free(weights);
    wn_map_lists_clear(&lists);
    return status;
}

static wn_status fit(const void *parameters, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    const params *p = parameters;
    size_t rows = request->matrix.rows, stride = wn_map_stride(request);
    wn_sparse graph = {0};
    moving m = {.graph = &graph, .stride = stride, .repulsion = {.step_most = p->step, .least_nodes = 100}};
    float *storage = NULL;
    uint32_t *orders = NULL;
    bool all_pairs = p->repulsion == REPULSION_EXACT || request->dims != 2;
    if (rows == 1) {
        memset(out->points, 0, request->dims * sizeof *out->points);
        return WN_OK;
    }
    if (all_pairs && request->dims != 2 && rows > EXACT_ROWS_MOST)
        return wn_fail(
            err, WN_UNSUPPORTED,
            "t-SNE in %zu dimensions compares all pairs, and takes %d rows at most; ask for 2 dimensions, or "
            "for umap or pacmap",
            request->dims, EXACT_ROWS_MOST);
    wn_status status = make_graph(p, request, &graph, err);
    if (status) return status;
    storage = wn_alloc(WN_MEMORY_MATRIX, rows * stride, 5 * sizeof *storage);
    m.sums = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *m.sums);
    m.order = orders = wn_alloc(WN_MEMORY_MATRIX, rows, 2 * sizeof *orders);
    if (!storage || !m.sums || !orders) {
        status = wn_fail(err, WN_NOMEM, "no memory for a map of %zu rows", rows);
        goto done;
    }
    m.points = storage, m.to = storage + rows * stride, m.steps = storage + 2 * rows * stride;
    m.gains = storage + 3 * rows * stride, m.pushes = storage + 4 * rows * stride;
    m.next = orders + rows;
    for (size_t i = 0; i < rows; i++) m.order[i] = (uint32_t)i;
    memset(m.steps, 0, rows * stride * sizeof *m.steps);
    for (size_t i = 0; i < rows * stride; i++) m.gains[i] = 1;
    status = wn_map_start_points(request, (wn_map_start)p->start, WN_MAP_SCALE_DEVIATION, 1e-4f, m.points, err);
    if (status) goto done;
    wn_layout_kernels_init(&m.kernels, wn_cpu_level());
    wn_bundles_kernels_init(&m.bundled, wn_cpu_level());
    for (uint64_t i = 0; i < graph.starts[rows]; i++)
        m.certainty += (double)graph.values[i] * log((double)graph.values[i]);
    status = move(p, request, &m, out, err);
done:
    wn_repulsion_clear(&m.repulsion);
    wn_map_bundles_clear(&m.bundles);
    wn_free(m.sums);
    wn_free(orders);
    wn_free(storage);
    wn_sparse_clear(&graph);
    return status;
}

/* The map of n rows is about 2 sqrt(n / 10) wide at most, as far as was seen; the grid grows with it. */
static uint64_t memory(const void *parameters, const wn_projection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->matrix.rows, k = neighbours_of(p);
    size_t nodes = 130 + (size_t)(sqrt((double)rows) / 2 / p->step);
    if (rows < 2) return 0;
    if (k > rows - 1) k = rows - 1;
    return wn_map_lists_memory(request, k) + wn_sparse_memory(rows, k) + wn_map_bundles_memory(rows, k) +
           rows * (k * sizeof(float) + 5 * 16 + 24) + wn_repulsion_memory(rows, nodes, wn_pool_threads(request->pool));
}

static size_t neighbours(const void *parameters)
{
    return neighbours_of(parameters);
}

const wn_projection_method wn_projection_method_tsne = {
    .name = "tsne",
    .summary = "the likelihoods of neighbours in the rows and on the map agree",
    .options = options,
    .params_size = sizeof(params),
    .dims_most = 3,
    .fit = fit,
    .memory = memory,
    .neighbours = neighbours,
};
