/* SPDX-License-Identifier: Apache-2.0
 *
 * Principal components against eigenvectors of a covariance summed in double, on both sides of the limit of the exact
 * method; rows without variance, fewer rows than dimensions, NaN, and the same bytes for any number of threads.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/linear.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/pca.h"

enum { ROWS = 5000, COLS = 40, STRIDE = 43, DIM = 12 };
enum { WIDE = WN_PCA_EXACT_DIM + 104, FEW = 300, WIDE_DIM = 24 };

static float values[ROWS * STRIDE], wide[(size_t)FEW * WIDE];
static const wn_matrix matrix = {values, ROWS, COLS, STRIDE}, wide_matrix = {wide, FEW, WIDE, WIDE};

/* Deviations 3, 3 * 0.8, 3 * 0.64, ... along directions that mix all columns, around a mean far from 0. */
static int fill_values(void **state)
{
    static float mix[COLS * COLS], signals[FEW * 40];
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 11, 0);
    assert_int_equal(wn_linear_rotation(COLS, 3, mix, NULL), WN_OK);
    for (size_t r = 0; r < ROWS; r++) {
        float *row = values + r * STRIDE;
        for (size_t c = 0; c < STRIDE; c++) row[c] = c < COLS ? 20 + (float)c : NAN;
        for (size_t k = 0; k < COLS; k++) {
            const float size = wn_rng_normal(&rng) * 3 * powf(0.8f, (float)k);
            for (size_t c = 0; c < COLS; c++) row[c] += size * mix[k * COLS + c];
        }
    }
    /* 40 signals of falling size in random directions, and noise */
    for (size_t i = 0; i < FEW * 40; i++) signals[i] = wn_rng_normal(&rng) * powf(0.85f, (float)(i % 40));
    for (size_t i = 0; i < (size_t)FEW * WIDE; i++) wide[i] = 0.002f * wn_rng_normal(&rng) - 1;
    for (size_t k = 0; k < 40; k++) {
        for (size_t c = 0; c < WIDE; c++) {
            const float direction = wn_rng_normal(&rng) / sqrtf(WIDE);
            for (size_t r = 0; r < FEW; r++) wide[r * WIDE + c] += signals[r * 40 + k] * direction;
        }
    }
    return 0;
}

/* Sums in double; `by_rows` gives the Gram matrix of the rows, which has the same eigenvalues. */
static void reference(const wn_matrix *x, bool by_rows, size_t wanted, double *variance, double *vectors)
{
    const size_t n = by_rows ? x->rows : x->cols, other = by_rows ? x->cols : x->rows;
    double *mean = calloc(x->cols, sizeof *mean), *centred = malloc(x->rows * x->cols * sizeof *centred);
    double *square = calloc(n * n, sizeof *square);
    for (size_t r = 0; r < x->rows; r++)
        for (size_t c = 0; c < x->cols; c++) mean[c] += (double)wn_matrix_row(x, r)[c] / (double)x->rows;
    for (size_t r = 0; r < x->rows; r++)
        for (size_t c = 0; c < x->cols; c++)
            centred[by_rows ? r * other + c : c * other + r] = (double)wn_matrix_row(x, r)[c] - mean[c];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            for (size_t k = 0; k < other; k++) square[i * n + j] += centred[i * other + k] * centred[j * other + k];
            square[i * n + j] /= (double)(x->rows - 1);
        }
    }
    assert_int_equal(wn_linear_eigen(square, n, wanted, variance, vectors, NULL), WN_OK);
    free(square);
    free(centred);
    free(mean);
}

