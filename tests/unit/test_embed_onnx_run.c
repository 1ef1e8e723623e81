/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models on ONNX Runtime: the numbers of a small file against those computed by hand, and every network of winnow
 * written as ONNX against itself. Where no runtime is found the program says so and ends as skipped.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "embed/model_file.h"
#include "embed/reduction.h"
#include "nn/network.h"
#include "onnx_by_hand.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/onnx.h"

enum { SKIPPED = 77 }; /* SKIP_RETURN_CODE of ctest */

/* ---- one file ---- */

static void fill_images(uint8_t *images, size_t n)
{
    for (size_t i = 0; i < n * PIXELS; i++) images[i] = (uint8_t)(i * i % 251 + i / PIXELS * 3);
}

/* Mean of each channel in 0 .. 1, at length 1. */
static void expect_row(const uint8_t *image, float out[3])
{
    double sums[3] = {0}, squares = 0.0;
    for (int i = 0; i < PIXELS; i++) sums[i % 3] += image[i] / 255.0 / (SIDE * SIDE);
    for (int c = 0; c < 3; c++) squares += sums[c] * sums[c];
    for (int c = 0; c < 3; c++) out[c] = (float)(sums[c] / sqrt(squares));
}

/* The rows of a model that takes that many images in a run, by one thread and by three. */
static void check_rows(const recipe *r)
{
    enum { IMAGES = 19 };
    static uint8_t images[IMAGES * PIXELS];
    float rows[IMAGES * 3], again[IMAGES * 3], expected[3];
    wn_model *model = NULL;
    wn_error err = {0};
    write_model(r);
    const wn_onnx_settings settings = {.preset = "unit"};
    if (wn_model_open_onnx(path, &settings, &model, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(wn_model_get_info(model)->dim, 3);
    assert_int_equal(wn_model_get_info(model)->side, SIDE);
    assert_true(wn_model_get_memory(model, 2) > 0);
    fill_images(images, IMAGES);
    assert_int_equal(wn_model_embed(model, NULL, images, IMAGES, rows, &err), WN_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        expect_row(images + i * PIXELS, expected);
        for (int c = 0; c < 3; c++) assert_true(fabsf(rows[i * 3 + (size_t)c] - expected[c]) < 1e-5F);
    }
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(3, 0, &pool, &err), WN_OK);
    assert_int_equal(wn_model_embed(model, pool, images, IMAGES, again, &err), WN_OK);
    assert_memory_equal(rows, again, sizeof rows);
    wn_pool_free(&pool);
    wn_model_close(&model);
}

static void test_a_model_gives_the_layer(void **state)
{
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    check_rows(&plain);
    const wn_onnx_settings scores = {.preset = "unit", .layer = "scores"};
    assert_int_equal(wn_model_open_onnx(path, &scores, &model, &err), WN_OK);
    assert_int_equal(wn_model_get_info(model)->dim, CLASSES);
    wn_model_close(&model);
}

/* Nineteen images in runs of one, of eight (the last is filled up), and of more than there are. */
static void test_a_fixed_batch_is_filled_up(void **state)
{
    const int64_t batches[] = {1, 8, 64};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        recipe fixed = plain;
        fixed.input.dims[0] = batches[i];
        check_rows(&fixed);
    }
}

/* Rows in a workspace are known by the hash of their model: settings that change them must change it. */
static void test_settings_are_part_of_the_identity(void **state)
{
    const wn_onnx_settings all[] = {{.preset = "unit"},
                                    {.preset = "tf"},
                                    {.preset = "unit", .cut = 1.5},
                                    {.preset = "unit", .mean = "0.5,0.5,0.5"},
                                    {.preset = "unit", .deviation = "0.5,0.5,0.5"},
                                    {.preset = "unit", .order = 1},
                                    {.preset = "unit", .pool = 2}};
    enum { COUNT = sizeof all / sizeof *all };
    uint64_t hashes[COUNT];
    wn_error err = {0};
    (void)state;
    write_model(&plain);
    for (size_t i = 0; i < COUNT; i++) {
        wn_model *model = NULL;
        if (wn_model_open_onnx(path, &all[i], &model, &err) != WN_OK) fail_msg("%s", err.message);
        hashes[i] = wn_model_get_info(model)->hash;
        assert_true(wn_model_get_info(model)->cut == (i == 2 ? 1.5F : 1.0F));
        for (size_t j = 0; j < i; j++) assert_true(hashes[i] != hashes[j]);
        wn_model_close(&model);
    }
}

/* ---- the other way ---- */

