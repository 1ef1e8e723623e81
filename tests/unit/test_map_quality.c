/* SPDX-License-Identifier: Apache-2.0
 *
 * Quality of maps against ranks by sorting, in double.
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
#include "winnow/map_quality.h"
#include "winnow/memory.h"

enum { ROWS = 120, DIM = 6, K = 15 };

static float data[ROWS * DIM], map[ROWS * 2];
static int64_t labels[ROWS];

static wn_map_quality_request make_request(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 2, 0);
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = i % 3 == 2 ? -1 : (int64_t)(i % 4);
        for (size_t c = 0; c < DIM; c++) data[i * DIM + c] = wn_rng_normal(&rng) + (float)(c == 0 ? 3 * labels[i] : 0);
        for (size_t c = 0; c < 2; c++) map[i * 2 + c] = data[i * DIM + c] + 0.3f * wn_rng_normal(&rng);
    }
    return (wn_map_quality_request){
        .rows = {data, ROWS, DIM, DIM}, .points = {map, ROWS, 2, 2}, .labels = labels, .seed = 5};
}

typedef struct place {
    double distance;
    size_t row;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->distance != y->distance ? (x->distance > y->distance) - (x->distance < y->distance)
                                      : (x->row > y->row) - (x->row < y->row);
}

/* ranks[i][j] from 1; 0 for the row itself. */
static void rank_all(const float *values, size_t dim, size_t *ranks)
{
    static place places[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < ROWS; j++) {
            double d2 = i == j ? -1 : 0;
            for (size_t c = 0; c < dim && i != j; c++) {
                double delta = (double)values[i * dim + c] - (double)values[j * dim + c];
                d2 += delta * delta;
            }
            places[j] = (place){d2, j};
        }
        qsort(places, ROWS, sizeof *places, compare_places);
        for (size_t r = 0; r < ROWS; r++) ranks[i * ROWS + places[r].row] = r;
    }
}

static void test_against_sorting(void **state)
{
    (void)state;
    static size_t in_data[ROWS * ROWS], on_map[ROWS * ROWS];
    wn_map_quality_request request = make_request();
    wn_map_quality quality;
    double trust = 0, continuity = 0, recall = 0, right = 0, labelled = 0;
    assert_int_equal(wn_map_quality_measure(&request, &quality, NULL), WN_OK);
    assert_true(quality.k == K && quality.sampled == ROWS);
    rank_all(data, DIM, in_data);
    rank_all(map, 2, on_map);
    for (size_t i = 0; i < ROWS; i++) {
        size_t votes[4] = {0}, best = 0;
        for (size_t j = 0; j < ROWS; j++) {
            size_t a = in_data[i * ROWS + j], b = on_map[i * ROWS + j];
            if (i == j) continue;
            if (b <= K && a > K) trust += (double)(a - K);
            if (a <= K && b > K) continuity += (double)(b - K);
            recall += a <= 10 && b <= 10;
            if (b <= 10 && labels[j] >= 0) votes[labels[j]]++;
        }
        for (size_t c = 0; c < 4; c++)
            if (votes[c] > votes[best]) best = c;
        if (labels[i] >= 0) labelled++, right += (int64_t)best == labels[i];
    }
    double factor = 2.0 / (ROWS * K * (2.0 * ROWS - 3 * K - 1));
    assert_true(fabs(quality.trustworthiness - (1 - factor * trust)) < 1e-12);
    assert_true(fabs(quality.continuity - (1 - factor * continuity)) < 1e-12);
    assert_true(fabs(quality.recall - recall / (10.0 * ROWS)) < 1e-12);
    assert_true(fabs(quality.labels - right / labelled) < 1e-12);
    assert_true(quality.triplets > 0.6 && quality.triplets < 1);
}

static void test_true_map_and_threads(void **state)
{
    (void)state;
    wn_map_quality_request request = make_request();
    wn_map_quality one, two;
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(7, 0, &pool, NULL), WN_OK);
    request.sample = 37;
    assert_int_equal(wn_map_quality_measure(&request, &one, NULL), WN_OK);
    request.pool = pool;
    assert_int_equal(wn_map_quality_measure(&request, &two, NULL), WN_OK);
    assert_memory_equal(&one, &two, sizeof one);
    assert_int_equal(one.sampled, 37);
    request.points = request.rows; /* a map of all dimensions is true */
    request.labels = NULL;
    assert_int_equal(wn_map_quality_measure(&request, &one, NULL), WN_OK);
    assert_true(one.trustworthiness == 1 && one.continuity == 1 && one.recall == 1 && one.triplets == 1);
    assert_true(isnan(one.labels));
    wn_pool_free(&pool);
}

static bool stop_now(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

static void test_odd_requests(void **state)
{
    (void)state;
    wn_map_quality_request request = make_request();
    wn_map_quality quality;
    const wn_progress progress = {stop_now, NULL};
    request.progress = &progress;
    assert_int_equal(wn_map_quality_measure(&request, &quality, NULL), WN_CANCELLED);
    request.progress = NULL;
    for (size_t rows = 0; rows < 6; rows++) {
        request.rows.rows = request.points.rows = rows;
        assert_int_equal(wn_map_quality_measure(&request, &quality, NULL), WN_OK);
        assert_true(isnan(quality.recall) == (rows < 4));
    }
    request.points.rows = 7;
    assert_int_equal(wn_map_quality_measure(&request, &quality, NULL), WN_INVALID);
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_sorting),
        cmocka_unit_test(test_true_map_and_threads),
        cmocka_unit_test(test_odd_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
