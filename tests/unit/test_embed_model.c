/* SPDX-License-Identifier: Apache-2.0
 *
 * Model files: round trip, damage of every kind, and embeddings that do not depend on how the images are cut.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/rng.h"
#include "embed/model_file.h"
#include "nn/network.h"
#include "sanitizer.h"
#include "winnow/memory.h"

enum { SIDE = 16, IMAGE_BYTES = SIDE * SIDE * 3, DIM = 48, VERSION_AT = 8, CHECKSUM_AT = 24, HEAD_BYTES = 128 };

/* A model with random numbers. */
static const char *model_options = "rate=0.1";

static void build(wn_buffer *out)
{
    const wn_architecture *architecture = wn_architecture_find("tiny");
    const uint32_t features = wn_architecture_features(architecture);
    const uint32_t weight[2] = {DIM, features}, bias[1] = {DIM};
    wn_network *network = NULL;
    wn_tensors head = {0};
    wn_error err = {0};
    wn_rng rng;
    wn_rng_init(&rng, 1, 1);
    assert_int_equal(wn_network_new(architecture, 9, &network, &err), WN_OK);
    assert_int_equal(wn_tensors_add(&head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, weight, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_add(&head, "embedding0.bias", WN_TENSOR_SHIFT, 1, bias, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_allocate(&head, &err), WN_OK);
    for (size_t i = 0; i < head.total; i++) head.values[i] = wn_rng_normal(&rng);
    const wn_tensors *const sets[] = {wn_network_tensors(network), &head};
    wn_model_description description = {.architecture = "tiny",
                                        .method = "dcl",
                                        .options = model_options,
                                        .side = SIDE,
                                        .dim = DIM,
                                        .features = features,
                                        .prefix_count = 2,
                                        .prefixes = {32, DIM},
                                        .parameters = sets[0]->trained + head.trained,
                                        .images = 5,
                                        .steps = 7};
    wn_buffer_init(out, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_model_file_build(&description, sets, 2, out, &err), WN_OK);
    wn_tensors_clear(&head);
    wn_network_free(&network);
}

static wn_status try_open(const void *bytes, size_t len, wn_error *err)
{
    wn_model *model = NULL;
    wn_status status = wn_model_open_memory(bytes, len, "m.wnm", WN_PRECISION_FP32, &model, err);
    assert_int_equal(model != NULL, status == WN_OK);
    wn_model_close(&model);
    return status;
}

static void test_a_model_says_what_it_is(void **state)
{
    wn_buffer bytes;
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    build(&bytes);
    if (wn_model_open_memory(bytes.data, bytes.len, "m.wnm", WN_PRECISION_FP32, &model, &err))
        fail_msg("%s", err.message);
    const wn_model_info *info = wn_model_get_info(model);
    assert_string_equal(info->architecture, "tiny");
    assert_string_equal(info->method, "dcl");
    assert_string_equal(info->options, "rate=0.1");
    assert_int_equal(info->side, SIDE);
    assert_int_equal(info->dim, DIM);
    assert_int_equal(info->prefix_count, 2);
    assert_int_equal(info->prefixes[1], DIM);
    assert_int_equal(info->images, 5);
    assert_int_equal(info->steps, 7);
    assert_int_equal(info->precision, WN_PRECISION_FP32);
    assert_true(info->hash != 0 && info->flop > 1e6 && info->parameters > 100000);
    assert_true(wn_model_get_memory(model, 1) > info->parameters * 4);
    wn_model_close(&model);
    wn_buffer_clear(&bytes);
}

/* cut=1.5: a picture of 3 x 2 is cut to its middle square, one of 3 x 1 to two thirds, one of 1 x 1 stays. */
static void test_the_longer_axis_is_cut(void **state)
{
    enum { PIXELS = SIDE * SIDE };
    static uint8_t images[4 * IMAGE_BYTES];
    static const float aspects[4] = {1.5F, 3.0F, 1.0F, 1.0F / 1.5F};
    wn_buffer bytes;
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    model_options = "rate=0.1 cut=1.5";
    build(&bytes);
    model_options = "rate=0.1";
    assert_int_equal(wn_model_open_memory(bytes.data, bytes.len, "m.wnm", WN_PRECISION_FP32, &model, &err), WN_OK);
    assert_true(wn_model_get_info(model)->cut == 1.5F);
    for (size_t i = 0; i < 4 * (size_t)PIXELS; i++) { /* red grows to the right, green downward */
        images[3 * i] = (uint8_t)(6 * (i % SIDE));
        images[3 * i + 1] = (uint8_t)(6 * (i % PIXELS / SIDE));
    }
    wn_model_fit(model, NULL, images, 4, aspects);
    const int last = 6 * (SIDE - 1), edge = last / 6; /* a sixth is gone at each end */
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *first = images + i * IMAGE_BYTES, *end = first + IMAGE_BYTES - 3;
        const int red = i < 2 ? edge : 0, green = i == 3 ? edge : 0;
        assert_in_range(first[0], red, red + 1);
        assert_in_range(end[0], last - red - 1, last - red);
        assert_in_range(first[1], green, green + 1);
        assert_in_range(end[1], last - green - 1, last - green);
        assert_int_equal(first[2], 0);
    }
    wn_model_close(&model);
    wn_buffer_clear(&bytes);
    model_options = "cut=0.5";
    build(&bytes);
    model_options = "rate=0.1";
    assert_int_equal(try_open(bytes.data, bytes.len, &err), WN_CORRUPT);
    assert_non_null(strstr(err.message, "cut"));
    wn_buffer_clear(&bytes);
}

static void test_damage_is_found(void **state)
{
    wn_buffer bytes;
    wn_error err = {0};
    wn_rng rng;
    (void)state;
    build(&bytes);
    wn_rng_init(&rng, 4, 4);
    for (size_t i = 0; i < 200; i++) {
        size_t at = i < HEAD_BYTES ? i : wn_rng_below(&rng, (uint32_t)bytes.len);
        bytes.data[at] ^= (char)(1 << i % 8);
        wn_status status = try_open(bytes.data, bytes.len, &err);
        if (status != WN_CORRUPT && status != WN_VERSION) fail_msg("byte %zu: status %d", at, (int)status);
        assert_non_null(strstr(err.message, "m.wnm"));
        bytes.data[at] ^= (char)(1 << i % 8);
    }
    for (size_t len = 0; len < bytes.len; len += len < 300 ? 1 : bytes.len / 20) {
        assert_int_equal(try_open(bytes.data, len, &err), WN_CORRUPT);
    }
    assert_int_equal(try_open(bytes.data, bytes.len, &err), WN_OK);
    bytes.data[VERSION_AT] = 2;
    assert_int_equal(try_open(bytes.data, bytes.len, &err), WN_VERSION);
    wn_buffer_clear(&bytes);
}

/* Sizes that lie under a right checksum: an attacker's file, or a defect of a writer. */
static void test_lies_under_a_right_checksum_are_found(void **state)
{
    wn_buffer bytes;
    wn_error err = {0};
    wn_rng rng;
    (void)state;
    build(&bytes);
    char *copy = wn_alloc(WN_MEMORY_GENERAL, bytes.len, 1);
    assert_non_null(copy);
    wn_rng_init(&rng, 5, 5);
    for (int i = 0; i < 60; i++) {
        memcpy(copy, bytes.data, bytes.len);
        size_t at = CHECKSUM_AT + 8 + wn_rng_below(&rng, 2500);
        copy[at] = (char)wn_rng_u32(&rng);
        uint64_t checksum = wn_hash64_of(copy + CHECKSUM_AT + 8, bytes.len - CHECKSUM_AT - 8);
        memcpy(copy + CHECKSUM_AT, &checksum, sizeof checksum);
        wn_model *model = NULL;
        (void)!wn_model_open_memory(copy, bytes.len, "m.wnm", WN_PRECISION_FP32, &model, &err);
        wn_model_close(&model);
    }
    wn_free(copy);
    wn_buffer_clear(&bytes);
}

static void test_embeddings_do_not_depend_on_the_cut(void **state)
{
    enum { COUNT = 70 };
    static uint8_t images[COUNT * IMAGE_BYTES];
    static float whole[COUNT * DIM], pieces[COUNT * DIM];
    (void)state;
    wn_rng rng;
    wn_rng_init(&rng, 2, 2);
    for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)wn_rng_below(&rng, 256);
    for (int precision = WN_PRECISION_FP32; precision <= WN_PRECISION_BF16; precision++) {
        wn_buffer bytes;
        wn_pool *pool = NULL;
        wn_model *model = NULL;
        wn_error err = {0};
        build(&bytes);
        assert_int_equal(wn_pool_new(3, 0, &pool, &err), WN_OK);
        assert_int_equal(wn_model_open_memory(bytes.data, bytes.len, "m.wnm", (wn_precision)precision, &model, &err),
                         WN_OK);
        assert_int_equal(wn_model_embed(model, NULL, images, COUNT, whole, &err), WN_OK);
        for (size_t first = 0, n = 1; first < COUNT; first += n, n = n * 3 + 1) {
            if (n > COUNT - first) n = COUNT - first;
            assert_int_equal(wn_model_embed(model, first % 2 ? pool : NULL, images + first * IMAGE_BYTES, n,
                                            pieces + first * DIM, &err),
                             WN_OK);
        }
        assert_memory_equal(whole, pieces, sizeof whole);
        for (size_t r = 0; r < COUNT; r++) {
            double length = 0.0;
            for (size_t j = 0; j < DIM; j++) length += (double)whole[r * DIM + j] * (double)whole[r * DIM + j];
            assert_true(fabs(length - 1.0) < 1e-5);
        }
        wn_model_close(&model);
        wn_pool_free(&pool);
        wn_buffer_clear(&bytes);
    }
}

static void test_prefixes_have_length_one(void **state)
{
    float rows[2 * 4] = {3.0F, 4.0F, 5.0F, 6.0F, 0.0F, 0.0F, 7.0F, 8.0F};
    (void)state;
    wn_model_cut_prefix(rows, 2, 4, 2, rows);
    assert_true(fabsf(rows[0] - 0.6F) < 1e-6F && fabsf(rows[1] - 0.8F) < 1e-6F);
    assert_true(rows[2] == 0.0F && rows[3] == 0.0F);
}

static void test_a_missing_file_is_not_found(void **state)
{
    wn_model *model = NULL;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_model_open("/nonexistent/m.wnm", WN_PRECISION_AUTO, &model, &err), WN_NOTFOUND);
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_a_model_says_what_it_is),
        SERIAL_TEST(test_the_longer_axis_is_cut),
        SERIAL_TEST(test_damage_is_found),
        SERIAL_TEST(test_lies_under_a_right_checksum_are_found),
        cmocka_unit_test(test_embeddings_do_not_depend_on_the_cut),
        SERIAL_TEST(test_prefixes_have_length_one),
        SERIAL_TEST(test_a_missing_file_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
