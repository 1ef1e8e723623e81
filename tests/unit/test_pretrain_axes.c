/* SPDX-License-Identifier: Apache-2.0
 *
 * The last layer: the gradient of the nested map against finite differences in double, what the map and the axes find
 * in rows whose structure is known, and that threads change nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "pretrain/epoch_order.h"
#include "pretrain/feature_axes.h"
#include "pretrain/nested_map.h"
#include "sanitizer.h"
#include "winnow/memory.h"

enum { BATCH = 1024 };

static wn_pool *make_pool(unsigned threads)
{
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
    return pool;
}

static float *make_floats(size_t count)
{
    float *floats = wn_calloc(WN_MEMORY_GENERAL, count, sizeof *floats);
    assert_non_null(floats);
    return floats;
}

/* Cosine of the first `width` numbers. */
static double cosine(const double *a, const double *b, size_t width)
{
    double dot = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < width; i++) dot += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return dot / sqrt(aa * bb);
}

/* Mapped rows of a batch in double, and the loss by the formula of nested_map.h. */
enum { WIDTH = 6, DIM = 4 };
static const uint32_t small_prefixes[] = {2, 4};
static const double temperature = 0.05;

static double spread(const double *rows, size_t stride, size_t width)
{
    double sum = 0, squares = 0, pairs = BATCH * (BATCH - 1) / 2.0;
    for (size_t r = 0; r < BATCH; r++) {
        for (size_t c = 0; c < r; c++) {
            const double x = cosine(rows + r * stride, rows + c * stride, width);
            sum += x, squares += x * x;
        }
    }
    return sqrt(squares / pairs - sum / pairs * (sum / pairs));
}

static double loss_of(const double *batch, const double *map, const double *temperatures)
{
    static double mapped[BATCH * DIM];
    double loss = 0;
    for (size_t r = 0; r < BATCH; r++) {
        for (size_t j = 0; j < DIM; j++) {
            mapped[r * DIM + j] = 0;
            for (size_t a = 0; a < WIDTH; a++) mapped[r * DIM + j] += batch[r * WIDTH + a] * map[j * WIDTH + a];
        }
    }
    for (size_t k = 0; k < 2; k++) {
        for (size_t r = 0; r < BATCH; r++) {
            double wanted_sum = 0, found_sum = 0, along = 0;
            for (size_t c = 0; c < BATCH; c++) {
                if (c == r) continue;
                const double want = exp(cosine(batch + r * WIDTH, batch + c * WIDTH, DIM) / temperature);
                const double s = cosine(mapped + r * DIM, mapped + c * DIM, small_prefixes[k]) / temperatures[k];
                wanted_sum += want, along += want * s, found_sum += exp(s);
            }
            loss += (log(found_sum) - along / wanted_sum) / BATCH;
        }
    }
    return loss;
}

static void test_the_gradient_is_that_of_the_loss(void **state)
{
    enum { ROWS = 2 * BATCH };
    wn_pool *pool = make_pool(2);
    float *rows = make_floats((size_t)ROWS * WIDTH), map[DIM * WIDTH], gradient[DIM * WIDTH];
    static double batch[BATCH * WIDTH], exact[DIM * WIDTH];
    const wn_nested_rows given = {rows, ROWS, WIDTH, DIM, small_prefixes, 2};
    wn_epoch_order order = {0};
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 1, 1);
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) rows[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < DIM * WIDTH; i++) exact[i] = (double)(map[i] = wn_rng_normal(&rng));
    assert_int_equal(wn_epoch_order_init(&order, 7, ROWS, BATCH, NULL), WN_OK);
    const int64_t *chosen = wn_epoch_order_rows(&order, 0);
    for (size_t r = 0; r < BATCH; r++) {
        for (size_t a = 0; a < WIDTH; a++) batch[r * WIDTH + a] = (double)rows[(size_t)chosen[r] * WIDTH + a];
    }
    const double whole = spread(batch, WIDTH, DIM);
    const double temperatures[] = {temperature * spread(batch, WIDTH, 2) / whole, temperature};
    assert_int_equal(wn_nested_map_gradient(&given, 7, pool, map, gradient, NULL), WN_OK);
    for (size_t i = 0; i < DIM * WIDTH; i += 5) {
        const double step = 1e-4, before = exact[i];
        exact[i] = before + step;
        const double above = loss_of(batch, exact, temperatures);
        exact[i] = before - step;
        const double slope = (above - loss_of(batch, exact, temperatures)) / (2 * step);
        exact[i] = before;
        assert_true(fabs(slope - (double)gradient[i]) < 1e-4 + 1e-3 * fabs(slope));
    }
    wn_epoch_order_clear(&order);
    wn_free(rows);
    wn_pool_free(&pool);
}

/* Rows of 10 classes whose centres differ in the numbers from `first` on; everything else is noise. */
enum { CLASSES = 10, COUNT = 2048, NUMBERS = 24, LENGTH = 16, SHORT = 4 };
static const uint32_t prefixes[] = {SHORT, LENGTH};

