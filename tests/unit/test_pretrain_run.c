/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole training runs on small made-up images: the same bytes for any number of threads and after an interruption,
 * plans under limits, and what odd inputs get.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "pretrain/image_feed.h"
#include "pretrain/learner.h"
#include "pretrain/train_finish.h"
#include "pretrain/train_plan.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/train.h"

enum { SIDE = 16, IMAGE_BYTES = SIDE * SIDE * 3, IMAGES = 20, STEPS = 4 };

static char folder[64], model_path[128], checkpoint_path[160];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-pretrain-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(model_path, sizeof model_path, "%s/m.wnm", folder);
    (void)snprintf(checkpoint_path, sizeof checkpoint_path, "%s.checkpoint", model_path);
    return 0;
}

static void remove_files(void)
{
    char log[160];
    (void)snprintf(log, sizeof log, "%s.csv", model_path);
    (void)unlink(model_path);
    (void)unlink(checkpoint_path);
    (void)unlink(log);
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

/* Stripes whose direction, colour and width depend on the row. */
static wn_status fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < n; i++) {
        int row = (int)rows[i];
        for (int p = 0; p < IMAGE_BYTES; p++) {
            int x = p / 3 % SIDE, y = p / 3 / SIDE, c = p % 3, at = row % 2 ? x : y;
            out[i * IMAGE_BYTES + (size_t)p] = (uint8_t)(at * (row % 5 + 1) % 16 * 12 + (c == row % 3 ? 60 : 0));
        }
    }
    return WN_OK;
}

static wn_status refuse(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    (void)context, (void)rows, (void)n, (void)out;
    if (err) *err = (wn_error){WN_IO, "the column went away"};
    return WN_IO;
}

static wn_train_images make_images(int64_t count)
{
    return (wn_train_images){.count = count, .side = SIDE, .fetch = fetch};
}

static wn_train_params make_params(void)
{
    wn_train_params params;
    wn_error err = {0};
    assert_int_equal(wn_train_params_init(&params, &err), WN_OK);
    params.seed = 3;
    params.network = "tiny";
    params.views = 2;
    params.batch = 6;
    params.steps = STEPS;
    return params;
}

static wn_status train(const wn_train_images *images, const wn_train_params *params, wn_pool *pool,
                       const wn_progress *progress, wn_train_result *result, wn_error *err)
{
    wn_train_files files = {.model = model_path};
    return wn_train_run(images, params, &files, pool, progress, result, err);
}

static void read_model(wn_buffer *out)
{
    wn_error err = {0};
    wn_buffer_init(out, WN_MEMORY_GENERAL, 0);
    if (wn_file_read(model_path, 1 << 28, out, &err) != WN_OK) fail_msg("%s", err.message);
}

static void assert_same_model(const wn_buffer *expected)
{
    wn_buffer bytes;
    read_model(&bytes);
    assert_int_equal(bytes.len, expected->len);
    assert_memory_equal(bytes.data, expected->data, bytes.len);
    wn_buffer_clear(&bytes);
}

static void test_threads_do_not_change_the_model(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_error err = {0};
    wn_buffer first;
    (void)state;
    params.small_views = 1;
    if (train(&images, &params, NULL, NULL, &result, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(result.plan.steps, STEPS);
    assert_false(result.collapsed);
    assert_true(result.embedding_std > 0.1 && isfinite(result.loss));
    assert_false(wn_file_exists(checkpoint_path));
    read_model(&first);
    for (unsigned threads = 2; threads <= 3; threads++) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
        assert_int_equal(train(&images, &params, pool, NULL, NULL, &err), WN_OK);
        wn_pool_free(&pool);
        assert_same_model(&first);
    }
    wn_buffer_clear(&first);
    remove_files();
}

/* Stops at the report after `steps_left` steps; images are loaded before. */
static bool stop_later(void *context, const wn_progress_report *report)
{
    int *steps_left = context;
    return strcmp(report->stage, "load") != 0 && (*steps_left)-- == 0;
}

static void test_an_interrupted_run_ends_in_the_same_bytes(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_error err = {0};
    wn_buffer undisturbed;
    (void)state;
    assert_int_equal(train(&images, &params, NULL, NULL, NULL, &err), WN_OK);
    read_model(&undisturbed);
    remove_files();
    /* Within the steps, and behind the last one: in the passes for statistics, axes and views. */
    const int moments[] = {1, 3, STEPS + 1, STEPS + 3};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        const int steps = moments[i] < STEPS ? moments[i] : STEPS;
        int steps_left = moments[i];
        wn_progress progress = {stop_later, &steps_left};
        assert_int_equal(train(&images, &params, NULL, &progress, &result, &err), WN_CANCELLED);
        assert_true(wn_file_exists(checkpoint_path));
        assert_false(wn_file_exists(model_path));
        assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
        assert_int_equal(result.steps_resumed, steps);
        assert_same_model(&undisturbed);
        remove_files();
    }
    wn_buffer_clear(&undisturbed);
}

