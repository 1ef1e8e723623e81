/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimisers against their formulas in double precision.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "nn/optimizer.h"
#include "nn/orthogonal.h"
#include "sanitizer.h"
#include "winnow/memory.h"

enum { SIDE = 200, LARGE = SIDE * SIDE, SMALL = 11, STEPS = 5 };

static const uint32_t large_shape[] = {SIDE, SIDE}, small_shape[] = {SMALL};

static void make_tensors(wn_tensors *tensors)
{
    wn_error err = {0};
    wn_rng rng;
    *tensors = (wn_tensors){0};
    assert_int_equal(wn_tensors_add(tensors, "w", WN_TENSOR_WEIGHT, 2, large_shape, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_add(tensors, "b", WN_TENSOR_SHIFT, 1, small_shape, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_add(tensors, "m", WN_TENSOR_STATISTIC, 1, small_shape, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_add(tensors, "m", WN_TENSOR_STATISTIC, 1, small_shape, NULL, &err), WN_INVALID);
    assert_int_equal(wn_tensors_allocate(tensors, &err), WN_OK);
    assert_int_equal(tensors->trained, LARGE + SMALL);
    wn_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < tensors->total; i++) tensors->values[i] = wn_rng_normal(&rng);
}

static void fill_gradient(float *gradient, uint64_t step)
{
    wn_rng rng;
    wn_rng_init(&rng, 77, step);
    for (size_t i = 0; i < LARGE + SMALL; i++) gradient[i] = wn_rng_normal(&rng);
}

/* c = a b, SIDE x SIDE each. */
static void multiply(const double *a, const double *b, double *c)
{
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j < SIDE; j++) c[i * SIDE + j] = 0;
        for (size_t k = 0; k < SIDE; k++) {
            for (size_t j = 0; j < SIDE; j++) c[i * SIDE + j] += a[i * SIDE + k] * b[k * SIDE + j];
        }
    }
}

/* x (SIDE x SIDE) through the plain quintic iteration, in double. */
static void plain_orthogonal(double *x)
{
    static double gram[LARGE], square[LARGE], next[LARGE];
    double length = 0;
    for (size_t i = 0; i < LARGE; i++) length += x[i] * x[i];
    for (size_t i = 0; i < LARGE; i++) x[i] /= sqrt(length);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < SIDE; i++) {
            for (size_t j = 0; j < SIDE; j++) {
                gram[i * SIDE + j] = 0;
                for (size_t k = 0; k < SIDE; k++) gram[i * SIDE + j] += x[i * SIDE + k] * x[j * SIDE + k];
            }
        }
        multiply(gram, gram, square);
        for (size_t i = 0; i < LARGE; i++) square[i] = 2.0315 * square[i] - 4.7750 * gram[i];
        for (size_t i = 0; i < SIDE; i++) square[i * SIDE + i] += 3.4445;
        multiply(square, x, next);
        memcpy(x, next, sizeof next);
    }
}

static void plain_muon(const wn_optimizer_options *o, double *w, double *m, const float *gradient, double rate,
                       bool matrix)
{
    static double u[LARGE];
    const size_t count = matrix ? LARGE : SMALL;
    for (size_t i = 0; i < count; i++) {
        m[i] = o->momentum * m[i] + (double)gradient[i];
        u[i] = (double)gradient[i] + o->momentum * m[i];
    }
    if (matrix) plain_orthogonal(u);
    for (size_t i = 0; i < count; i++)
        w[i] = matrix ? (1 - rate * o->decay) * w[i] - rate * o->trust * u[i] : w[i] - rate * u[i];
}

