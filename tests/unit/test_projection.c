/* SPDX-License-Identifier: Apache-2.0
 *
 * Projections: principal components of rows made from known axes, and what every method must do.
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
#include "winnow/memory.h"
#include "winnow/projection.h"

enum { ROWS = 4000, DIM = 12 };

/* Rows mean + a u + b v + noise, with orthonormal u, v and variances 25, 4 and 0.01 */
static float data[ROWS * DIM];
static const float u[DIM] = {0.6f, -0.8f}, v[DIM] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.28f, 0.96f};

static wn_matrix make_rows(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < ROWS; i++) {
        float a = 5 * wn_rng_normal(&rng), b = 2 * wn_rng_normal(&rng);
        for (size_t k = 0; k < DIM; k++) data[i * DIM + k] = 100 + a * u[k] + b * v[k] + 0.1f * wn_rng_normal(&rng);
    }
    return (wn_matrix){data, ROWS, DIM, DIM};
}

static void test_components_of_known_axes(void **state)
{
    (void)state;
    const wn_projection_method *pca = wn_projection_method_find("pca");
    wn_projection map;
    wn_error err = {0};
    wn_projection_request request = {.matrix = make_rows(), .dims = 3};
    if (wn_project(pca, NULL, &request, &map, &err)) fail_msg("%s", err.message);
    assert_true(map.rows == ROWS && map.dims == 3);
    /* the largest component is positive: of u that is -0.8, so the axis is -u */
    for (size_t k = 0; k < DIM; k++) {
        assert_true(fabsf(map.axes[k] + u[k]) < 0.01f);
        assert_true(fabsf(map.axes[DIM + k] - v[k]) < 0.01f);
        assert_true(fabsf(map.mean[k] - 100) < 0.5f);
    }
    double total = 25 + 4 + 12 * 0.01;
    assert_true(fabs(map.variance[0] - 25.01 / total) < 0.02);
    assert_true(fabs(map.variance[1] - 4.01 / total) < 0.02);
    assert_true(map.variance[2] > 0 && map.variance[2] < 0.002);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < 3; j++) {
            double point = 0;
            for (size_t k = 0; k < DIM; k++)
                point += (double)map.axes[j * DIM + k] * ((double)data[i * DIM + k] - (double)map.mean[k]);
            assert_true(fabs(point - (double)map.points[i * 3 + j]) < 1e-3);
        }
    }
    wn_projection_clear(&map);
    assert_null(map.points);
}

static void test_rows_all_alike(void **state)
{
    (void)state;
    const float same[4 * 3] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    wn_projection map;
    wn_projection_request request = {.matrix = {same, 4, 3, 3}, .dims = 2};
    assert_int_equal(wn_project(wn_projection_method_find("pca"), NULL, &request, &map, NULL), WN_OK);
    for (size_t i = 0; i < 8; i++) assert_true(map.points[i] == 0.0f);
    assert_true(map.variance[0] == 0 && map.variance[1] == 0);
    wn_projection_clear(&map);
    request.matrix.rows = 1;
    assert_int_equal(wn_project(wn_projection_method_find("pca"), NULL, &request, &map, NULL), WN_OK);
    assert_true(map.points[0] == 0.0f);
    wn_projection_clear(&map);
}

static bool stop_now(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

static void test_table(void **state)
{
    (void)state;
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(7, 0, &pool, NULL), WN_OK);
    for (size_t at = 0; wn_projection_method_at(at); at++) {
        const wn_projection_method *method = wn_projection_method_at(at);
        wn_projection serial, threaded;
        wn_error err = {0};
        void *params = wn_alloc(WN_MEMORY_GENERAL, 1, method->params_size);
        size_t before = wn_memory_live(WN_MEMORY_MATRIX);
        assert_ptr_equal(wn_projection_method_find(method->name), method);
        assert_int_equal(wn_options_init(method->options, params, NULL), WN_OK);
        wn_projection_request request = {.matrix = make_rows(), .dims = 2, .seed = 1};
        assert_int_equal(wn_project(method, params, &request, &serial, NULL), WN_OK);
        request.pool = pool;
        assert_int_equal(wn_project(method, params, &request, &threaded, NULL), WN_OK);
        assert_memory_equal(serial.points, threaded.points, ROWS * 2 * sizeof(float));
        wn_projection_clear(&serial);
        wn_projection_clear(&threaded);
        wn_progress progress = {stop_now, NULL};
        request.progress = &progress;
        assert_int_equal(wn_project(method, params, &request, &serial, NULL), WN_CANCELLED);
        request.dims = DIM + 1;
        assert_int_equal(wn_project(method, params, &request, &serial, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "13"));
        request.dims = 2;
        data[17 * DIM] = NAN;
        assert_int_equal(wn_project(method, params, &request, &serial, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "row 17"));
        request.matrix.rows = 0;
        assert_int_equal(wn_project(method, params, &request, &serial, &err), WN_INVALID);
        assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), before);
        wn_free(params);
    }
    assert_null(wn_projection_method_find("none"));
    wn_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components_of_known_axes),
        cmocka_unit_test(test_rows_all_alike),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
