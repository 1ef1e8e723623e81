/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches through a head. No sum is ever split: products are cut by rows of the result (rows of the batch forward,
 * outputs in the gradient of weights), statistics by columns. Every result is thus the same for any number of threads.
 */
#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "nn/mlp_private.h"
#include "nn/onednn.h"
#include "winnow/memory.h"

enum { ROWS_GRAIN = 64, OUTPUTS_GRAIN = 32, COLUMNS_GRAIN = 32 };
static const double norm_epsilon = 1e-5;

/* What one layer keeps for backward. */
typedef struct run_layer {
    float *z;               /* rows x width: W in + bias */
    float *out;             /* rows x width; NULL for the last layer, whose output is the caller's */
    float *scale, *shift;   /* width each: norm(z) = z * scale + shift */
    float *mean, *variance; /* of the last forward call */
} run_layer;

struct wn_mlp_run {
    wn_mlp *mlp;
    bool training;
    size_t rows_max, rows;
    const float *in;
    run_layer layers[WN_MLP_LAYERS_MAX];
    float *gradients[2];     /* rows_max x widest; training */
    float *pad_in, *pad_out; /* ROWS_GRAIN x widest; inference */
};

/* The widest activation, the input included. */
static size_t widest(const wn_mlp *mlp)
{
    size_t width = mlp->width_in;
    for (size_t i = 0; i < mlp->layer_count; i++) {
        if (mlp->layers[i].width > width) width = mlp->layers[i].width;
    }
    return width;
}

/* Floats that one layer of a run holds, and their places from `base` on (NULL: only count). */
static size_t place_layer(const wn_mlp *mlp, size_t i, size_t rows_max, float *base, run_layer *out)
{
    size_t width = mlp->layers[i].width, cells = (rows_max * width + 15) / 16 * 16, vector = (width + 15) / 16 * 16;
    bool last = i + 1 == mlp->layer_count;
    if (base) {
        out->z = base;
        out->out = last ? NULL : base + cells;
        base += (last ? 1 : 2) * cells;
        out->scale = base;
        out->shift = base + vector;
        out->mean = base + 2 * vector;
        out->variance = base + 3 * vector;
    }
    return (last ? 1 : 2) * cells + 4 * vector;
}

uint64_t wn_mlp_run_bytes(const wn_mlp *mlp, size_t rows_max, bool training)
{
    uint64_t floats = 2 * (uint64_t)widest(mlp) * (training ? rows_max : ROWS_GRAIN);
    for (size_t i = 0; i < mlp->layer_count; i++) floats += place_layer(mlp, i, rows_max, NULL, NULL);
    return floats * sizeof(float);
}

wn_status wn_mlp_run_new(wn_mlp *mlp, size_t rows_max, bool training, wn_mlp_run **out, wn_error *err)
{
    *out = NULL;
    wn_mlp_run *run = wn_calloc(WN_MEMORY_TRAINING, 1, sizeof *run);
    if (!run) return wn_fail(err, WN_NOMEM, "no memory for a head");
    *run = (wn_mlp_run){.mlp = mlp, .training = training, .rows_max = rows_max};

    bool complete = true;
    for (size_t i = 0; i < mlp->layer_count && complete; i++) {
        size_t floats = place_layer(mlp, i, rows_max, NULL, NULL);
        float *base = wn_calloc(WN_MEMORY_TRAINING, floats, sizeof *base);
        complete = base != NULL;
        if (complete) place_layer(mlp, i, rows_max, base, &run->layers[i]);
    }
    size_t cells = widest(mlp) * (training ? rows_max : ROWS_GRAIN);
    float **targets[2] = {training ? &run->gradients[0] : &run->pad_in, training ? &run->gradients[1] : &run->pad_out};
    for (size_t i = 0; i < 2 && complete; i++)
        complete = (*targets[i] = wn_calloc(WN_MEMORY_TRAINING, cells, sizeof(float))) != NULL;
    if (!complete) {
        wn_mlp_run_free(&run);
        return wn_fail(err, WN_NOMEM, "no memory for a head over %zu rows", rows_max);
    }
    *out = run;
    return WN_OK;
}