/* One step in double; state m, v. */
static void plain_step(const char *name, const wn_optimizer_options *o, double *w, double *m, double *v,
                       const float *gradient, double rate, int step)
{
    for (size_t part = 0; part < 2; part++) {
        size_t begin = part ? LARGE : 0, end = part ? LARGE + SMALL : LARGE;
        double decay = part ? 0 : o->decay, values = 0, slope = 0, r = rate;
        if (strcmp(name, "muon") == 0) {
            plain_muon(o, w + begin, m + begin, gradient + begin, rate, part == 0);
            continue;
        }
        for (size_t i = begin; i < end; i++) {
            values += w[i] * w[i];
            slope += (double)gradient[i] * (double)gradient[i];
        }
        if (strcmp(name, "lars") == 0 && !part) r *= o->trust * sqrt(values) / (sqrt(slope) + decay * sqrt(values));
        for (size_t i = begin; i < end; i++) {
            double g = (double)gradient[i];
            if (strcmp(name, "adamw") == 0) {
                m[i] = o->momentum * m[i] + (1 - o->momentum) * g;
                v[i] = o->second_moment * v[i] + (1 - o->second_moment) * g * g;
                double mhat = m[i] / (1 - pow(o->momentum, step)), vhat = v[i] / (1 - pow(o->second_moment, step));
                w[i] -= rate * (mhat / (sqrt(vhat) + o->epsilon) + decay * w[i]);
            } else if (strcmp(name, "sgd") == 0) {
                double u = g + decay * w[i];
                m[i] = o->momentum * m[i] + u;
                w[i] -= rate * (u + o->momentum * m[i]);
            } else {
                m[i] = o->momentum * m[i] + r * (g + decay * w[i]);
                w[i] -= m[i];
            }
        }
    }
}

static void steps_follow_the_formulas(void **state)
{
    static double w[LARGE + SMALL], m[LARGE + SMALL], v[LARGE + SMALL];
    static float gradient[LARGE + SMALL];
    wn_error err = {0};
    const char *name = NULL;
    (void)state;
    for (size_t kind = 0; (name = wn_optimizer_name(kind)); kind++) {
        wn_optimizer_options options;
        wn_optimizer *optimizer = NULL;
        wn_tensors tensors;
        make_tensors(&tensors);
        float statistic = tensors.values[LARGE + SMALL];
        assert_non_null(wn_optimizer_summary(kind));
        assert_int_equal(wn_optimizer_defaults(name, &options, &err), WN_OK);
        options.decay = 0.01;
        assert_int_equal(wn_optimizer_new(name, &options, &tensors, &optimizer, &err), WN_OK);
        for (size_t i = 0; i < LARGE + SMALL; i++) {
            w[i] = (double)tensors.values[i];
            m[i] = v[i] = 0;
        }
        for (int step = 1; step <= STEPS; step++) {
            fill_gradient(gradient, (uint64_t)step);
            assert_int_equal(wn_optimizer_step(optimizer, NULL, &tensors, gradient, 0.1 / step, &err), WN_OK);
            plain_step(name, &options, w, m, v, gradient, 0.1 / step, step);
        }
        for (size_t i = 0; i < LARGE + SMALL; i++) {
            if (fabs((double)tensors.values[i] - w[i]) > 2e-5 * (1 + fabs(w[i])))
                fail_msg("%s: value %zu is %.8g, expected %.8g", name, i, (double)tensors.values[i], w[i]);
        }
        assert_true(tensors.values[LARGE + SMALL] == statistic);
        wn_optimizer_free(&optimizer);
        wn_tensors_clear(&tensors);
    }
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

/* Threads, and a restart from saved state, change no bit. */
static void threads_and_restarts_change_nothing(void **state)
{
    static float gradient[LARGE + SMALL], first[LARGE + SMALL];
    const unsigned threads[] = {1, 2, 7};
    wn_error err = {0};
    const char *name = NULL;
    (void)state;
    for (size_t kind = 0; (name = wn_optimizer_name(kind)); kind++) {
        for (size_t t = 0; t < 3; t++) {
            wn_optimizer_options options;
            wn_optimizer *optimizer = NULL, *other = NULL;
            wn_pool *pool = NULL;
            wn_tensors tensors;
            make_tensors(&tensors);
            assert_int_equal(wn_pool_new(threads[t], 0, &pool, &err), WN_OK);
            assert_int_equal(wn_optimizer_defaults(name, &options, &err), WN_OK);
            assert_int_equal(wn_optimizer_new(name, &options, &tensors, &optimizer, &err), WN_OK);
            assert_int_equal(wn_optimizer_new(name, &options, &tensors, &other, &err), WN_OK);
            for (int step = 1; step <= STEPS; step++) {
                fill_gradient(gradient, (uint64_t)step);
                if (t == 1 && step == 3) {
                    size_t count, other_count;
                    uint64_t *steps, *other_steps;
                    const float *from = wn_optimizer_state(optimizer, &count, &steps);
                    float *to = wn_optimizer_state(other, &other_count, &other_steps);
                    assert_int_equal(count, other_count);
                    memcpy(to, from, count * sizeof *to);
                    *other_steps = *steps;
                }
                assert_int_equal(
                    wn_optimizer_step(t == 1 && step >= 3 ? other : optimizer, pool, &tensors, gradient, 0.1, &err),
                    WN_OK);
            }
            if (t == 0)
                memcpy(first, tensors.values, sizeof first);
            else
                assert_memory_equal(first, tensors.values, sizeof first);
            wn_optimizer_free(&optimizer);
            wn_optimizer_free(&other);
            wn_pool_free(&pool);
            wn_tensors_clear(&tensors);
        }
    }
}

/* Momentum without a gradient shrinks to the smallest numbers there are before it is 0. */
static void the_smallest_numbers_are_made_orthogonal(void **state)
{
    enum { ROWS = 4, COLS = 6 };
    static const float sizes[] = {1e-30F, 1e-38F, 1e-42F, 1.5e-45F, 1e30F};
    float scratch[4 * ROWS * ROWS + ROWS * COLS], expected[ROWS * COLS];
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_orthogonalize_floats(ROWS, COLS), sizeof scratch / sizeof scratch[0]);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        float x[ROWS * COLS] = {0};
        for (size_t i = 0; i < ROWS; i++) x[i * COLS + i] = sizes[s];
        assert_int_equal(wn_orthogonalize(NULL, ROWS, COLS, x, scratch, &err), WN_OK);
        if (s == 0) memcpy(expected, x, sizeof x);
        for (size_t i = 0; i < sizeof x / sizeof x[0]; i++) assert_true(fabsf(x[i] - expected[i]) < 1e-5F);
        assert_true(x[0] > 0.6F && x[0] < 1.3F);
    }
}

