/* SPDX-License-Identifier: Apache-2.0
 *
 * Images of a step and their views.
 */
#include "pretrain/image_feed.h"

#include <string.h>

#include "base/error.h"
#include "embed/model_fit.h"
#include "num/resample.h"
#include "winnow/memory.h"

enum { ROWS_PER_READ = 1024, IMAGES_PER_CHUNK = 4 };

static wn_status fill_cache(wn_image_feed *feed, const wn_progress *progress, wn_error *err)
{
    int64_t rows[ROWS_PER_READ], count = feed->images->count;
    feed->cache = wn_alloc(WN_MEMORY_TRAINING, (size_t)count, feed->image_bytes);
    if (!feed->cache) return wn_fail(err, WN_NOMEM, "out of memory for %lld images", (long long)count);
    for (int64_t first = 0; first < count; first += ROWS_PER_READ) {
        size_t n = (size_t)(count - first < ROWS_PER_READ ? count - first : ROWS_PER_READ);
        const wn_progress_report report = {
            .stage = "load", .unit = "images", .done = (uint64_t)first + n, .total = (uint64_t)count};
        for (size_t i = 0; i < n; i++) rows[i] = first + (int64_t)i;
        WN_TRY(
            feed->images->fetch(feed->images->context, rows, n, feed->cache + (size_t)first * feed->image_bytes, err));
        if (wn_progress_tell(progress, &report)) return wn_fail(err, WN_CANCELLED, "training was cancelled");
    }
    return WN_OK;
}

/* For the views of `images` images, in place of the room that there was. */
static wn_status make_room(wn_image_feed *feed, size_t images, wn_error *err)
{
    size_t floats = 0;
    for (int g = 0; g < 2; g++) {
        const size_t side = feed->styles[g].side_out, needed = wn_view_scratch(&feed->styles[g]);
        if (needed > floats) floats = needed;
        wn_free(feed->pixels[g]);
        feed->pixels[g] = wn_alloc(WN_MEMORY_TRAINING, images * feed->views[g], side * side * 3);
        if (!feed->pixels[g]) return wn_fail(err, WN_NOMEM, "out of memory for views");
    }
    wn_free(feed->scratch);
    feed->scratch_floats = (floats + 15) / 16 * 16;
    feed->scratch = wn_alloc(WN_MEMORY_TRAINING, feed->threads * feed->scratch_floats, sizeof *feed->scratch);
    return feed->scratch ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for views");
}

wn_status wn_image_feed_set_side(wn_image_feed *feed, uint32_t side, size_t images, wn_error *err)
{
    feed->side = feed->styles[0].side_out = side;
    return make_room(feed, images, err);
}

/* Those that are given; the others stay the usual ones. */
static void set_chances(wn_view_style *style, const wn_train_params *params)
{
    if (params->mirror >= 0.0) style->mirror_chance = (float)params->mirror;
    if (params->colour_chance >= 0.0) style->colour_chance = (float)params->colour_chance;
    if (params->solarise >= 0.0) style->solarise_chance = (float)params->solarise;
    if (params->grey >= 0.0) style->grey_chance = (float)params->grey;
    if (params->blur >= 0.0) style->blur_chance = (float)params->blur;
}

wn_status wn_image_feed_init(wn_image_feed *feed, const wn_train_images *images, const wn_learner_setup *setup,
                             const wn_train_params *params, bool cached, wn_pool *pool, const wn_progress *progress,
                             wn_error *err)
{
    const float crop_low = (float)params->crop_low, colour = (float)params->colour;
    *feed = (wn_image_feed){.images = images,
                            .image_bytes = (size_t)images->side * images->side * 3,
                            .side = setup->side,
                            .cut = setup->cut,
                            .views = {setup->views, setup->small_views},
                            .threads = wn_pool_threads(pool),
                            .seed = setup->seed};
    wn_view_style_init(&feed->styles[0], images->side, setup->side, crop_low, colour);
    wn_view_style_init(&feed->styles[1], images->side, setup->small_side, crop_low, colour);
    for (int i = 0; i < 2; i++) set_chances(&feed->styles[i], params);
    WN_TRY(make_room(feed, setup->images, err));
    feed->where = wn_alloc(WN_MEMORY_TRAINING, setup->images, sizeof *feed->where);
    if (!feed->where) return wn_fail(err, WN_NOMEM, "out of memory for views");
    if (cached) return fill_cache(feed, progress, err);
    feed->batch = wn_alloc(WN_MEMORY_TRAINING, setup->images, feed->image_bytes);
    return feed->batch ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for a batch of images");
}

