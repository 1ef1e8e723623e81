/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of embeddings whose shape is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/evaluate.h"

enum { ROWS = 1500, DIM = 16 };

static float rows[ROWS * DIM], other[ROWS * DIM];
static const wn_matrix all = {rows, ROWS, DIM, DIM};

/* Normal numbers in the first `used` dimensions, turned so that no axis is special. */
static void fill(float *out, size_t used, uint64_t stream)
{
    wn_rng rng;
    wn_rng_init(&rng, 21, stream);
    for (size_t i = 0; i < ROWS; i++) {
        float x[DIM] = {0}, sum = 0.0F;
        for (size_t j = 0; j < used; j++) sum += x[j] = wn_rng_normal(&rng);
        /* Householder's reflection on the vector of ones keeps lengths and angles */
        for (size_t j = 0; j < DIM; j++) out[i * DIM + j] = x[j] - 2.0F * sum / (float)DIM;
    }
}

static wn_geometry measure(const int64_t *labels, const wn_matrix *pairs, wn_pool *pool)
{
    wn_geometry_request request = {.matrix = all, .labels = labels, .pool = pool};
    wn_geometry geometry;
    wn_error err = {0};
    if (pairs) request.pairs = *pairs;
    if (wn_evaluate_geometry(&request, &geometry, &err) != WN_OK) fail_msg("%s", err.message);
    return geometry;
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.9g, should be %.9g", value, expected);
}

static void test_rank_and_dimension_are_those_of_the_data(void **state)
{
    (void)state;
    fill(rows, 5, 1);
    wn_geometry geometry = measure(NULL, NULL, NULL);
    assert_near(geometry.effective_rank, 5.0, 0.05);
    /* rows at length 1 lie on a sphere of 4 dimensions */
    assert_near(geometry.intrinsic_dim, 4.0, 0.5);
    assert_true(isnan(geometry.alignment));
    assert_int_equal(geometry.rows_used, ROWS);
    for (size_t i = 0; i < (size_t)ROWS * DIM; i++) rows[i] *= 1e-9F; /* in another unit */
    assert_near(measure(NULL, NULL, NULL).effective_rank, 5.0, 0.05);
    /* Rows without length have no place on the sphere. */
    memset(rows, 0, (size_t)ROWS * DIM * sizeof *rows);
    geometry = measure(NULL, NULL, NULL);
    assert_true(isnan(geometry.uniformity) && isnan(geometry.intrinsic_dim));
    assert_int_equal(geometry.rows_used, 0);
    fill(rows, 16, 1);
    assert_near(measure(NULL, NULL, NULL).effective_rank, 16.0, 0.1);
}

/* All pairs at once, in double. */
static void test_uniformity_is_its_formula(void **state)
{
    double sum = 0.0;
    (void)state;
    fill(rows, 3, 2);
    for (size_t a = 0; a < ROWS; a++) {
        for (size_t b = 0; b < a; b++) {
            double aa = 0.0, bb = 0.0, ab = 0.0;
            for (size_t j = 0; j < DIM; j++) {
                const double x = (double)rows[a * DIM + j], y = (double)rows[b * DIM + j];
                aa += x * x, bb += y * y, ab += x * y;
            }
            sum += exp(-2.0 * (2.0 - 2.0 * ab / sqrt(aa * bb))) / (ROWS * (ROWS - 1) / 2.0);
        }
    }
    assert_near(measure(NULL, NULL, NULL).uniformity, log(sum), 1e-5);
}

/* Each row against every other of its label, in double precision. */
static double plain_alignment(const int64_t *labels)
{
    double total = 0.0;
    size_t paired = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0.0;
        size_t others = 0;
        for (size_t k = 0; k < ROWS; k++) {
            double aa = 0.0, bb = 0.0, ab = 0.0;
            if (k == i || labels[k] != labels[i] || labels[i] < 0) continue;
            for (size_t j = 0; j < DIM; j++) {
                const double a = (double)rows[i * DIM + j], b = (double)rows[k * DIM + j];
                aa += a * a;
                bb += b * b;
                ab += a * b;
            }
            sum += 2.0 - 2.0 * ab / sqrt(aa * bb);
            others++;
        }
        if (others > 0) total += sum / (double)others;
        paired += others > 0;
    }
    return total / (double)paired;
}

static void test_alignment_is_the_distance_of_pairs(void **state)
{
    const wn_matrix views = {other, ROWS, DIM, DIM};
    int64_t labels[ROWS];
    (void)state;
    fill(rows, 8, 3);
    for (size_t i = 0; i < ROWS * DIM; i++) other[i] = 3.0F * rows[i];
    assert_near(measure(NULL, &views, NULL).alignment, 0.0, 1e-9);
    for (size_t i = 0; i < ROWS * DIM; i++) other[i] = -rows[i];
    assert_near(measure(NULL, &views, NULL).alignment, 4.0, 1e-9);
    for (size_t i = 0; i < ROWS; i++) labels[i] = i % 7 == 0 ? -1 : (int64_t)(i % 3);
    assert_near(measure(labels, NULL, NULL).alignment, plain_alignment(labels), 1e-6);
    for (size_t i = 0; i < ROWS; i++) memcpy(rows + i * DIM, rows + i % 3 * DIM, DIM * sizeof *rows);
    assert_near(measure(labels, NULL, NULL).alignment, 0.0, 1e-9);
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int64_t)i; /* no two rows of one label */
    assert_true(isnan(measure(labels, NULL, NULL).alignment));
}