/* Wide, tall and square matrices: their singular values come near 1, zeros stay. */
static void orthogonal_matrices_are_orthogonal(void **state)
{
    static const size_t shapes[][2] = {{3, 50}, {50, 3}, {40, 40}, {130, 288}, {288, 130}, {90, 31}, {1, 9}, {9, 1}};
    wn_error err = {0};
    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t rows = shapes[s][0], cols = shapes[s][1], n = rows < cols ? rows : cols;
        float *x = wn_alloc(WN_MEMORY_TRAINING, rows * cols, sizeof *x);
        float *scratch = wn_alloc(WN_MEMORY_TRAINING, wn_orthogonalize_floats(rows, cols), sizeof *scratch);
        wn_rng rng;
        wn_rng_init(&rng, 5, s);
        for (size_t i = 0; i < rows * cols; i++) x[i] = wn_rng_normal(&rng);
        if (rows == cols) { /* far from singular */
            for (size_t i = 0; i < rows; i++) x[i * cols + i] += 20;
        }
        assert_int_equal(wn_orthogonalize(NULL, rows, cols, x, scratch, &err), WN_OK);
        double trace = 0,
               squares = 0; /* of the Gram matrix: sums of the squares and fourth powers of singular values */
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                double dot = 0;
                for (size_t k = 0; k < rows * cols / n; k++)
                    dot +=
                        (double)(rows < cols ? x[i * cols + k] * x[j * cols + k] : x[k * cols + i] * x[k * cols + j]);
                squares += dot * dot;
                if (i == j) trace += dot;
            }
        }
        const double mean = trace / (double)n, spread = sqrt(fmax(0, squares / (double)n - mean * mean));
        assert_true(mean > 0.45 && mean < 1.45);
        assert_true(spread < 0.45);
        for (size_t i = 0; i < rows * cols; i++) x[i] = 0;
        assert_int_equal(wn_orthogonalize(NULL, rows, cols, x, scratch, &err), WN_OK);
        for (size_t i = 0; i < rows * cols; i++) assert_true(x[i] == 0);
        wn_free(scratch);
        wn_free(x);
    }
}