typedef struct view_work {
    wn_image_feed *feed;
    uint64_t seed;
    size_t images;
} view_work;

static void make_views(void *context, size_t begin, size_t end, unsigned worker)
{
    const view_work *work = context;
    wn_image_feed *feed = work->feed;
    float *scratch = feed->scratch + worker * feed->scratch_floats;
    for (size_t i = begin; i < end; i++) {
        size_t stream = i * (feed->views[0] + feed->views[1]);
        for (int g = 0; g < 2; g++) {
            size_t bytes = (size_t)feed->styles[g].side_out * feed->styles[g].side_out * 3;
            for (size_t v = 0; v < feed->views[g]; v++) {
                wn_rng rng;
                wn_rng_init(&rng, work->seed, stream++);
                wn_view_make(&feed->styles[g], &rng, feed->where[i], scratch,
                             feed->pixels[g] + (v * work->images + i) * bytes);
            }
        }
    }
}

wn_status wn_image_feed_views(wn_image_feed *feed, wn_pool *pool, int64_t step, const int64_t *rows, size_t n,
                              wn_error *err)
{
    view_work work = {feed, wn_rng_mix(feed->seed ^ wn_rng_mix((uint64_t)step)), n};
    if (!feed->cache) WN_TRY(feed->images->fetch(feed->images->context, rows, n, feed->batch, err));
    for (size_t i = 0; i < n; i++) {
        feed->where[i] =
            feed->cache ? feed->cache + (size_t)rows[i] * feed->image_bytes : feed->batch + i * feed->image_bytes;
    }
    wn_pool_for(pool, n, IMAGES_PER_CHUNK, make_views, &work);
    return WN_OK;
}

wn_status wn_image_feed_gather(wn_image_feed *feed, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    if (!feed->cache) return feed->images->fetch(feed->images->context, rows, n, out, err);
    for (size_t i = 0; i < n; i++) {
        memcpy(out + i * feed->image_bytes, feed->cache + (size_t)rows[i] * feed->image_bytes, feed->image_bytes);
    }
    return WN_OK;
}

static wn_status squeeze_images(wn_image_feed *feed, wn_pool *pool, const int64_t *rows, size_t n, uint8_t *out,
                                wn_error *err)
{
    if (feed->side == feed->images->side) return wn_image_feed_gather(feed, rows, n, out, err);
    uint8_t *kept = wn_alloc(WN_MEMORY_TRAINING, n, feed->image_bytes);
    if (!kept) return wn_fail(err, WN_NOMEM, "out of memory for images");
    wn_status status = wn_image_feed_gather(feed, rows, n, kept, err);
    if (!status) status = wn_resample_squares(kept, n, feed->images->side, feed->side, pool, out, err);
    wn_free(kept);
    return status;
}

wn_status wn_image_feed_plain(wn_image_feed *feed, wn_pool *pool, const int64_t *rows, size_t n, uint8_t *out,
                              wn_error *err)
{
    WN_TRY(squeeze_images(feed, pool, rows, n, out, err));
    if (!feed->images->aspects || !(feed->cut > 1.0F)) return WN_OK;
    float *aspects = wn_alloc(WN_MEMORY_TRAINING, n, sizeof *aspects);
    if (!aspects) return wn_fail(err, WN_NOMEM, "out of memory for images");
    for (size_t i = 0; i < n; i++) aspects[i] = feed->images->aspects[rows[i]];
    wn_fit_squares(out, n, feed->side, feed->cut, aspects, pool);
    wn_free(aspects);
    return WN_OK;
}

void wn_image_feed_clear(wn_image_feed *feed)
{
    wn_free(feed->cache);
    wn_free(feed->batch);
    wn_free(feed->where);
    wn_free(feed->scratch);
    for (int g = 0; g < 2; g++) wn_free(feed->pixels[g]);
    *feed = (wn_image_feed){0};
}