/* What is learned does not depend on the side that the model embeds, so a checkpoint goes on with another one. */
static void test_a_model_may_embed_larger_pictures(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_error err = {0};
    wn_buffer larger;
    int steps_left = 2;
    wn_progress progress = {stop_later, &steps_left};
    (void)state;
    params.embed_side = 2 * SIDE;
    if (train(&images, &params, NULL, NULL, &result, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(result.plan.side, SIDE);
    assert_int_equal(result.plan.embed_side, 2 * SIDE);
    assert_true(result.embedding_std > 0.1);
    wn_model *model = NULL;
    assert_int_equal(wn_model_open(model_path, WN_PRECISION_AUTO, &model, &err), WN_OK);
    assert_int_equal(wn_model_get_info(model)->side, 2 * SIDE);
    assert_non_null(strstr(wn_model_get_info(model)->options, " embed-side=32"));
    wn_model_close(&model);
    read_model(&larger);
    wn_train_params onward = make_params(); /* a training from it has its views, and embeds what it does */
    wn_train_plan plan;
    onward.from = model_path;
    assert_int_equal(wn_train_make_plan(&images, &onward, &plan, &err), WN_OK);
    assert_true(plan.side == SIDE && plan.embed_side == 2 * SIDE);
    onward.side = 3 * SIDE;
    assert_int_equal(wn_train_make_plan(&images, &onward, &plan, &err), WN_OK);
    assert_true(plan.side == 3 * SIDE && plan.embed_side == 3 * SIDE);
    remove_files();
    params.embed_side = 0; /* that of the views: the images are no larger */
    assert_int_equal(train(&images, &params, NULL, &progress, NULL, &err), WN_CANCELLED);
    params.embed_side = 2 * SIDE;
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_int_equal(result.steps_resumed, 2);
    assert_same_model(&larger);
    wn_buffer_clear(&larger);
    remove_files();
}

static void test_a_strange_checkpoint_is_not_continued(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_error err = {0};
    int steps_left = 2;
    wn_progress progress = {stop_later, &steps_left};
    (void)state;
    assert_int_equal(train(&images, &params, NULL, &progress, NULL, &err), WN_CANCELLED);
    wn_buffer bytes;
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_file_read(checkpoint_path, 1 << 28, &bytes, &err), WN_OK);

    params.seed++;
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_int_equal(result.steps_resumed, 0);
    params.seed--; /* it was set aside, and serves its own options */
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_int_equal(result.steps_resumed, 2);

    bytes.data[bytes.len / 2] ^= 1;
    assert_int_equal(wn_file_write(checkpoint_path, bytes.data, bytes.len, &err), WN_OK);
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_int_equal(result.steps_resumed, 0);
    assert_int_equal(wn_file_write(checkpoint_path, bytes.data, bytes.len / 3, &err), WN_OK);
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_int_equal(result.steps_resumed, 0);
    wn_buffer_clear(&bytes);
    remove_files();
}

/* One mistyped option, and back: no steps of either run are lost. */
static void test_runs_of_other_options_keep_their_checkpoints(void **state)
{
    const int done[] = {3, 1, 2};
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_error err = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        int steps_left = done[i];
        wn_progress progress = {stop_later, &steps_left};
        params.seed = (uint64_t)i;
        assert_int_equal(train(&images, &params, NULL, &progress, NULL, &err), WN_CANCELLED);
    }
    for (int i = 0; i < 3; i++) {
        params.seed = (uint64_t)i;
        assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
        assert_int_equal(result.steps_resumed, done[i]);
    }
    remove_files();
}

