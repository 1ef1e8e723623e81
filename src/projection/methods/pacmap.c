/* SPDX-License-Identifier: Apache-2.0
 *
 * PaCMAP (Wang, Huang, Rudin, Shaposhnik 2021): fixed pairs of near, mid-near and further rows, whose weights change in
 * three phases: first the mid-near pairs lay out the large shape, then the near ones the small. All pairs are used in
 * each iteration and every row adds up its own forces, so that any number of threads gives the same map.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/distance.h"
#include "num/layout.h"
#include "projection/map_work.h"
#include "winnow/memory.h"

enum { MORE_CANDIDATES = 50, DRAWN = 6, CANDIDATES_MOST = 256, MEASURED_EVERY = 50 };

static const uint64_t middle_salt = 0x31DD1E, further_salt = 0xFA27;
static const char objective_name[] = "loss";

typedef struct params {
    int64_t neighbours, iterations;
    double middle, further, rate;
    int start;
} params;

#define AT(field) offsetof(params, field)

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "near pairs of each row", AT(neighbours), 1, 200, "10", NULL, "K", 0},
    {WN_OPTION_REAL, "middle", "mid-near pairs for each near pair", AT(middle), 0, 10, "0.5", NULL, "X", 0},
    {WN_OPTION_REAL, "further", "further pairs for each near pair", AT(further), 0.1, 20, "2", NULL, "X", 0},
    {WN_OPTION_INT, "iterations", "in all; two ninths for each of the first two phases", AT(iterations), 1, 100000,
     "450", NULL, "N", 0},
    {WN_OPTION_REAL, "rate", "length of a step", AT(rate), 0.001, 100, "1", NULL, "X", 0},
    {WN_OPTION_CHOICE, "start", "where the points start", AT(start), 0, 0, "pca", wn_map_start_names, NULL, 0},
    {0},
};

/* The kinds of pairs: each term of the loss is weight * d / (shift + d) for near and mid-near ones, weight / (1 + d)
 * for further ones, with d = 1 + distance^2; so a force is factor * weight / (shift + 1 + distance^2)^2. The weight of
 * mid-near ones falls to 0. */
enum { NEAR, FURTHER, MIDDLE, KINDS };
static const float shifts[KINDS] = {11, 2, 10001}, factors[KINDS] = {20, -2, 20000};

/* The partners of each row, by kind: those that it chose and those that chose it, so that a mutual choice counts twice.
 * Of kind k of row i: partners starts[KINDS * i + k] .. starts[KINDS * i + k + 1]. In two bytes each if that is enough:
 * the time goes to reading them. */
typedef struct partners {
    uint64_t *starts; /* KINDS * rows + 1 */
    uint16_t *narrow; /* or */
    uint32_t *wide;
} partners;

typedef struct moving {
    partners partners;
    float weights[KINDS];
    wn_layout_kernels kernels;
    size_t rows, stride;
    const float *from;
    float *to, *speed, *square;
    float rate, correct_speed, correct_square;
} moving;

static void add_forces(const moving *m, size_t row, float *total)
{
    const uint64_t *starts = m->partners.starts + KINDS * row;
    const float *at = m->from + row * m->stride;
    wn_layout_part parts[KINDS];
    size_t n_parts = m->weights[MIDDLE] > 0 ? KINDS : MIDDLE;
    for (size_t kind = 0; kind < n_parts; kind++)
        parts[kind] =
            (wn_layout_part){(size_t)(starts[kind + 1] - starts[kind]), factors[kind] * m->weights[kind], shifts[kind]};
    if (m->partners.narrow)
        m->kernels.parts_u16(m->from, m->stride, at, m->partners.narrow + *starts, parts, n_parts, total);
    else
        m->kernels.parts_u32(m->from, m->stride, at, m->partners.wide + *starts, parts, n_parts, total);
}

static void move_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const moving *m = context;
    size_t stride = m->stride;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        float total[4] = {0};
        add_forces(m, row, total);
        for (size_t c = 0; c < stride; c++) {
            size_t i = row * stride + c;
            float speed = m->speed[i] + (total[c] - m->speed[i]) * 0.1f;
            float square = m->square[i] + (total[c] * total[c] - m->square[i]) * 0.001f;
            m->speed[i] = speed, m->square[i] = square;
            m->to[i] = m->from[i] + m->rate * (speed * m->correct_speed) / (sqrtf(square * m->correct_square) + 1e-7f);
        }
    }
}

