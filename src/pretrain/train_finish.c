/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm at inference uses running statistics. Those gathered in training belong to cropped and recoloured views
 * of a network that still moved; one pass over plain images with the final numbers gives better ones.
 *
 * The embedding that is kept is not the layer that was trained but the principal axes of the features, scaled towards
 * equal variance. The axes are ordered, so prefixes stay nested; a cosine on them is no longer ruled by the few
 * directions of largest variance, which is worth several points of a neighbour vote.
 */
#include "pretrain/train_finish.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

enum { IMAGES_PER_PASS = 256, PASSES_MAX = 16 };

/* Below this spread the embedding is one point, and its axes would be noise. */
static const double spread_least = 0.02;

/* Axis k is divided by (variance k + ridge)^(power / 2): 0 = plain principal axes, 1 = equal variances. The power is 1
 * less what the method wants kept. */
static const double axes_keep_usual = 0.25;

/* Share of the mean variance that is added to each: a part that always stands, and one for few images. */
static const double ridge_share = 0.01, ridge_few = 1.0 / 16.0;

typedef struct work {
    size_t images, passes; /* of a pass; how many */
    size_t features, dim;
    double power;
    uint8_t *pixels;
    float *rows; /* passes * images x features */
} work;

/* Passes over the first images, with batch statistics (training) or running ones. */
static wn_status run_passes(const work *w, wn_network *network, const wn_learner_setup *setup, wn_image_feed *feed,
                            bool training, wn_pool *pool, wn_error *err)
{
    const wn_batch_group group = {w->images, setup->side};
    const wn_batch_options options = {
        .precision = setup->precision, .training = training, .threads = wn_pool_threads(pool)};
    const uint8_t *pixels[1] = {w->pixels};
    int64_t rows[IMAGES_PER_PASS];
    wn_batch *batch = NULL;
    wn_status status;

    if ((status = wn_batch_new(network, &group, 1, &options, &batch, err))) goto done;
    if ((status = wn_network_commit(network, pool, err))) goto done;
    for (size_t pass = 0; pass < w->passes; pass++) {
        for (size_t i = 0; i < w->images; i++) {
            /* Spread over all images, as neighbours in a folder are often alike. */
            rows[i] = (int64_t)((pass * w->images + i) * (size_t)feed->images->count / (w->passes * w->images));
        }
        if ((status = wn_image_feed_plain(feed, pool, rows, w->images, w->pixels, err))) goto done;
        if ((status = wn_batch_forward(batch, pool, pixels, w->rows + pass * w->images * w->features, err))) goto done;
        if (training) wn_batch_absorb(batch, 1.0F / (float)(pass + 1));
    }
done:
    wn_batch_free(&batch);
    return status;
}

/* Eigenvectors into the last layer, with the mean of the features moved to 0. */
static void fill_layer(const work *w, const double *mean, const double *values, const double *vectors, double ridge,
                       wn_tensors *head)
{
    float *weights = head->values + wn_tensors_find(head, "embedding0.weight")->offset;
    float *bias = head->values + wn_tensors_find(head, "embedding0.bias")->offset;
    for (size_t j = 0; j < w->dim; j++) {
        double scale = pow(fmax(values[j], 0.0) + ridge, -0.5 * w->power), shift = 0.0;
        for (size_t k = 0; k < w->features; k++) {
            double weight = scale * vectors[j * w->features + k];
            weights[j * w->features + k] = (float)weight;
            shift -= weight * mean[k];
        }
        bias[j] = (float)shift;
    }
}

/* Spread of the features; then the axes, unless there is one point only. */
static wn_status find_axes(const work *w, wn_tensors *head, wn_pool *pool, wn_train_spread *out, wn_error *err)
{
    const size_t n = w->images * w->passes, f = w->features;
    const wn_matrix rows = {w->rows, n, f, f};
    double variance = 0.0, mean_squares = 0.0;
    wn_status status;
    double *mean = wn_alloc(WN_MEMORY_TRAINING, f, sizeof *mean);
    double *covariance = wn_alloc(WN_MEMORY_TRAINING, f * f, sizeof *covariance);
    double *values = wn_alloc(WN_MEMORY_TRAINING, w->dim, sizeof *values);
    double *vectors = wn_alloc(WN_MEMORY_TRAINING, w->dim * f, sizeof *vectors);
    if (!mean || !covariance || !values || !vectors) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the axes of the embedding");
        goto done;
    }
    if ((status = wn_linear_mean(&rows, pool, mean, err))) goto done;
    if ((status = wn_linear_covariance(&rows, mean, (double)n, pool, covariance, err))) goto done;
    for (size_t k = 0; k < f; k++) {
        variance += covariance[k * f + k];
        mean_squares += mean[k] * mean[k];
    }
    out->std = variance > 0.0 ? sqrt(variance / (variance + mean_squares)) : 0.0;
    if (out->std < spread_least) goto done;
    if ((status = wn_linear_eigen(covariance, f, w->dim, values, vectors, err))) goto done;
    fill_layer(w, mean, values, vectors, variance / (double)f * (ridge_share + ridge_few * (double)f / (double)n),
               head);
done:
    wn_free(vectors);
    wn_free(values);
    wn_free(covariance);
    wn_free(mean);
    return status;
}

wn_status wn_train_settle_statistics(wn_learner *learner, const wn_learner_setup *setup, wn_image_feed *feed,
                                     wn_pool *pool, wn_train_spread *out, wn_error *err)
{
    const wn_learner_part *parts;
    const size_t count = (size_t)feed->images->count;
    work w = {.images = count < IMAGES_PER_PASS ? count : IMAGES_PER_PASS};
    wn_status status;
    wn_learner_stop(learner);
    (void)wn_learner_parts(learner, &parts);
    w.passes = count / w.images < PASSES_MAX ? count / w.images : PASSES_MAX;
    w.features = wn_architecture_features(setup->architecture);
    w.dim = setup->prefixes[setup->prefix_count - 1];
    w.power = 1.0 - (setup->method->axes_keep > 0.0 ? setup->method->axes_keep : axes_keep_usual);
    w.pixels = wn_alloc(WN_MEMORY_TRAINING, w.images, (size_t)setup->side * setup->side * 3);
    w.rows = wn_alloc(WN_MEMORY_TRAINING, w.passes * w.images * w.features, sizeof *w.rows);
    if (!w.pixels || !w.rows) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
        goto done;
    }
    /* A network that started from a model was trained with that model's statistics. */
    if (!setup->start_hash && (status = run_passes(&w, wn_learner_network(learner), setup, feed, true, pool, err)))
        goto done;
    if ((status = run_passes(&w, wn_learner_network(learner), setup, feed, false, pool, err))) goto done;
    status = find_axes(&w, parts[1].tensors, pool, out, err);
done:
    wn_free(w.rows);
    wn_free(w.pixels);
    return status;
}