static void test_few_images_are_no_error(void **state)
{
    (void)state;
    for (int64_t count = 2; count <= 3; count++) {
        wn_train_images images = make_images(count);
        wn_train_params params = make_params();
        wn_train_result result;
        wn_model *model = NULL;
        wn_error err = {0};
        uint8_t pixels[3 * IMAGE_BYTES];
        const int64_t rows[3] = {0, 1, 2};
        float row[3 * 128];
        params.batch = 0;
        if (train(&images, &params, NULL, NULL, &result, &err) != WN_OK) fail_msg("%s", err.message);
        assert_int_equal(result.plan.steps, STEPS);
        assert_int_equal(result.plan.batch, count);
        assert_int_equal(wn_model_open(model_path, WN_PRECISION_AUTO, &model, &err), WN_OK);
        assert_int_equal(fetch(NULL, rows, (size_t)count, pixels, &err), WN_OK);
        assert_int_equal(wn_model_embed(model, NULL, pixels, (size_t)count, row, &err), WN_OK);
        for (int64_t i = 0; i < count; i++) {
            double length = 0.0;
            for (int j = 0; j < 128; j++) length += (double)row[i * 128 + j] * (double)row[i * 128 + j];
            assert_true(fabs(length - 1.0) < 1e-4);
        }
        wn_model_close(&model);
        remove_files();
    }
}

static void test_every_field_has_a_default(void **state)
{
    wn_train_params params;
    wn_error err = {0};
    (void)state;
    memset(&params, 0xa5, sizeof params);
    assert_int_equal(wn_train_params_init(&params, &err), WN_OK);
    assert_string_equal(params.method, "dcl");
    assert_null(params.network);
    assert_true(params.minutes == 5 && params.dim == 128 && params.decay == -1);
    assert_true(params.seed == 0 && params.memory_limit == 0 && !params.fixed_plan);
}

static void test_options_are_checked(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_plan plan;
    wn_error err = {0};
    (void)state;
    wn_train_params params = make_params();
    params.method = "dlc";
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "\"dcl\""));
    params = make_params();
    params.network = "tinny";
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "\"tiny\""));
    params = make_params();
    params.views = 1, params.small_views = 0;
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
    for (int i = 0; i < 3; i++) {
        params = make_params();
        params.embed_side = (int64_t[]){8, 20, 40}[i];
        assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "a multiple of 8 from 16 to 32"));
    }
    static const struct {
        uint32_t images, views, embeds;
    } usual[] = {{96, 64, 96}, {128, 64, 96}, {80, 64, 80}, {64, 64, 64}, {32, 64, 64}, {96, 40, 56}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        params = make_params();
        images.side = usual[i].images;
        params.side = usual[i].views;
        assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_OK);
        assert_int_equal(plan.embed_side, usual[i].embeds);
    }
    params = make_params();
    images.side = 17;
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
    images = make_images(0);
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_INVALID);
    images = make_images(IMAGES);
    images.fetch = refuse;
    assert_int_equal(train(&images, &params, NULL, NULL, NULL, &err), WN_IO);
    assert_string_equal(err.message, "the column went away");
}

/* The chances of the options reach the views, and the description of the model where they are not the usual ones. */
static void test_views_follow_the_options(void **state)
{
    wn_train_images images = make_images(2);
    wn_train_params params = make_params();
    wn_train_setup setup;
    wn_buffer text;
    (void)state;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    assert_int_equal(wn_train_settle_plan(&images, &params, &setup, NULL), WN_OK);
    assert_int_equal(wn_train_describe(&params, &setup, &text), WN_OK);
    assert_null(strstr(text.data, "mirror"));
    params.mirror = 0.0, params.solarise = 1.0, params.colour_chance = 0.0, params.grey = 0.0, params.blur = 0.0;
    params.crop_low = 1.0;
    assert_int_equal(wn_train_settle_plan(&images, &params, &setup, NULL), WN_OK);
    wn_buffer_reset(&text);
    assert_int_equal(wn_train_describe(&params, &setup, &text), WN_OK);
    assert_non_null(strstr(text.data, " mirror=0 colour-chance=0 grey=0 blur=0 solarise=1"));
    wn_buffer_clear(&text);

    uint8_t plain[IMAGE_BYTES];
    const int64_t row = 1;
    wn_pool *pool = NULL;
    wn_image_feed feed;
    setup.learner.images = 1;
    assert_int_equal(wn_pool_new(1, 0, &pool, NULL), WN_OK);
    assert_int_equal(wn_image_feed_init(&feed, &images, &setup.learner, &params, true, pool, NULL, NULL), WN_OK);
    assert_int_equal(wn_image_feed_plain(&feed, pool, &row, 1, plain, NULL), WN_OK);
    assert_int_equal(wn_image_feed_views(&feed, pool, 0, &row, 1, NULL), WN_OK);
    for (size_t i = 0; i < IMAGE_BYTES; i++)
        assert_int_equal(feed.pixels[0][i], plain[i] >= 128 ? 255 - plain[i] : plain[i]);
    wn_image_feed_clear(&feed);
    wn_pool_free(&pool);
}

