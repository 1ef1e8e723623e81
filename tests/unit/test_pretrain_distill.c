/* SPDX-License-Identifier: Apache-2.0
 *
 * Learning from a teacher and from another model, on made-up images: the student comes to say what the teacher says, a
 * start from a model is a start, threads change nothing, and bad teachers are named.
 */
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

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/model.h"
#include "winnow/train.h"

enum { SIDE = 16, IMAGE_BYTES = SIDE * SIDE * 3, IMAGES = 64, WORDS = 8, DIM = 32, LARGE = 112 };

static const float wide = 2.0F;

static char folder[64], model_path[128], other_path[128];
static float teacher[IMAGES * WORDS];

/* Stripes; what varies is their direction, width and colour. */
static wn_status fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < n; i++) {
        int row = (int)rows[i];
        for (int p = 0; p < IMAGE_BYTES; p++) {
            int x = p / 3 % SIDE, y = p / 3 / SIDE, c = p % 3, at = row % 2 ? x : y;
            int stripe = (at + row / 12) / (row / 2 % 2 ? 2 : 4) % 2;
            out[i * IMAGE_BYTES + (size_t)p] = (uint8_t)(stripe * 120 + (c == row / 4 % 3 ? 100 : 10) + row % 7);
        }
    }
    return WN_OK;
}

/* The teacher knows direction, width and colour, and a little about nothing. */
static void fill_teacher(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 4, 4);
    for (int row = 0; row < IMAGES; row++) {
        float *words = teacher + row * WORDS;
        for (int j = 0; j < WORDS; j++) words[j] = 0.05F * wn_rng_normal(&rng) + 3.0F;
        words[row % 2] += 1.0F;
        words[2 + row / 2 % 2] += 1.0F;
        words[4 + row / 4 % 3] += 1.0F;
    }
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-distill-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(model_path, sizeof model_path, "%s/m.wnm", folder);
    (void)snprintf(other_path, sizeof other_path, "%s/o.wnm", folder);
    fill_teacher();
    return 0;
}

static void remove_model(const char *path)
{
    char log[160];
    (void)snprintf(log, sizeof log, "%s.csv", path);
    (void)unlink(path);
    (void)unlink(log);
}

static int remove_folder(void **state)
{
    (void)state;
    remove_model(model_path);
    remove_model(other_path);
    return rmdir(folder);
}

static wn_train_images make_images(void)
{
    return (wn_train_images){.count = IMAGES, .side = SIDE, .fetch = fetch, .teacher = teacher, .teacher_dim = WORDS};
}

static wn_train_params make_params(int64_t steps)
{
    wn_train_params params;
    wn_error err = {0};
    assert_int_equal(wn_train_params_init(&params, &err), WN_OK);
    params.method = "distill";
    params.batch = 32;
    params.steps = steps;
    params.dim = DIM;
    params.colour = 0.1;
    params.crop_low = 0.6;
    return params;
}

static wn_status train(const wn_train_images *images, const wn_train_params *params, wn_pool *pool, const char *path,
                       wn_train_result *result, wn_error *err)
{
    wn_train_files files = {.model = path};
    return wn_train_run(images, params, &files, pool, NULL, result, err);
}

