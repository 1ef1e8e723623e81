/* SPDX-License-Identifier: Apache-2.0
 *
 * The axes are those along which images differ most compared with two views of one image (linear discriminants with
 * each image as a class of its own), scaled towards equal variance, so that a cosine on them is not ruled by the few
 * directions of largest variance. They are ordered, so prefixes nest; a linear map of more axes than are kept then
 * moves what tells neighbours into the prefixes. docs/decisions/0004 has what each of this is worth.
 */
#include "pretrain/feature_axes.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

/* Share of the mean value of an axis (the kept ones over the number of features) that is added to each: a part that
 * always stands, and one for few images. The same for the variance between views of an image, in their mean variance.
 */
static const double ridge_share = 0.01, ridge_few = 1.0 / 16.0, ridge_views = 1.0;

/* Axes that the map may use, for each that is kept. */
enum { AXES_FOR_MAP = 2 };

typedef struct fit {
    const wn_feature_axes *task;
    wn_pool *pool;
    size_t features, dim, axes;  /* axes: dim of them, or more */
    bool nested;                 /* whether a map makes the dim numbers of the axes */
    double *mean, *covariance;   /* features; features x features */
    double *values, *vectors;    /* axes; axes x features */
    float *basis, *spread, *map; /* axes x features, images x axes, dim x axes */
} fit;

static double trace(const double *matrix, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += matrix[k * n + k];
    return sum;
}

/* The axes of the covariance, which is used up: principal ones, or those that differ most between images for what they
 * differ between views, in the metric  within + mean variance of it * ridge_views. */
static wn_status solve(const fit *w, wn_error *err)
{
    const wn_matrix *differences = &w->task->differences;
    const size_t f = w->features;
    if (differences->rows == 0) return wn_linear_eigen(w->covariance, f, w->axes, w->values, w->vectors, err);
    wn_status status;
    double *within = wn_alloc(WN_MEMORY_TRAINING, f * f, sizeof *within);
    if (!within) return wn_fail(err, WN_NOMEM, "out of memory for the axes of the embedding");
    const double pairs = (double)differences->rows;
    if ((status = wn_linear_covariance(differences, NULL, 2.0 * pairs, w->pool, within, err))) goto done;
    const double mean = trace(within, f) / (double)f, least = 1e-3 * trace(w->covariance, f) / (double)f;
    const double ridge = fmax(mean * (ridge_views + ridge_few * (double)f / pairs), least);
    for (size_t k = 0; k < f; k++) within[k * f + k] += ridge;
    status = wn_linear_eigen_pair(w->covariance, within, f, w->axes, w->values, w->vectors, err);
done:
    wn_free(within);
    return status;
}

/* basis = the axes, scaled. */
static void scale_axes(const fit *w)
{
    const double f = (double)w->features;
    double sum = 0.0;
    for (size_t j = 0; j < w->dim; j++) sum += fmax(w->values[j], 0.0);
    const double ridge = sum / f * (ridge_share + ridge_few * f / (double)w->task->features.rows);
    for (size_t j = 0; j < w->axes; j++) {
        const double scale = pow(fmax(w->values[j], 0.0) + ridge, -0.5 * w->task->power);
        for (size_t k = 0; k < w->features; k++)
            w->basis[j * w->features + k] = (float)(scale * w->vectors[j * w->features + k]);
    }
}

/* The layer that gives the map of the axes (the axes themselves where there is none), with the mean of the features
 * moved to 0. */
static void fill_layer(const fit *w, wn_tensors *head)
{
    const size_t f = w->features;
    float *weights = head->values + wn_tensors_find(head, "embedding0.weight")->offset;
    float *bias = head->values + wn_tensors_find(head, "embedding0.bias")->offset;
    for (size_t j = 0; j < w->dim; j++) {
        double shift = 0.0;
        for (size_t k = 0; k < f; k++) {
            double weight = 0.0;
            if (!w->map) weight = (double)w->basis[j * f + k];
            for (size_t a = 0; w->map && a < w->axes; a++)
                weight += (double)w->map[j * w->axes + a] * (double)w->basis[a * f + k];
            weights[j * f + k] = (float)weight;
            shift -= weight * w->mean[k];
        }
        bias[j] = (float)shift;
    }
}