static void test_the_memory_limit_shapes_the_plan(void **state)
{
    wn_train_images images = make_images(100000);
    wn_train_params params = make_params();
    wn_train_plan free_plan, plan;
    wn_error err = {0};
    (void)state;
    params.batch = 512;
    assert_int_equal(wn_train_make_plan(&images, &params, &free_plan, &err), WN_OK);
    assert_true(free_plan.images_cached && !free_plan.batch_reduced);
    assert_int_equal(free_plan.batch, 512);

    params.memory_limit = free_plan.memory - 1;
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_OK);
    assert_true(!plan.images_cached && plan.memory <= params.memory_limit);
    params.memory_limit = plan.memory - 1;
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_OK);
    assert_true(plan.batch_reduced && plan.batch < 512 && plan.memory <= params.memory_limit);
    params.memory_limit = 1000000;
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_LIMIT);
    assert_non_null(strstr(err.message, "--memory-limit, fewer --views or a smaller --network"));
}

/* A long training takes more images for the axes of its embedding, but no more than the limit leaves room for. */
static void test_the_memory_limit_bounds_the_last_passes(void **state)
{
    enum { LEAST = 4096, LEAST_PAIRS = 2048, MOST = 16384, USUAL = 256, LONG = 1000000 };
    const wn_train_images images = make_images(100000);
    wn_train_params params = make_params();
    wn_train_setup setup, limited;
    (void)state;
    params.batch = 64;
    assert_int_equal(wn_train_settle_plan(&images, &params, &setup, NULL), WN_OK);
    assert_true(setup.spare == UINT64_MAX);
    params.memory_limit = setup.plan.memory + 12345;
    assert_int_equal(wn_train_settle_plan(&images, &params, &limited, NULL), WN_OK);
    assert_true(limited.plan.memory == setup.plan.memory && limited.spare == 12345);

    const wn_learner_setup *l = &setup.learner;
    wn_train_rows rows = wn_train_count_rows(l, 100000, LONG, setup.spare);
    assert_true(rows.images == MOST && rows.pairs == MOST && rows.per_pass == USUAL);
    rows = wn_train_count_rows(l, 100000, 1, setup.spare);
    assert_true(rows.images == LEAST && rows.pairs == LEAST_PAIRS);
    rows = wn_train_count_rows(l, 100000, LONG, 0);
    assert_true(rows.images == LEAST && rows.pairs == LEAST_PAIRS);
    assert_true(rows.per_pass < USUAL && rows.per_pass >= 16);
    const uint64_t features = wn_architecture_features(l->architecture), spare = 1000 * features * sizeof(float);
    rows = wn_train_count_rows(l, 100000, LONG, spare);
    assert_true(rows.images > LEAST && rows.pairs > LEAST_PAIRS);
    assert_true((2 * (rows.images - LEAST) + rows.pairs - LEAST_PAIRS) * features * sizeof(float) <= spare);
    rows = wn_train_count_rows(l, 100, LONG, setup.spare);
    assert_true(rows.images == 100 && rows.per_pass == 100 && rows.pairs <= 600);
}