/* Mean loss of a row; every pair is in the lists of both of its rows. */
static double measure(const moving *m, const float *points)
{
    size_t step = m->rows / 1000 + 1, count = 0;
    double sum = 0;
    for (size_t row = 0; row < m->rows; row += step, count++)
        for (size_t kind = 0; kind < KINDS; kind++)
            for (uint64_t i = m->partners.starts[KINDS * row + kind]; i < m->partners.starts[KINDS * row + kind + 1];
                 i++) {
                size_t partner = m->partners.narrow ? m->partners.narrow[i] : m->partners.wide[i];
                double d = 1;
                for (size_t c = 0; c < m->stride; c++) {
                    double delta = (double)points[row * m->stride + c] - (double)points[partner * m->stride + c];
                    d += delta * delta;
                }
                double shift = (double)shifts[kind] - 1, loss = kind == FURTHER ? 1 / (1 + d) : d / (shift + d);
                sum += (double)m->weights[kind] * loss / 2;
            }
    return sum / (double)count;
}

static void set_weights(moving *m, size_t iteration, size_t iterations)
{
    size_t phase = (iterations * 2 + 8) / 9;
    double share = (double)iteration / (double)phase;
    m->weights[NEAR] = iteration < phase ? 2 : iteration < 2 * phase ? 3 : 1;
    m->weights[MIDDLE] = iteration < phase ? (float)(1000 * (1 - share) + 3 * share) : iteration < 2 * phase ? 3 : 0;
    m->weights[FURTHER] = 1;
}

static wn_status move(const params *p, const wn_projection_request *request, moving *m, float *points, float *spare,
                      wn_projection *out, wn_error *err)
{
    size_t iterations = (size_t)p->iterations;
    double decay[2] = {1, 1}, objective = NAN;
    m->rate = (float)p->rate;
    for (size_t i = 0; i < iterations; i++) {
        if (wn_map_stops(request, i, iterations, objective_name, objective))
            return wn_fail(err, WN_CANCELLED, "cancelled");
        set_weights(m, i, iterations);
        decay[0] *= 0.9, decay[1] *= 0.999;
        m->correct_speed = (float)(1 / (1 - decay[0])), m->correct_square = (float)(1 / (1 - decay[1]));
        m->from = points, m->to = spare;
        wn_pool_for(request->pool, m->rows, WN_MAP_GRAIN, move_rows, m);
        float *swap = points;
        points = spare, spare = swap;
        if ((i + 1) % MEASURED_EVERY == 0 || i + 1 == iterations) objective = measure(m, points);
    }
    out->objective_name = objective_name;
    out->objective = objective;
    out->iterations = iterations;
    wn_map_finish(points, m->stride, out);
    return WN_OK;
}

/* ---- pairs ---- */

typedef struct choosing {
    const wn_projection_request *request;
    const wn_map_lists *lists;
    wn_distance_kernels kernels;
    size_t near, middle, further;
    double *scales;      /* of each row: mean distance of its 4th to 6th neighbour */
    int64_t *ids[KINDS]; /* rows x near, middle, further; -1 = none */
} choosing;

static void find_scales(void *context, size_t begin, size_t end, unsigned worker)
{
    const choosing *c = context;
    const wn_map_lists *lists = c->lists;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        double sum = 0;
        size_t count = 0;
        for (size_t i = lists->k > 3 ? 3 : lists->k - 1; i < lists->k && i < 6; i++)
            if (lists->ids[row * lists->stride + i] >= 0)
                sum += (double)lists->distances[row * lists->stride + i], count++;
        c->scales[row] = count && sum > 0 ? sum / (double)count : 1e-10;
    }
}

/* The candidates with the least d^2 / (scale of one * scale of the other), by insertion. */
static void choose_near(const choosing *c, size_t row)
{
    const wn_map_lists *lists = c->lists;
    double values[CANDIDATES_MOST];
    int64_t *ids = c->ids[NEAR] + row * c->near;
    size_t len = 0;
    for (size_t i = 0; i < lists->k; i++) {
        int64_t id = lists->ids[row * lists->stride + i];
        double distance = (double)lists->distances[row * lists->stride + i];
        if (id < 0) break;
        double value = distance * distance / (c->scales[row] * c->scales[id]);
        size_t at = len;
        while (at > 0 && values[at - 1] > value) at--;
        if (at >= c->near) continue;
        if (len < c->near) len++;
        memmove(values + at + 1, values + at, (len - 1 - at) * sizeof *values);
        memmove(ids + at + 1, ids + at, (len - 1 - at) * sizeof *ids);
        values[at] = value, ids[at] = id;
    }
    for (; len < c->near; len++) ids[len] = -1;
}

