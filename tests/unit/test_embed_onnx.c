/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models. The file is made here, so that its answer can be computed by hand: the mean of each channel, then a
 * linear layer to "scores" which an embedding leaves out. What needs ONNX Runtime is skipped, with a line that says so,
 * where there is none.
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

#include "base/file.h"
#include "base/half.h"
#include "base/rng.h"
#include "embed/model_file.h"
#include "embed/onnx_input.h"
#include "embed/ort.h"
#include "embed/wire.h"
#include "nn/network.h"
#include "winnow/memory.h"
#include "winnow/onnx.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE * 3, CLASSES = 5 };

static char path[128];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/winnow-onnx-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    return close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* ---- a file, field by field (onnx.proto3) ---- */

typedef struct shape {
    size_t rank;
    int64_t dims[4]; /* -1: any */
} shape;

static void add_value(wn_buffer *graph, uint32_t number, const char *name, int type, shape s)
{
    wn_buffer dims, tensor, whole, value;
    wn_buffer *all[] = {&dims, &tensor, &whole, &value};
    for (int i = 0; i < 4; i++) wn_buffer_init(all[i], WN_MEMORY_GENERAL, 0);
    for (size_t i = 0; i < s.rank; i++) {
        wn_buffer dim;
        wn_buffer_init(&dim, WN_MEMORY_GENERAL, 0);
        if (s.dims[i] > 0)
            wn_wire_add_varint(&dim, 1, (uint64_t)s.dims[i]);
        else
            wn_wire_add_text(&dim, 2, "any");
        wn_wire_add_message(&dims, 1, &dim);
        wn_buffer_clear(&dim);
    }
    wn_wire_add_varint(&tensor, 1, (uint64_t)type);
    wn_wire_add_message(&tensor, 2, &dims);
    wn_wire_add_message(&whole, 1, &tensor);
    wn_wire_add_text(&value, 1, name);
    wn_wire_add_message(&value, 2, &whole);
    wn_wire_add_message(graph, number, &value);
    for (int i = 0; i < 4; i++) wn_buffer_clear(all[i]);
}

static void add_node(wn_buffer *graph, const char *op, const char *domain, const char *const *inputs,
                     const char *output)
{
    wn_buffer node;
    wn_buffer_init(&node, WN_MEMORY_GENERAL, 0);
    for (; *inputs; inputs++) wn_wire_add_text(&node, 1, *inputs);
    wn_wire_add_text(&node, 2, output);
    wn_wire_add_text(&node, 4, op);
    if (*domain) wn_wire_add_text(&node, 7, domain);
    wn_wire_add_message(graph, 1, &node);
    wn_buffer_clear(&node);
}

/* float32 numbers; in a file beside the model when `file` is given. */
static void add_weight(wn_buffer *graph, const char *name, size_t rank, const int64_t *dims, const float *numbers,
                       const char *file)
{
    wn_buffer tensor, pair;
    size_t count = 1;
    wn_buffer_init(&tensor, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&pair, WN_MEMORY_GENERAL, 0);
    for (size_t i = 0; i < rank; i++) {
        wn_wire_add_varint(&tensor, 1, (uint64_t)dims[i]);
        count *= (size_t)dims[i];
    }
    wn_wire_add_varint(&tensor, 2, 1);
    wn_wire_add_text(&tensor, 8, name);
    if (file) {
        wn_wire_add_text(&pair, 1, "location");
        wn_wire_add_text(&pair, 2, file);
        wn_wire_add_message(&tensor, 13, &pair);
        wn_wire_add_varint(&tensor, 14, 1);
    } else {
        wn_wire_add_bytes(&tensor, 9, numbers, count * sizeof *numbers);
    }
    wn_wire_add_message(graph, 5, &tensor);
    wn_buffer_clear(&pair);
    wn_buffer_clear(&tensor);
}

typedef struct recipe {
    shape input;
    int type;
    const char *domain;   /* of the pooling operator */
    const char *external; /* file of the weights */
} recipe;

static const recipe plain = {{4, {-1, 3, SIDE, SIDE}}, WN_ORT_FLOAT, "", NULL};

