/* SPDX-License-Identifier: Apache-2.0
 *
 * Every training method learns. The made-up images are views of a few drawings, cropped and recoloured, so that what a
 * method learns from views alone is which drawings there are. It is measured by how much more alike embeddings of one
 * drawing are than those of two, against the same network, finished in the same way, without its steps.
 *
 * The methods are on trial, not the networks: they train a narrow one, which the linker (--wrap) puts in the place of
 * the default network; that learns too, by the default method.
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

#include "base/rng.h"
#include "nn/architecture.h"
#include "pretrain/method.h"
#include "pretrain/views.h"
#include "winnow/model.h"
#include "winnow/train.h"

enum {
    DRAWING = 32,
    SIDE = 16,
    IMAGE_BYTES = SIDE * SIDE * 3,
    KINDS = 8,
    IMAGES = 256,
    DIM = 32,
    BATCH = 24,
    VIEWS = 4
};

static const double GAIN = 0.05; /* of at most 1; the start of these networks is at 0.09 to 0.15 */

static char folder[64], model_path[128];
static float teacher[IMAGES * KINDS];

/* A network of a tenth of the work of the default one. */
static const wn_layer layers[] = {
    {.channels = 16, .kernel = 3},
    {.channels = 32, .kernel = 3, .pool = true},
    {.channels = 64, .kernel = 3, .pool = true},
    {.channels = 64, .kernel = 3, .skip = 1},
};

static const wn_architecture narrow = {
    .name = "tiny", .summary = "narrow", .layers = layers, .layer_count = sizeof layers / sizeof *layers};

static bool wide; /* the network of this name that users have */

const wn_architecture *__real_wn_architecture_find(const char *name);
const wn_architecture *__wrap_wn_architecture_find(const char *name);

const wn_architecture *__wrap_wn_architecture_find(const char *name)
{
    return wide || strcmp(name, narrow.name) != 0 ? __real_wn_architecture_find(name) : &narrow;
}

static int kind_of(int64_t row)
{
    return (int)(row % KINDS);
}

/* Cells in random colours. */
static void draw(int kind, uint8_t *out)
{
    enum { CELLS = 4 };
    uint8_t colours[CELLS * CELLS][3];
    wn_rng rng;
    wn_rng_init(&rng, 5, (uint64_t)kind);
    for (int i = 0; i < CELLS * CELLS; i++)
        for (int c = 0; c < 3; c++) colours[i][c] = (uint8_t)wn_rng_below(&rng, 256);
    for (int p = 0; p < DRAWING * DRAWING; p++) {
        const int x = p % DRAWING * CELLS / DRAWING, y = p / DRAWING * CELLS / DRAWING;
        memcpy(out + (size_t)p * 3, colours[y * CELLS + x], 3);
    }
}

static void paint(int64_t row, uint8_t *out)
{
    static float scratch[1 << 16];
    static uint8_t drawing[DRAWING * DRAWING * 3];
    wn_view_style style;
    wn_rng rng;
    wn_view_style_init(&style, DRAWING, SIDE, 0.3F, 0.5F);
    assert_true(wn_view_scratch(&style) <= sizeof scratch / sizeof scratch[0]);
    wn_rng_init(&rng, 77, (uint64_t)row);
    draw(kind_of(row), drawing);
    wn_view_make(&style, &rng, drawing, scratch, out);
}

static wn_status fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < n; i++) paint(rows[i], out + i * IMAGE_BYTES);
    return WN_OK;
}

static int make_folder(void **state)
{
    wn_rng rng;
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-learning-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(model_path, sizeof model_path, "%s/m.wnm", folder);
    wn_rng_init(&rng, 4, 4);
    for (int i = 0; i < IMAGES * KINDS; i++)
        teacher[i] = (i % KINDS == kind_of(i / KINDS) ? 1.0F : 0.0F) + 0.1F * wn_rng_normal(&rng);
    return 0;
}

static int remove_folder(void **state)
{
    char log[160];
    (void)state;
    (void)snprintf(log, sizeof log, "%s.csv", model_path);
    (void)unlink(model_path);
    (void)unlink(log);
    return rmdir(folder);
}

/* How much more alike images of one kind are than images of two, by the mean cosine of their embeddings: 0 for rows
 * that know nothing of kinds. */
