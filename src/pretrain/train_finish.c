/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm at inference uses running statistics. Those gathered in training belong to cropped and recoloured views
 * of a network that still moved; one pass over plain images with the final numbers gives better ones.
 *
 * The embedding that is kept is not the layer that was trained but axes of the features. They are those along which
 * images differ most compared with two views of one image (linear discriminants with each image as a class of its own),
 * and are scaled towards equal variance. They are ordered, so prefixes stay nested; a cosine on them is no longer
 * ruled by the few directions of largest variance. docs/decisions/0004 has what each of this is worth.
 */
#include "pretrain/train_finish.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

enum { IMAGES_PER_PASS = 256, IMAGES_MAX = 16 * IMAGES_PER_PASS, PAIRS_MAX = 2048, FEW_VIEWS = 32 };

/* Below this spread the embedding is one point, and its axes would be noise. */
static const double spread_least = 0.02;

/* Axis k is divided by (variance k + ridge)^(power / 2): 0 = unscaled, 1 = equal variances. The power is 1 less what
 * the method wants kept; a method that wants all of it kept gets plain principal axes. */
static const double axes_keep_usual = 0.5;

/* Share of the mean value of an axis (the kept ones over the number of features) that is added to each: a part that
 * always stands, and one for few images. The same for the variance between views of an image, in their mean variance.
 */
static const double ridge_share = 0.01, ridge_few = 1.0 / 16.0, ridge_views = 1.0;

typedef struct work {
    size_t images, passes; /* of a pass; how many */
    size_t features, dim;
    double power;
    uint8_t *pixels;
    float *rows; /* passes * images x features */
    size_t pairs;
    float *differences; /* pairs x features: of two views of an image; NULL = not wanted */
} work;

/* Passes over the first images, with batch statistics (training) or running ones. */
static wn_status run_passes(const work *w, wn_network *network, const wn_learner_setup *setup, wn_image_feed *feed,
                            bool training, wn_pool *pool, wn_error *err)
{
    const wn_batch_group group = {w->images, setup->embed_side};
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

/* The shards of a small batch: the usual ones would be computed in whole, up to 128 views for 8. 0 = the usual. */
static uint32_t few_views(size_t views)
{
    return views <= FEW_VIEWS ? (uint32_t)(views + 7) / 8 * 8 : 0;
}

/* Two views of images from all over the set: w->differences of their features, by running statistics. */
static wn_status run_pairs(const work *w, wn_network *network, const wn_learner_setup *setup, wn_image_feed *feed,
                           int64_t step, wn_pool *pool, wn_error *err)
{
    const size_t images = setup->images, floats = images * w->features;
    const wn_batch_group group = {images, setup->embed_side};
    const wn_batch_options options = {
        .precision = setup->precision, .shard_views = few_views(images), .threads = wn_pool_threads(pool)};
    wn_batch *batch = NULL;
    wn_status status = WN_OK;
    int64_t *rows = wn_alloc(WN_MEMORY_TRAINING, images, sizeof *rows);
    float *other = wn_alloc(WN_MEMORY_TRAINING, floats, sizeof *other);
    if (!rows || !other) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
        goto done;
    }
    if ((status = wn_batch_new(network, &group, 1, &options, &batch, err))) goto done;
    for (size_t first = 0; first < w->pairs; first += images) {
        float *out = w->differences + first * w->features;
        for (size_t i = 0; i < images; i++) rows[i] = (int64_t)((first + i) * (size_t)feed->images->count / w->pairs);
        for (int view = 0; view < 2; view++) {
            if ((status = wn_image_feed_views(feed, pool, step++, rows, images, err))) goto done;
            const uint8_t *pixels[1] = {feed->pixels[0]};
            if ((status = wn_batch_forward(batch, pool, pixels, view ? other : out, err))) goto done;
        }
        for (size_t i = 0; i < floats; i++) out[i] -= other[i];
    }
done:
    wn_batch_free(&batch);
    wn_free(other);
    wn_free(rows);
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

static double trace(const double *matrix, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) sum += matrix[k * n + k];
    return sum;
}

/* The axes of `covariance` (f x f, used up): principal ones, or those that differ most between images for what they
 * differ between views, in the metric  within + mean variance of it * ridge_views. */