/* Whole bands and parts of one, on either side of the transposition. */
static void orthogonal_matrices_are_the_same_for_any_pool(void **state)
{
    static const size_t shapes[][2] = {{300, 129}, {129, 300}, {65, 64}, {64, 65}, {192, 192}};
    wn_error err = {0};
    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t rows = shapes[s][0], cols = shapes[s][1], count = rows * cols;
        float *x = wn_alloc(WN_MEMORY_TRAINING, 2 * count, sizeof *x), *first = x + count;
        float *scratch = wn_alloc(WN_MEMORY_TRAINING, wn_orthogonalize_floats(rows, cols), sizeof *scratch);
        for (unsigned threads = 1; threads <= 4; threads++) {
            wn_pool *pool = NULL;
            wn_rng rng;
            wn_rng_init(&rng, 6, s);
            for (size_t i = 0; i < count; i++) x[i] = wn_rng_normal(&rng);
            assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
            assert_int_equal(wn_orthogonalize(pool, rows, cols, x, scratch, &err), WN_OK);
            wn_pool_free(&pool);
            if (threads == 1) memcpy(first, x, count * sizeof *x);
            assert_memory_equal(x, first, count * sizeof *x);
        }
        wn_free(scratch);
        wn_free(x);
    }
}

/* A matrix of almost one direction: the errors of its Gram matrix are not taken for directions. */
static void steep_spectra_are_followed(void **state)
{
    static double expected[LARGE];
    static float x[LARGE];
    float *scratch = wn_alloc(WN_MEMORY_TRAINING, wn_orthogonalize_floats(SIDE, SIDE), sizeof *scratch);
    wn_error err = {0};
    (void)state;
    assert_non_null(scratch);
    for (int power = 1; power <= 3; power++) {
        wn_rng rng;
        double apart = 0, length = 0;
        wn_rng_init(&rng, 9, (uint64_t)power);
        for (size_t i = 0; i < LARGE; i++) {
            x[i] = wn_rng_normal(&rng) * powf((float)(1 + i / SIDE), (float)-power);
            expected[i] = (double)x[i];
        }
        plain_orthogonal(expected);
        assert_int_equal(wn_orthogonalize(NULL, SIDE, SIDE, x, scratch, &err), WN_OK);
        for (size_t i = 0; i < LARGE; i++) {
            apart += ((double)x[i] - expected[i]) * ((double)x[i] - expected[i]);
            length += expected[i] * expected[i];
        }
        assert_true(sqrt(apart / length) < 1e-3);
    }
    wn_free(scratch);
}

/* Filters of a depthwise convolution have nothing to do with each other: muon gives them plain momentum. */
static void depthwise_filters_are_no_matrix(void **state)
{
    static const uint32_t shape[] = {12, 1, 3, 3};
    enum { COUNT = 12 * 9 };
    float gradient[COUNT], before[COUNT];
    wn_optimizer_options options;
    wn_optimizer *optimizer = NULL;
    wn_tensors tensors = {0};
    wn_error err = {0};
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 8, 0);
    assert_int_equal(wn_tensors_add(&tensors, "w", WN_TENSOR_WEIGHT, 4, shape, NULL, &err), WN_OK);
    assert_int_equal(wn_tensors_allocate(&tensors, &err), WN_OK);
    for (int i = 0; i < COUNT; i++) {
        before[i] = tensors.values[i] = wn_rng_normal(&rng);
        gradient[i] = wn_rng_normal(&rng);
    }
    assert_int_equal(wn_optimizer_defaults("muon", &options, &err), WN_OK);
    assert_int_equal(wn_optimizer_new("muon", &options, &tensors, &optimizer, &err), WN_OK);
    assert_int_equal(wn_optimizer_step(optimizer, NULL, &tensors, gradient, 0.1, &err), WN_OK);
    for (int i = 0; i < COUNT; i++) {
        const double expected =
            (1 - 0.1 * options.decay) * (double)before[i] - 0.1 * (1 + options.momentum) * (double)gradient[i];
        assert_true(fabs((double)tensors.values[i] - expected) < 1e-6);
    }
    wn_optimizer_free(&optimizer);
    wn_tensors_clear(&tensors);
}

static void unknown_optimiser_is_refused(void **state)
{
    wn_optimizer_options options;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_optimizer_defaults("newton", &options, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "newton"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(steps_follow_the_formulas),
        cmocka_unit_test(threads_and_restarts_change_nothing),
        SERIAL_TEST(orthogonal_matrices_are_orthogonal),
        SERIAL_TEST(steep_spectra_are_followed),
        SERIAL_TEST(depthwise_filters_are_no_matrix),
        SERIAL_TEST(the_smallest_numbers_are_made_orthogonal),
        SERIAL_TEST(unknown_optimiser_is_refused),
        cmocka_unit_test(orthogonal_matrices_are_the_same_for_any_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
