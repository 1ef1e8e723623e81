/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads and row normalisation against plain double precision and its central differences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "nn/mlp.h"
#include "sanitizer.h"
#include "winnow/memory.h"

enum { ROWS = 150, IN = 21, HIDDEN = 40, OUT = 13 };

static const wn_mlp_layer layers[] = {
    {HIDDEN, WN_ACTIVATION_GELU, true, true},
    {HIDDEN, WN_ACTIVATION_RELU, true, false},
    {OUT, WN_ACTIVATION_NONE, false, true},
};

static const float *part(wn_mlp *mlp, size_t layer, const char *name)
{
    char full[WN_TENSOR_NAME_BYTES];
    snprintf(full, sizeof full, "head%zu.%s", layer, name);
    const wn_tensor *row = wn_tensors_find(wn_mlp_tensors(mlp), full);
    return row ? wn_mlp_tensors(mlp)->values + row->offset : NULL;
}

static double plain_activation(double t, wn_activation activation)
{
    if (activation == WN_ACTIVATION_RELU) return t > 0 ? t : 0;
    if (activation == WN_ACTIVATION_GELU) return 0.5 * t * (1 + erf(t / sqrt(2)));
    return t;
}

/* The head in double precision; `running` takes the running statistics. */
static void plain_forward(wn_mlp *mlp, const float *in, size_t rows, int running, double *out)
{
    static double a[ROWS * HIDDEN], z[ROWS * HIDDEN];
    size_t width_in = IN;
    for (size_t i = 0; i < rows * IN; i++) a[i] = (double)in[i];
    for (size_t l = 0; l < 3; l++) {
        const float *w = part(mlp, l, "weight"), *bias = part(mlp, l, "bias");
        size_t width = layers[l].width;
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < width; o++) {
                double sum = bias ? (double)bias[o] : 0;
                for (size_t k = 0; k < width_in; k++) sum += a[r * width_in + k] * (double)w[o * width_in + k];
                z[r * width + o] = sum;
            }
        for (size_t o = 0; o < width; o++) {
            double m = 0, v = 0;
            for (size_t r = 0; r < rows; r++) m += z[r * width + o] / (double)rows;
            for (size_t r = 0; r < rows; r++) v += pow(z[r * width + o] - m, 2) / (double)rows;
            if (running && layers[l].norm) {
                m = (double)part(mlp, l, "mean")[o];
                v = (double)part(mlp, l, "variance")[o];
            }
            for (size_t r = 0; r < rows; r++) {
                double t = z[r * width + o];
                if (layers[l].norm)
                    t = (t - m) / sqrt(v + 1e-5) * (double)part(mlp, l, "scale")[o] + (double)part(mlp, l, "shift")[o];
                a[r * width + o] = plain_activation(t, layers[l].activation);
            }
        }
        width_in = width;
    }
    memcpy(out, a, rows * OUT * sizeof *out);
}

typedef struct fixture {
    wn_mlp *mlp;
    float in[ROWS * IN], weights[ROWS * OUT];
} fixture;

static fixture shared;

static int set_up(void **state)
{
    wn_rng rng;
    wn_error err = {0};
    wn_rng_init(&rng, 11, 0);
    if (wn_mlp_new(IN, layers, 3, "head", 5, &shared.mlp, &err) != WN_OK) return 1;
    wn_tensors *tensors = wn_mlp_tensors(shared.mlp);
    for (size_t i = 0; i < tensors->row_count; i++) {
        if (tensors->rows[i].role == WN_TENSOR_WEIGHT) continue;
        for (size_t k = 0; k < tensors->rows[i].count; k++)
            tensors->values[tensors->rows[i].offset + k] += wn_rng_range(&rng, -0.3F, 0.5F);
    }
    for (size_t i = 0; i < ROWS * IN; i++) shared.in[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < ROWS * OUT; i++) shared.weights[i] = wn_rng_normal(&rng);
    *state = &shared;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    wn_mlp_free(&f->mlp);
    return wn_memory_live(WN_MEMORY_COUNT) == 0 ? 0 : 1;
}

