/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models: what a file says, what it lacks, and pixels as its input wants them. Nothing is run here.
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

#include "base/file.h"
#include "base/half.h"
#include "embed/onnx_input.h"
#include "onnx_by_hand.h"
#include "winnow/memory.h"
#include "winnow/onnx.h"

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

/* What stands behind the class scores is passed over where it makes no more of them than they are. */
static void test_scores_are_followed_back(void **state)
{
    static const struct {
        const char *tail, *layer;
    } tails[] = {
        {"Softmax", "flat"},        {"Add t", "flat"},          {"Div t", "flat"},
        {"Mul t, Softmax", "flat"}, {"Sub t, Div t", "flat"},   {"ArgMax", "flat"},
        {"TopK t", "flat"},         {"ArgMax, Cast", "flat"},   {"Div t, Softmax, ArgMax, Cast, Mul t", "flat"},
        {"Mul s0", "scores"},       {"Div s0", "scores"},       {"Softmax, Sub s0", "scores"},
        {"Relu", "scores"},         {"Relu, ArgMax", "scores"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        recipe r = plain;
        wn_onnx_facts *facts = NULL;
        wn_error err = {0};
        r.tail = tails[i].tail;
        write_model(&r);
        if (wn_onnx_facts_read(path, NULL, &facts, &err)) fail_msg("%s: %s", r.tail, err.message);
        if (strcmp(facts->layer, tails[i].layer) != 0) fail_msg("MatMul, %s: took \"%s\"", r.tail, facts->layer);
        wn_onnx_facts_free(&facts);
    }
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
    r.external = strrchr(path, '/') + 1; /* a file that is there, the model itself, and long enough */
    write_model(&r);
    assert_int_equal(read_facts(NULL, &err), WN_OK);
    char weights[sizeof path + 8];
    (void)snprintf(weights, sizeof weights, "%s.short", path);
    r.external = strrchr(weights, '/') + 1;
    write_model(&r);
    assert_int_equal(wn_file_write(weights, "not all", 7, &err), WN_OK);
    assert_int_equal(read_facts(NULL, &err), WN_CORRUPT);
    assert_non_null(strstr(err.message, "has 7 bytes where 60 are needed"));
    assert_int_equal(remove(weights), 0);
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
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_layer_before_the_scores_is_found, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_scores_are_followed_back, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_settings_are_checked, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_named, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_damaged_files_are_answered, make_path, remove_path),
        cmocka_unit_test(test_halves_are_those_of_ieee),
        cmocka_unit_test(test_pixels_go_where_the_layout_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