static void test_odd_rows_have_answers(void **state)
{
    wn_geometry_request request = {.matrix = {rows, 2, DIM, DIM}};
    wn_geometry geometry;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_evaluate_geometry(&request, &geometry, &err), WN_INVALID);
    memset(rows, 0, sizeof rows);
    geometry = measure(NULL, NULL, NULL);
    assert_true(geometry.effective_rank == 0.0 && isnan(geometry.intrinsic_dim));
    rows[5] = NAN;
    request.matrix = all;
    assert_int_equal(wn_evaluate_geometry(&request, &geometry, &err), WN_INVALID);
    fill(rows, 4, 4);
    request.pairs = (wn_matrix){other, ROWS - 1, DIM, DIM};
    assert_int_equal(wn_evaluate_geometry(&request, &geometry, &err), WN_INVALID);
}

static void test_overlap_is_the_share_of_common_neighbours(void **state)
{
    const wn_matrix b = {other, ROWS, DIM, DIM}, fewer = {other, ROWS - 1, DIM, DIM};
    wn_error err = {0};
    double share = 0.0;
    (void)state;
    fill(rows, 8, 5);
    for (size_t i = 0; i < ROWS * DIM; i++) other[i] = 2.0F * rows[i];
    assert_int_equal(wn_evaluate_overlap(&all, &b, 10, NULL, NULL, &share, &err), WN_OK);
    assert_near(share, 1.0, 1e-9);
    fill(other, 8, 6);
    assert_int_equal(wn_evaluate_overlap(&all, &b, 10, NULL, NULL, &share, &err), WN_OK);
    assert_near(share, 10.0 / (ROWS - 1), 0.004);
    assert_int_equal(wn_evaluate_overlap(&all, &fewer, 10, NULL, NULL, &share, &err), WN_INVALID);
    assert_int_equal(wn_evaluate_overlap(&all, &b, ROWS, NULL, NULL, &share, &err), WN_INVALID);
    assert_int_equal(wn_evaluate_overlap(&all, &b, 0, NULL, NULL, &share, &err), WN_INVALID);
}

/* Three kinds that a plane tells apart in the dimensions 0 and 1, under noise in all others. */
static void test_a_probe_finds_what_is_linear(void **state)
{
    static float test[ROWS * DIM];
    int64_t labels[ROWS], truths[ROWS], predictions[ROWS];
    wn_knn_result result;
    wn_error err = {0};
    (void)state;
    fill(rows, DIM, 8);
    fill(test, DIM, 9);
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = i % 11 == 0 ? -1 : (int64_t)(i % 3) * 5 + 2;
        truths[i] = (int64_t)(i % 3) * 5 + 2;
        rows[i * DIM] += (float)(i % 3 == 1) * 9.0F;
        rows[i * DIM + 1] += (float)(i % 3 == 2) * 9.0F;
        test[i * DIM] += (float)(i % 3 == 1) * 9.0F;
        test[i * DIM + 1] += (float)(i % 3 == 2) * 9.0F;
    }
    truths[7] = 99; /* a label that the training rows do not have is wrong by nature */
    const wn_linear_request request = {
        .train = all, .train_labels = labels, .test = {test, ROWS, DIM, DIM}, .test_labels = truths};
    assert_int_equal(wn_evaluate_linear(&request, predictions, &result, &err), WN_OK);
    assert_true(result.accuracy > 0.995 && result.accuracy < 1.0);
    assert_int_equal(result.rows_train, ROWS - (ROWS + 10) / 11);
    assert_int_equal(result.classes, 3);
    assert_int_equal(predictions[3], 2);
    for (size_t i = 0; i < ROWS; i++) labels[i] = 4;
    assert_int_equal(wn_evaluate_linear(&request, NULL, &result, &err), WN_INVALID);
}

static void test_threads_do_not_change_figures(void **state)
{
    int64_t labels[ROWS];
    (void)state;
    fill(rows, 9, 7);
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int64_t)(i % 5);
    const wn_geometry one = measure(labels, NULL, NULL);
    for (unsigned threads = 2; threads <= 7; threads += 5) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
        const wn_geometry again = measure(labels, NULL, pool);
        assert_memory_equal(&one, &again, sizeof one);
        wn_pool_free(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_rank_and_dimension_are_those_of_the_data),  SERIAL_TEST(test_uniformity_is_its_formula),
        SERIAL_TEST(test_alignment_is_the_distance_of_pairs),        SERIAL_TEST(test_odd_rows_have_answers),
        SERIAL_TEST(test_overlap_is_the_share_of_common_neighbours), SERIAL_TEST(test_a_probe_finds_what_is_linear),
        cmocka_unit_test(test_threads_do_not_change_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
