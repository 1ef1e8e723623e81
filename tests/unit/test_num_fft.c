/* SPDX-License-Identifier: Apache-2.0
 *
 * Transforms against the sum of their definition in double, at every level; convolutions against the plain double sum.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/fft.h"
#include "winnow/memory.h"

enum { LANES = WN_FFT_LANES, MOST = 360 };

static void test_good_lengths(void **state)
{
    (void)state;
    assert_int_equal(wn_fft_good_length(0), 2);
    assert_int_equal(wn_fft_good_length(7), 8);
    assert_int_equal(wn_fft_good_length(11), 12);
    assert_int_equal(wn_fft_good_length(601), 640);
    assert_int_equal(wn_fft_good_length(1201), 1250);
    wn_fft_plan plan = {0};
    assert_int_equal(wn_fft_plan_set(&plan, 14, NULL), WN_INVALID);
    assert_int_equal(wn_fft_plan_set(&plan, 0, NULL), WN_INVALID);
    wn_fft_plan_clear(&plan);
}

/* Lane by lane; the error of a transform grows with the root of its passes, so the bound is loose but far below a wrong
 * digit. */
static void compare(const float *in, const float *out, size_t n)
{
    for (size_t lane = 0; lane < LANES; lane += 5) {
        for (size_t k = 0; k < n; k++) {
            double re = 0, im = 0, squares = 0;
            for (size_t t = 0; t < n; t++) {
                double a = (double)in[t * 2 * LANES + lane], b = (double)in[t * 2 * LANES + LANES + lane];
                double angle = -2 * M_PI * (double)(k * t % n) / (double)n;
                re += a * cos(angle) - b * sin(angle), im += a * sin(angle) + b * cos(angle);
                squares += a * a + b * b;
            }
            double bound = 1e-6 * sqrt(squares);
            assert_true(fabs((double)out[k * 2 * LANES + lane] - re) < bound);
            assert_true(fabs((double)out[k * 2 * LANES + LANES + lane] - im) < bound);
        }
    }
}

static void test_against_definition(void **state)
{
    (void)state;
    static const size_t lengths[] = {1,  2,  3,  4,  5,  6,  8,   9,   10,  12,  15,  16,
                                     20, 25, 27, 30, 45, 64, 100, 243, 250, 300, MOST};
    static float in[MOST * 2 * LANES], block[MOST * 2 * LANES], scratch[MOST * 2 * LANES];
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    for (int level = 0; level <= (int)wn_cpu_level(); level++) {
        wn_fft_kernels kernels;
        wn_fft_kernels_init(&kernels, (wn_cpu)level);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            wn_fft_plan plan = {0};
            size_t n = lengths[i];
            assert_int_equal(wn_fft_plan_set(&plan, n, NULL), WN_OK);
            for (size_t j = 0; j < n * 2 * LANES; j++) in[j] = block[j] = wn_rng_range(&rng, -1, 1);
            compare(in, wn_fft_run(&plan, &kernels, block, scratch), n);
            wn_fft_plan_clear(&plan);
        }
    }
}

static double kernel_value(const void *context, size_t which, double dx, double dy)
{
    double scale = *(const double *)context, d2 = scale * scale * (dx * dx + dy * dy), base = 1 / (1 + d2);
    return which == 0 ? base : base * base * scale * (which == 1 ? dx : dy);
}

static void convolve(size_t size, double scale, wn_pool *pool, float *in, float *const *out)
{
    wn_fft_grid grid = {0};
    wn_rng rng;
    wn_rng_init(&rng, size, 1);
    for (size_t i = 0; i < size * size; i++) in[i] = wn_rng_uniform(&rng);
    const wn_fft_kernel_set set = {.count = 3, .odd = 6, .value = kernel_value, .context = &scale};
    assert_int_equal(wn_fft_grid_set(&grid, size, &set, pool, NULL), WN_OK);
    wn_fft_grid_convolve(&grid, in, out, pool);
    wn_fft_grid_clear(&grid);
}

static void test_convolution(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 9, 16, 33, 50};
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(3, 0, &pool, NULL), WN_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i], places = size * size;
        double scale = 0.3;
        float *in = wn_alloc(WN_MEMORY_MATRIX, places * 7, sizeof *in);
        float *out[3] = {in + places, in + 2 * places, in + 3 * places};
        float *again[3] = {in + 4 * places, in + 5 * places, in + 6 * places};
        convolve(size, scale, NULL, in, out);
        convolve(size, scale, pool, in, again);
        assert_memory_equal(out[0], again[0], 3 * places * sizeof *in);
        for (size_t f = 0; f < 3; f++)
            for (size_t at = 0; at < places; at++) {
                double sum = 0, terms = 0;
                for (size_t from = 0; from < places; from++) {
                    double dx = (double)(at % size) - (double)(from % size),
                           dy = (double)(at / size) - (double)(from / size);
                    double term = kernel_value(&scale, f, dx, dy) * (double)in[from];
                    sum += term, terms += fabs(term);
                }
                assert_true(fabs((double)out[f][at] - sum) < 2e-6 * terms + 1e-6);
            }
        wn_free(in);
    }
    wn_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lengths),
        cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