static void write_model(const recipe *r)
{
    static const float weights[CLASSES * 3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int64_t dims[2] = {3, CLASSES};
    const char *const pooled[] = {"images", NULL}, *const flat[] = {"pooled", NULL},
                      *const linear[] = {"flat", "w", NULL};
    wn_buffer model, graph, opset;
    wn_error err = {0};
    wn_buffer_init(&model, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&graph, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&opset, WN_MEMORY_GENERAL, 0);
    add_node(&graph, "GlobalAveragePool", r->domain, pooled, "pooled");
    add_node(&graph, "Flatten", "", flat, "flat");
    add_node(&graph, "MatMul", "", linear, "scores");
    wn_wire_add_text(&graph, 2, "test");
    add_weight(&graph, "w", 2, dims, weights, r->external);
    add_value(&graph, 11, "images", r->type, r->input);
    add_value(&graph, 12, "scores", r->type, (shape){2, {-1, CLASSES}});
    wn_wire_add_varint(&model, 1, 8);
    wn_wire_add_text(&model, 2, "by hand");
    wn_wire_add_message(&model, 7, &graph);
    wn_wire_add_varint(&opset, 2, 13);
    wn_wire_add_message(&model, 8, &opset);
    assert_int_equal(model.status, WN_OK);
    assert_int_equal(wn_file_write(path, model.data, model.len, &err), WN_OK);
    wn_buffer_clear(&opset);
    wn_buffer_clear(&graph);
    wn_buffer_clear(&model);
}

static wn_status read_facts(const wn_onnx_settings *settings, wn_error *err)
{
    wn_onnx_facts *facts = NULL;
    wn_status status = wn_onnx_facts_read(path, settings, &facts, err);
    assert_int_equal(facts != NULL, status == WN_OK);
    wn_onnx_facts_free(&facts);
    return status;
}

/* ---- what a file says ---- */

static void test_the_layer_before_the_scores_is_found(void **state)
{
    wn_onnx_facts *facts = NULL;
    wn_error err = {0};
    (void)state;
    write_model(&plain);
    assert_int_equal(wn_onnx_facts_read(path, NULL, &facts, &err), WN_OK);
    assert_string_equal(facts->layer, "flat");
    assert_string_equal(facts->producer, "by hand");
    assert_string_equal(facts->preset, "imagenet");
    assert_int_equal(facts->opset, 13);
    assert_int_equal(facts->node_count, 3);
    assert_int_equal(facts->input_count, 1);
    assert_string_equal(facts->inputs[0].name, "images");
    assert_int_equal(facts->inputs[0].dims[0], -1);
    assert_int_equal(facts->side, SIDE);
    assert_false(facts->nhwc);
    wn_onnx_facts_free(&facts);
}

static void test_settings_are_checked(void **state)
{
    wn_error err = {0};
    (void)state;
    write_model(&plain);
    assert_int_equal(read_facts(&(wn_onnx_settings){.layer = "pooled"}, &err), WN_OK);
    assert_int_equal(read_facts(&(wn_onnx_settings){.layer = "nothing"}, &err), WN_NOTFOUND);
    assert_int_equal(read_facts(&(wn_onnx_settings){.preset = "clop"}, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "\"clip\""));
    assert_int_equal(read_facts(&(wn_onnx_settings){.mean = "0.5,0.5"}, &err), WN_INVALID);
    assert_int_equal(read_facts(&(wn_onnx_settings){.deviation = "1,0,1"}, &err), WN_INVALID);
    assert_int_equal(read_facts(&(wn_onnx_settings){.side = 64}, &err), WN_INVALID);
}

static void test_what_does_not_fit_is_named(void **state)
{
    recipe r = plain;
    wn_error err = {0};
    (void)state;
    r.input = (shape){2, {-1, 3}};
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_UNSUPPORTED);
    r.input = (shape){4, {-1, 3, SIDE, 2 * SIDE}};
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_UNSUPPORTED);
    r.input = (shape){4, {-1, 7, SIDE, SIDE}};
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_UNSUPPORTED);
    r = plain;
    r.domain = "my.company";
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_UNSUPPORTED);
    assert_non_null(strstr(err.message, "my.company"));
    r = plain;
    r.external = "no-such-weights.bin";
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_NOTFOUND);
    assert_non_null(strstr(err.message, "no-such-weights.bin"));
    assert_int_equal(wn_onnx_facts_read("/tmp/no-such-model.onnx", NULL, &(wn_onnx_facts *){NULL}, &err), WN_NOTFOUND);
}

/* Cut at every length and with every byte changed: an answer, and never a read outside. */
static void test_damaged_files_are_answered(void **state)
{
    wn_buffer bytes;
    wn_error err = {0};
    size_t refused = 0;
    (void)state;
    write_model(&plain);
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_file_read(path, 1 << 20, &bytes, &err), WN_OK);
    for (size_t len = 1; len < bytes.len; len++) {
        char *cut = malloc(len);
        assert_non_null(cut);
        memcpy(cut, bytes.data, len);
        assert_int_equal(wn_file_write(path, cut, len, &err), WN_OK);
        refused += read_facts(NULL, &err) != WN_OK;
        free(cut);
    }
    assert_true(refused > bytes.len * 9 / 10);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] = (char)~bytes.data[i];
        assert_int_equal(wn_file_write(path, bytes.data, bytes.len, &err), WN_OK);
        (void)read_facts(NULL, &err);
        bytes.data[i] = (char)~bytes.data[i];
    }
    wn_buffer_clear(&bytes);
}

/* ---- pixels ---- */

static void test_halves_are_those_of_ieee(void **state)
{
    static const struct {
        float value;
        uint16_t half;
    } pairs[] = {{0.0F, 0},
                 {1.0F, 0x3C00},
                 {-2.0F, 0xC000},
                 {65504.0F, 0x7BFF},
                 {65520.0F, 0x7C00},
                 {0x1p-24F, 1},
                 {0x1p-25F, 0},
                 {0x1.8p-25F, 1},
                 {0x1p-14F, 0x0400},
                 {1.0F + 0x1p-11F, 0x3C00},
                 {1.0F + 0x1.8p-10F, 0x3C02}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(wn_half_from_float(pairs[i].value), pairs[i].half);
    }
    for (uint32_t half = 0; half < 0x10000; half++) { /* every number goes there and back */
        const float value = wn_float_from_half((uint16_t)half);
        if (!isnan(value)) assert_int_equal(wn_half_from_float(value), half);
    }
    assert_true(isnan(wn_float_from_half(wn_half_from_float(NAN))));
}