/* Of DRAWN rows the second nearest. */
static void choose_middle(const choosing *c, size_t row)
{
    const wn_matrix *x = &c->request->matrix;
    wn_rng rng;
    wn_rng_init(&rng, c->request->seed ^ middle_salt, row);
    for (size_t i = 0; i < c->middle; i++) {
        uint32_t drawn[DRAWN];
        float distances[DRAWN];
        size_t best = 0, second = 1;
        for (size_t j = 0; j < DRAWN; j++) {
            drawn[j] = wn_rng_below(&rng, (uint32_t)x->rows - 1);
            drawn[j] += drawn[j] >= row;
        }
        c->kernels.l2sq_rows_f32(wn_matrix_row(x, row), x->data, x->stride, drawn, DRAWN, x->cols, distances);
        if (distances[1] < distances[0]) best = 1, second = 0;
        for (size_t j = 2; j < DRAWN; j++) {
            if (distances[j] < distances[best])
                second = best, best = j;
            else if (distances[j] < distances[second])
                second = j;
        }
        c->ids[MIDDLE][row * c->middle + i] = drawn[second];
    }
}

/* Random rows that are not near; in a very small set there may be too few, and some are left out. */
static void choose_further(const choosing *c, size_t row)
{
    const int64_t *near = c->ids[NEAR] + row * c->near;
    int64_t *ids = c->ids[FURTHER] + row * c->further;
    wn_rng rng;
    wn_rng_init(&rng, c->request->seed ^ further_salt, row);
    for (size_t i = 0; i < c->further; i++) {
        ids[i] = -1;
        for (int attempt = 0; attempt < 20 && ids[i] < 0; attempt++) {
            int64_t id = wn_rng_below(&rng, (uint32_t)c->request->matrix.rows - 1);
            bool taken = false;
            id += id >= (int64_t)row;
            for (size_t j = 0; j < c->near; j++) taken |= near[j] == id;
            if (!taken) ids[i] = id;
        }
    }
}

static void choose_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const choosing *c = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        choose_near(c, row);
        choose_middle(c, row);
        choose_further(c, row);
    }
}

static void put(partners *to, uint64_t at, size_t row)
{
    if (to->narrow)
        to->narrow[at] = (uint16_t)row;
    else
        to->wide[at] = (uint32_t)row;
}

/* Every pair goes to the lists of both its rows, in the order of the rows that chose. */
static wn_status list_partners(const choosing *c, partners *out, wn_error *err)
{
    const size_t counts[KINDS] = {[NEAR] = c->near, [FURTHER] = c->further, [MIDDLE] = c->middle};
    size_t rows = c->request->matrix.rows;
    uint64_t *ends = NULL;
    wn_status status = WN_OK;
    *out = (partners){.starts = wn_calloc(WN_MEMORY_MATRIX, KINDS * rows + 1, sizeof *out->starts)};
    if (!out->starts || !(ends = wn_alloc(WN_MEMORY_MATRIX, KINDS * rows, sizeof *ends))) goto no_memory;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < rows * counts[kind]; i++) {
            int64_t id = c->ids[kind][i];
            if (id < 0) continue;
            out->starts[KINDS * (i / counts[kind]) + kind + 1]++;
            out->starts[KINDS * (size_t)id + kind + 1]++;
        }
    for (size_t i = 0; i < KINDS * rows; i++) out->starts[i + 1] += out->starts[i];
    memcpy(ends, out->starts, KINDS * rows * sizeof *ends);
    size_t len = (size_t)out->starts[KINDS * rows] + WN_LAYOUT_SLACK;
    if (rows <= (size_t)UINT16_MAX + 1)
        out->narrow = wn_calloc(WN_MEMORY_MATRIX, len, sizeof *out->narrow);
    else
        out->wide = wn_calloc(WN_MEMORY_MATRIX, len, sizeof *out->wide);
    if (!out->narrow && !out->wide) goto no_memory;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < rows * counts[kind]; i++) {
            int64_t id = c->ids[kind][i];
            if (id < 0) continue;
            size_t row = i / counts[kind];
            put(out, ends[KINDS * row + kind]++, (size_t)id);
            put(out, ends[KINDS * (size_t)id + kind]++, row);
        }
    goto done;
no_memory:
    status = wn_fail(err, WN_NOMEM, "no memory for the pairs of %zu rows", rows);