void wn_mlp_run_free(wn_mlp_run **run)
{
    if (!*run) return;
    for (size_t i = 0; i < (*run)->mlp->layer_count; i++) wn_free((*run)->layers[i].z);
    wn_free((*run)->gradients[0]);
    wn_free((*run)->gradients[1]);
    wn_free((*run)->pad_in);
    wn_free((*run)->pad_out);
    wn_free(*run);
    *run = NULL;
}

/* One layer of one call, as the bodies of the pool see it. */
typedef struct layer_work {
    wn_mlp_run *run;
    size_t layer, width_in, width;
    const float *in;    /* rows x width_in */
    float *out;         /* rows x width */
    const float *dout;  /* rows x width */
    float *dz;          /* rows x width */
    float *din;         /* rows x width_in */
    float *gradient;    /* of all tensors */
    atomic_bool failed; /* set by any chunk, read after all of them */
} layer_work;

static void note(layer_work *work, wn_status status)
{
    if (status != WN_OK) atomic_store_explicit(&work->failed, true, memory_order_relaxed);
}

/* z = in W^T, one chunk of rows. In inference a chunk always has ROWS_GRAIN rows, so that a row's result does not
 * depend on how many come with it. */
static void multiply_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    layer_work *work = context;
    wn_mlp_run *run = work->run;
    size_t rows = end - begin, in = work->width_in, width = work->width;
    const float *weight = wn_mlp_values(run->mlp, run->mlp->rows[work->layer].weight);
    const float *x = work->in + begin * in;
    float *z = run->layers[work->layer].z + begin * width;
    bool pad = !run->training && rows < ROWS_GRAIN;
    (void)worker;

    if (pad) {
        memcpy(run->pad_in, x, rows * in * sizeof(float));
        memset(run->pad_in + rows * in, 0, (ROWS_GRAIN - rows) * in * sizeof(float));
    }
    wn_onednn_section section = wn_onednn_enter();
    note(work, wn_onednn_multiply(false, true, pad ? ROWS_GRAIN : rows, width, in, pad ? run->pad_in : x, in, weight,
                                  in, 0, pad ? run->pad_out : z, width, NULL));
    wn_onednn_leave(section);
    if (pad) memcpy(z, run->pad_out, rows * width * sizeof(float));
}

static float activate(float t, wn_activation activation)
{
    if (activation == WN_ACTIVATION_RELU) return t > 0 ? t : 0;
    if (activation == WN_ACTIVATION_GELU) return 0.5F * t * (1 + erff(t * 0.70710678F));
    return t;
}

static float activation_slope(float t, wn_activation activation)
{
    if (activation == WN_ACTIVATION_RELU) return t > 0 ? 1.0F : 0.0F;
    if (activation == WN_ACTIVATION_GELU)
        return 0.5F * (1 + erff(t * 0.70710678F)) + t * 0.39894228F * expf(-0.5F * t * t);
    return 1;
}

/* Means and variances of the columns [begin, end) of z, in two passes. */
static void measure_columns(const wn_mlp_run *run, size_t layer, size_t begin, size_t end)
{
    const run_layer *kept = &run->layers[layer];
    size_t width = run->mlp->layers[layer].width;
    double sums[COLUMNS_GRAIN] = {0}, squares[COLUMNS_GRAIN] = {0};

    for (size_t r = 0; r < run->rows; r++) {
        for (size_t c = begin; c < end; c++) sums[c - begin] += (double)kept->z[r * width + c];
    }
    for (size_t c = begin; c < end; c++) sums[c - begin] /= (double)run->rows;
    for (size_t r = 0; r < run->rows; r++) {
        for (size_t c = begin; c < end; c++) {
            double d = (double)kept->z[r * width + c] - sums[c - begin];
            squares[c - begin] += d * d;
        }
    }
    for (size_t c = begin; c < end; c++) {
        kept->mean[c] = (float)sums[c - begin];
        kept->variance[c] = (float)(squares[c - begin] / (double)run->rows);
    }
}