static void test_pixels_go_where_the_layout_says(void **state)
{
    uint8_t pixels[PIXELS];
    float out[PIXELS], other[PIXELS];
    wn_onnx_input input;
    wn_error err = {0};
    const wn_onnx_value nchw = {"x", "float32", 4, {-1, 3, SIDE, SIDE}},
                        nhwc = {"x", "float32", 4, {-1, SIDE, SIDE, 3}};
    const wn_onnx_value grey = {"x", "uint8", 4, {1, 1, SIDE, SIDE}};
    (void)state;
    for (int i = 0; i < PIXELS; i++) pixels[i] = (uint8_t)(i * 7);
    assert_int_equal(wn_onnx_input_settle(&nchw, &(wn_onnx_settings){.preset = "tf"}, "m", &input, &err), WN_OK);
    wn_onnx_input_fill(&input, pixels, out);
    assert_true(fabsf(out[SIDE * SIDE + 5] - ((float)pixels[5 * 3 + 1] / 127.5F - 1.0F)) < 1e-6F);
    assert_int_equal(wn_onnx_input_settle(&nhwc, &(wn_onnx_settings){.preset = "tf", .order = 1}, "m", &input, &err),
                     WN_OK);
    assert_true(input.nhwc);
    wn_onnx_input_fill(&input, pixels, other);
    assert_true(fabsf(other[5 * 3] - ((float)pixels[5 * 3 + 2] / 127.5F - 1.0F)) < 1e-6F);
    assert_int_equal(wn_onnx_input_settle(&grey, &(wn_onnx_settings){0}, "m", &input, &err), WN_OK);
    uint8_t bytes[SIDE * SIDE];
    wn_onnx_input_fill(&input, pixels, bytes);
    assert_int_equal(bytes[3], (299 * pixels[9] + 587 * pixels[10] + 114 * pixels[11] + 500) / 1000);
    assert_int_equal(wn_onnx_input_settle(&nchw, &(wn_onnx_settings){0}, "a/my-clip.onnx", &input, &err), WN_OK);
    assert_string_equal(input.preset, "clip");
}

/* ---- running ---- */

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

static void test_a_model_gives_the_layer(void **state)
{
    enum { IMAGES = 19 };
    char version[32], where[512];
    static uint8_t images[IMAGES * PIXELS];
    float rows[IMAGES * 3], again[IMAGES * 3], expected[3];
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    if (!wn_onnx_runtime_find(version, where)) {
        print_message("skipped: ONNX Runtime was not found in %s\n", where);
        skip();
    }
    write_model(&plain);
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
    const wn_onnx_settings scores = {.preset = "unit", .layer = "scores"};
    assert_int_equal(wn_model_open_onnx(path, &scores, &model, &err), WN_OK);
    assert_int_equal(wn_model_get_info(model)->dim, CLASSES);
    wn_model_close(&model);
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
static void compare_export(const wn_architecture *architecture, bool runtime)
{
    enum { IMAGES = 2, SIDE_MOST = 64 };
    const uint32_t step = wn_architecture_side_step(architecture), side = step < 16 ? 16 : step;
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
    if (runtime) {
        for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)(i * i % 253);
        assert_int_equal(wn_model_embed(model, NULL, images, IMAGES, rows, &err), WN_OK);
        if (wn_model_open_onnx(path, &settings, &exported, &err)) fail_msg("%s: %s", architecture->name, err.message);
        assert_int_equal(wn_model_embed(exported, NULL, images, IMAGES, again, &err), WN_OK);
        for (size_t i = 0; i < IMAGES * DIM; i++) {
            if (!(fabsf(rows[i] - again[i]) < 1e-4F))
                fail_msg("%s: number %zu is %g, of the file %g", architecture->name, i, (double)rows[i],
                         (double)again[i]);
        }
        assert_int_equal(wn_model_export_onnx(exported, path, &err), WN_UNSUPPORTED);
    }
    wn_model_close(&exported);
    wn_model_close(&model);
}

static void test_every_network_can_be_exported(void **state)
{
    char version[32], where[512];
    const bool runtime = wn_onnx_runtime_find(version, where);
    (void)state;
    if (!runtime) print_message("the exported files are not run: ONNX Runtime was not found in %s\n", where);
    for (size_t i = 0; wn_architecture_at(i); i++) compare_export(wn_architecture_at(i), runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_layer_before_the_scores_is_found, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_settings_are_checked, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_named, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_damaged_files_are_answered, make_path, remove_path),
        cmocka_unit_test(test_halves_are_those_of_ieee),
        cmocka_unit_test(test_pixels_go_where_the_layout_says),
        cmocka_unit_test_setup_teardown(test_a_model_gives_the_layer, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_every_network_can_be_exported, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