static void fit(const wn_matrix *x, size_t dim, bool whiten, unsigned threads, wn_pca *out)
{
    wn_error err = {0};
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
    const wn_pca_request request = {.matrix = *x, .dim = dim, .whiten = whiten, .seed = 1, .pool = pool};
    if (wn_pca_fit(&request, out, &err)) fail_msg("%s", err.message);
    wn_pool_free(&pool);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void check_orthonormal(const wn_pca *pca)
{
    for (size_t i = 0; i < pca->dim; i++)
        for (size_t j = 0; j <= i; j++)
            assert_true(fabs(dot(pca->axes + i * pca->from, pca->axes + j * pca->from, pca->from) - (i == j)) < 1e-5);
}

static void test_exact_axes(void **state)
{
    static double vectors[COLS * COLS], variance[COLS];
    wn_pca pca;
    double total = 0, kept = 0;
    (void)state;
    reference(&matrix, false, COLS, variance, vectors);
    fit(&matrix, DIM, false, 2, &pca);
    assert_true(pca.from == COLS && pca.dim == DIM && pca.rows == ROWS && pca.rank == DIM && !pca.whiten);
    check_orthonormal(&pca);
    for (size_t k = 0; k < COLS; k++) total += variance[k];
    for (size_t i = 0; i < DIM; i++) {
        double product = 0;
        for (size_t c = 0; c < COLS; c++) product += vectors[i * COLS + c] * (double)pca.axes[i * COLS + c];
        assert_true(product > 1 - 1e-5); /* the sign too */
        assert_true(fabs(pca.variance[i] / variance[i] - 1) < 1e-5);
        kept += variance[i];
    }
    assert_true(fabs(pca.total / total - 1) < 1e-5);
    assert_true(fabs(wn_pca_explained(&pca) - kept / total) < 1e-5);
    wn_pca_clear(&pca);
    assert_null(pca.axes);
}

static void test_whitened_rows_vary_alike(void **state)
{
    static float reduced[ROWS * DIM];
    wn_pca pca;
    (void)state;
    fit(&matrix, DIM, true, 1, &pca);
    assert_int_equal(wn_pca_apply(&pca, &matrix, NULL, reduced, NULL), WN_OK);
    for (size_t i = 0; i < DIM; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t r = 0; r < ROWS; r++) sum += (double)reduced[r * DIM + i] * (double)reduced[r * DIM + j];
            assert_true(fabs(sum / (ROWS - 1) - (i == j)) < 1e-4);
        }
    }
    wn_pca_clear(&pca);
}

/* Rows in a plane of 5 dimensions; and 6 rows, which span 5. */
static void test_rows_without_variance(void **state)
{
    enum { N = 500, D = 20, RANK = 5, MORE = 12 };
    static float flat[N * D], reduced[N * MORE];
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 4, 0);
    for (size_t i = 0; i < N * D; i++) flat[i] = 2;
    for (size_t k = 0; k < RANK; k++) {
        float direction[D];
        for (size_t c = 0; c < D; c++) direction[c] = wn_rng_normal(&rng);
        for (size_t r = 0; r < N; r++) {
            const float size = wn_rng_normal(&rng);
            for (size_t c = 0; c < D; c++) flat[r * D + c] += size * direction[c];
        }
    }
    for (int few = 0; few < 2; few++) {
        const wn_matrix x = {flat, few ? RANK + 1 : N, D, D};
        wn_pca pca;
        fit(&x, MORE, true, 2, &pca);
        assert_int_equal(pca.rank, RANK);
        check_orthonormal(&pca);
        assert_true(wn_pca_explained(&pca) > 0.9999);
        assert_int_equal(wn_pca_apply(&pca, &x, NULL, reduced, NULL), WN_OK);
        for (size_t r = 0; r < x.rows; r++)
            for (size_t i = RANK; i < MORE; i++) assert_true(reduced[r * MORE + i] == 0);
        pca.whiten = false; /* distances stay */
        assert_int_equal(wn_pca_apply(&pca, &x, NULL, reduced, NULL), WN_OK);
        for (size_t r = 1; r < x.rows; r++) {
            double before = 0, after = 0;
            for (size_t c = 0; c < D; c++) before += pow((double)flat[r * D + c] - (double)flat[c], 2);
            for (size_t i = 0; i < MORE; i++) after += pow((double)reduced[r * MORE + i] - (double)reduced[i], 2);
            assert_true(fabs(after / before - 1) < 1e-4);
        }
        wn_pca_clear(&pca);
    }
    const wn_matrix one = {flat, 1, D, D};
    wn_pca pca;
    fit(&one, 3, true, 1, &pca);
    assert_true(pca.rank == 0 && wn_pca_explained(&pca) == 1);
    assert_int_equal(wn_pca_apply(&pca, &one, NULL, reduced, NULL), WN_OK);
    assert_true(reduced[0] == 0 && reduced[1] == 0 && reduced[2] == 0);
    wn_pca_clear(&pca);
}

static void test_random_subspace(void **state)
{
    static double variance[FEW], vectors[FEW * FEW];
    wn_pca pca;
    double wanted = 0, got = 0, total = 0;
    (void)state;
    reference(&wide_matrix, true, FEW, variance, vectors);
    fit(&wide_matrix, WIDE_DIM, false, 2, &pca);
    check_orthonormal(&pca);
    for (size_t i = 0; i < WIDE_DIM; i++) {
        assert_true(fabs(pca.variance[i] / variance[i] - 1) < 1e-3);
        wanted += variance[i];
        got += pca.variance[i];
    }
    assert_true(got / wanted > 0.9999 && got / wanted < 1.00001);
    for (size_t i = 0; i < FEW; i++) total += variance[i];
    assert_true(fabs(pca.total / total - 1) < 1e-5);
    wn_pca_clear(&pca);
}