done:
    wn_free(ends);
    return status;
}

static void partners_clear(partners *p)
{
    wn_free(p->wide);
    wn_free(p->narrow);
    wn_free(p->starts);
    *p = (partners){0};
}

static wn_status make_pairs(const params *p, const wn_projection_request *request, moving *m, wn_error *err)
{
    wn_map_lists lists;
    size_t rows = request->matrix.rows;
    wn_status status = wn_map_lists_get(request, (size_t)p->neighbours + MORE_CANDIDATES, &lists, err);
    if (status) return status;
    size_t most = (lists.k + 1) / 2; /* of few rows, others stay to push away */
    choosing c = {.request = request,
                  .lists = &lists,
                  .near = (size_t)p->neighbours < most ? (size_t)p->neighbours : most,
                  .middle = (size_t)lround((double)p->neighbours * p->middle),
                  .further = (size_t)ceil((double)p->neighbours * p->further)};
    size_t each = c.near + c.middle + c.further;
    c.scales = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *c.scales);
    c.ids[NEAR] = wn_alloc(WN_MEMORY_MATRIX, rows * each, sizeof *c.ids[NEAR]);
    if (!c.scales || !c.ids[NEAR]) {
        status = wn_fail(err, WN_NOMEM, "no memory for the pairs of %zu rows", rows);
    } else {
        c.ids[MIDDLE] = c.ids[NEAR] + rows * c.near, c.ids[FURTHER] = c.ids[MIDDLE] + rows * c.middle;
        wn_distance_kernels_init(&c.kernels, wn_cpu_level());
        wn_pool_for(request->pool, rows, WN_MAP_GRAIN, find_scales, &c);
        wn_pool_for(request->pool, rows, WN_MAP_GRAIN, choose_rows, &c);
        status = list_partners(&c, &m->partners, err);
    }
    wn_free(c.ids[NEAR]);
    wn_free(c.scales);
    wn_map_lists_clear(&lists);
    return status;
}

/* Greatest less least of all values: the unit in which the start is small. */
static float range_of(const wn_matrix *x)
{
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) {
            float value = wn_matrix_row(x, i)[k];
            low = value < low ? value : low, high = value > high ? value : high;
        }
    return high > low ? high - low : 1;
}

static wn_status fit(const void *parameters, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    const params *p = parameters;
    size_t rows = request->matrix.rows, stride = wn_map_stride(request);
    moving m = {.rows = rows, .stride = stride};
    float *points = NULL;
    if (rows == 1) {
        memset(out->points, 0, request->dims * sizeof *out->points);
        return WN_OK;
    }
    wn_status status = make_pairs(p, request, &m, err);
    if (status) goto done;
    if (!(points = wn_alloc(WN_MEMORY_MATRIX, rows * stride, 4 * sizeof *points))) {
        status = wn_fail(err, WN_NOMEM, "no memory for a map of %zu rows", rows);
        goto done;
    }
    m.speed = points + 2 * rows * stride, m.square = points + 3 * rows * stride;
    memset(m.speed, 0, 2 * rows * stride * sizeof *m.speed);
    status = wn_map_start_points(request, (wn_map_start)p->start, WN_MAP_SCALE_TIMES,
                                 0.01f / range_of(&request->matrix), points, err);
    if (status) goto done;
    wn_layout_kernels_init(&m.kernels, wn_cpu_level());
    status = move(p, request, &m, points, points + rows * stride, out, err);
done:
    wn_free(points);
    partners_clear(&m.partners);
    return status;
}

static uint64_t memory(const void *parameters, const wn_projection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->matrix.rows, k = (uint64_t)p->neighbours;
    uint64_t each = k + (uint64_t)ceil((double)k * (p->middle + p->further)) + 2;
    uint64_t listed = 2 * each * sizeof(uint32_t) + 2 * KINDS * sizeof(uint64_t);
    return wn_map_lists_memory(request, k + MORE_CANDIDATES) +
           rows * (each * sizeof(int64_t) + listed + 4 * 16 + sizeof(double));
}

static size_t neighbours(const void *parameters)
{
    return (size_t)((const params *)parameters)->neighbours + MORE_CANDIDATES;
}

const wn_projection_method wn_projection_method_pacmap = {
    .name = "pacmap",
    .summary = "near, mid-near and further pairs, in three phases",
    .options = options,
    .params_size = sizeof(params),
    .dims_most = 3,
    .fit = fit,
    .memory = memory,
    .neighbours = neighbours,
};
