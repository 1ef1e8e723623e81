/* SPDX-License-Identifier: Apache-2.0
 *
 * The forces of t-SNE: the grid against all pairs, all pairs against differences of the divergence, likelihoods against
 * the perplexity asked for.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "projection/perplexity.h"
#include "projection/repulsion.h"
#include "winnow/memory.h"

enum { ROWS = 1500, FEW = 12 };

static float points[ROWS * 2], forces[ROWS * 2], expected[ROWS * 2];
static double sums[ROWS];

static void scatter(double span)
{
    wn_rng rng;
    wn_rng_init(&rng, 11, 0);
    for (size_t i = 0; i < 2 * (size_t)ROWS; i++) points[i] = 7 + (float)span * wn_rng_normal(&rng) / 5;
}

static void test_grid_against_all_pairs(void **state)
{
    (void)state;
    static const double spans[] = {1e-4, 0.1, 3, 40, 150};
    wn_pool *pool = NULL;
    wn_repulsion repulsion = {.step_most = 0.5, .least_nodes = 100}, again = repulsion;
    assert_int_equal(wn_pool_new(7, 0, &pool, NULL), WN_OK);
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++) { /* one after the other: the grid changes its size */
        double z, z_again, z_exact, error = 0, total = 0;
        scatter(spans[s]);
        assert_int_equal(wn_repulsion_run(&repulsion, points, ROWS, NULL, forces, &z, NULL), WN_OK);
        assert_int_equal(wn_repulsion_run(&again, points, ROWS, pool, expected, &z_again, NULL), WN_OK);
        assert_memory_equal(forces, expected, sizeof forces);
        assert_true(z == z_again);
        wn_repulsion_exact(points, ROWS, 2, NULL, expected, sums, &z_exact);
        for (size_t i = 0; i < 2 * (size_t)ROWS; i++) {
            double off = (double)forces[i] - (double)expected[i];
            error += off * off, total += (double)expected[i] * (double)expected[i];
        }
        if (!(sqrt(error / total) < (spans[s] < 10 ? 2e-3 : 0.05)) || !(fabs(z / z_exact - 1) < 2e-3))
            fail_msg("span %g: force off by %g, z %g of %g", spans[s], sqrt(error / total), z, z_exact);
    }
    wn_repulsion_clear(&repulsion);
    wn_repulsion_clear(&again);
    wn_pool_free(&pool);
}

static double log_z(const double *at, size_t stride)
{
    double z = 0;
    for (size_t i = 0; i < FEW; i++)
        for (size_t j = 0; j < FEW; j++) {
            double d2 = 0;
            for (size_t c = 0; c < stride; c++)
                d2 += (at[i * stride + c] - at[j * stride + c]) * (at[i * stride + c] - at[j * stride + c]);
            z += i == j ? 0 : 1 / (1 + d2);
        }
    return log(z);
}

/* d ln Z / d y_i = -4 / Z * sum of (y_i - y_j) / (1 + d^2)^2. */
static void test_all_pairs_are_a_gradient(void **state)
{
    (void)state;
    for (size_t stride = 2; stride <= 4; stride += 2) {
        float at[FEW * 4], found[FEW * 4];
        double exact[FEW * 4], z;
        wn_rng rng;
        wn_rng_init(&rng, stride, 0);
        for (size_t i = 0; i < FEW * stride; i++) {
            at[i] = stride == 4 && i % 4 == 3 ? 0 : wn_rng_normal(&rng);
            exact[i] = (double)at[i];
        }
        wn_repulsion_exact(at, FEW, stride, NULL, found, sums, &z);
        for (size_t i = 0; i < FEW * stride; i++) {
            double kept = exact[i], step = 1e-5;
            exact[i] = kept + step;
            double above = log_z(exact, stride);
            exact[i] = kept - step;
            double slope = (above - log_z(exact, stride)) / (2 * step);
            exact[i] = kept;
            if (stride == 4 && i % 4 == 3) continue;
            assert_true(fabs(slope + 4 * (double)found[i] / z) < 1e-6);
        }
    }
}

static void test_perplexity(void **state)
{
    (void)state;
    enum { K = 30 };
    static const float scales[] = {1e-3f, 1, 1e4f};
    int64_t ids[3 * K];
    float distances[3 * K], weights[3 * K];
    wn_rng rng;
    wn_rng_init(&rng, 4, 0);
    for (size_t row = 0; row < 3; row++) {
        float distance = scales[row];
        for (size_t i = 0; i < K; i++) {
            ids[row * K + i] = (int64_t)i + 10;
            distances[row * K + i] = distance += scales[row] * wn_rng_uniform(&rng) / 4;
        }
    }
    for (size_t i = 20; i < K; i++) ids[i] = -1; /* a list that ends early */
    wn_map_lists lists = {.ids = ids, .distances = distances, .rows = 3, .k = K, .stride = K};
    for (double perplexity = 2; perplexity < 12; perplexity += 3) {
        wn_perplexity_weigh(&lists, perplexity, NULL, weights);
        for (size_t row = 0; row < 3; row++) {
            double sum = 0, entropy = 0;
            for (size_t i = 0; i < K; i++) {
                double p = (double)weights[row * K + i];
                assert_true(p >= 0 && (p == 0 || ids[row * K + i] >= 0));
                sum += p, entropy -= p > 0 ? p * log2(p) : 0;
            }
            assert_true(fabs(sum - 1) < 1e-5 && fabs(exp2(entropy) - perplexity) < 1e-2);
        }
    }
    wn_perplexity_weigh(&lists, 0, NULL, weights);
    assert_true(fabsf(weights[0] - 0.05f) < 1e-6f && weights[20] == 0);
    for (size_t i = 0; i < K; i++) distances[K + i] = 0; /* all alike: all count the same */
    wn_perplexity_weigh(&lists, 5, NULL, weights);
    assert_true(fabsf(weights[K + 7] - 1.0f / K) < 1e-6f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_against_all_pairs),
        cmocka_unit_test(test_all_pairs_are_a_gradient),
        cmocka_unit_test(test_perplexity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
