/* SPDX-License-Identifier: Apache-2.0
 *
 * Every loss against its definition written out in double, every gradient against finite differences of that, and the
 * same bytes for any number of threads.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "pretrain/method.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

enum { IMAGES = 11, VIEWS = 3, DIM = 9, ROWS = IMAGES * VIEWS, CELLS = ROWS * DIM };

static double dot(const double *a, const double *b)
{
    double sum = 0.0;
    for (int j = 0; j < DIM; j++) sum += a[j] * b[j];
    return sum;
}

/* loss = mean over r of log sum over other images exp(s) - mean over other views s, at temperature 0.1. */
static double dcl(const double *z)
{
    double loss = 0.0;
    for (int r = 0; r < ROWS; r++) {
        double others = 0.0, own = 0.0;
        for (int c = 0; c < ROWS; c++) {
            double s = dot(z + r * DIM, z + c * DIM) / 0.1;
            if (c % IMAGES != r % IMAGES)
                others += exp(s);
            else if (c != r)
                own += s / (VIEWS - 1);
        }
        loss += (log(others) - own) / ROWS;
    }
    return loss;
}

/* The formula at the top of vicreg.c with weights 25, 25, 1. */
static double vicreg(const double *z)
{
    double invariance = 0.0, hinge = 0.0, squares = 0.0;
    for (int i = 0; i < IMAGES * DIM; i++) {
        double mean = 0.0;
        for (int v = 0; v < VIEWS; v++) mean += z[v * IMAGES * DIM + i] / VIEWS;
        for (int v = 0; v < VIEWS; v++) invariance += pow(z[v * IMAGES * DIM + i] - mean, 2) / (IMAGES * DIM);
    }
    for (int v = 0; v < VIEWS; v++) {
        const double *rows = z + v * IMAGES * DIM;
        double mean[DIM] = {0};
        for (int i = 0; i < IMAGES * DIM; i++) mean[i % DIM] += rows[i] / IMAGES;
        for (int a = 0; a < DIM; a++) {
            for (int b = 0; b < DIM; b++) {
                double covariance = 0.0;
                for (int i = 0; i < IMAGES; i++) {
                    covariance += (rows[i * DIM + a] - mean[a]) * (rows[i * DIM + b] - mean[b]) / (IMAGES - 1);
                }
                if (a != b)
                    squares += covariance * covariance / (VIEWS * DIM);
                else
                    hinge += fmax(0.0, 1.0 - sqrt(covariance + 1e-4)) / (VIEWS * DIM);
            }
        }
    }
    return 25.0 * 2.0 / (VIEWS - 1) * invariance + 25.0 * hinge + 2.0 * squares;
}

/* What a teacher says of each image: a fixed table of unit rows. */
static void fill_targets(float *targets)
{
    wn_rng rng;
    wn_rng_init(&rng, 8, 2);
    for (int i = 0; i < IMAGES; i++) {
        double length = 0.0;
        for (int j = 0; j < DIM; j++) {
            targets[i * DIM + j] = wn_rng_normal(&rng);
            length += (double)targets[i * DIM + j] * (double)targets[i * DIM + j];
        }
        for (int j = 0; j < DIM; j++) targets[i * DIM + j] /= (float)sqrt(length);
    }
}

/* The formula at the top of distill.c with relations = 2. */
static double distill(const double *z)
{
    float table[IMAGES * DIM];
    double targets[IMAGES * DIM], directions = 0.0, relations = 0.0;
    fill_targets(table);
    for (int i = 0; i < IMAGES * DIM; i++) targets[i] = (double)table[i];
    for (int r = 0; r < ROWS; r++) {
        const double *t = targets + r % IMAGES * DIM;
        directions += (1.0 - dot(z + r * DIM, t)) / ROWS;
        for (int s = 0; s < ROWS; s++) {
            if (s == r) continue;
            double d = dot(z + r * DIM, z + s * DIM) - dot(t, targets + s % IMAGES * DIM);
            relations += d * d / (ROWS * (ROWS - 1));
        }
    }
    return directions + 2.0 * relations;
}

static void fill(float *z, float scale, bool unit)
{
    wn_rng rng;
    wn_rng_init(&rng, 5, 1);
    for (int r = 0; r < ROWS; r++) {
        double length = 0.0;
        for (int j = 0; j < DIM; j++) {
            z[r * DIM + j] = scale * wn_rng_normal(&rng) + (j < 3 ? (float)(r % IMAGES) * 0.1F : 0.0F);
            length += (double)z[r * DIM + j] * (double)z[r * DIM + j];
        }
        for (int j = 0; j < DIM && unit; j++) z[r * DIM + j] /= (float)sqrt(length);
    }
}