static void forward_matches_plain_loops(void **state)
{
    fixture *f = *state;
    wn_error err = {0};
    static double want[ROWS * OUT];
    static float got[ROWS * OUT];
    for (int training = 0; training < 2; training++) {
        wn_mlp_run *run = NULL;
        assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, training, &run, &err), WN_OK);
        assert_int_equal(wn_mlp_forward(run, NULL, f->in, ROWS, got, &err), WN_OK);
        plain_forward(f->mlp, f->in, ROWS, !training, want);
        for (size_t i = 0; i < ROWS * OUT; i++) assert_true(fabs((double)got[i] - want[i]) < 1e-4);
        wn_mlp_run_free(&run);
    }
}

static double plain_loss(fixture *f)
{
    static double out[ROWS * OUT];
    double loss = 0;
    plain_forward(f->mlp, f->in, ROWS, 0, out);
    for (size_t i = 0; i < ROWS * OUT; i++) loss += out[i] * (double)f->weights[i];
    return loss;
}

/* Central difference of the plain loss by one number. */
static double slope(fixture *f, float *value)
{
    float kept = *value, high = kept + 2e-5F, low = kept - 2e-5F;
    *value = high;
    double up = plain_loss(f);
    *value = low;
    double down = plain_loss(f);
    *value = kept;
    return (up - down) / ((double)high - (double)low);
}

static void backward_matches_central_differences(void **state)
{
    fixture *f = *state;
    wn_error err = {0};
    wn_mlp_run *run = NULL;
    wn_tensors *tensors = wn_mlp_tensors(f->mlp);
    static float out[ROWS * OUT], din[ROWS * IN], gradient[4 * HIDDEN * HIDDEN];
    wn_rng rng;

    wn_rng_init(&rng, 1, 0);
    assert_true(tensors->trained <= sizeof gradient / sizeof *gradient);
    assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, true, &run, &err), WN_OK);
    assert_int_equal(wn_mlp_forward(run, NULL, f->in, ROWS, out, &err), WN_OK);
    assert_int_equal(wn_mlp_backward(run, NULL, f->weights, din, gradient, &err), WN_OK);
    for (size_t r = 0; r < tensors->row_count; r++) {
        const wn_tensor *row = &tensors->rows[r];
        if (row->role == WN_TENSOR_STATISTIC) continue;
        double error = 0, size = 0;
        for (int k = 0; k < 6; k++) {
            size_t i = row->offset + wn_rng_below(&rng, (uint32_t)row->count);
            double want = slope(f, &tensors->values[i]);
            error += pow(want - (double)gradient[i], 2);
            size += want * want;
        }
        /* A bias before a norm has no effect: its gradient is rounding noise. */
        if (sqrt(error) > 3e-3 * sqrt(size) + 2e-2) fail_msg("%s: %g of %g", row->name, sqrt(error), sqrt(size));
    }
    double error = 0, size = 0;
    for (int k = 0; k < 10; k++) {
        size_t i = wn_rng_below(&rng, ROWS * IN);
        double want = slope(f, &f->in[i]);
        error += pow(want - (double)din[i], 2);
        size += want * want;
    }
    assert_true(sqrt(error) <= 3e-3 * sqrt(size) + 1e-3);
    wn_mlp_run_free(&run);
}

static void results_do_not_depend_on_threads_or_cuts(void **state)
{
    fixture *f = *state;
    wn_error err = {0};
    static float out[3][ROWS * OUT], gradient[3][4 * HIDDEN * HIDDEN], single[OUT];
    const unsigned threads[] = {1, 2, 7};
    wn_mlp_run *run = NULL;

    for (size_t t = 0; t < 3; t++) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads[t], 0, &pool, &err), WN_OK);
        assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, true, &run, &err), WN_OK);
        assert_int_equal(wn_mlp_forward(run, pool, f->in, ROWS, out[t], &err), WN_OK);
        assert_int_equal(wn_mlp_backward(run, pool, f->weights, NULL, gradient[t], &err), WN_OK);
        assert_memory_equal(out[t], out[0], sizeof out[0]);
        assert_memory_equal(gradient[t], gradient[0], sizeof gradient[0]);
        wn_mlp_run_free(&run);
        wn_pool_free(&pool);
    }
    assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, false, &run, &err), WN_OK);
    assert_int_equal(wn_mlp_forward(run, NULL, f->in, ROWS, out[0], &err), WN_OK);
    for (size_t r = 0; r < ROWS; r += 37) {
        assert_int_equal(wn_mlp_forward(run, NULL, f->in + r * IN, 1, single, &err), WN_OK);
        assert_memory_equal(single, out[0] + r * OUT, sizeof single);
    }
    wn_mlp_run_free(&run);
}