/* Scale and shift that stand for norm and its absence. */
static void set_columns(const wn_mlp_run *run, size_t layer, size_t begin, size_t end)
{
    const wn_mlp *mlp = run->mlp;
    const run_layer *kept = &run->layers[layer];
    const float *gamma = wn_mlp_values(mlp, mlp->rows[layer].scale);
    const float *beta = wn_mlp_values(mlp, mlp->rows[layer].shift);
    const float *mean = run->training ? kept->mean : wn_mlp_values(mlp, mlp->rows[layer].mean);
    const float *variance = run->training ? kept->variance : wn_mlp_values(mlp, mlp->rows[layer].variance);

    for (size_t c = begin; c < end; c++) {
        if (!gamma) {
            kept->scale[c] = 1;
            kept->shift[c] = 0;
            continue;
        }
        double scale = (double)gamma[c] / sqrt((double)variance[c] + norm_epsilon);
        kept->scale[c] = (float)scale;
        kept->shift[c] = (float)((double)beta[c] - (double)mean[c] * scale);
    }
}

/* Bias, norm and activation of some columns. */
static void finish_columns(void *context, size_t begin, size_t end, unsigned worker)
{
    layer_work *work = context;
    wn_mlp_run *run = work->run;
    const wn_mlp_layer *layer = &run->mlp->layers[work->layer];
    const run_layer *kept = &run->layers[work->layer];
    const float *bias = wn_mlp_values(run->mlp, run->mlp->rows[work->layer].bias);
    size_t width = work->width;
    (void)worker;

    for (size_t r = 0; bias && r < run->rows; r++) {
        for (size_t c = begin; c < end; c++) kept->z[r * width + c] += bias[c];
    }
    if (layer->norm && run->training) measure_columns(run, work->layer, begin, end);
    set_columns(run, work->layer, begin, end);
    for (size_t r = 0; r < run->rows; r++) {
        for (size_t c = begin; c < end; c++) {
            size_t i = r * width + c;
            work->out[i] = activate(kept->z[i] * kept->scale[c] + kept->shift[c], layer->activation);
        }
    }
}

wn_status wn_mlp_forward(wn_mlp_run *run, wn_pool *pool, const float *in, size_t rows, float *out, wn_error *err)
{
    const wn_mlp *mlp = run->mlp;
    if (rows == 0 || rows > run->rows_max)
        return wn_fail(err, WN_INVALID, "a head for 1 to %zu rows was given %zu", run->rows_max, rows);
    run->rows = rows;
    run->in = in;
    for (size_t i = 0; i < mlp->layer_count; i++) {
        layer_work work = {.run = run, .layer = i, .width_in = wn_mlp_layer_width_in(mlp, i)};
        work.width = mlp->layers[i].width;
        work.in = i == 0 ? in : run->layers[i - 1].out;
        work.out = i + 1 == mlp->layer_count ? out : run->layers[i].out;
        wn_pool_for(pool, rows, ROWS_GRAIN, multiply_rows, &work);
        if (work.failed) return wn_fail(err, WN_INTERNAL, "a matrix product of a head failed");
        wn_pool_for(pool, work.width, COLUMNS_GRAIN, finish_columns, &work);
    }
    return WN_OK;
}

/* dz of some columns from dout, through activation and norm; gradients of bias, scale and shift. */
static void differentiate_columns(void *context, size_t begin, size_t end, unsigned worker)
{
    layer_work *work = context;
    wn_mlp_run *run = work->run;
    const wn_mlp *mlp = run->mlp;
    const wn_mlp_layer *layer = &mlp->layers[work->layer];
    const run_layer *kept = &run->layers[work->layer];
    const wn_mlp_rows *rows = &mlp->rows[work->layer];
    size_t width = work->width, n = run->rows;
    double first[COLUMNS_GRAIN] = {0}, second[COLUMNS_GRAIN] = {0}, total[COLUMNS_GRAIN] = {0};
    (void)worker;

    for (size_t r = 0; r < n; r++) {
        for (size_t c = begin; c < end; c++) {
            size_t i = r * width + c;
            float h = work->dout[i] * activation_slope(kept->z[i] * kept->scale[c] + kept->shift[c], layer->activation);
            work->dz[i] = h;
            first[c - begin] += (double)h;
            if (layer->norm) second[c - begin] += (double)h * ((double)kept->z[i] - (double)kept->mean[c]);
        }
    }
    if (layer->norm) {
        for (size_t r = 0; r < n; r++) {
            for (size_t c = begin; c < end; c++) {
                size_t i = r * width + c, k = c - begin;
                double slope = second[k] / (double)n / ((double)kept->variance[c] + norm_epsilon);
                double d =
                    (double)work->dz[i] - first[k] / (double)n - ((double)kept->z[i] - (double)kept->mean[c]) * slope;
                work->dz[i] = (float)(d * (double)kept->scale[c]);
                total[k] += (double)work->dz[i];
            }
        }
    }
    for (size_t c = begin; c < end; c++) {
        size_t k = c - begin;
        if (layer->norm) {
            double inverse = 1 / sqrt((double)kept->variance[c] + norm_epsilon);
            work->gradient[mlp->tensors.rows[rows->scale].offset + c] = (float)(second[k] * inverse);
            work->gradient[mlp->tensors.rows[rows->shift].offset + c] = (float)first[k];
        }
        if (layer->bias)
            work->gradient[mlp->tensors.rows[rows->bias].offset + c] = (float)(layer->norm ? total[k] : first[k]);
    }
}