static float *make_classes(size_t first, size_t numbers, double noise)
{
    float *rows = make_floats((size_t)COUNT * NUMBERS);
    wn_rng rng;
    wn_rng_init(&rng, 5, 5);
    float centres[CLASSES][NUMBERS] = {{0}};
    for (size_t c = 0; c < CLASSES; c++) {
        for (size_t j = first; j < first + numbers; j++) centres[c][j] = 2.0F * wn_rng_normal(&rng);
    }
    for (size_t r = 0; r < COUNT; r++) {
        for (size_t j = 0; j < NUMBERS; j++)
            rows[r * NUMBERS + j] = centres[r % CLASSES][j] + (float)noise * wn_rng_normal(&rng);
    }
    return rows;
}

/* Share of rows whose nearest other by the first `width` numbers of map(row) is of their class. */
static double share_right(const float *rows, const float *map, size_t width)
{
    static double mapped[COUNT * LENGTH];
    size_t right = 0;
    for (size_t r = 0; r < COUNT; r++) {
        for (size_t j = 0; j < LENGTH; j++) {
            mapped[r * LENGTH + j] = 0;
            for (size_t a = 0; a < NUMBERS; a++)
                mapped[r * LENGTH + j] += (double)rows[r * NUMBERS + a] * (double)map[j * NUMBERS + a];
        }
    }
    for (size_t r = 0; r < COUNT; r += 8) {
        size_t nearest = r;
        double best = -2;
        for (size_t c = 0; c < COUNT; c++) {
            const double x = c == r ? -2 : cosine(mapped + r * LENGTH, mapped + c * LENGTH, width);
            if (x > best) best = x, nearest = c;
        }
        right += nearest % CLASSES == r % CLASSES;
    }
    return (double)right * 8 / COUNT;
}

/* The classes lie beyond the first numbers: only a map brings them there. */
static void test_a_prefix_learns_what_tells_neighbours(void **state)
{
    (void)state;
    wn_pool *pool = make_pool(2);
    float *rows = make_classes(SHORT, 6, 0.5), start[LENGTH * NUMBERS] = {0}, map[LENGTH * NUMBERS];
    for (size_t j = 0; j < LENGTH; j++) start[j * NUMBERS + j] = 1;
    const wn_nested_rows given = {rows, COUNT, NUMBERS, LENGTH, prefixes, 2};
    assert_true(wn_nested_map_is_possible(COUNT, 2));
    assert_int_equal(wn_nested_map_learn(&given, 3, pool, NULL, map, NULL), WN_OK);
    assert_true(share_right(rows, start, SHORT) < 0.3);
    assert_true(share_right(rows, map, SHORT) > 0.6);
    assert_true(share_right(rows, map, LENGTH) > share_right(rows, start, LENGTH) - 0.01);
    wn_free(rows);
    wn_pool_free(&pool);
}

static void test_threads_change_nothing(void **state)
{
    (void)state;
    wn_pool *one = make_pool(1), *three = make_pool(3);
    float *rows = make_classes(SHORT, 6, 0.5), start[LENGTH * NUMBERS] = {0};
    float gradient[LENGTH * NUMBERS], again[LENGTH * NUMBERS];
    for (size_t j = 0; j < LENGTH; j++) start[j * NUMBERS + j] = 1;
    const wn_nested_rows given = {rows, COUNT, NUMBERS, LENGTH, prefixes, 2};
    assert_int_equal(wn_nested_map_gradient(&given, 3, one, start, gradient, NULL), WN_OK);
    assert_int_equal(wn_nested_map_gradient(&given, 3, three, start, again, NULL), WN_OK);
    assert_memory_equal(gradient, again, sizeof again);
    wn_free(rows);
    wn_pool_free(&one);
    wn_pool_free(&three);
}

static void test_few_rows_and_one_length_are_left_alone(void **state)
{
    (void)state;
    assert_false(wn_nested_map_is_possible(2 * BATCH - 1, 2));
    assert_false(wn_nested_map_is_possible(1 << 20, 1));
    assert_true(wn_nested_map_is_possible(2 * BATCH, 2));
}

/* A head of `numbers` numbers of NUMBERS features. */
static wn_tensors make_head(uint32_t numbers)
{
    wn_tensors head = {0};
    const uint32_t weight[] = {numbers, NUMBERS}, bias[] = {numbers};
    assert_int_equal(wn_tensors_add(&head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, weight, NULL, NULL), WN_OK);
    assert_int_equal(wn_tensors_add(&head, "embedding0.bias", WN_TENSOR_SHIFT, 1, bias, NULL, NULL), WN_OK);
    assert_int_equal(wn_tensors_allocate(&head, NULL), WN_OK);
    return head;
}