static wn_status solve_axes(const work *w, double *covariance, wn_pool *pool, double *values, double *vectors,
                            wn_error *err)
{
    const size_t f = w->features;
    if (!w->differences) return wn_linear_eigen(covariance, f, w->dim, values, vectors, err);
    const wn_matrix differences = {w->differences, w->pairs, f, f};
    wn_status status;
    double *within = wn_alloc(WN_MEMORY_TRAINING, f * f, sizeof *within);
    if (!within) return wn_fail(err, WN_NOMEM, "out of memory for the axes of the embedding");
    if ((status = wn_linear_covariance(&differences, NULL, 2.0 * (double)w->pairs, pool, within, err))) goto done;
    const double mean = trace(within, f) / (double)f, least = 1e-3 * trace(covariance, f) / (double)f;
    const double ridge = fmax(mean * (ridge_views + ridge_few * (double)f / (double)w->pairs), least);
    for (size_t k = 0; k < f; k++) within[k * f + k] += ridge;
    status = wn_linear_eigen_pair(covariance, within, f, w->dim, values, vectors, err);
done:
    wn_free(within);
    return status;
}

/* Spread of the features; then the axes, unless there is one point only. */
static wn_status find_axes(const work *w, wn_tensors *head, wn_pool *pool, wn_train_spread *out, wn_error *err)
{
    const size_t n = w->images * w->passes, f = w->features;
    const wn_matrix rows = {w->rows, n, f, f};
    double variance, mean_squares = 0.0, sum = 0.0;
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
    for (size_t k = 0; k < f; k++) mean_squares += mean[k] * mean[k];
    variance = trace(covariance, f);
    out->std = variance > 0.0 ? sqrt(variance / (variance + mean_squares)) : 0.0;
    if (out->std < spread_least) goto done;
    if ((status = solve_axes(w, covariance, pool, values, vectors, err))) goto done;
    for (size_t j = 0; j < w->dim; j++) sum += fmax(values[j], 0.0);
    fill_layer(w, mean, values, vectors, sum / (double)f * (ridge_share + ridge_few * (double)f / (double)n), head);
done:
    wn_free(vectors);
    wn_free(values);
    wn_free(covariance);
    wn_free(mean);
    return status;
}

/* Whole batches, and one at least, of images that are all different. */
static size_t count_pairs(size_t count, size_t batch)
{
    const size_t most = count < PAIRS_MAX ? count : PAIRS_MAX;
    return batch <= most ? most / batch * batch : batch <= count ? batch : 0;
}

/* Images of a pass: fewer where the model embeds larger pictures than its views, so that a pass needs no
 * more memory. */
static size_t pass_images(const wn_learner_setup *setup, size_t count)
{
    const size_t views = (size_t)setup->side * setup->side, embedded = (size_t)setup->embed_side * setup->embed_side;
    const size_t images = IMAGES_PER_PASS * views / embedded;
    return count < images ? count : images;
}

static wn_status make_room(work *w, const wn_learner_setup *setup, wn_error *err)
{
    w->pixels = wn_alloc(WN_MEMORY_TRAINING, w->images, (size_t)setup->embed_side * setup->embed_side * 3);
    w->rows = wn_alloc(WN_MEMORY_TRAINING, w->passes * w->images * w->features, sizeof *w->rows);
    if (w->pairs > 0) w->differences = wn_alloc(WN_MEMORY_TRAINING, w->pairs * w->features, sizeof *w->differences);
    return w->pixels && w->rows && (w->differences || w->pairs == 0)
               ? WN_OK
               : wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
}

wn_status wn_train_settle_statistics(wn_learner *learner, const wn_learner_setup *setup, wn_image_feed *feed,
                                     int64_t step, wn_pool *pool, wn_train_spread *out, wn_error *err)
{
    const wn_learner_part *parts;
    const size_t count = (size_t)feed->images->count;
    work w = {.images = pass_images(setup, count)};
    wn_network *network = wn_learner_network(learner);
    wn_status status;
    wn_learner_stop(learner);
    (void)wn_learner_parts(learner, &parts);
    w.passes = count < IMAGES_MAX ? count / w.images : IMAGES_MAX / w.images;
    w.features = wn_architecture_features(setup->architecture);
    w.dim = setup->prefixes[setup->prefix_count - 1];
    w.power = 1.0 - (setup->method->axes_keep > 0.0 ? setup->method->axes_keep : axes_keep_usual);
    if (w.power > 0.0) w.pairs = count_pairs(count, setup->images);
    if ((status = make_room(&w, setup, err))) goto done;
    /* A network that started from a model was trained with that model's statistics. */
    if (!setup->start_hash && (status = run_passes(&w, network, setup, feed, true, pool, err))) goto done;
    if ((status = run_passes(&w, network, setup, feed, false, pool, err))) goto done;
    if (w.pairs > 0 && (status = run_pairs(&w, network, setup, feed, step, pool, err))) goto done;
    status = find_axes(&w, parts[1].tensors, pool, out, err);
done:
    wn_free(w.differences);
    wn_free(w.rows);
    wn_free(w.pixels);
    return status;
}