static wn_status make_room(fit *w, wn_error *err)
{
    const size_t f = w->features;
    w->mean = wn_alloc(WN_MEMORY_TRAINING, f, sizeof *w->mean);
    w->covariance = wn_alloc(WN_MEMORY_TRAINING, f * f, sizeof *w->covariance);
    w->values = wn_alloc(WN_MEMORY_TRAINING, w->axes, sizeof *w->values);
    w->vectors = wn_alloc(WN_MEMORY_TRAINING, w->axes * f, sizeof *w->vectors);
    w->basis = wn_alloc(WN_MEMORY_TRAINING, w->axes * f, sizeof *w->basis);
    bool made = w->mean && w->covariance && w->values && w->vectors && w->basis;
    if (made && w->nested) {
        w->spread = wn_alloc(WN_MEMORY_TRAINING, w->task->features.rows * w->axes, sizeof *w->spread);
        w->map = wn_alloc(WN_MEMORY_TRAINING, w->dim * w->axes, sizeof *w->map);
        made = w->spread && w->map;
    }
    return made ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for the axes of the embedding");
}

/* Mean and covariance, and how far the features are spread. */
static wn_status measure(const fit *w, double *std, wn_error *err)
{
    const wn_matrix *rows = &w->task->features;
    double squares = 0.0;
    WN_TRY(wn_linear_mean(rows, w->pool, w->mean, err));
    WN_TRY(wn_linear_covariance(rows, w->mean, (double)rows->rows, w->pool, w->covariance, err));
    for (size_t k = 0; k < w->features; k++) squares += w->mean[k] * w->mean[k];
    const double variance = trace(w->covariance, w->features);
    *std = variance > 0.0 ? sqrt(variance / (variance + squares)) : 0.0;
    return WN_OK;
}

static wn_status fit_layer(const fit *w, wn_tensors *head, wn_error *err)
{
    WN_TRY(solve(w, err));
    scale_axes(w);
    if (w->nested) {
        const wn_feature_axes *t = w->task;
        const wn_nested_rows rows = {w->spread, t->features.rows, w->axes, w->dim, t->prefixes, t->prefix_count};
        WN_TRY(wn_linear_project(&t->features, w->mean, w->basis, w->axes, w->pool, w->spread, err));
        WN_TRY(wn_nested_map_learn(&rows, t->seed, w->pool, t->progress, w->map, err));
    }
    fill_layer(w, head);
    return WN_OK;
}

wn_status wn_feature_axes_fit(const wn_feature_axes *task, double least_std, wn_pool *pool, wn_tensors *head,
                              double *std, wn_error *err)
{
    fit w = {.task = task, .pool = pool, .features = task->features.cols};
    wn_status status;
    w.axes = w.dim = task->prefixes[task->prefix_count - 1];
    /* Unscaled axes are for cosines that shall stay what they are. */
    w.nested = task->power > 0.0 && wn_nested_map_is_possible(task->features.rows, task->prefix_count);
    if (w.nested) w.axes = w.features < AXES_FOR_MAP * w.dim ? w.features : AXES_FOR_MAP * w.dim;
    if ((status = make_room(&w, err))) goto done;
    if ((status = measure(&w, std, err))) goto done;
    if (*std >= least_std) status = fit_layer(&w, head, err);
done:
    wn_free(w.map);
    wn_free(w.spread);
    wn_free(w.basis);
    wn_free(w.vectors);
    wn_free(w.values);
    wn_free(w.covariance);
    wn_free(w.mean);
    return status;
}
