/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm at inference uses running statistics. Those gathered in training belong to cropped and recoloured views
 * of a network that still moved; one pass over plain images with the final numbers gives better ones.
 *
 * The embedding that is kept is not the layer that was trained but axes of the features (feature_axes.h).
 */
#include "pretrain/train_finish.h"

#include <string.h>

#include "base/error.h"
#include "pretrain/feature_axes.h"
#include "winnow/memory.h"

/* How many images statistics are of; of how many images and pairs of views axes are made: one for each VIEWS_EACH views
 * of the training, so that it never takes much of it, and as many as these at least. */
enum {
    IMAGES_PER_PASS = 256,
    IMAGES_PER_PASS_LEAST = 16,
    STATISTICS_MAX = 4096,
    IMAGES_LEAST = 4096,
    PAIRS_LEAST = 2048,
    AXES_MAX = 16384
};
enum { VIEWS_EACH = 8, PAIRS_OF_IMAGE = 6, FEW_VIEWS = 32 };

/* Below this spread the embedding is one point, and its axes would be noise. */
static const double spread_least = 0.02;

/* What is kept of an axis, of 1: the power that feature_axes.h divides by is the rest. A method that wants all of it
 * kept gets plain principal axes. */
static const double axes_keep_usual = 0.375;

typedef struct work {
    const wn_learner_setup *setup;
    const wn_train_ending *ending;
    wn_network *network;
    size_t images, statistics_passes, passes; /* of a pass; how many for statistics, and for axes */
    size_t features;
    double power;
    uint8_t *pixels;
    float *rows; /* passes * images x features */
    size_t pairs;
    float *differences;   /* pairs x features: of two views of an image; NULL = not wanted */
    uint64_t done, total; /* images */
} work;

static wn_status tell(work *w, size_t images, wn_error *err)
{
    w->done += images;
    const wn_progress_report report = {.stage = "finish", .unit = "images", .done = w->done, .total = w->total};
    return wn_progress_tell(w->ending->progress, &report)
               ? wn_fail(err, WN_CANCELLED, "the last passes of training were cancelled")
               : WN_OK;
}