/* dW = dz^T in, some outputs. */
static void multiply_outputs(void *context, size_t begin, size_t end, unsigned worker)
{
    layer_work *work = context;
    const wn_mlp *mlp = work->run->mlp;
    float *target = work->gradient + mlp->tensors.rows[mlp->rows[work->layer].weight].offset;
    (void)worker;

    wn_onednn_section section = wn_onednn_enter();
    note(work,
         wn_onednn_multiply(true, false, end - begin, work->width_in, work->run->rows, work->dz + begin, work->width,
                            work->in, work->width_in, 0, target + begin * work->width_in, work->width_in, NULL));
    wn_onednn_leave(section);
}

/* din = dz W, some rows. */
static void multiply_back(void *context, size_t begin, size_t end, unsigned worker)
{
    layer_work *work = context;
    const wn_mlp *mlp = work->run->mlp;
    const float *weight = wn_mlp_values(mlp, mlp->rows[work->layer].weight);
    (void)worker;

    wn_onednn_section section = wn_onednn_enter();
    note(work, wn_onednn_multiply(false, false, end - begin, work->width_in, work->width,
                                  work->dz + begin * work->width, work->width, weight, work->width_in, 0,
                                  work->din + begin * work->width_in, work->width_in, NULL));
    wn_onednn_leave(section);
}

wn_status wn_mlp_backward(wn_mlp_run *run, wn_pool *pool, const float *dout, float *din, float *gradient, wn_error *err)
{
    const wn_mlp *mlp = run->mlp;
    assert(run->training && run->rows > 0);
    for (size_t i = mlp->layer_count; i-- > 0;) {
        layer_work work = {.run = run, .layer = i, .width_in = wn_mlp_layer_width_in(mlp, i), .gradient = gradient};
        work.width = mlp->layers[i].width;
        work.in = i == 0 ? run->in : run->layers[i - 1].out;
        work.dout = i + 1 == mlp->layer_count ? dout : run->gradients[0];
        work.dz = run->gradients[1];
        work.din = i == 0 ? din : run->gradients[0];
        wn_pool_for(pool, work.width, COLUMNS_GRAIN, differentiate_columns, &work);
        wn_pool_for(pool, work.width, OUTPUTS_GRAIN, multiply_outputs, &work);
        if (work.din) wn_pool_for(pool, run->rows, ROWS_GRAIN, multiply_back, &work);
        if (work.failed) return wn_fail(err, WN_INTERNAL, "a matrix product of a head failed");
    }
    return WN_OK;
}

void wn_mlp_absorb(wn_mlp_run *run, float momentum)
{
    wn_mlp *mlp = run->mlp;
    double n = (double)run->rows;
    assert(run->training);
    for (size_t i = 0; i < mlp->layer_count; i++) {
        if (!mlp->layers[i].norm) continue;
        float *mean = wn_mlp_values(mlp, mlp->rows[i].mean), *variance = wn_mlp_values(mlp, mlp->rows[i].variance);
        float correction = n > 1 ? (float)(n / (n - 1)) : 1;
        for (size_t c = 0; c < mlp->layers[i].width; c++) {
            mean[c] += momentum * (run->layers[i].mean[c] - mean[c]);
            variance[c] += momentum * (run->layers[i].variance[c] * correction - variance[c]);
        }
    }
}
