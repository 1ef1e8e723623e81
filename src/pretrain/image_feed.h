/* SPDX-License-Identifier: Apache-2.0
 *
 * Images of a step, from memory or from the caller's fetch function, and their views.
 */
#ifndef PRETRAIN_IMAGE_FEED_H
#define PRETRAIN_IMAGE_FEED_H

#include "pretrain/learner.h"
#include "pretrain/views.h"
#include "winnow/progress.h"
#include "winnow/train.h"

typedef struct wn_image_feed {
    const wn_train_images *images;
    size_t image_bytes;
    uint32_t side;           /* of full views */
    float cut;               /* of the model to be (wn_model_info) */
    uint8_t *cache;          /* all images, or NULL */
    uint8_t *batch;          /* of one step, used without cache */
    const uint8_t **where;   /* of each image of the step */
    wn_view_style styles[2]; /* full, small */
    size_t views[2];
    uint8_t *pixels[2]; /* views of one step; row = view * images + image */
    float *scratch;     /* one piece for each thread */
    size_t scratch_floats;
    unsigned threads;
    uint64_t seed;
} wn_image_feed;

/* With `cached`, reads all images now: stage "load", which `progress` may cancel. */
WN_NODISCARD wn_status wn_image_feed_init(wn_image_feed *feed, const wn_train_images *images,
                                          const wn_learner_setup *setup, const wn_train_params *params, bool cached,
                                          wn_pool *pool, const wn_progress *progress, wn_error *err);

/* Makes feed->pixels for the images `rows`; the random numbers depend on (seed, step, image in the step, view). */
WN_NODISCARD wn_status wn_image_feed_views(wn_image_feed *feed, wn_pool *pool, int64_t step, const int64_t *rows,
                                           size_t n, wn_error *err);

/* From here on full views and plain images have this side. The random numbers of a view stay. */
WN_NODISCARD wn_status wn_image_feed_set_side(wn_image_feed *feed, uint32_t side, size_t images, wn_error *err);

/* The images `rows` as the model will see them, at the side of full views: n x side x side x 3. */
WN_NODISCARD wn_status wn_image_feed_plain(wn_image_feed *feed, wn_pool *pool, const int64_t *rows, size_t n,
                                           uint8_t *out, wn_error *err);

/* The images `rows` as they were given: n x image_bytes. */
WN_NODISCARD wn_status wn_image_feed_gather(wn_image_feed *feed, const int64_t *rows, size_t n, uint8_t *out,
                                            wn_error *err);

void wn_image_feed_clear(wn_image_feed *feed);

#endif
