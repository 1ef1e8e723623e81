/* SPDX-License-Identifier: Apache-2.0 */
#include "pretrain/nested_map.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "embed/model_file.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"
#include "num/linear.h"
#include "pretrain/epoch_order.h"
#include "pretrain/product.h"
#include "winnow/memory.h"

/* Settings that docs/decisions/0004 has figures of. */
enum { BATCH = 1024, STEPS = 300, ROWS_LEAST = 2 * BATCH, SQUARE = 16 };
static const double temperature = 0.05, rate = 2e-3;

/* The memory of a training. Square matrices have rows `stride` apart, no power of two, whose columns
 * would share a few lines of the cache. */
typedef struct learning {
    const wn_nested_rows *given;
    wn_tile_kernels kernels;
    wn_pool *pool;
    size_t stride;
    float *batch;                  /* BATCH x width */
    float *mapped, *dmapped;       /* BATCH x dim */
    float *unit, *dunit, *lengths; /* BATCH x dim, BATCH x dim, BATCH */
    float *wanted, *cosines;       /* BATCH x stride */
    float *pulls;                  /* BATCH x BATCH: d loss / d cosine, of both directions */
    float *turned;                 /* dim x BATCH */
    float *panels;
    float *gradient; /* dim x width */
    double temperatures[WN_MODEL_PREFIXES_MAX];
    wn_tensors map;
    wn_optimizer *optimizer;
    wn_epoch_order order;
} learning;

bool wn_nested_map_is_possible(size_t count, uint32_t prefix_count)
{
    return count >= ROWS_LEAST && prefix_count > 1;
}

/* l->unit = the first `width` numbers of each of BATCH rows, which begin `apart` floats from each other, at length 1;
 * cosines = their products with one another. */
static void compare(learning *l, const float *rows, size_t apart, size_t width, float *cosines)
{
    wn_l2_normalize_forward(l->pool, rows, BATCH, width, apart, l->unit, width, l->lengths);
    wn_product(&l->kernels, l->pool, l->unit, BATCH, l->unit, BATCH, width, l->panels, cosines, l->stride);
}

/* Rows of softmax over the other rows of the batch. */
typedef struct soften_work {
    learning *l;
    float *cosines;
    double gain;
} soften_work;

static void soften_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const soften_work *w = context;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        float *row = w->cosines + r * w->l->stride;
        row[r] = -8.0F; /* far below every cosine: a row is not its own neighbour */
        wn_softmax(row, BATCH, w->gain);
        row[r] = 0.0F;
    }
}

static void soften(learning *l, float *cosines, double at)
{
    soften_work work = {l, cosines, 1.0 / at};
    wn_pool_for(l->pool, BATCH, SQUARE, soften_rows, &work);
}

/* Rows begin..end of pulls = (found - wanted) + (found - wanted)', as a cosine belongs to two rows; in squares, so that
 * what lies across is read in whole cache lines. */
static void pull_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const learning *l = context;
    (void)worker;
    for (size_t first = 0; first < BATCH; first += SQUARE) {
        float across[SQUARE][SQUARE];
        for (size_t c = 0; c < SQUARE; c++) {
            const size_t at = (first + c) * l->stride + begin;
            for (size_t r = 0; r < end - begin; r++) across[c][r] = l->cosines[at + r] - l->wanted[at + r];
        }
        for (size_t r = begin; r < end; r++) {
            const float *found = l->cosines + r * l->stride + first, *wanted = l->wanted + r * l->stride + first;
            float *out = l->pulls + r * BATCH + first;
            for (size_t c = 0; c < SQUARE; c++) out[c] = found[c] - wanted[c] + across[c][r - begin];
        }
    }
}

/* Adds the gradient of prefix k to dmapped. */
static void run_prefix(learning *l, uint32_t k)
{
    const size_t width = l->given->prefixes[k], dim = l->given->dim;
    const double at = l->temperatures[k];
    const float scale = (float)(1.0 / (at * BATCH));
    compare(l, l->mapped, dim, width, l->cosines);
    soften(l, l->cosines, at);
    wn_pool_for(l->pool, BATCH, SQUARE, pull_rows, l);
    wn_transpose(l->unit, BATCH, width, width, l->turned);
    wn_product(&l->kernels, l->pool, l->pulls, BATCH, l->turned, width, BATCH, l->panels, l->dunit, width);
    for (size_t i = 0; i < BATCH * width; i++) l->dunit[i] *= scale;
    wn_l2_normalize_backward(l->pool, l->unit, l->dunit, BATCH, width, width, l->lengths, l->dmapped, dim);
}

static void gather(learning *l, const int64_t *rows)
{
    const size_t width = l->given->width;
    for (size_t i = 0; i < BATCH; i++)
        memcpy(l->batch + i * width, l->given->rows + (size_t)rows[i] * width, width * sizeof *l->batch);
}

/* l->gradient of the batch of a step. */
static void differentiate(learning *l, int64_t step)
{
    const size_t width = l->given->width, dim = l->given->dim;
    gather(l, wn_epoch_order_rows(&l->order, step));
    compare(l, l->batch, width, dim, l->wanted);
    soften(l, l->wanted, temperature);
    wn_product(&l->kernels, l->pool, l->batch, BATCH, l->map.values, dim, width, l->panels, l->mapped, dim);
    memset(l->dmapped, 0, BATCH * dim * sizeof *l->dmapped);
    for (uint32_t k = 0; k < l->given->prefix_count; k++) run_prefix(l, k);
    wn_linear_multiply(WN_LINEAR_ATB, dim, width, BATCH, l->dmapped, l->batch, l->gradient);
}