static void test_the_budget_sets_the_steps(void **state)
{
    wn_train_images images = make_images(1000000);
    wn_train_params params = make_params();
    wn_train_plan one, ten;
    wn_error err = {0};
    (void)state;
    params.steps = 0;
    params.minutes = 1.0;
    assert_int_equal(wn_train_make_plan(&images, &params, &one, &err), WN_OK);
    params.minutes = 10.0;
    assert_int_equal(wn_train_make_plan(&images, &params, &ten, &err), WN_OK);
    assert_true(fabs((double)ten.steps / (double)one.steps - 10.0) < 0.1);
    assert_true(fabs(one.seconds - 60.0) < 1.0);
    images.count = 300; /* few images are not shown for ten minutes */
    assert_int_equal(wn_train_make_plan(&images, &params, &one, &err), WN_OK);
    params.minutes = 100.0;
    assert_int_equal(wn_train_make_plan(&images, &params, &ten, &err), WN_OK);
    assert_int_equal(one.steps, ten.steps);
}

/* A network that starts from a model waits for the layers behind it, then learns at a tenth of their rate; a rate that
 * is given is that of both. */
static void test_a_start_from_a_model_is_gentle(void **state)
{
    wn_train_images images = make_images(1000);
    wn_train_params params = make_params();
    wn_train_setup s;
    wn_error err = {0};
    (void)state;
    params.network = NULL, params.from = WN_MODEL_DEFAULT, params.steps = 100, params.batch = 128;
    if (wn_train_settle_plan(&images, &params, &s, &err) != WN_OK) fail_msg("%s", err.message);
    assert_true(fabs(s.crop_low - 0.4) < 1e-9);
    assert_true(wn_train_network_rate(&s, 39) == 0.0 && wn_train_rate(&s, 39) > 0.0);
    assert_true(wn_train_network_rate(&s, 40) > 0.0);
    assert_true(fabs(wn_train_network_rate(&s, 80) / wn_train_rate(&s, 80) - 0.1) < 1e-9);

    wn_train_shorten(&s, 20); /* a slow machine: everything in proportion */
    assert_int_equal(s.plan.steps, 20);
    assert_true(wn_train_network_rate(&s, 7) == 0.0 && wn_train_network_rate(&s, 8) > 0.0);
    assert_true(fabs(wn_train_network_rate(&s, 16) / wn_train_rate(&s, 16) - 0.1) < 1e-9);

    params.rate = 3e-4, params.crop_low = 0.3;
    assert_int_equal(wn_train_settle_plan(&images, &params, &s, &err), WN_OK);
    assert_true(fabs(s.crop_low - 0.3) < 1e-9);
    assert_true(wn_train_network_rate(&s, 4) == 0.0 && wn_train_network_rate(&s, 5) > 0.0);
    assert_true(fabs(wn_train_network_rate(&s, 60) / wn_train_rate(&s, 60) - 1.0) < 1e-9);

    params = make_params(), params.steps = 100;
    assert_int_equal(wn_train_settle_plan(&images, &params, &s, &err), WN_OK);
    assert_true(fabs(s.crop_low - 0.2) < 1e-9);
    assert_true(fabs(wn_train_network_rate(&s, 0) / wn_train_rate(&s, 0) - 1.0) < 1e-9);
}

/* Filters for single channels gain less from bf16, and a plan counts with it. */
static void test_a_plan_knows_slow_networks(void **state)
{
    wn_train_images images = make_images(1000000);
    wn_train_params params = make_params();
    wn_train_plan full, narrow;
    wn_error err = {0};
    (void)state;
    params.steps = 0, params.minutes = 10.0;
    params.precision = WN_PRECISION_BF16;
    images.side = 64;
    assert_int_equal(wn_train_make_plan(&images, &params, &full, &err), WN_OK);
    params.network = "mobile";
    assert_int_equal(wn_train_make_plan(&images, &params, &narrow, &err), WN_OK);
    const double rate = (double)full.steps * full.flop / 600.0, slow = (double)narrow.steps * narrow.flop / 600.0;
    const bool bf16 = full.precision == WN_PRECISION_BF16;
    assert_true(fabs(rate - (bf16 ? 0.55e12 : 0.28e12)) < 0.01e12);
    assert_true(fabs(slow - (bf16 ? 0.44e12 : 0.28e12)) < 0.01e12);
}