static double tell_kinds(void)
{
    static uint8_t pixels[IMAGES * IMAGE_BYTES];
    static float rows[IMAGES * DIM];
    double sums[2] = {0.0, 0.0};
    int pairs[2] = {0, 0};
    wn_model *model = NULL;
    wn_error err = {0};
    for (int i = 0; i < IMAGES; i++) paint(i, pixels + (size_t)i * IMAGE_BYTES);
    if (wn_model_open(model_path, WN_PRECISION_FP32, &model, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(wn_model_embed(model, NULL, pixels, IMAGES, rows, &err), WN_OK);
    wn_model_close(&model);
    for (int i = 0; i < IMAGES; i++) {
        for (int j = 0; j < i; j++) {
            const int same = kind_of(i) == kind_of(j);
            float cosine = 0.0F;
            for (int d = 0; d < DIM; d++) cosine += rows[i * DIM + d] * rows[j * DIM + d];
            sums[same] += (double)cosine;
            pairs[same]++;
        }
    }
    return sums[1] / pairs[1] - sums[0] / pairs[0];
}

/* What 256 images and some seconds want of a method; those without negatives are slow to start. */
typedef struct course {
    const char *method, *options;
    int64_t steps;
    double rate;
} course;

static double train(const course *c, int64_t steps, double rate)
{
    wn_train_images images = {.count = IMAGES, .side = SIDE, .fetch = fetch, .teacher = teacher, .teacher_dim = KINDS};
    wn_train_files files = {.model = model_path};
    wn_train_params params;
    wn_error err = {0};
    assert_int_equal(wn_train_params_init(&params, &err), WN_OK);
    params.method = c->method;
    params.method_options = c->options;
    params.network = "tiny";
    params.dim = DIM;
    params.batch = BATCH;
    params.views = VIEWS;
    params.small_views = 0;
    params.steps = steps;
    params.rate = rate;
    params.seed = 1;
    params.crop_low = 0.4;
    params.precision = WN_PRECISION_FP32;
    if (wn_train_run(&images, &params, &files, NULL, NULL, NULL, &err) != WN_OK)
        fail_msg("%s: %s", c->method, err.message);
    return tell_kinds();
}

/* The same network without its steps: their rate is nothing. */
static double train_not(const course *c)
{
    return train(c, 1, 1e-10);
}

static const course courses[] = {
    {"dcl", NULL, 25, 0.05},
    {"dclw", NULL, 25, 0.05},
    {"simclr", NULL, 25, 0.05},
    {"nnclr", "queue=64,temperature=0.2", 80, 0.05},
    {"moco", "momentum=0.9,queue=256", 30, 0.05},
    {"mocov3", "momentum=0.9", 60, 0.05},
    {"byol", "momentum=0.9", 200, 0.2},
    {"simsiam", NULL, 200, 0.2},
    {"fastsiam", NULL, 200, 0.2},
    {"swav", NULL, 60, 0.05},
    {"barlow", NULL, 60, 0.05},
    {"vicreg", NULL, 60, 0.05},
    {"distill", NULL, 25, 0.05},
    {"dino", "momentum=0.9", 120, 0.1},
    {"emp", NULL, 80, 0.05},
    {"lejepa", NULL, 80, 0.05},
};

enum { COURSES = sizeof courses / sizeof courses[0] };

static void test_beats_its_start(void **state)
{
    const course *c = *state;
    const double start = train_not(c), end = train(c, c->steps, c->rate);
    if (end < start + GAIN) fail_msg("%s: %.3f from %.3f, after %d steps", c->method, end, start, (int)c->steps);
}

static void test_default_network_beats_its_start(void **state)
{
    wide = true;
    test_beats_its_start(state);
    wide = false;
}

static void test_every_method_has_a_course(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        size_t k = 0;
        while (k < COURSES && strcmp(courses[k].method, wn_method_at(i)->name) != 0) k++;
        if (k == COURSES) fail_msg("%s: how it learns is not tested", wn_method_at(i)->name);
    }
}

int main(void)
{
    static course given[COURSES]; /* the state of a test is not const */
    struct CMUnitTest tests[COURSES + 2] = {
        cmocka_unit_test(test_every_method_has_a_course),
        cmocka_unit_test_prestate(test_default_network_beats_its_start, &given[0]),
    };
    memcpy(given, courses, sizeof given);
    for (size_t i = 0; i < COURSES; i++)
        tests[i + 2] = (struct CMUnitTest){given[i].method, test_beats_its_start, NULL, NULL, &given[i]};
    return cmocka_run_group_tests_name("learning", tests, make_folder, remove_folder);
}
