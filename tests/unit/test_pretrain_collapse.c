/* SPDX-License-Identifier: Apache-2.0
 *
 * Collapse: images of which nothing can be learned are named before the first step, a run whose embeddings become one
 * point or one line is stopped, and averages that are only low are not.
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
#include "pretrain/spread.h"
#include "pretrain/train_checkpoint.h"
#include "pretrain/train_variety.h"
#include "pretrain/train_watch.h"
#include "sanitizer.h"
#include "winnow/train.h"

enum { SIDE = 16, IMAGE_BYTES = SIDE * SIDE * 3, BATCH = 8 };

static char folder[64], model_path[128], checkpoint_path[160], log_path[160];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-collapse-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(model_path, sizeof model_path, "%s/m.wnm", folder);
    (void)snprintf(checkpoint_path, sizeof checkpoint_path, "%s.checkpoint", model_path);
    (void)snprintf(log_path, sizeof log_path, "%s.csv", model_path);
    return 0;
}

static void remove_files(void)
{
    (void)unlink(model_path);
    (void)unlink(checkpoint_path);
    (void)unlink(log_path);
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

/* What the rows look like: image `row` shows picture row % pictures, with noise of so many levels. */
typedef struct scene {
    int64_t pictures;
    int noise;
} scene;

static wn_status fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    const scene *s = context;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        wn_rng picture, noise;
        wn_rng_init(&picture, 7, (uint64_t)(rows[i] % s->pictures));
        wn_rng_init(&noise, 8, (uint64_t)rows[i]);
        double phase[6];
        for (int k = 0; k < 6; k++) phase[k] = 6.28 * (double)wn_rng_below(&picture, 1000) / 1000.0;
        for (int p = 0; p < IMAGE_BYTES; p++) {
            const int x = p / 3 % SIDE, y = p / 3 / SIDE, c = p % 3;
            const double wave = sin(0.4 * x + phase[c]) + cos(0.5 * y + phase[3 + c]);
            const int value =
                (int)(128.0 + 50.0 * wave) + (s->noise ? (int)wn_rng_below(&noise, (uint32_t)s->noise + 1) : 0);
            out[i * IMAGE_BYTES + (size_t)p] = (uint8_t)value;
        }
    }
    return WN_OK;
}

static wn_train_images make_images(int64_t count, scene *s)
{
    return (wn_train_images){.count = count, .side = SIDE, .fetch = fetch, .context = s};
}

static wn_train_params make_params(const char *method, int64_t steps)
{
    wn_train_params params;
    wn_error err = {0};
    assert_int_equal(wn_train_params_init(&params, &err), WN_OK);
    params.method = method;
    params.network = "tiny";
    params.batch = BATCH;
    params.dim = 32;
    params.steps = steps;
    return params;
}

static wn_status train(int64_t count, scene s, const wn_train_params *params, wn_train_result *result, wn_error *err)
{
    const wn_train_images images = make_images(count, &s);
    const wn_train_files files = {.model = model_path};
    return wn_train_run(&images, params, &files, NULL, NULL, result, err);
}

static wn_train_variety look(int64_t count, scene s)
{
    const wn_train_images images = make_images(count, &s);
    wn_image_feed feed = {.images = &images, .image_bytes = IMAGE_BYTES};
    wn_train_variety out;
    wn_error err = {0};
    if (wn_train_look(&feed, &out, &err) != WN_OK) fail_msg("%s", err.message);
    return out;
}

static void test_copies_are_counted(void **state)
{
    (void)state;
    wn_train_variety v = look(60, (scene){1, 0});
    assert_true(v.images == 60 && v.different == 1 && v.largest == 60 && v.same == 60);
    assert_true(wn_train_variety_is_none(&v));
    v = look(60, (scene){1, 4});
    assert_true(v.different == 1 && v.largest == 60 && v.same < 60 && wn_train_variety_is_none(&v));
    v = look(60, (scene){12, 0});
    assert_true(v.different == 12 && v.largest == 5 && wn_train_variety_is_low(&v) && !wn_train_variety_is_none(&v));
    v = look(60, (scene){60, 0});
    assert_true(v.different == 60 && v.largest == 1 && !wn_train_variety_is_low(&v) && !wn_train_variety_is_none(&v));
    v = look(9000, (scene){3000, 0}); /* a part of many is looked at */
    assert_true(v.images == 8192 && v.different > 2900 && v.different <= 3000 && v.largest <= 3);
}

static void test_what_is_too_little(void **state)
{
    const struct {
        int64_t images, largest;
        bool none;
    } cases[] = {{1, 1, true},    {2, 1, false},    {2, 2, true},      {3, 2, false},      {20, 19, true},
                 {20, 18, false}, {200, 195, true}, {1000, 985, true}, {1000, 984, false}, {8192, 8000, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const wn_train_variety v = {.images = cases[i].images, .different = 2, .largest = cases[i].largest};
        assert_int_equal(wn_train_variety_is_none(&v), cases[i].none);
    }
}

static void test_images_that_are_alike_are_refused(void **state)
{
    const scene scenes[] = {{1, 0}, {1, 3}};
    const char *const words[] = {"all 40 images are copies of one (the same in every pixel)",
                                 "encoded or resized anew"};
    wn_train_params params = make_params("simsiam", 3);
    wn_train_result result;
    wn_error err = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(train(40, scenes[i], &params, &result, &err), WN_INVALID);
        assert_true(result.nothing_to_learn && result.different == 1 && result.looked_at == 40);
        assert_non_null(strstr(err.message, words[i]));
        assert_false(wn_file_exists(model_path) || wn_file_exists(checkpoint_path));
    }
    assert_int_equal(train(1, scenes[0], &params, &result, &err), WN_INVALID);
    assert_true(result.nothing_to_learn && strstr(err.message, "only one image"));
    assert_int_equal(train(40, (scene){4, 0}, &params, &result, &err), WN_OK);
    assert_true(result.different == 4 && !result.nothing_to_learn);
    remove_files();
}