static void test_threads_change_nothing(void **state)
{
    const wn_matrix *inputs[2] = {&matrix, &wide_matrix};
    (void)state;
    for (int i = 0; i < 2; i++) {
        wn_pca one, three;
        fit(inputs[i], DIM, false, 1, &one);
        fit(inputs[i], DIM, false, 3, &three);
        assert_memory_equal(one.axes, three.axes, DIM * one.from * sizeof(float));
        assert_memory_equal(one.mean, three.mean, one.from * sizeof(double));
        assert_memory_equal(one.variance, three.variance, DIM * sizeof(double));
        wn_pca_clear(&one);
        wn_pca_clear(&three);
    }
}

static void test_rows_stand_alone_and_nan(void **state)
{
    static float all[100 * DIM], some[100 * COLS];
    wn_pca pca;
    wn_error err = {0};
    (void)state;
    fit(&matrix, DIM, true, 1, &pca);
    for (size_t r = 0; r < 100; r++) memcpy(some + r * COLS, values + r * STRIDE, COLS * sizeof *some);
    some[7 * COLS + 3] = NAN;
    const wn_matrix x = {some, 100, COLS, COLS};
    assert_int_equal(wn_pca_apply(&pca, &x, NULL, all, NULL), WN_OK);
    for (size_t r = 0; r < 100; r++) {
        float alone[DIM];
        const wn_matrix row = {some + r * COLS, 1, COLS, COLS};
        assert_int_equal(wn_pca_apply(&pca, &row, NULL, alone, NULL), WN_OK);
        assert_memory_equal(alone, all + r * DIM, sizeof alone);
        for (size_t i = 0; i < DIM; i++) assert_int_equal(isnan(alone[i]) != 0, r == 7);
    }
    wn_pca_clear(&pca);

    const wn_pca_request request = {.matrix = x, .dim = 2};
    assert_int_equal(wn_pca_fit(&request, &pca, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 7"));
    assert_null(pca.axes);
}

static bool stop_now(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

static void test_requests_that_fail(void **state)
{
    const wn_progress progress = {stop_now, NULL};
    const struct {
        size_t rows, dim;
        const wn_progress *progress;
        wn_status status;
        const char *text;
    } cases[] = {{ROWS, 0, NULL, WN_INVALID, "1 to 40"},
                 {ROWS, COLS + 1, NULL, WN_INVALID, "1 to 40"},
                 {0, 2, NULL, WN_INVALID, "no rows"},
                 {ROWS, 2, &progress, WN_CANCELLED, "stopped"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_pca pca;
        wn_error err = {0};
        wn_pca_request request = {.matrix = matrix, .dim = cases[i].dim, .progress = cases[i].progress};
        request.matrix.rows = cases[i].rows;
        assert_int_equal(wn_pca_fit(&request, &pca, &err), cases[i].status);
        assert_non_null(strstr(err.message, cases[i].text));
        assert_null(pca.mean);
    }
    wn_pca pca;
    float out[DIM];
    fit(&matrix, DIM, false, 1, &pca);
    const wn_matrix narrow = {values, 1, COLS - 1, STRIDE};
    assert_int_equal(wn_pca_apply(&pca, &narrow, NULL, out, NULL), WN_INVALID);
    wn_pca_clear(&pca);
}

static void test_memory_is_given_back(void **state)
{
    const size_t before = wn_memory_live(WN_MEMORY_MATRIX);
    const wn_matrix *inputs[2] = {&matrix, &wide_matrix};
    (void)state;
    for (int i = 0; i < 2; i++) {
        wn_pca pca;
        fit(inputs[i], DIM, false, 1, &pca);
        const wn_pca_request request = {.matrix = *inputs[i], .dim = DIM};
        assert_true(wn_memory_live(WN_MEMORY_MATRIX) - before < wn_pca_memory(&request));
        wn_pca_clear(&pca);
        assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_axes),
        cmocka_unit_test(test_whitened_rows_vary_alike),
        cmocka_unit_test(test_rows_without_variance),
        cmocka_unit_test(test_random_subspace),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_rows_stand_alone_and_nan),
        SERIAL_TEST(test_requests_that_fail),
        SERIAL_TEST(test_memory_is_given_back),
    };
    return cmocka_run_group_tests(tests, fill_values, NULL);
}