/* Correlation between the similarities of all pairs of images, student's against teacher's, means removed. */
static double agreement(const char *path)
{
    static uint8_t pixels[IMAGES * IMAGE_BYTES];
    static float rows[IMAGES * DIM];
    int64_t numbers[IMAGES];
    double words[IMAGES][WORDS], mean[WORDS] = {0}, x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = 0;
    wn_model *model = NULL;
    wn_error err = {0};
    for (int i = 0; i < IMAGES; i++) numbers[i] = i;
    assert_int_equal(fetch(NULL, numbers, IMAGES, pixels, &err), WN_OK);
    if (wn_model_open(path, WN_PRECISION_FP32, &model, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(wn_model_embed(model, NULL, pixels, IMAGES, rows, &err), WN_OK);
    wn_model_close(&model);
    for (int i = 0; i < IMAGES * WORDS; i++) mean[i % WORDS] += (double)teacher[i] / IMAGES;
    for (int i = 0; i < IMAGES; i++) {
        double length = 0;
        for (int j = 0; j < WORDS; j++) words[i][j] = (double)teacher[i * WORDS + j] - mean[j];
        for (int j = 0; j < WORDS; j++) length += words[i][j] * words[i][j];
        for (int j = 0; j < WORDS; j++) words[i][j] /= sqrt(length);
    }
    for (int a = 0; a < IMAGES; a++) {
        for (int b = 0; b < a; b++) {
            double s = 0, t = 0;
            for (int j = 0; j < DIM; j++) s += (double)rows[a * DIM + j] * (double)rows[b * DIM + j];
            for (int j = 0; j < WORDS; j++) t += words[a][j] * words[b][j];
            x += s, y += t, xx += s * s, yy += t * t, xy += s * t, n++;
        }
    }
    return (xy - x * y / n) / sqrt((xx - x * x / n) * (yy - y * y / n));
}

static void test_the_student_learns_what_the_teacher_says(void **state)
{
    wn_train_images images = make_images();
    wn_train_params few = make_params(1), many = make_params(30);
    wn_error err = {0};
    (void)state;
    few.rate = 1e-6;
    if (train(&images, &few, NULL, model_path, NULL, &err) != WN_OK) fail_msg("%s", err.message);
    double before = agreement(model_path);
    if (train(&images, &many, NULL, other_path, NULL, &err) != WN_OK) fail_msg("%s", err.message);
    double after = agreement(other_path);
    print_message("agreement with the teacher %.3f, before %.3f\n", after, before);
    if (after < 0.7 || after < before + 0.15) fail_msg("agreement %.3f, before %.3f", after, before);
    remove_model(model_path);
}

/* The model is the one that the test before has trained. */
static void test_a_start_from_a_model_is_ahead(void **state)
{
    wn_train_images images = make_images();
    wn_train_params two = make_params(2);
    wn_train_result fresh, ahead;
    wn_error err = {0};
    (void)state;
    two.rate = 1e-6;
    assert_int_equal(train(&images, &two, NULL, model_path, &fresh, &err), WN_OK);
    double random = agreement(model_path);
    two.from = other_path;
    two.network = NULL;
    if (train(&images, &two, NULL, model_path, &ahead, &err) != WN_OK) fail_msg("%s", err.message);
    double continued = agreement(model_path);
    if (continued < random + 0.15) fail_msg("from a model %.3f, from random numbers %.3f", continued, random);
    assert_true(ahead.model_hash != fresh.model_hash);

    two.network = "small";
    assert_int_equal(train(&images, &two, NULL, model_path, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "--network"));
    two.network = NULL;
    two.from = "/nowhere/m.wnm";
    assert_int_equal(train(&images, &two, NULL, model_path, NULL, &err), WN_NOTFOUND);
    remove_model(model_path);
    remove_model(other_path);
}

static void test_threads_do_not_change_the_student(void **state)
{
    wn_train_images images = make_images();
    wn_train_params params = make_params(3);
    wn_train_result first, again;
    wn_error err = {0};
    (void)state;
    assert_int_equal(train(&images, &params, NULL, model_path, &first, &err), WN_OK);
    for (unsigned threads = 2; threads <= 7; threads += 5) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
        assert_int_equal(train(&images, &params, pool, model_path, &again, &err), WN_OK);
        wn_pool_free(&pool);
        assert_true(again.model_hash == first.model_hash);
    }
    remove_model(model_path);
}

static void test_bad_teachers_are_named(void **state)
{
    wn_train_images images = make_images();
    wn_train_params params = make_params(2);
    wn_error err = {0};
    (void)state;
    images.teacher = NULL;
    assert_int_equal(train(&images, &params, NULL, model_path, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "--teacher"));
    images.teacher = teacher;
    teacher[5 * WORDS + 1] = NAN;
    assert_int_equal(train(&images, &params, NULL, model_path, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 5"));
    for (int i = 0; i < IMAGES * WORDS; i++) teacher[i] = (float)(i % WORDS);
    assert_int_equal(train(&images, &params, NULL, model_path, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "the same of every image"));
    fill_teacher();
    params.views = 0, params.method = "dcl"; /* others do not ask for one */
    assert_int_equal(train(&images, &params, NULL, model_path, NULL, &err), WN_OK);
    remove_model(model_path);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

/* The image of each row as a band of the whole square, as if squeezed from twice its width. */
static wn_status fetch_large(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    const wn_model *fitting = context;
    uint8_t small[IMAGE_BYTES];
    for (size_t i = 0; i < n; i++) {
        uint8_t *image = out + i * LARGE * LARGE * 3;
        WN_TRY(fetch(NULL, rows + i, 1, small, err));
        for (int p = 0; p < LARGE * LARGE; p++)
            memcpy(image + (size_t)p * 3,
                   small + ((size_t)(p / LARGE * SIDE / LARGE) * SIDE + (size_t)(p % LARGE * SIDE / LARGE)) * 3, 3);
        if (fitting) wn_model_fit(fitting, NULL, image, 1, &wide);
    }
    return WN_OK;
}

/* The first numbers of the embedding of one image by a model whose axes were found on these images. */
static void read_axes(const wn_train_images *images, float out[4])
{
    wn_train_params params = make_params(1);
    wn_model *model = NULL;
    wn_error err = {0};
    int64_t row = 3;
    uint8_t *pixels = malloc((size_t)LARGE * LARGE * 3);
    assert_non_null(pixels);
    /* distill: its axes come from plain pictures alone */
    params.method = "distill", params.from = WN_MODEL_DEFAULT, params.batch = 4, params.rate = 1e-12;
    if (train(images, &params, NULL, model_path, NULL, &err) != WN_OK) fail_msg("%s", err.message);
    if (wn_model_open(model_path, WN_PRECISION_FP32, &model, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(wn_model_get_info(model)->side, LARGE);
    float values[DIM];
    assert_int_equal(fetch_large(NULL, &row, 1, pixels, &err), WN_OK);
    assert_int_equal(wn_model_embed(model, NULL, pixels, 1, values, &err), WN_OK);
    for (int j = 0; j < 4; j++) out[j] = fabsf(values[j]); /* the sign of an axis means nothing */
    wn_model_close(&model);
    free(pixels);
    remove_model(model_path);
}

/* The finished axes are those of pictures as the model will see them: long ones cut, not squeezed. */
static void test_axes_are_found_on_cut_pictures(void **state)
{
    enum { COUNT = 24 };
    float aspects[COUNT], cut[4], told[4], squeezed[4];
    double off = 0.0, apart = 0.0;
    wn_model *model = NULL;
    wn_error err = {0};
    wn_train_images images = {
        .count = COUNT, .side = LARGE, .fetch = fetch_large, .teacher = teacher, .teacher_dim = WORDS};
    (void)state;
    for (int i = 0; i < COUNT; i++) aspects[i] = wide;
    read_axes(&images, squeezed);
    images.aspects = aspects;
    read_axes(&images, told);
    if (wn_model_open(WN_MODEL_DEFAULT, WN_PRECISION_FP32, &model, &err) != WN_OK) fail_msg("%s", err.message);
    images.aspects = NULL, images.context = model;
    read_axes(&images, cut);
    wn_model_close(&model);
    for (int j = 0; j < 4; j++) {
        off += fabs((double)told[j] - (double)cut[j]);
        apart += fabs((double)squeezed[j] - (double)cut[j]);
    }
    if (off > 1e-3 || apart < 0.02) fail_msg("off by %g, squeezed by %g", off, apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_the_student_learns_what_the_teacher_says),
        SERIAL_TEST(test_a_start_from_a_model_is_ahead),
        cmocka_unit_test(test_threads_do_not_change_the_student),
        SERIAL_TEST(test_axes_are_found_on_cut_pictures),
        SERIAL_TEST(test_bad_teachers_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
