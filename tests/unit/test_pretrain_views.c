/* SPDX-License-Identifier: Apache-2.0
 *
 * Views: the identity, exact reductions, colour changes against the chain written out pixel by pixel, and orders.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pretrain/epoch_order.h"
#include "pretrain/views.h"
#include "winnow/memory.h"

enum { SIDE = 32, BYTES = SIDE * SIDE * 3 };

static void noise(uint8_t *image, size_t bytes)
{
    wn_rng rng;
    wn_rng_init(&rng, 3, 3);
    for (size_t i = 0; i < bytes; i++) image[i] = (uint8_t)wn_rng_below(&rng, 256);
}

static void make(const wn_view_style *style, uint64_t stream, const uint8_t *image, uint8_t *out)
{
    wn_rng rng;
    float *scratch = wn_alloc(WN_MEMORY_GENERAL, wn_view_scratch(style), sizeof *scratch);
    assert_non_null(scratch);
    wn_rng_init(&rng, 1, stream);
    wn_view_make(style, &rng, image, scratch, out);
    wn_free(scratch);
}

static wn_view_style plain(uint32_t in, uint32_t out)
{
    return (wn_view_style){.side_in = in, .side_out = out, .crop_low = 1.0F, .crop_high = 1.0F};
}

static void test_a_full_crop_is_the_image(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    (void)state;
    noise(image, sizeof image);
    make(&style, 0, image, view);
    assert_memory_equal(image, view, sizeof image);
}

static void test_mirror_turns_rows_round(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    (void)state;
    style.mirror_chance = 1.0F;
    noise(image, sizeof image);
    make(&style, 0, image, view);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            assert_memory_equal(image + (y * SIDE + x) * 3, view + (y * SIDE + SIDE - 1 - x) * 3, 3);
        }
    }
}

/* Half the side: a triangle of radius 2 weighs the four nearest pixels 1, 3, 3, 1 (fewer at the border). */
static void test_reduction_is_a_triangle_filter(void **state)
{
    uint8_t image[BYTES], view[BYTES / 4];
    wn_view_style style = plain(SIDE, SIDE / 2);
    (void)state;
    noise(image, sizeof image);
    make(&style, 0, image, view);
    for (int y = 0; y < SIDE / 2; y++) {
        for (int x = 0; x < SIDE / 2; x++) {
            double sum = 0.0, weight = 0.0;
            for (int i = 0; i < 16; i++) {
                int sx = 2 * x - 1 + i % 4, sy = 2 * y - 1 + i / 4;
                double w = (i % 4 == 0 || i % 4 == 3 ? 1.0 : 3.0) * (i / 4 == 0 || i / 4 == 3 ? 1.0 : 3.0);
                if (sx < 0 || sy < 0 || sx >= SIDE || sy >= SIDE) continue;
                sum += w * image[(sy * SIDE + sx) * 3 + 1];
                weight += w;
            }
            assert_true(fabs(sum / weight - view[(y * SIDE / 2 + x) * 3 + 1]) <= 0.51);
        }
    }
}

static void test_greyscale_is_luma(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    (void)state;
    style.grey_chance = 1.0F;
    noise(image, sizeof image);
    make(&style, 0, image, view);
    for (size_t i = 0; i < BYTES; i += 3) {
        double luma = 0.299 * image[i] + 0.587 * image[i + 1] + 0.114 * image[i + 2];
        for (size_t c = 0; c < 3; c++) assert_true(fabs(luma - view[i + c]) <= 0.51);
    }
}

static void test_solarising_inverts_what_is_bright(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    (void)state;
    style.solarise_chance = 1.0F;
    noise(image, sizeof image);
    make(&style, 0, image, view);
    for (size_t i = 0; i < BYTES; i++) assert_int_equal(view[i], image[i] >= 128 ? 255 - image[i] : image[i]);
}