static wn_status run_step(learning *l, int64_t step, wn_error *err)
{
    const double left = 1.0 - (double)step / STEPS;
    differentiate(l, step);
    return wn_optimizer_step(l->optimizer, l->pool, &l->map, l->gradient, rate * left, err);
}

/* Standard deviation of the cosines between rows of the batch. */
static double spread(const learning *l, const float *cosines)
{
    double sum = 0.0, squares = 0.0;
    for (size_t r = 0; r < BATCH; r++) {
        for (size_t c = 0; c < r; c++) {
            const double x = (double)cosines[r * l->stride + c];
            sum += x;
            squares += x * x;
        }
    }
    const double pairs = BATCH * (BATCH - 1) / 2.0, mean = sum / pairs;
    return sqrt(fmax(squares / pairs - mean * mean, 1e-12));
}

static void set_temperatures(learning *l)
{
    gather(l, wn_epoch_order_rows(&l->order, 0));
    compare(l, l->batch, l->given->width, l->given->dim, l->cosines);
    const double whole = spread(l, l->cosines);
    for (uint32_t k = 0; k < l->given->prefix_count; k++) {
        compare(l, l->batch, l->given->width, l->given->prefixes[k], l->cosines);
        l->temperatures[k] = temperature * spread(l, l->cosines) / whole;
    }
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static wn_status make_room(learning *l, wn_error *err)
{
    const size_t width = l->given->width, dim = l->given->dim, square = BATCH * l->stride;
    const size_t panels =
        most(most(wn_product_panels(BATCH, dim), wn_product_panels(dim, BATCH)), wn_product_panels(dim, width));
    const struct {
        float **place;
        size_t count;
    } rooms[] = {{&l->batch, BATCH * width}, {&l->mapped, BATCH * dim},   {&l->dmapped, BATCH * dim},
                 {&l->unit, BATCH * dim},    {&l->dunit, BATCH * dim},    {&l->lengths, BATCH},
                 {&l->wanted, square},       {&l->cosines, square},       {&l->pulls, (size_t)BATCH * BATCH},
                 {&l->turned, dim * BATCH},  {&l->gradient, dim * width}, {&l->panels, panels}};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        *rooms[i].place = wn_alloc(WN_MEMORY_TRAINING, rooms[i].count, sizeof(float));
        if (!*rooms[i].place) return wn_fail(err, WN_NOMEM, "out of memory for the axes of the embedding");
    }
    return WN_OK;
}

static wn_status start(learning *l, uint64_t seed, wn_error *err)
{
    const size_t width = l->given->width, dim = l->given->dim;
    const uint32_t shape[2] = {(uint32_t)dim, (uint32_t)width};
    wn_optimizer_options options;
    wn_tile_kernels_init(&l->kernels, wn_cpu_level());
    WN_TRY(make_room(l, err));
    WN_TRY(wn_epoch_order_init(&l->order, seed, (int64_t)l->given->count, BATCH, err));
    WN_TRY(wn_tensors_add(&l->map, "map", WN_TENSOR_WEIGHT, 2, shape, NULL, err));
    WN_TRY(wn_tensors_allocate(&l->map, err));
    for (size_t j = 0; j < dim; j++) l->map.values[j * width + j] = 1.0F;
    WN_TRY(wn_optimizer_defaults("adamw", &options, err));
    options.decay = 0.0;
    WN_TRY(wn_optimizer_new("adamw", &options, &l->map, &l->optimizer, err));
    set_temperatures(l);
    return WN_OK;
}

static void clear(learning *l)
{
    float *const rooms[] = {l->batch,  l->mapped,  l->dmapped, l->unit,   l->dunit,    l->lengths,
                            l->wanted, l->cosines, l->pulls,   l->turned, l->gradient, l->panels};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) wn_free(rooms[i]);
    wn_optimizer_free(&l->optimizer);
    wn_tensors_clear(&l->map);
    wn_epoch_order_clear(&l->order);
}

wn_status wn_nested_map_learn(const wn_nested_rows *rows, uint64_t seed, wn_pool *pool, const wn_progress *progress,
                              float *map, wn_error *err)
{
    learning l = {.given = rows, .pool = pool, .stride = wn_tile_padded(BATCH) + SQUARE};
    wn_status status = start(&l, seed, err);
    for (int64_t step = 0; status == WN_OK && step < STEPS; step++) {
        const wn_progress_report report = {.stage = "finish", .unit = "steps", .done = (uint64_t)step, .total = STEPS};
        status = wn_progress_tell(progress, &report) ? wn_fail(err, WN_CANCELLED, "learning the axes was cancelled")
                                                     : run_step(&l, step, err);
    }
    if (status == WN_OK) memcpy(map, l.map.values, rows->dim * rows->width * sizeof *map);
    clear(&l);
    return status;
}

wn_status wn_nested_map_gradient(const wn_nested_rows *rows, uint64_t seed, wn_pool *pool, const float *map,
                                 float *gradient, wn_error *err)
{
    const size_t bytes = rows->dim * rows->width * sizeof *map;
    learning l = {.given = rows, .pool = pool, .stride = wn_tile_padded(BATCH) + SQUARE};
    wn_status status = start(&l, seed, err);
    if (status == WN_OK) {
        memcpy(l.map.values, map, bytes);
        differentiate(&l, 0);
        memcpy(gradient, l.gradient, bytes);
    }
    clear(&l);
    return status;
}
