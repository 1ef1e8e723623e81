/* SPDX-License-Identifier: Apache-2.0
 *
 * Repulsion on a grid. Points are put in the order of their strip of the grid, so that each strip has one owner that
 * adds up its charges, and each reads a part of the fields that stays in the cache. A strip reaches into its
 * neighbours, so the even strips are written first, then the odd ones.
 */
#include "projection/repulsion.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

/* Lines of a strip: more than a spline reaches beyond it. Rows that are put in order, and that are read, in one go. */
enum { STRIP = 8, CHUNK = 4096, PART = 1024 };

void wn_repulsion_clear(wn_repulsion *r)
{
    wn_fft_grid_clear(&r->grid);
    wn_free(r->charges);
    wn_free(r->fields[0]);
    wn_free(r->order);
    wn_free(r->counts);
    wn_free(r->sums);
    wn_free(r->bounds);
    *r = (wn_repulsion){0};
}

uint64_t wn_repulsion_memory(size_t rows, size_t nodes, unsigned workers)
{
    uint64_t length = wn_fft_good_length(2 * nodes), chunks = rows / CHUNK + 1;
    return wn_fft_grid_memory(nodes, 3, workers) + (uint64_t)nodes * nodes * 4 * sizeof(float) +
           2 * length * length * sizeof(float) + rows * 4 + chunks * ((nodes / STRIP + 1) * 4 + 40);
}

static double kernel_value(const void *context, size_t which, double dx, double dy)
{
    double step = *(const double *)context, x = dx * step, y = dy * step, value = 1 / (1 + x * x + y * y);
    return which == 0 ? value : value * value * (which == 1 ? x : y);
}

static void find_bounds(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_repulsion *r = context;
    double *bounds = r->bounds + begin / CHUNK * 4;
    (void)worker;
    for (size_t c = 0; c < 2; c++) {
        float low = r->points[begin * 2 + c], high = low;
        for (size_t i = begin; i < end; i++) {
            float at = r->points[i * 2 + c];
            low = at < low ? at : low;
            high = at > high ? at : high;
        }
        bounds[c] = (double)low, bounds[2 + c] = (double)high;
    }
}

/* Steps are step_most * 2^(-j/4), and sizes of the grid go in steps too, so that plans and kernels are seldom made
 * anew. */
static void choose_grid(wn_repulsion *r)
{
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < r->chunks; i++)
        for (size_t c = 0; c < 2; c++) {
            low[c] = fmin(low[c], r->bounds[i * 4 + c]);
            high[c] = fmax(high[c], r->bounds[i * 4 + 2 + c]);
        }
    double span = fmax(fmax(high[0] - low[0], high[1] - low[1]), 1e-9);
    double halvings = ceil(4 * log2(r->step_most * (double)r->least_nodes / span));
    r->step = halvings > 0 ? r->step_most * exp2(-halvings / 4) : r->step_most;
    size_t needed = (size_t)(span / r->step) + 2 + WN_SPLINE_ORDER, unit = needed < 256 ? 8 : 16;
    r->spline.nodes = (needed + unit - 1) / unit * unit;
    r->strips = (r->spline.nodes + STRIP - 1) / STRIP;
    for (size_t c = 0; c < 2; c++)
        r->spline.origin[c] = (float)((low[c] + high[c] - r->step * (double)(r->spline.nodes - 1)) / 2);
    r->spline.per_step = (float)(1 / r->step);
}

/* The transform of the spline's values at the nodes. */
static double spline_response(double w)
{
    return (66 + 52 * cos(w) + 2 * cos(2 * w)) / 120;
}

static wn_status make_room(wn_repulsion *r, size_t rows, wn_pool *pool, wn_error *err)
{
    size_t places = r->spline.nodes * r->spline.nodes;
    const wn_fft_kernel_set set = {
        .count = 3, .odd = 6, .value = kernel_value, .response = spline_response, .context = &r->step};
    if (r->grid.size != r->spline.nodes) {
        wn_free(r->charges), wn_free(r->fields[0]), wn_free(r->counts);
        r->charges = wn_calloc(WN_MEMORY_MATRIX, places + WN_SPLINE_PAD, sizeof *r->charges);
        r->fields[0] = wn_calloc(WN_MEMORY_MATRIX, 3 * places + WN_SPLINE_PAD, sizeof *r->fields[0]);
        r->counts = wn_alloc(WN_MEMORY_MATRIX, r->chunks * r->strips, sizeof *r->counts);
        r->grid_step = 0;
    }
    if (!r->charges || !r->fields[0] || !r->counts)
        return wn_fail(err, WN_NOMEM, "no memory for the repulsion of %zu rows on %zu nodes", rows, places);
    r->fields[1] = r->fields[0] + places, r->fields[2] = r->fields[1] + places;
    if (r->grid_step == r->step) return WN_OK;
    r->grid_step = r->step;
    return wn_fft_grid_set(&r->grid, r->spline.nodes, &set, pool, err);
}

static size_t strip_of(const wn_repulsion *r, size_t row)
{
    float within;
    return wn_spline_cell(&r->spline, r->points[row * 2 + 1], 1, &within) / STRIP;
}