static void running_statistics_move_towards_the_batch(void **state)
{
    fixture *f = *state;
    wn_error err = {0};
    wn_mlp_run *run = NULL;
    static float out[ROWS * OUT], again[ROWS * OUT];
    assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, true, &run, &err), WN_OK);
    assert_int_equal(wn_mlp_forward(run, NULL, f->in, ROWS, out, &err), WN_OK);
    wn_mlp_absorb(run, 1);
    wn_mlp_run_free(&run);
    /* With the batch's own statistics (variance times n / (n - 1)) inference gives nearly the training output. */
    assert_int_equal(wn_mlp_run_new(f->mlp, ROWS, false, &run, &err), WN_OK);
    assert_int_equal(wn_mlp_forward(run, NULL, f->in, ROWS, again, &err), WN_OK);
    for (size_t i = 0; i < ROWS * OUT; i++) assert_true(fabsf(out[i] - again[i]) < 0.05F);
    wn_mlp_run_free(&run);
}

static void normalised_prefix_and_its_gradient(void **state)
{
    enum { N = 9, STRIDE = 12, WIDTH = 7 };
    float x[N * STRIDE], y[N * WIDTH], dy[N * WIDTH], dx[N * STRIDE] = {0}, inverse[N];
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 2, 0);
    for (size_t i = 0; i < N * STRIDE; i++) x[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < N * WIDTH; i++) dy[i] = wn_rng_normal(&rng);
    memset(x, 0, WIDTH * sizeof *x); /* a row of zeros */
    wn_l2_normalize_forward(NULL, x, N, WIDTH, STRIDE, y, WIDTH, inverse);
    wn_l2_normalize_backward(NULL, y, dy, N, WIDTH, WIDTH, inverse, dx, STRIDE);
    for (size_t c = 0; c < STRIDE; c++) assert_true(dx[c] == 0 && (c >= WIDTH || y[c] == 0));
    for (size_t r = 1; r < N; r++) {
        for (size_t c = 0; c < WIDTH; c++) {
            double loss[2];
            for (int side = 0; side < 2; side++) {
                double row[WIDTH], length = 0;
                for (size_t k = 0; k < WIDTH; k++) row[k] = (double)x[r * STRIDE + k];
                row[c] += side ? 1e-5 : -1e-5;
                for (size_t k = 0; k < WIDTH; k++) length += row[k] * row[k];
                loss[side] = 0;
                for (size_t k = 0; k < WIDTH; k++) loss[side] += row[k] / sqrt(length) * (double)dy[r * WIDTH + k];
            }
            assert_true(fabs((loss[1] - loss[0]) / 2e-5 - (double)dx[r * STRIDE + c]) < 1e-4);
        }
        assert_true(dx[r * STRIDE + WIDTH] == 0);
    }
}

static void wrong_heads_are_refused(void **state)
{
    wn_error err = {0};
    wn_mlp *mlp = NULL;
    wn_mlp_run *run = NULL;
    float in[IN] = {0}, out[OUT];
    const wn_mlp_layer empty = {0, WN_ACTIVATION_NONE, false, false};
    fixture *f = *state;
    assert_int_equal(wn_mlp_new(4, &empty, 1, "x", 0, &mlp, &err), WN_INVALID);
    assert_int_equal(wn_mlp_new(4, layers, 0, "x", 0, &mlp, &err), WN_INVALID);
    assert_int_equal(wn_mlp_new(4, layers, 3, "a name that does not fit in the table of all tensors", 0, &mlp, &err),
                     WN_INVALID);
    assert_null(mlp);
    assert_int_equal(wn_mlp_run_new(f->mlp, 8, false, &run, &err), WN_OK);
    assert_int_equal(wn_mlp_forward(run, NULL, in, 9, out, &err), WN_INVALID);
    wn_mlp_run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forward_matches_plain_loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(backward_matches_central_differences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(results_do_not_depend_on_threads_or_cuts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(running_statistics_move_towards_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_heads_are_refused, set_up, tear_down),
        cmocka_unit_test(normalised_prefix_and_its_gradient),
    };
    const struct CMUnitTest threaded[] = {
        cmocka_unit_test_setup_teardown(results_do_not_depend_on_threads_or_cuts, set_up, tear_down)};
    if (THREADS_ONLY) return cmocka_run_group_tests(threaded, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