enum { DIM = 24 };

/* A model of that network with random numbers everywhere. */
static wn_model *make_model(const wn_architecture *architecture, uint32_t side)
{
    const uint32_t features = wn_architecture_features(architecture);
    const uint32_t weight[2] = {DIM, features}, bias[1] = {DIM};
    wn_network *network = NULL;
    wn_tensors head = {0};
    wn_model *model = NULL;
    wn_buffer bytes;
    wn_error err = {0};
    wn_rng rng;
    wn_rng_init(&rng, 4, 2);
    assert_int_equal(wn_network_new(architecture, 9, &network, &err), WN_OK);
    wn_tensors *tensors = wn_network_tensors(network);
    for (size_t r = 0; r < tensors->row_count; r++) {
        const wn_tensor *row = &tensors->rows[r];
        if (row->role == WN_TENSOR_WEIGHT || strncmp(row->name, "input", 5) == 0) continue;
        for (size_t i = 0; i < row->count; i++) {
            const float value = strstr(row->name, "variance") || strstr(row->name, "scale")
                                    ? wn_rng_range(&rng, 0.5F, 1.5F)
                                    : wn_rng_range(&rng, -0.3F, 0.3F);
            tensors->values[row->offset + i] = value;
        }
    }
    assert_int_equal(wn_tensors_add(&head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, weight, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_add(&head, "embedding0.bias", WN_TENSOR_SHIFT, 1, bias, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_allocate(&head, &err), WN_OK);
    for (size_t i = 0; i < head.total; i++) head.values[i] = wn_rng_normal(&rng);
    const wn_tensors *const sets[] = {tensors, &head};
    const wn_model_description description = {.architecture = architecture->name,
                                              .method = "dcl",
                                              .options = "rate=0.1",
                                              .side = side,
                                              .dim = DIM,
                                              .features = features,
                                              .prefix_count = 1,
                                              .prefixes = {DIM},
                                              .parameters = tensors->trained + head.trained};
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_model_file_build(&description, sets, 2, &bytes, &err), WN_OK);
    if (wn_model_open_memory(bytes.data, bytes.len, "m", WN_PRECISION_FP32, &model, &err)) fail_msg("%s", err.message);
    wn_buffer_clear(&bytes);
    wn_tensors_clear(&head);
    wn_network_free(&network);
    return model;
}

/* The same vectors from the file that was written. */
static void compare_export(const wn_architecture *architecture, uint32_t side)
{
    enum { IMAGES = 2, SIDE_MOST = 64 };
    const wn_onnx_settings settings = {.preset = "unit"};
    static uint8_t images[IMAGES * SIDE_MOST * SIDE_MOST * 3];
    float rows[IMAGES * DIM], again[IMAGES * DIM];
    wn_onnx_facts *facts = NULL;
    wn_model *exported = NULL;
    wn_error err = {0};
    assert_true(side <= SIDE_MOST);
    wn_model *model = make_model(architecture, side);
    if (wn_model_export_onnx(model, path, &err) != WN_OK) fail_msg("%s", err.message);
    if (wn_onnx_facts_read(path, &settings, &facts, &err) != WN_OK) fail_msg("%s: %s", architecture->name, err.message);
    assert_string_equal(facts->layer, "embedding");
    assert_int_equal(facts->side, side);
    wn_onnx_facts_free(&facts);
    for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)(i * i % 253);
    assert_int_equal(wn_model_embed(model, NULL, images, IMAGES, rows, &err), WN_OK);
    if (wn_model_open_onnx(path, &settings, &exported, &err)) fail_msg("%s: %s", architecture->name, err.message);
    assert_int_equal(wn_model_embed(exported, NULL, images, IMAGES, again, &err), WN_OK);
    for (size_t i = 0; i < IMAGES * DIM; i++) {
        if (!(fabsf(rows[i] - again[i]) < 1e-4F))
            fail_msg("%s: number %zu is %g, of the file %g", architecture->name, i, (double)rows[i], (double)again[i]);
    }
    assert_int_equal(wn_model_export_onnx(exported, path, &err), WN_UNSUPPORTED);
    wn_model_close(&exported);
    wn_model_close(&model);
}

static void test_every_network_can_be_exported(void **state)
{
    (void)state;
    size_t odd = 0;
    for (size_t i = 0; wn_architecture_at(i); i++) {
        const wn_architecture *architecture = wn_architecture_at(i);
        const uint32_t step = wn_architecture_side_step(architecture), half = step / 2;
        compare_export(architecture, step < 16 ? 16 : step);
        if (!wn_architecture_takes_side(architecture, step + half)) continue;
        compare_export(architecture, step + half); /* the last halving is of an odd side */
        odd++;
    }
    assert_true(odd >= 2);
}