/* Features that differ greatly between the views of an image come last, however much they vary. */
static void test_axes_leave_out_what_views_differ_in(void **state)
{
    enum { PAIRS = 512, LOUD = SHORT };
    wn_pool *pool = make_pool(2);
    float *features = make_classes(LOUD, 6, 0.3), *differences = make_floats((size_t)PAIRS * NUMBERS);
    wn_tensors head = make_head(LENGTH);
    double std = 0;
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 2, 2);
    for (size_t r = 0; r < COUNT; r++) {
        for (size_t j = 0; j < LOUD; j++) features[r * NUMBERS + j] = 4.0F * wn_rng_normal(&rng);
    }
    for (size_t r = 0; r < PAIRS; r++) {
        for (size_t j = 0; j < NUMBERS; j++)
            differences[r * NUMBERS + j] = (j < LOUD ? 5.66F : 0.2F) * wn_rng_normal(&rng);
    }
    wn_feature_axes task = {.features = {features, COUNT, NUMBERS, NUMBERS},
                            .differences = {differences, PAIRS, NUMBERS, NUMBERS},
                            .power = 0.5,
                            .prefixes = prefixes + 1, /* one length: no map */
                            .prefix_count = 1};
    assert_int_equal(wn_feature_axes_fit(&task, 0.02, pool, &head, &std, NULL), WN_OK);
    assert_true(share_right(features, head.values, SHORT) > 0.85);
    task.differences.rows = 0; /* principal axes: the loud ones first */
    task.power = 0;
    assert_int_equal(wn_feature_axes_fit(&task, 0.02, pool, &head, &std, NULL), WN_OK);
    assert_true(share_right(features, head.values, SHORT) < 0.3);
    for (size_t i = 0; i < SHORT; i++) {
        double length = 0;
        for (size_t j = 0; j < NUMBERS; j++) length += pow((double)head.values[i * NUMBERS + j], 2);
        assert_true(fabs(length - 1) < 1e-5);
    }
    wn_tensors_clear(&head);
    wn_free(features);
    wn_free(differences);
    wn_pool_free(&pool);
}

/* As many numbers as features: there are no more axes to choose from, but the map still orders them. */
static void test_as_many_numbers_as_features_nest(void **state)
{
    (void)state;
    wn_pool *pool = make_pool(2);
    float *features = make_classes(SHORT, 6, 0.5);
    wn_tensors head = make_head(NUMBERS);
    const uint32_t whole[] = {SHORT, NUMBERS};
    double std = 0;
    for (size_t r = 0; r < COUNT; r++) {
        for (size_t j = 0; j < SHORT; j++) features[r * NUMBERS + j] *= 6.0F;
    }
    wn_feature_axes task = {
        .features = {features, COUNT, NUMBERS, NUMBERS}, .power = 0.5, .prefixes = whole + 1, .prefix_count = 1};
    assert_int_equal(wn_feature_axes_fit(&task, 0.02, pool, &head, &std, NULL), WN_OK);
    const double without = share_right(features, head.values, SHORT);
    task.prefixes = whole;
    task.prefix_count = 2;
    assert_int_equal(wn_feature_axes_fit(&task, 0.02, pool, &head, &std, NULL), WN_OK);
    assert_true(share_right(features, head.values, SHORT) > without + 0.1);
    wn_tensors_clear(&head);
    wn_free(features);
    wn_pool_free(&pool);
}

/* Equal features have no axes: the layer stays as it is, and the spread says so. */
static void test_one_point_has_no_axes(void **state)
{
    wn_pool *pool = make_pool(1);
    float *features = make_floats((size_t)COUNT * NUMBERS);
    wn_tensors head = make_head(LENGTH);
    double std = 1;
    (void)state;
    for (size_t i = 0; i < (size_t)COUNT * NUMBERS; i++) features[i] = 1.0F;
    head.values[3] = 42.0F;
    const wn_feature_axes task = {
        .features = {features, COUNT, NUMBERS, NUMBERS}, .power = 0.5, .prefixes = prefixes, .prefix_count = 2};
    assert_int_equal(wn_feature_axes_fit(&task, 0.02, pool, &head, &std, NULL), WN_OK);
    assert_true(std < 0.02);
    assert_true(head.values[3] == 42.0F);
    wn_tensors_clear(&head);
    wn_free(features);
    wn_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_gradient_is_that_of_the_loss),
        cmocka_unit_test(test_threads_change_nothing),
        /* 300 steps are minutes under a sanitizer; the test above has every loop that threads share. */
        SERIAL_TEST(test_a_prefix_learns_what_tells_neighbours),
        {.name = "test_as_many_numbers_as_features_nest",
         .test_func = SANITIZED ? (CMUnitTestFunction)0 : test_as_many_numbers_as_features_nest},
        SERIAL_TEST(test_few_rows_and_one_length_are_left_alone),
        cmocka_unit_test(test_axes_leave_out_what_views_differ_in),
        SERIAL_TEST(test_one_point_has_no_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