/* Passes over the first images, with batch statistics (training) or running ones. */
static wn_status run_passes(work *w, bool training, wn_error *err)
{
    wn_image_feed *feed = w->ending->feed;
    wn_pool *pool = w->ending->pool;
    const wn_batch_group group = {w->images, w->setup->embed_side};
    const wn_batch_options options = {
        .precision = w->setup->precision, .training = training, .threads = wn_pool_threads(pool)};
    const uint8_t *pixels[1] = {w->pixels};
    const size_t passes = training ? w->statistics_passes : w->passes;
    int64_t rows[IMAGES_PER_PASS];
    wn_batch *batch = NULL;
    wn_status status;

    if ((status = wn_batch_new(w->network, &group, 1, &options, &batch, err))) goto done;
    if ((status = wn_network_commit(w->network, pool, err))) goto done;
    for (size_t pass = 0; pass < passes; pass++) {
        for (size_t i = 0; i < w->images; i++) {
            /* Spread over all images, as neighbours in a folder are often alike. */
            rows[i] = (int64_t)((pass * w->images + i) * (size_t)feed->images->count / (passes * w->images));
        }
        if ((status = wn_image_feed_plain(feed, pool, rows, w->images, w->pixels, err))) goto done;
        if ((status = wn_batch_forward(batch, pool, pixels, w->rows + pass * w->images * w->features, err))) goto done;
        if (training) wn_batch_absorb(batch, 1.0F / (float)(pass + 1));
        if ((status = tell(w, w->images, err))) goto done;
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

/* The image of a pair: from all over the set, or in rounds where there are more pairs than images. */
static int64_t pair_image(size_t pair, size_t pairs, size_t count)
{
    return (int64_t)(pairs > count ? pair % count : pair * count / pairs);
}

/* Two views of each of w->pairs images: w->differences of their features, by running statistics. */
static wn_status run_pairs(work *w, wn_error *err)
{
    wn_image_feed *feed = w->ending->feed;
    wn_pool *pool = w->ending->pool;
    const size_t images = w->setup->images, floats = images * w->features;
    const wn_batch_group group = {images, w->setup->embed_side};
    const wn_batch_options options = {
        .precision = w->setup->precision, .shard_views = few_views(images), .threads = wn_pool_threads(pool)};
    int64_t step = w->ending->step;
    wn_batch *batch = NULL;
    wn_status status = WN_OK;
    int64_t *rows = wn_alloc(WN_MEMORY_TRAINING, images, sizeof *rows);
    float *other = wn_alloc(WN_MEMORY_TRAINING, floats, sizeof *other);
    if (!rows || !other) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
        goto done;
    }
    if ((status = wn_batch_new(w->network, &group, 1, &options, &batch, err))) goto done;
    for (size_t first = 0; first < w->pairs; first += images) {
        float *out = w->differences + first * w->features;
        for (size_t i = 0; i < images; i++) rows[i] = pair_image(first + i, w->pairs, (size_t)feed->images->count);
        for (int view = 0; view < 2; view++) {
            if ((status = wn_image_feed_views(feed, pool, step++, rows, images, err))) goto done;
            const uint8_t *pixels[1] = {feed->pixels[0]};
            if ((status = wn_batch_forward(batch, pool, pixels, view ? other : out, err))) goto done;
        }
        for (size_t i = 0; i < floats; i++) out[i] -= other[i];
        if ((status = tell(w, 2 * images, err))) goto done;
    }
done:
    wn_batch_free(&batch);
    wn_free(other);
    wn_free(rows);
    return status;
}

/* `wanted`, but `least` at least, and no more than `more` above it. */
static size_t bounded(size_t wanted, size_t least, size_t more)
{
    const size_t most = more < AXES_MAX - least ? least + more : AXES_MAX;
    return wanted < least ? least : wanted < most ? wanted : most;
}

/* Bytes of a pass, with batch statistics or running ones, whichever takes more. */
static uint64_t pass_bytes(const wn_learner_setup *setup, size_t images)
{
    const wn_batch_group group = {images, setup->embed_side};
    wn_batch_options options = {.precision = setup->precision, .threads = setup->threads};
    const uint64_t running = wn_batch_bytes(setup->architecture, &group, 1, &options);
    options.training = true;
    const uint64_t own = wn_batch_bytes(setup->architecture, &group, 1, &options);
    return (own > running ? own : running) + (uint64_t)images * setup->embed_side * setup->embed_side * 3;
}

/* Images of a pass: fewer where the model embeds larger pictures than its views, so that a pass needs no more memory,
 * and where a pass does not fit beside `held` bytes into what the steps gave back and `spare`. */
static size_t pass_images(const wn_learner_setup *setup, uint64_t held, uint64_t spare)
{
    const size_t views = (size_t)setup->side * setup->side, embedded = (size_t)setup->embed_side * setup->embed_side;
    const uint64_t given_back = wn_learner_bytes(setup).passes;
    size_t images = IMAGES_PER_PASS * views / embedded;
    if (spare == UINT64_MAX) return images;
    while (images > IMAGES_PER_PASS_LEAST && pass_bytes(setup, images) + held > given_back + spare)
        images = images / 2 > IMAGES_PER_PASS_LEAST ? images / 2 : IMAGES_PER_PASS_LEAST;
    return images;
}

/* Whole batches of images that are all different; a few pairs of each image at most. */
static size_t count_pairs(size_t count, size_t batch, size_t wanted)
{
    const size_t pairs = wanted < PAIRS_OF_IMAGE * count ? wanted : PAIRS_OF_IMAGE * count;
    return batch > count ? 0 : batch > pairs ? batch : pairs / batch * batch;
}

wn_train_rows wn_train_count_rows(const wn_learner_setup *setup, size_t count, int64_t passes, uint64_t spare)
{
    /* Of an image its features and at most as many axes, of a pair the difference. */
    const uint64_t bytes = sizeof(float) * wn_architecture_features(setup->architecture), both = 3 * bytes;
    const size_t more = spare / both < AXES_MAX ? (size_t)(spare / both) : AXES_MAX;
    const uint64_t views = (uint64_t)passes * setup->images * (setup->views + setup->small_views);
    const size_t wanted = views / VIEWS_EACH < AXES_MAX ? (size_t)(views / VIEWS_EACH) : AXES_MAX;
    wn_train_rows rows = {.images = bounded(wanted, IMAGES_LEAST, more)};
    if (count < rows.images) rows.images = count;
    rows.pairs = count_pairs(count, setup->images, bounded(wanted, PAIRS_LEAST, more));
    /* Passes of equal size, so that hardly an image is left out. */
    const size_t most = pass_images(setup, (2 * rows.images + rows.pairs) * bytes, spare);
    rows.per_pass = rows.images / ((rows.images + most - 1) / most);
    return rows;
}

static wn_status make_room(work *w, wn_error *err)
{
    const size_t side = w->setup->embed_side;
    w->pixels = wn_alloc(WN_MEMORY_TRAINING, w->images, side * side * 3);
    w->rows = wn_alloc(WN_MEMORY_TRAINING, w->passes * w->images * w->features, sizeof *w->rows);
    if (w->pairs > 0) w->differences = wn_alloc(WN_MEMORY_TRAINING, w->pairs * w->features, sizeof *w->differences);
    return w->pixels && w->rows && (w->differences || w->pairs == 0)
               ? WN_OK
               : wn_fail(err, WN_NOMEM, "out of memory for the last passes of training");
}

wn_status wn_train_settle_statistics(wn_learner *learner, const wn_learner_setup *setup, const wn_train_ending *ending,
                                     double *std, wn_error *err)
{
    const wn_learner_part *parts;
    const size_t count = (size_t)ending->feed->images->count;
    const wn_train_rows rows = wn_train_count_rows(setup, count, ending->step, ending->spare);
    work w = {.setup = setup, .ending = ending, .network = wn_learner_network(learner), .images = rows.per_pass};
    wn_status status;
    wn_learner_stop(learner);
    (void)wn_learner_parts(learner, &parts);
    /* A network that started from a model was trained with that model's statistics. */
    if (!setup->start_hash) w.statistics_passes = (count < STATISTICS_MAX ? count : STATISTICS_MAX) / w.images;
    w.passes = rows.images / w.images;
    w.features = wn_architecture_features(setup->architecture);
    w.power = 1.0 - (setup->method->axes_keep > 0.0 ? setup->method->axes_keep : axes_keep_usual);
    if (w.power > 0.0) w.pairs = rows.pairs;
    w.total = (w.statistics_passes + w.passes) * w.images + 2 * w.pairs;
    if ((status = make_room(&w, err))) goto done;
    if (w.statistics_passes > 0 && (status = run_passes(&w, true, err))) goto done;
    if ((status = run_passes(&w, false, err))) goto done;
    if (w.pairs > 0 && (status = run_pairs(&w, err))) goto done;
    const wn_feature_axes axes = {.features = {w.rows, w.images * w.passes, w.features, w.features},
                                  .differences = {w.differences, w.pairs, w.features, w.features},
                                  .power = w.power,
                                  .prefixes = setup->prefixes,
                                  .prefix_count = setup->prefix_count,
                                  .seed = setup->seed,
                                  .progress = ending->progress};
    status = wn_feature_axes_fit(&axes, spread_least, ending->pool, parts[1].tensors, std, err);
done:
    wn_free(w.differences);
    wn_free(w.rows);
    wn_free(w.pixels);
    return status;
}
