/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights as safetensors: what is written is read as the same model, and no header is believed.
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
#include "embed/model_safetensors.h"
#include "embed/safetensors.h"
#include "winnow/memory.h"
#include "winnow/model.h"
#include "winnow/onnx.h"

/* A file of that header with `data` zero bytes; parsed. The message goes to `err`. */
static wn_status parse(const char *header, size_t data, wn_safetensors *out, wn_error *err)
{
    static unsigned char bytes[4096];
    const uint64_t len = strlen(header);
    assert_true(8 + len + data <= sizeof bytes);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &len, sizeof len);
    memcpy(bytes + 8, header, len);
    return wn_safetensors_parse(bytes, 8 + len + data, "f", out, err);
}

static void test_a_header_is_read(void **state)
{
    wn_safetensors file;
    wn_error err = {0};
    (void)state;
    const char *header =
        "{ \"b\" : {\"dtype\":\"F16\",\"shape\":[2, 3],\"data_offsets\":[4,16]},\n\"__metadata__\":{\"k\":"
        "\"v\\n\\u00e9\\ud83d\\ude00\"},\"a\":{\"shape\":[],\"data_offsets\":[0,4],\"dtype\":\"F32\"}, "
        "\"none\":{\"dtype\":\"U8\",\"shape\":[0,7],\"data_offsets\":[0,0]}}  ";
    if (parse(header, 16, &file, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(file.tensor_count, 3);
    const wn_safetensor *b = wn_safetensors_find(&file, "b");
    assert_non_null(b);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[1], 3);
    assert_int_equal(b->count, 6);
    assert_int_equal(b->begin, 4);
    assert_null(wn_safetensors_find(&file, "c"));
    assert_string_equal(wn_safetensors_text(&file, "k"), "v\n\xC3\xA9\xF0\x9F\x98\x80");
    wn_safetensors_clear(&file);
    assert_int_equal(parse("{}", 0, &file, &err), WN_OK);
    assert_null(wn_safetensors_find(&file, "a"));
    wn_safetensors_clear(&file);
}

static void test_types_become_floats(void **state)
{
    static const char *const names[] = {"F32", "F16", "BF16", "F64"};
    static const unsigned char numbers[4][16] = {{0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0},
                                                 {0, 0x3E, 0, 0xC0},
                                                 {0xC0, 0x3F, 0, 0xC0},
                                                 {0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0}};
    wn_error err = {0};
    (void)state;
    for (int i = 0; i < 4; i++) {
        unsigned char bytes[256];
        float out[2];
        wn_safetensors file;
        const int each = i == 0 ? 4 : i == 3 ? 8 : 2;
        const int len =
            snprintf((char *)bytes + 8, sizeof bytes - 8,
                     "{\"x\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%d]}}", names[i], 2 * each);
        const uint64_t header = (uint64_t)len;
        memcpy(bytes, &header, sizeof header);
        memcpy(bytes + 8 + len, numbers[i], 2 * (size_t)each);
        assert_int_equal(wn_safetensors_parse(bytes, 8 + (size_t)len + 2 * (size_t)each, "f", &file, &err), WN_OK);
        assert_true(wn_safetensor_floats(&file, wn_safetensors_find(&file, "x"), out));
        assert_true(out[0] == 1.5F && out[1] == -2.0F);
        wn_safetensors_clear(&file);
    }
}

#define TENSOR(name, shape, from, to)                                                                                  \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":[" from "," to "]}"

static void test_hostile_headers_are_refused(void **state)
{
    static const struct {
        const char *header;
        size_t data;
        const char *words;
    } cases[] = {
        {"{" TENSOR("a", "2", "0", "8") "," TENSOR("b", "2", "4", "12") "}", 12, "overlap"},
        {"{" TENSOR("a", "2", "0", "8") "," TENSOR("b", "2", "0", "8") "}", 8, "overlap"},
        {"{" TENSOR("a", "2", "0", "8") "," TENSOR("b", "1", "12", "16") "}", 16, "hole"},
        {"{" TENSOR("a", "2", "4", "12") "}", 12, "hole"},
        {"{" TENSOR("a", "2", "0", "8") "}", 12, "behind the last tensor"},
        {"{" TENSOR("a", "2", "0", "8") "}", 4, "cut short"},
        {"{" TENSOR("a", "3", "0", "8") "}", 8, "shape that does not fit"},
        {"{" TENSOR("a", "2", "8", "0") "}", 8, "shape that does not fit"},
        {"{" TENSOR("a", "4294967296,4294967296,4294967296", "0", "0") "}", 0, "shape that does not fit"},
        {"{" TENSOR("a", "18446744073709551617", "0", "4") "}", 4, "whole numbers"},
        {"{" TENSOR("a", "1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, "at most 8"},
        {"{" TENSOR("a", "-1", "0", "4") "}", 4, "whole numbers"},
        {"{" TENSOR("a", "1.5", "0", "4") "}", 4, "whole numbers"},
        {"{" TENSOR("a", "0", "0", "0") "," TENSOR("a", "0", "0", "0") "}", 0, "twice"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "stands twice"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 4, "dtype, shape and data_offsets"},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "F31"},
        {"{\"a\":7}", 0, "is an object"},
        {"{\"__metadata__\":{\"a\":7}}", 0, "are texts"},
        {"{\"a\\u0000\":{}}", 0, "a name is wanted"},
        {"{\"a\\ud800x\":{}}", 0, "a name is wanted"},
        {"{\"a", 0, "a name is wanted"},
        {"{} {}", 0, "behind the header"},
        {"[]", 0, "'{' is wanted"},
        {"{", 9, "a name is wanted"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_safetensors file;
        wn_error err = {0};
        assert_int_not_equal(parse(cases[i].header, cases[i].data, &file, &err), WN_OK);
        if (!strstr(err.message, cases[i].words))
            fail_msg("%s: '%s' does not say '%s'", cases[i].header, err.message, cases[i].words);
    }
}

static void test_lengths_are_not_believed(void **state)
{
    wn_safetensors file;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_safetensors_parse("", 0, "f", &file, &err), WN_CORRUPT);
    assert_int_equal(wn_safetensors_parse("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, "f", &file, &err), WN_CORRUPT);
    assert_int_equal(wn_safetensors_parse("\3\0\0\0\0\0\0\0{}", 10, "f", &file, &err), WN_CORRUPT);
    assert_non_null(strstr(err.message, "cut short"));
}

/* ---- models ---- */

static char path[64];

static void change(wn_buffer *bytes, const char *from, const char *to)
{
    assert_int_equal(strlen(from), strlen(to));
    for (size_t i = 0; i + strlen(from) <= bytes->len; i++) {
        if (memcmp(bytes->data + i, from, strlen(from)) != 0) continue;
        memcpy(bytes->data + i, to, strlen(to));
        return;
    }
    fail_msg("'%s' is not in the file", from);
}

static void test_a_model_comes_back(void **state)
{
    wn_model *model = NULL, *again = NULL;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_model_open(WN_MODEL_DEFAULT, WN_PRECISION_FP32, &model, &err), WN_OK);
    if (wn_model_export_safetensors(model, path, &err) != WN_OK) fail_msg("%s", err.message);
    if (wn_model_open(path, WN_PRECISION_FP32, &again, &err) != WN_OK) fail_msg("%s", err.message);
    const wn_model_info *a = wn_model_get_info(model), *b = wn_model_get_info(again);
    assert_string_equal(a->architecture, b->architecture);
    assert_string_equal(a->method, b->method);
    assert_string_equal(a->options, b->options);
    assert_int_equal(a->side, b->side);
    assert_int_equal(a->dim, b->dim);
    assert_int_equal(a->images, b->images);
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->parameters, b->parameters);
    assert_int_equal(a->prefix_count, b->prefix_count);
    assert_memory_equal(a->prefixes, b->prefixes, sizeof a->prefixes);
    assert_true(a->cut == b->cut);
    assert_true(a->hash == b->hash); /* so that rows that stand in a workspace are known as those of this model */
    uint8_t *image = malloc((size_t)a->side * a->side * 3);
    float *rows = malloc(2 * a->dim * sizeof *rows);
    assert_true(image && rows);
    for (size_t i = 0; i < (size_t)a->side * a->side * 3; i++) image[i] = (uint8_t)(i * i % 251);
    assert_int_equal(wn_model_embed(model, NULL, image, 1, rows, &err), WN_OK);
    assert_int_equal(wn_model_embed(again, NULL, image, 1, rows + a->dim, &err), WN_OK);
    assert_memory_equal(rows, rows + a->dim, a->dim * sizeof *rows);
    free(rows);
    free(image);
    wn_model_close(&again);
    wn_model_close(&model);
}

static void test_what_a_model_lacks_is_named(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"\"winnow_model\"", "\"winnow_mogel\"", "is no model of winnow"},
        {"\"winnow_model\":\"1\"", "\"winnow_model\":\"2\"", "model format 2"},
        {"\"architecture\"", "\"architectura\"", "no network \"\""},
        {"\"side\":\"", "\"sidE\":\"", "\"side\""},
        {"\"conv0.weight\"", "\"conv0.weighT\"", "\"conv0.weight\" is missing"},
        {"\"embedding0.bias\"", "\"embedding0.biaS\"", "\"embedding0.bias\" is missing"},
        {"\"prefixes\":\"32", "\"prefixes\":\"3x", "\"prefixes\""},
        {"\"prefixes\":\"32", "\"prefixes\":\"99", "sizes disagree"},
    };
    wn_buffer bytes;
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_model_open(WN_MODEL_DEFAULT, WN_PRECISION_FP32, &model, &err), WN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_model *changed = NULL;
        assert_int_equal(wn_model_export_safetensors(model, path, &err), WN_OK);
        assert_int_equal(wn_file_read(path, 1 << 28, &bytes, &err), WN_OK);
        change(&bytes, cases[i].from, cases[i].to);
        assert_int_equal(wn_file_write(path, bytes.data, bytes.len, &err), WN_OK);
        assert_int_not_equal(wn_model_open(path, WN_PRECISION_FP32, &changed, &err), WN_OK);
        assert_null(changed);
        if (!strstr(err.message, cases[i].words) || !strstr(err.message, path))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].words);
    }
    wn_buffer_clear(&bytes);
    wn_model_close(&model);
}

static int make_path(void **state)
{
    (void)state;
    return snprintf(path, sizeof path, "/tmp/winnow-model-%ld.safetensors", (long)getpid()) < 0;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_is_read),
        cmocka_unit_test(test_types_become_floats),
        cmocka_unit_test(test_hostile_headers_are_refused),
        cmocka_unit_test(test_lengths_are_not_believed),
        cmocka_unit_test_setup_teardown(test_a_model_comes_back, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_what_a_model_lacks_is_named, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
