/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm at inference uses running statistics. Those gathered in training belong to cropped and recoloured views
 * of a network that still moved; one pass over plain images with the final numbers gives better ones. Then the mean
 * embedding is subtracted in the bias of the last layer: the loss never sees a common offset behind the projectors'
 * norms, yet it would fill most of a cosine.
 */
#include "pretrain/train_finish.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { IMAGES_PER_PASS = 256, PASSES_MAX = 16 };

/* Below this spread the embedding is one point, and its mean must stay. */
static const double spread_least = 0.02;

typedef struct work {
    size_t images, passes; /* of a pass; how many */
    size_t features, dim;
    uint8_t *pixels;
    float *rows;      /* passes * images x features */
    float *embedding; /* passes * images x dim */
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
        if ((status = wn_image_feed_plain(feed, rows, w->images, w->pixels, err))) goto done;
        if ((status = wn_batch_forward(batch, pool, pixels, w->rows + pass * w->images * w->features, err))) goto done;
        if (training) wn_batch_absorb(batch, 1.0F / (float)(pass + 1));
    }
done:
    wn_batch_free(&batch);
    return status;
}

/* Embeddings of all rows; mean and spread; moves the mean to 0 unless it is all there is. */
static void centre(const work *w, wn_tensors *head, wn_train_spread *out)
{
    const size_t n = w->images * w->passes, dim = w->dim;
    const float *weights = head->values + wn_tensors_find(head, "embedding0.weight")->offset;
    float *bias = head->values + wn_tensors_find(head, "embedding0.bias")->offset;
    double squares = 0.0, mean_squares = 0.0;
    for (size_t j = 0; j < dim; j++) {
        double mean = 0.0;
        for (size_t r = 0; r < n; r++) {
            float sum = bias[j];
            for (size_t k = 0; k < w->features; k++) sum += weights[j * w->features + k] * w->rows[r * w->features + k];
            w->embedding[j] = sum;
            mean += (double)sum;
            squares += (double)sum * (double)sum;
        }
        mean /= (double)n;
        mean_squares += mean * mean * (double)n;
        w->embedding[j] = (float)mean;
    }
    out->std = squares > 0.0 ? sqrt(fmax(0.0, 1.0 - mean_squares / squares)) : 0.0;
    if (out->std < spread_least) return;
    for (size_t j = 0; j < dim; j++) bias[j] -= w->embedding[j];
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
    w.pixels = wn_alloc(WN_MEMORY_TRAINING, w.images, feed->image_bytes);
    w.rows = wn_alloc(WN_MEMORY_TRAINING, w.passes * w.images * w.features, sizeof *w.rows);
    w.embedding = wn_alloc(WN_MEMORY_TRAINING, w.dim, sizeof *w.embedding);
    if (!w.pixels || !w.rows || !w.embedding) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
        goto done;
    }
    if ((status = run_passes(&w, wn_learner_network(learner), setup, feed, true, pool, err))) goto done;
    if ((status = run_passes(&w, wn_learner_network(learner), setup, feed, false, pool, err))) goto done;
    centre(&w, parts[1].tensors, out);
done:
    wn_free(w.embedding);
    wn_free(w.rows);
    wn_free(w.pixels);
    return status;
}
