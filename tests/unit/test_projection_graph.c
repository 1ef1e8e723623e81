/* SPDX-License-Identifier: Apache-2.0
 *
 * What maps are made from: weights of neighbours, their symmetric matrix, the curve of UMAP.
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
#include "projection/fuzzy.h"
#include "sanitizer.h"
#include "winnow/memory.h"

enum { ROWS = 50, K = 7 };

static int64_t ids[ROWS * K];
static float distances[ROWS * K];

/* Distinct neighbours at growing distances; row 3 has only two, row 4 all at distance 0. */
static wn_map_lists make_lists(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 9, 0);
    for (size_t row = 0; row < ROWS; row++) {
        int64_t drawn[K + 1];
        size_t to = 0;
        float distance = 0;
        assert_true(wn_rng_sample(&rng, ROWS, K + 1, drawn));
        for (size_t i = 0; to < K; i++) {
            if (drawn[i] == (int64_t)row) continue;
            distance += row == 4 ? 0 : wn_rng_range(&rng, 0.1f, 1);
            bool missing = row == 3 && to >= 2;
            ids[row * K + to] = missing ? -1 : drawn[i];
            distances[row * K + to] = missing ? INFINITY : distance;
            to++;
        }
    }
    return (wn_map_lists){.ids = ids, .distances = distances, .rows = ROWS, .k = K, .stride = K};
}

static void test_weights_add_up(void **state)
{
    (void)state;
    wn_map_lists lists = make_lists();
    float weights[ROWS * K];
    wn_fuzzy_weigh(&lists, NULL, weights);
    for (size_t row = 0; row < ROWS; row++) {
        double sum = 0;
        for (size_t i = 0; i < K; i++) sum += (double)weights[row * K + i];
        assert_true(weights[row * K] == 1); /* the nearest is sure */
        if (row == 3) {
            assert_true(weights[row * K + 2] == 0 && fabs(sum - log2(3)) < 1e-3);
        } else if (row == 4) {
            assert_true(sum == K);
        } else {
            assert_true(fabs(sum - log2(K + 1)) < 1e-3);
            for (size_t i = 1; i < K; i++) assert_true(weights[row * K + i] < weights[row * K + i - 1]);
        }
    }
}

static float weight_of(const float *weights, size_t from, size_t to)
{
    for (size_t i = 0; i < K; i++)
        if (ids[from * K + i] == (int64_t)to) return weights[from * K + i];
    return 0;
}

static void test_join_is_symmetric(void **state)
{
    (void)state;
    wn_map_lists lists = make_lists();
    float weights[ROWS * K];
    wn_fuzzy_weigh(&lists, NULL, weights);
    for (int rule = WN_SPARSE_UNION; rule <= WN_SPARSE_MEAN; rule++) {
        wn_sparse joined;
        assert_int_equal(wn_sparse_join(&lists, weights, (wn_sparse_rule)rule, NULL, &joined, NULL), WN_OK);
        for (size_t a = 0; a < ROWS; a++) {
            uint64_t at = joined.starts[a];
            for (size_t b = 0; b < ROWS; b++) {
                float x = weight_of(weights, a, b), y = weight_of(weights, b, a);
                if (x == 0 && y == 0) continue;
                assert_true(at < joined.starts[a + 1] && joined.cols[at] == b);
                double expected = rule == WN_SPARSE_UNION ? (double)x + (double)y - (double)x * (double)y
                                                          : ((double)x + (double)y) / 2;
                assert_true(fabs((double)joined.values[at++] - expected) < 1e-6);
            }
            assert_true(at == joined.starts[a + 1]);
        }
        wn_sparse_clear(&joined);
    }
}

/* Expected: umap-learn 0.5's find_ab_params(spread, min_dist), which scipy's curve_fit computes. */
static void test_curve(void **state)
{
    (void)state;
    static const double cases[][4] = {{0.1, 1, 1.57694, 0.89506},
                                      {0, 1, 1.93281, 0.790495},
                                      {0.5, 1, 0.58303, 1.33417},
                                      {0.01, 2, 0.635344, 0.795553},
                                      {1, 0.5, 0.0956835, 3.89123}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double a, b;
        wn_fuzzy_curve(cases[i][0], cases[i][1], &a, &b);
        if (fabs(a / cases[i][2] - 1) > 1e-3 || fabs(b / cases[i][3] - 1) > 1e-3)
            fail_msg("min_dist %g spread %g: a %.6g b %.6g", cases[i][0], cases[i][1], a, b);
    }
}

/* Beyond a few ten thousand rows not all pairs are compared. */
static void test_many_rows(void **state)
{
    (void)state;
    enum { MANY = 30000, DIM = 16, FEW = 3 };
    float *data = malloc((size_t)MANY * DIM * sizeof *data);
    wn_rng rng, centre;
    wn_map_lists lists;
    wn_error err = {0};
    wn_projection_request request = {.matrix = {data, MANY, DIM, DIM}};
    wn_rng_init(&rng, 4, 0);
    for (size_t row = 0; row < MANY; row++) {
        wn_rng_init(&centre, 3, wn_rng_below(&rng, 200));
        for (size_t k = 0; k < DIM; k++)
            data[row * DIM + k] = wn_rng_range(&centre, -1, 1) + wn_rng_range(&rng, -0.5f, 0.5f);
    }
    assert_int_equal(wn_pool_new(0, 0, &request.pool, NULL), WN_OK);
    if (wn_map_lists_get(&request, FEW, &lists, &err)) fail_msg("%s", err.message);
    assert_true(lists.found.recall >= 0.98 && lists.found.recall < 1); /* measured: not by comparing all */
    assert_true(wn_map_lists_memory(&request, FEW) > (uint64_t)MANY * DIM * sizeof *data);
    wn_map_lists_clear(&lists);
    wn_pool_free(&request.pool);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_weights_add_up),
        SERIAL_TEST(test_join_is_symmetric),
        SERIAL_TEST(test_curve),
        cmocka_unit_test(test_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