static void test_without_cache_the_result_is_the_same(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_result result;
    wn_train_plan plan;
    wn_error err = {0};
    wn_buffer first;
    (void)state;
    params.batch = IMAGES; /* a step takes no less than the last passes, which the limit would shorten otherwise */
    assert_int_equal(train(&images, &params, NULL, NULL, NULL, &err), WN_OK);
    read_model(&first);
    assert_int_equal(wn_train_make_plan(&images, &params, &plan, &err), WN_OK);
    params.memory_limit = plan.memory - 1;
    assert_int_equal(train(&images, &params, NULL, NULL, &result, &err), WN_OK);
    assert_false(result.plan.images_cached);
    assert_same_model(&first);
    wn_buffer_clear(&first);
    remove_files();
}

static void test_a_checkpoint_that_cannot_be_written_does_not_stop_a_run(void **state)
{
    wn_train_images images = make_images(IMAGES);
    wn_train_params params = make_params();
    wn_train_files files = {.model = model_path, .checkpoint = "/nonexistent/c", .log = "/nonexistent/l"};
    wn_error err = {0};
    int steps_left = 2;
    wn_progress progress = {stop_later, &steps_left};
    (void)state;
    assert_int_equal(wn_train_run(&images, &params, &files, NULL, &progress, NULL, &err), WN_CANCELLED);
    assert_non_null(strstr(err.message, "since the last checkpoint is lost"));
    assert_int_equal(wn_train_run(&images, &params, &files, NULL, NULL, NULL, &err), WN_OK);
    assert_true(wn_file_exists(model_path));
    remove_files();
}

static void test_a_loss_that_is_no_number_stops(void **state)
{
    wn_learner_setup setup = {.architecture = wn_architecture_find("tiny"),
                              .method = wn_method_at(0),
                              .images = 4,
                              .views = 2,
                              .side = SIDE,
                              .small_side = SIDE / 2,
                              .prefix_count = 1,
                              .prefixes = {32},
                              .precision = WN_PRECISION_FP32,
                              .optimizer = "sgd",
                              .decay = 0.0,
                              .threads = 1};
    const wn_learner_part *parts;
    wn_learner *learner = NULL;
    wn_learner_report report;
    wn_error err = {0};
    uint8_t pixels[8 * IMAGE_BYTES];
    const wn_learner_input input = {.pixels = {pixels, NULL}, .rate = 0.1, .network_rate = 0.1};
    const int64_t rows[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    (void)state;
    assert_int_equal(fetch(NULL, rows, 8, pixels, &err), WN_OK);
    assert_int_equal(wn_method_read_options(setup.method, NULL, setup.method_params, &err), WN_OK);
    if (wn_learner_new(&setup, &learner, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(wn_learner_commit(learner, NULL, &err), WN_OK);
    assert_int_equal(wn_learner_step(learner, NULL, &input, &report, &err), WN_OK);
    assert_int_equal(wn_learner_parts(learner, &parts), 3);
    parts[1].tensors->values[0] = NAN;
    assert_int_equal(wn_learner_step(learner, NULL, &input, &report, &err), WN_INTERNAL);
    assert_non_null(strstr(err.message, "no longer a number"));
    wn_learner_free(&learner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_change_the_model),
        SERIAL_TEST(test_an_interrupted_run_ends_in_the_same_bytes),
        SERIAL_TEST(test_a_model_may_embed_larger_pictures),
        SERIAL_TEST(test_a_strange_checkpoint_is_not_continued),
        SERIAL_TEST(test_runs_of_other_options_keep_their_checkpoints),
        SERIAL_TEST(test_few_images_are_no_error),
        SERIAL_TEST(test_every_field_has_a_default),
        SERIAL_TEST(test_options_are_checked),
        SERIAL_TEST(test_views_follow_the_options),
        SERIAL_TEST(test_the_memory_limit_shapes_the_plan),
        SERIAL_TEST(test_the_memory_limit_bounds_the_last_passes),
        SERIAL_TEST(test_the_budget_sets_the_steps),
        SERIAL_TEST(test_a_start_from_a_model_is_gentle),
        SERIAL_TEST(test_a_plan_knows_slow_networks),
        SERIAL_TEST(test_without_cache_the_result_is_the_same),
        SERIAL_TEST(test_a_checkpoint_that_cannot_be_written_does_not_stop_a_run),
        SERIAL_TEST(test_a_loss_that_is_no_number_stops),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
