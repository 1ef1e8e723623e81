/* SPDX-License-Identifier: Apache-2.0
 *
 * Mean and covariance against sums in long double, eigenvectors by their defining equation, rotations by Q Q' = 1, and
 * the same bytes for any number of threads.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/linear.h"
#include "winnow/memory.h"

/* More than one wave of blocks, with a stride and a short last block. */
enum { ROWS = 2048 * 17 + 77, COLS = 13, STRIDE = 15, KEPT = 4 };

static float values[ROWS * STRIDE];
static const wn_matrix matrix = {values, ROWS, COLS, STRIDE};

static int fill_values(void **state)
{
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < ROWS * STRIDE; i++) {
        size_t c = i % STRIDE;
        values[i] = wn_rng_normal(&rng) * (float)(c + 1) + 10.0f + (c > 0 ? 0.5f * values[i - 1] : 0.0f);
        if (c >= COLS) values[i] = NAN; /* outside the matrix */
    }
    return 0;
}

static void test_covariance(void **state)
{
    double mean[COLS], covariance[COLS * COLS];
    (void)state;
    assert_int_equal(wn_linear_mean(&matrix, NULL, mean, NULL), WN_OK);
    assert_int_equal(wn_linear_covariance(&matrix, mean, ROWS - 1, NULL, covariance, NULL), WN_OK);
    for (size_t i = 0; i < COLS; i++) {
        long double total = 0;
        for (size_t r = 0; r < ROWS; r++) total += (long double)values[r * STRIDE + i];
        assert_true(fabs(mean[i] - (double)(total / ROWS)) < 1e-9);
        for (size_t j = 0; j < COLS; j++) {
            long double sum = 0, scale = 0;
            for (size_t r = 0; r < ROWS; r++) {
                long double x = (long double)values[r * STRIDE + i] - (long double)mean[i];
                long double y = (long double)values[r * STRIDE + j] - (long double)mean[j];
                sum += x * y;
                scale += fabsl(x * y);
            }
            assert_true(fabs(covariance[i * COLS + j] - (double)(sum / (ROWS - 1))) <
                        1e-5 * (double)(scale / (ROWS - 1)));
        }
    }
}

static void test_threads(void **state)
{
    static float out[2][ROWS * KEPT];
    double mean[2][COLS], covariance[2][COLS * COLS];
    float basis[KEPT * COLS];
    (void)state;
    for (size_t i = 0; i < KEPT * COLS; i++) basis[i] = (float)i / 7.0f - 2.0f;
    for (unsigned threads = 1; threads <= 7; threads += 3) {
        wn_pool *pool = NULL;
        size_t at = threads > 1;
        if (threads > 1) assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
        assert_int_equal(wn_linear_mean(&matrix, pool, mean[at], NULL), WN_OK);
        assert_int_equal(wn_linear_covariance(&matrix, mean[at], 1, pool, covariance[at], NULL), WN_OK);
        assert_int_equal(wn_linear_project(&matrix, mean[at], basis, KEPT, pool, out[at], NULL), WN_OK);
        assert_memory_equal(mean[0], mean[at], sizeof mean[0]);
        assert_memory_equal(covariance[0], covariance[at], sizeof covariance[0]);
        assert_memory_equal(out[0], out[at], sizeof out[0]);
        wn_pool_free(&pool);
    }
    for (size_t r = 0; r < ROWS; r += 997) {
        for (size_t k = 0; k < KEPT; k++) {
            double expected = 0, scale = 0;
            for (size_t c = 0; c < COLS; c++) {
                double term = ((double)values[r * STRIDE + c] - mean[0][c]) * (double)basis[k * COLS + c];
                expected += term;
                scale += fabs(term);
            }
            assert_true(fabs((double)out[0][r * KEPT + k] - expected) <= 1e-5 * scale);
        }
    }
}