/* Rows of `images` x 2 views: a centre an image, and noise a view. */
static wn_spread spread_of(double centres, double noise, double shift, size_t axes)
{
    enum { N = 64, DIM = 16 };
    float rows[2 * N * DIM];
    wn_rng rng;
    wn_spread out;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < DIM; j++) {
            const double centre = j < axes ? centres * ((double)wn_rng_below(&rng, 2001) / 1000.0 - 1.0) : 0.0;
            for (size_t v = 0; v < 2; v++) {
                const double far = j < axes ? noise * ((double)wn_rng_below(&rng, 2001) / 1000.0 - 1.0) : 0.0;
                rows[(v * N + i) * DIM + j] = (float)(shift + centre + far);
            }
        }
    }
    wn_spread_measure(rows, N, 2, DIM, &out);
    return out;
}

static void test_the_spread_tells_what_it_says(void **state)
{
    (void)state;
    wn_spread s = spread_of(1.0, 1.0, 0.0, 16);
    assert_true(s.std > 0.95 && fabs(s.share - 0.5) < 0.1 && s.rank > 8.0);
    s = spread_of(0.0, 1.0, 0.0, 16);
    assert_true(fabs(s.share) < 0.1);
    s = spread_of(1.0, 0.0, 0.0, 1);
    assert_true(s.share > 0.999 && fabs(s.rank - 1.0) < 1e-6);
    s = spread_of(0.001, 0.001, 1.0, 16);
    assert_true(s.std < 0.01);
    s = spread_of(0.0, 0.0, 0.0, 16);
    assert_true(s.std == 0.0 && s.share == 0.0 && s.rank == 0.0);
    const float one[4] = {1.0F, 2.0F, 3.0F, 4.0F};
    wn_spread_measure(one, 2, 1, 2, &s);
    assert_true(isnan(s.share) && fabs(s.rank - 1.0) < 1e-6);
}

/* Steps until the watch stops a run that looks good for `good` steps and then like `bad`; -1 = it does not. */
static int64_t watch(const wn_spread *bad, int64_t good, int64_t images, int64_t quiet, int64_t steps)
{
    const wn_spread fine = {0.7, 0.4, 3.0};
    wn_train_watch w = {0};
    for (int64_t i = 0; i < steps; i++) {
        if (wn_train_watch_step(&w, i < good ? &fine : bad, images, quiet, steps)) return i + 1;
    }
    return -1;
}

static void test_the_watch_is_patient(void **state)
{
    const wn_spread point = {0.0, 0.3, 3.0}, line = {0.9, 0.5, 1.0}, views = {0.7, -0.02, 2.0}, young = {0.6, 0.1, 1.1};
    const wn_spread unknown = {0.6, NAN, 2.0};
    (void)state;
    assert_int_equal(watch(&point, 0, 64, 0, 1000), 64 + 100);
    assert_int_equal(watch(&line, 0, 64, 20, 1000), 84 + 100);
    assert_in_range(watch(&line, 200, 64, 0, 1000), 300, 420);
    assert_int_equal(watch(&views, 0, 64, 0, 200), 64 + 50);
    assert_int_equal(watch(&line, 0, 64, 0, 100000), 64 + 500);
    assert_int_equal(watch(&point, 0, 2, 0, 1000), 64 + 100);
    assert_int_equal(watch(&point, 0, 1, 0, 1000), -1); /* one image is one point */
    assert_int_equal(watch(&line, 0, 4, 0, 1000), -1);  /* few points lie on a line, and near their views, by chance */
    assert_int_equal(watch(&views, 0, 4, 0, 1000), -1);
    assert_int_equal(watch(&young, 0, 64, 0, 1000), -1);
    assert_int_equal(watch(&unknown, 0, 64, 0, 1000), -1);
    assert_in_range(watch(&point, 300, 64, 0, 1000), 500, 700);
}

static void test_a_collapsed_run_is_stopped_and_named(void **state)
{
    wn_train_params params = make_params("simsiam", 150);
    wn_train_result result;
    wn_error err = {0};
    wn_train_state kept;
    uint64_t identity;
    (void)state;
    params.optimizer = "sgd", params.rate = 5.0; /* muon does not collapse here, */
    params.precision = WN_PRECISION_FP32;        /* nor does bf16 */
    assert_int_equal(train(48, (scene){48, 0}, &params, &result, &err), WN_INVALID);
    assert_true(result.collapsed && !result.nothing_to_learn);
    if (!strstr(err.message, "training collapsed: since step ")) fail_msg("%s", err.message);
    assert_non_null(strstr(err.message, "lower --rate (it was 5)"));
    assert_false(wn_file_exists(model_path));
    if (wn_file_exists(checkpoint_path)) { /* of a slow machine, which had time to write one */
        assert_int_equal(wn_train_checkpoint_inspect(checkpoint_path, &kept, &identity, &err), WN_OK);
        assert_int_equal(kept.watch.low, 0);
    }
    remove_files();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_are_counted),
        cmocka_unit_test(test_what_is_too_little),
        cmocka_unit_test(test_images_that_are_alike_are_refused),
        cmocka_unit_test(test_the_spread_tells_what_it_says),
        cmocka_unit_test(test_the_watch_is_patient),
        {.name = "test_a_collapsed_run_is_stopped_and_named", /* a minute, under a sanitizer */
         .test_func = SANITIZED ? (CMUnitTestFunction)0 : test_a_collapsed_run_is_stopped_and_named},
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
