/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling against a direct two-dimensional triangle filter in double precision.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/resample.h"
#include "winnow/memory.h"

static double weight(int in, int out, int x, int from)
{
    double ratio = (double)in / out, scale = ratio > 1 ? ratio : 1;
    return fmax(0, 1 - fabs(from + 0.5 - (x + 0.5) * ratio) / scale);
}

/* One channel of one output pixel. */
static double oracle(const uint8_t *src, int in_w, int in_h, int out_w, int out_h, int x, int y, int channel)
{
    double sum = 0, total = 0;
    for (int v = 0; v < in_h; v++) {
        double down = weight(in_h, out_h, y, v);
        if (!(down > 0)) continue;
        for (int u = 0; u < in_w; u++) {
            double both = down * weight(in_w, out_w, x, u);
            sum += both * src[4 * (v * in_w + u) + channel];
            total += both;
        }
    }
    return sum / total;
}

static uint8_t *resample(wn_cpu level, const uint8_t *src, int in_w, int in_h, int out_w, int out_h)
{
    wn_resample_kernels kernels;
    wn_resample_axis across = {0}, down = {0};
    wn_resample_kernels_init(&kernels, level);
    assert_int_equal(wn_resample_axis_set(&across, in_w, out_w, NULL), WN_OK);
    assert_int_equal(wn_resample_axis_set(&down, in_h, out_h, NULL), WN_OK);
    uint8_t *scratch = wn_alloc(WN_MEMORY_IMAGE, wn_resample_scratch(&across, &down), 1);
    uint8_t *dst = wn_alloc(WN_MEMORY_IMAGE, (size_t)out_w * (size_t)out_h, 4);
    assert_non_null(scratch);
    assert_non_null(dst);
    wn_resample_rgbx(&kernels, &across, &down, src, scratch, dst);
    wn_free(scratch);
    wn_resample_axis_clear(&across);
    wn_resample_axis_clear(&down);
    return dst;
}

static uint8_t *random_picture(int width, int height, int value)
{
    wn_rng rng;
    wn_rng_init(&rng, 7, (uint64_t)(width * 1000 + height));
    size_t bytes = (size_t)width * (size_t)height * 4;
    uint8_t *pixels = wn_alloc(WN_MEMORY_IMAGE, bytes, 1);
    assert_non_null(pixels);
    for (size_t i = 0; i < bytes; i++) pixels[i] = (uint8_t)(value >= 0 ? value : (int)wn_rng_below(&rng, 256));
    return pixels;
}

static void follows_the_filter(void **state)
{
    (void)state;
    static const int sizes[][4] = {{313, 235, 256, 192}, {64, 48, 32, 32}, {31, 17, 31, 5}, {5, 7, 13, 9}, {1, 1, 3, 2},
                                   {3, 2, 1, 1},         {200, 3, 8, 8},   {97, 4, 96, 4},  {2, 300, 2, 7}};
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        const int *z = sizes[s];
        uint8_t *src = random_picture(z[0], z[1], -1);
        uint8_t *plain = resample(WN_CPU_C, src, z[0], z[1], z[2], z[3]);
        uint8_t *best = resample(wn_cpu_level(), src, z[0], z[1], z[2], z[3]);
        assert_memory_equal(plain, best, (size_t)z[2] * (size_t)z[3] * 4);
        for (int i = 0; i < z[2] * z[3] * 4; i += 7) {
            double expected = oracle(src, z[0], z[1], z[2], z[3], i / 4 % z[2], i / 4 / z[2], i % 4);
            if (fabs(expected - plain[i]) > 1.05) { /* two roundings of a half each */
                fail_msg("%d x %d to %d x %d, byte %d: %d for %.2f", z[0], z[1], z[2], z[3], i, plain[i], expected);
            }
        }
        wn_free(src);
        wn_free(plain);
        wn_free(best);
    }
}

static void keeps_one_colour(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value += 51) {
        uint8_t *src = random_picture(301, 77, value), *dst = resample(wn_cpu_level(), src, 301, 77, 256, 65);
        for (size_t i = 0; i < 256 * 65 * 4; i++) assert_int_equal(dst[i], value);
        wn_free(src);
        wn_free(dst);
    }
}

static void copies_at_the_same_size(void **state)
{
    (void)state;
    uint8_t *src = random_picture(50, 40, -1), *dst = resample(wn_cpu_level(), src, 50, 40, 50, 40);
    assert_memory_equal(src, dst, 50 * 40 * 4);
    wn_free(src);
    wn_free(dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(follows_the_filter), cmocka_unit_test(keeps_one_colour),
                                       cmocka_unit_test(copies_at_the_same_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