static void count_strips(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_repulsion *r = context;
    uint32_t *counts = r->counts + begin / CHUNK * r->strips;
    (void)worker;
    memset(counts, 0, r->strips * sizeof *counts);
    for (size_t row = begin; row < end; row++) counts[strip_of(r, row)]++;
}

static void order_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_repulsion *r = context;
    uint32_t *places = r->counts + begin / CHUNK * r->strips;
    (void)worker;
    for (size_t row = begin; row < end; row++) r->order[places[strip_of(r, row)]++] = (uint32_t)row;
}

/* Rows in the order of their strip, then of their number. After it, counts has the ends of each (chunk, strip). */
static void sort_rows(wn_repulsion *r, wn_pool *pool)
{
    uint32_t total = 0;
    wn_pool_for(pool, r->rows, CHUNK, count_strips, r);
    for (size_t strip = 0; strip < r->strips; strip++)
        for (size_t chunk = 0; chunk < r->chunks; chunk++) {
            uint32_t count = r->counts[chunk * r->strips + strip];
            r->counts[chunk * r->strips + strip] = total;
            total += count;
        }
    wn_pool_for(pool, r->rows, CHUNK, order_rows, r);
}

static void strip_range(const wn_repulsion *r, size_t strip, size_t *begin, size_t *end)
{
    const uint32_t *ends = r->counts + (r->chunks - 1) * r->strips;
    *begin = strip ? ends[strip - 1] : 0;
    *end = ends[strip];
}

static void spread_strips(void *context, size_t first, size_t last, unsigned worker)
{
    wn_repulsion *r = context;
    (void)worker;
    for (size_t half = first; half < last; half++) {
        size_t begin, end;
        strip_range(r, 2 * half + r->parity, &begin, &end);
        r->kernels.spread(&r->spline, r->points, r->order + begin, end - begin, r->charges);
    }
}

/* What the fields say at points, in parts of one length, so that sums do not depend on threads. */
static void gather_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_repulsion *r = context;
    const float *fields[WN_SPLINE_FIELDS] = {r->fields[0], r->fields[1], r->fields[2]};
    (void)worker;
    r->sums[begin / PART] = r->kernels.gather(&r->spline, r->points, r->order + begin, end - begin, fields, r->forces);
}

wn_status wn_repulsion_run(wn_repulsion *r, const float *points, size_t rows, wn_pool *pool, float *forces, double *z,
                           wn_error *err)
{
    if (!r->order) {
        r->rows = rows;
        r->chunks = (rows + CHUNK - 1) / CHUNK;
        r->order = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *r->order);
        r->bounds = wn_alloc(WN_MEMORY_MATRIX, r->chunks, 4 * sizeof *r->bounds);
        r->sums = wn_alloc(WN_MEMORY_MATRIX, (rows + PART - 1) / PART, sizeof *r->sums);
        wn_splines_kernels_init(&r->kernels, wn_cpu_level());
        if (!r->order || !r->bounds || !r->sums)
            return wn_fail(err, WN_NOMEM, "no memory for the repulsion of %zu rows", rows);
    }
    r->points = points, r->forces = forces;
    wn_pool_for(pool, rows, CHUNK, find_bounds, r);
    choose_grid(r);
    WN_TRY(make_room(r, rows, pool, err));
    sort_rows(r, pool);
    memset(r->charges, 0, r->spline.nodes * r->spline.nodes * sizeof *r->charges);
    for (r->parity = 0; r->parity < 2; r->parity++)
        wn_pool_for(pool, (r->strips + 1 - r->parity) / 2, 1, spread_strips, r);
    wn_fft_grid_convolve(&r->grid, r->charges, r->fields, pool);
    wn_pool_for(pool, rows, PART, gather_rows, r);
    *z = -(double)rows; /* each point pushed itself with 1 */
    for (size_t part = 0; part < (rows + PART - 1) / PART; part++) *z += r->sums[part];
    return WN_OK;
}

typedef struct exact {
    const float *points;
    size_t rows, stride;
    float *forces;
    double *sums;
} exact;

static void push_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const exact *e = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *at = e->points + i * e->stride;
        double force[4] = {0}, sum = 0;
        for (size_t j = 0; j < e->rows; j++) {
            const float *other = e->points + j * e->stride;
            double delta[4], d2 = 0;
            for (size_t c = 0; c < e->stride; c++) {
                delta[c] = (double)at[c] - (double)other[c];
                d2 += delta[c] * delta[c];
            }
            double value = 1 / (1 + d2);
            sum += j == i ? 0 : value;
            for (size_t c = 0; c < e->stride; c++) force[c] += value * value * delta[c];
        }
        e->sums[i] = sum;
        for (size_t c = 0; c < e->stride; c++) e->forces[i * e->stride + c] = (float)force[c];
    }
}

void wn_repulsion_exact(const float *points, size_t rows, size_t stride, wn_pool *pool, float *forces, double *sums,
                        double *z)
{
    exact e = {points, rows, stride, forces, sums};
    wn_pool_for(pool, rows, 32, push_rows, &e);
    *z = 0;
    for (size_t i = 0; i < rows; i++) *z += sums[i];
}