static void test_eigen(void **state)
{
    double mean[COLS], covariance[COLS * COLS], scratch[COLS * COLS], found[KEPT], vectors[KEPT * COLS];
    (void)state;
    assert_int_equal(wn_linear_mean(&matrix, NULL, mean, NULL), WN_OK);
    assert_int_equal(wn_linear_covariance(&matrix, mean, ROWS - 1, NULL, covariance, NULL), WN_OK);
    memcpy(scratch, covariance, sizeof scratch);
    assert_int_equal(wn_linear_eigen(scratch, COLS, KEPT, found, vectors, NULL), WN_OK);
    for (size_t v = 0; v < KEPT; v++) {
        const double *vector = vectors + v * COLS;
        double length = 0, most = 0;
        if (v > 0) assert_true(found[v] <= found[v - 1]);
        for (size_t i = 0; i < COLS; i++) {
            double product = 0;
            for (size_t j = 0; j < COLS; j++) product += covariance[i * COLS + j] * vector[j];
            assert_true(fabs(product - found[v] * vector[i]) < 1e-9 * found[0]);
            length += vector[i] * vector[i];
            if (fabs(vector[i]) > fabs(most)) most = vector[i];
        }
        assert_true(fabs(length - 1) < 1e-12);
        assert_true(most > 0);
    }
    /* The greatest one bounds every Rayleigh quotient. */
    for (size_t i = 0; i < COLS; i++) assert_true(covariance[i * COLS + i] <= found[0] * (1 + 1e-12));
    wn_error err = {0};
    memcpy(scratch, covariance, sizeof scratch);
    scratch[COLS] = NAN;
    assert_int_equal(wn_linear_eigen(scratch, COLS, KEPT, found, vectors, &err), WN_INVALID);
    assert_true(err.message[0] != 0);
}

/* The pair (covariance, metric) against its definition; a metric that has no length is refused. */
static void test_eigen_pair(void **state)
{
    enum { N = 37, KEPT_HERE = 9 };
    static double a[N * N], b[N * N], a_copy[N * N], b_copy[N * N], found[KEPT_HERE], vectors[KEPT_HERE * N];
    wn_error err = {0};
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            a[i * N + j] = a[j * N + i] = (double)wn_rng_normal(&rng);
            b[i * N + j] = b[j * N + i] = 0.1 * (double)wn_rng_normal(&rng) + (i == j ? 3 + 0.1 * (double)i : 0);
        }
    }
    memcpy(a_copy, a, sizeof a);
    memcpy(b_copy, b, sizeof b);
    assert_int_equal(wn_linear_eigen_pair(a_copy, b_copy, N, KEPT_HERE, found, vectors, NULL), WN_OK);
    for (size_t v = 0; v < KEPT_HERE; v++) {
        const double *vector = vectors + v * N;
        double length = 0, most = 0;
        if (v > 0) assert_true(found[v] <= found[v - 1]);
        for (size_t i = 0; i < N; i++) {
            double by_a = 0, by_b = 0;
            for (size_t j = 0; j < N; j++) {
                by_a += a[i * N + j] * vector[j];
                by_b += b[i * N + j] * vector[j];
            }
            assert_true(fabs(by_a - found[v] * by_b) < 1e-9 * found[0]);
            length += vector[i] * by_b;
            if (fabs(vector[i]) > fabs(most)) most = vector[i];
        }
        assert_true(fabs(length - 1) < 1e-12);
        assert_true(most > 0);
    }
    for (size_t i = 0; i < N; i++) assert_true(a[i * N + i] / b[i * N + i] <= found[0] * (1 + 1e-12));
    memcpy(a_copy, a, sizeof a);
    memcpy(b_copy, b, sizeof b);
    b_copy[5 * N + 5] = -1;
    assert_int_equal(wn_linear_eigen_pair(a_copy, b_copy, N, KEPT_HERE, found, vectors, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "positive definite"));
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), 0);
}

static void test_rotation(void **state)
{
    enum { DIM = 40 };
    float first[DIM * DIM], second[DIM * DIM];
    (void)state;
    assert_int_equal(wn_linear_rotation(DIM, 9, first, NULL), WN_OK);
    assert_int_equal(wn_linear_rotation(DIM, 9, second, NULL), WN_OK);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(wn_linear_rotation(DIM, 10, second, NULL), WN_OK);
    assert_true(memcmp(first, second, sizeof first) != 0);
    for (size_t i = 0; i < DIM; i++) {
        for (size_t j = 0; j < DIM; j++) {
            double product = 0;
            for (size_t k = 0; k < DIM; k++) product += (double)first[i * DIM + k] * (double)first[j * DIM + k];
            assert_true(fabs(product - (i == j)) < 1e-6);
        }
    }
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_covariance), cmocka_unit_test(test_threads),
                                       cmocka_unit_test(test_eigen), cmocka_unit_test(test_eigen_pair),
                                       cmocka_unit_test(test_rotation)};
    return cmocka_run_group_tests(tests, fill_values, NULL);
}