/* Neighbours grow alike, the mean stays, and how much depends on the stream. */
static void test_a_blur_is_one(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    double least = 1.0;
    (void)state;
    style.blur_chance = 1.0F;
    noise(image, sizeof image);
    for (uint64_t stream = 0; stream < 20; stream++) {
        double before = 0.0, after = 0.0, sum = 0.0;
        make(&style, stream, image, view);
        for (size_t i = 0; i < BYTES; i++) sum += (double)view[i] - (double)image[i];
        for (size_t i = 3; i < BYTES; i++) {
            before += pow((double)image[i] - (double)image[i - 3], 2);
            after += pow((double)view[i] - (double)view[i - 3], 2);
        }
        assert_true(fabs(sum / BYTES) < 3.0);
        assert_true(after <= 1.01 * before);
        least = fmin(least, after / before);
    }
    assert_true(least < 0.5);
}

/* Changes of colour keep a grey image grey. */
static void test_colour_changes_respect_grey(void **state)
{
    uint8_t image[BYTES], view[BYTES];
    wn_view_style style = plain(SIDE, SIDE);
    bool changed = false;
    (void)state;
    style.colour = 0.5F, style.colour_chance = 1.0F;
    for (size_t i = 0; i < BYTES; i++) image[i] = (uint8_t)(40 + i / 3 % 100);
    for (uint64_t stream = 0; stream < 20; stream++) {
        make(&style, stream, image, view);
        for (size_t i = 0; i < BYTES; i += 3) {
            assert_true(abs(view[i] - view[i + 1]) <= 1 && abs(view[i] - view[i + 2]) <= 1);
        }
        changed = changed || memcmp(image, view, sizeof view) != 0;
    }
    assert_true(changed);
}

static void test_views_depend_on_the_stream_alone(void **state)
{
    uint8_t image[4 * BYTES], a[BYTES], b[BYTES];
    wn_view_style style;
    (void)state;
    wn_view_style_init(&style, 2 * SIDE, SIDE, 0.2F, 0.5F);
    style.blur_chance = style.solarise_chance = 0.5F;
    noise(image, sizeof image);
    for (uint64_t stream = 0; stream < 200; stream++) {
        make(&style, stream, image, a);
        make(&style, stream, image, b);
        assert_memory_equal(a, b, sizeof a);
        make(&style, stream + 1000, image, b);
        assert_true(memcmp(a, b, sizeof a) != 0);
    }
}

static void test_an_epoch_shows_each_image_once(void **state)
{
    enum { COUNT = 103, BATCH = 10 };
    wn_epoch_order order, other;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_epoch_order_init(&order, 7, COUNT, BATCH, &err), WN_OK);
    assert_int_equal(wn_epoch_order_init(&other, 7, COUNT, BATCH, &err), WN_OK);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        int seen[COUNT] = {0};
        for (int64_t step = 0; step < COUNT / BATCH; step++) {
            const int64_t *rows = wn_epoch_order_rows(&order, epoch * (COUNT / BATCH) + step);
            for (int i = 0; i < BATCH; i++) assert_int_equal(seen[rows[i]]++, 0);
        }
    }
    int64_t entered[BATCH];
    memcpy(entered, wn_epoch_order_rows(&other, 25), sizeof entered);
    assert_memory_equal(entered, wn_epoch_order_rows(&order, 25), sizeof entered);
    wn_epoch_order_clear(&order);
    wn_epoch_order_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_crop_is_the_image),
        cmocka_unit_test(test_mirror_turns_rows_round),
        cmocka_unit_test(test_reduction_is_a_triangle_filter),
        cmocka_unit_test(test_greyscale_is_luma),
        cmocka_unit_test(test_solarising_inverts_what_is_bright),
        cmocka_unit_test(test_a_blur_is_one),
        cmocka_unit_test(test_colour_changes_respect_grey),
        cmocka_unit_test(test_views_depend_on_the_stream_alone),
        cmocka_unit_test(test_an_epoch_shows_each_image_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