/* A reduction to REDUCED numbers, fitted to the embeddings of some of the images. */
enum { REDUCED = 8, REDUCED_SIDE = 16, REDUCED_IMAGES = 40, IMAGE = REDUCED_SIDE * REDUCED_SIDE * 3 };

static wn_model *reduce_model(wn_model *base, const uint8_t *images, size_t fitted, bool whiten)
{
    static float rows[REDUCED_IMAGES * DIM];
    const size_t dim = wn_model_get_info(base)->dim;
    wn_reduction reduction = {.base_hash = wn_model_get_info(base)->hash};
    wn_model *model = NULL;
    wn_error err = {0};
    assert_int_equal(wn_model_embed(base, NULL, images, fitted, rows, &err), WN_OK);
    const wn_pca_request request = {
        .matrix = {rows, fitted, dim, dim}, .dim = dim < REDUCED ? dim : REDUCED, .whiten = whiten};
    assert_int_equal(wn_pca_fit(&request, &reduction.pca, &err), WN_OK);
    reduction.base = wn_calloc(WN_MEMORY_TEXT, 8, 1);
    assert_non_null(reduction.base);
    memcpy(reduction.base, "m.wnm", 6);
    if (wn_model_reduce(&base, &reduction, "m.wnr", &model, &err)) fail_msg("%s", err.message);
    return model;
}

/* Plain, whitened, and whitened with axes along which the fitted rows do not vary. */
static void test_a_reduction_can_be_exported(void **state)
{
    static const struct {
        size_t fitted;
        bool whiten;
    } kinds[] = {{REDUCED_IMAGES, false}, {REDUCED_IMAGES, true}, {5, true}};
    static uint8_t images[REDUCED_IMAGES * IMAGE];
    float rows[REDUCED_IMAGES * REDUCED], again[REDUCED_IMAGES * REDUCED];
    const wn_onnx_settings settings = {.preset = "unit"};
    wn_error err = {0};
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 7, 1);
    for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)(i * (i / IMAGE + 3) % 253 + wn_rng_below(&rng, 3));
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        wn_model *exported = NULL;
        wn_model *model =
            reduce_model(make_model(wn_architecture_at(0), REDUCED_SIDE), images, kinds[k].fitted, kinds[k].whiten);
        if (wn_model_export_onnx(model, path, &err)) fail_msg("%s", err.message);
        assert_int_equal(wn_model_export_safetensors(model, path, &err), WN_UNSUPPORTED);
        assert_non_null(strstr(err.message, "--out FILE.onnx"));
        if (wn_model_open_onnx(path, &settings, &exported, &err)) fail_msg("%s", err.message);
        assert_int_equal(wn_model_get_info(exported)->dim, REDUCED);
        assert_int_equal(wn_model_embed(model, NULL, images, REDUCED_IMAGES, rows, &err), WN_OK);
        assert_int_equal(wn_model_embed(exported, NULL, images, REDUCED_IMAGES, again, &err), WN_OK);
        float far = 0.0F;
        for (size_t i = 0; i < REDUCED_IMAGES * REDUCED; i++) far = fmaxf(far, fabsf(rows[i] - again[i]));
        print_message("reduction of kind %zu: numbers differ by %.2g at most\n", k, (double)far);
        assert_true(far < 1e-3F);
        wn_model_close(&model);
        model = reduce_model(exported, images, REDUCED_IMAGES, false);
        assert_int_equal(wn_model_export_onnx(model, path, &err), WN_UNSUPPORTED);
        assert_non_null(strstr(err.message, "winnow embed --model FILE.wnr"));
        wn_model_close(&model);
    }
}

int main(void)
{
    char version[32], where[512];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_model_gives_the_layer, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_a_fixed_batch_is_filled_up, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_settings_are_part_of_the_identity, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_every_network_can_be_exported, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_a_reduction_can_be_exported, make_path, remove_path),
    };
    if (!wn_onnx_runtime_find(version, where)) {
        printf("skipped: ONNX Runtime was not found in %s\n", where);
        return SKIPPED;
    }
    const struct CMUnitTest threaded[] = {
        cmocka_unit_test_setup_teardown(test_a_model_gives_the_layer, make_path, remove_path)};
    if (THREADS_ONLY) return cmocka_run_group_tests(threaded, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