static double run(const wn_method *method, wn_pool *pool, const float *z, float *dz)
{
    unsigned char params[WN_METHOD_PARAMS_MAX] = {0};
    wn_tile_kernels kernels;
    wn_error err = {0};
    wn_tile_kernels_init(&kernels, wn_cpu_level());
    assert_int_equal(wn_method_read_options(method, NULL, params, &err), WN_OK);
    float *scratch = wn_alloc(WN_MEMORY_GENERAL, method->scratch(IMAGES, VIEWS, DIM), sizeof *scratch);
    assert_non_null(scratch);
    float targets[IMAGES * DIM];
    fill_targets(targets);
    wn_loss_input input = {.z = z, .images = IMAGES, .views = VIEWS, .dim = DIM, .kernels = &kernels, .pool = pool,
                           .scratch = scratch, .targets = targets};
    double loss = method->loss(params, &input, dz);
    wn_free(scratch);
    return loss;
}

static void compare(const char *name, double reference(const double *), float scale)
{
    const wn_method *method = wn_method_find(name);
    float z[CELLS], dz[CELLS];
    double exact[CELLS], largest = 0.0;
    assert_non_null(method);
    fill(z, scale, method->unit);
    for (int i = 0; i < CELLS; i++) exact[i] = (double)z[i];
    double loss = run(method, NULL, z, dz), expected = reference(exact);
    if (fabs(loss - expected) > 1e-5 * fabs(expected)) fail_msg("%s: loss %.9g, should be %.9g", name, loss, expected);
    for (int i = 0; i < CELLS; i++) largest = fmax(largest, fabs((double)dz[i]));
    for (int i = 0; i < CELLS; i++) {
        const double step = 1e-5, at = exact[i];
        exact[i] = at + step;
        double up = reference(exact);
        exact[i] = at - step;
        double slope = (up - reference(exact)) / (2.0 * step);
        exact[i] = at;
        if (fabs(slope - (double)dz[i]) > 2e-5 * largest) {
            fail_msg("%s: gradient %d is %.9g, should be %.9g", name, i, (double)dz[i], slope);
        }
    }
}

static void test_dcl_is_its_formula(void **state)
{
    (void)state;
    compare("dcl", dcl, 1.0F);
}

static void test_vicreg_is_its_formula(void **state)
{
    (void)state;
    compare("vicreg", vicreg, 0.4F); /* the hinge is active */
    compare("vicreg", vicreg, 3.0F); /* and not */
}

static void test_distill_is_its_formula(void **state)
{
    (void)state;
    compare("distill", distill, 1.0F);
}

static void test_threads_do_not_change_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        const wn_method *method = wn_method_at(i);
        float z[CELLS], first[CELLS], again[CELLS];
        fill(z, 1.0F, method->unit);
        double loss = run(method, NULL, z, first);
        for (unsigned threads = 2; threads <= 7; threads += 5) {
            wn_pool *pool = NULL;
            assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
            assert_true(run(method, pool, z, again) == loss);
            assert_memory_equal(first, again, sizeof first);
            wn_pool_free(&pool);
        }
    }
}

static void test_options_are_checked(void **state)
{
    unsigned char params[WN_METHOD_PARAMS_MAX];
    wn_error err = {0};
    (void)state;
    const wn_method *method = wn_method_find("dcl");
    assert_int_equal(wn_method_read_options(method, "temperature=0.5", params, &err), WN_OK);
    assert_int_equal(wn_method_read_options(method, "temperature=x", params, &err), WN_INVALID);
    assert_int_equal(wn_method_read_options(method, "temperatur=0.5", params, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "temperature"));
    assert_null(wn_method_find("none"));
}

static void test_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        const wn_method *method = wn_method_at(i);
        assert_true(method->params_size <= WN_METHOD_PARAMS_MAX);
        int64_t least = method->views_least > 0 ? method->views_least : 2;
        assert_true(method->views + method->small_views >= least);
        assert_true(method->projector_len > 0 && strlen(method->summary) > 10);
        assert_ptr_equal(wn_method_find(method->name), method);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dcl_is_its_formula),     cmocka_unit_test(test_vicreg_is_its_formula),
        cmocka_unit_test(test_distill_is_its_formula), cmocka_unit_test(test_threads_do_not_change_bytes),
        cmocka_unit_test(test_options_are_checked),    cmocka_unit_test(test_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
