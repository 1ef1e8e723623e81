/* SPDX-License-Identifier: Apache-2.0
 *
 * The inverted file against the exact kind: recall as asked for and as told, the same bytes for any number of threads,
 * and data that cells do not suit.
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
#include "sanitizer.h"
#include "winnow/index.h"
#include "winnow/memory.h"

enum { ROWS = 16500, DIM = 16, K = 8 };

enum { CLOUDS, NORMAL, ZEROS, COPIES, CONSTANT, OUTLIERS, KINDS };

/* One of each is enough for the thread sanitizer. */
enum { KINDS_TESTED = THREADS_ONLY ? NORMAL + 1 : KINDS, METRICS_TESTED = THREADS_ONLY ? 1 : WN_INDEX_METRIC_COUNT };

static float *make_rows(int kind, size_t rows, uint64_t seed)
{
    float *data = malloc(rows * DIM * sizeof *data);
    wn_rng rng, centre;
    wn_rng_init(&rng, seed, 1);
    for (size_t row = 0; row < rows; row++) {
        wn_rng_init(&centre, 3, wn_rng_below(&rng, 300));
        for (size_t k = 0; k < DIM; k++) {
            float *x = &data[row * DIM + k], cloud = wn_rng_normal(&centre);
            *x = kind == NORMAL ? wn_rng_normal(&rng) : cloud + 0.2f * wn_rng_normal(&rng);
            if (kind == CONSTANT && k % 3) *x = 5;
            if (kind == ZEROS && row % 3) *x = 0;
            if (kind == OUTLIERS && row % 1000 == 7) *x *= 1e4f;
        }
        if (kind == COPIES && row % 50 && row > 50) memcpy(data + row * DIM, data + row % 40 * DIM, DIM * sizeof *data);
    }
    return data;
}

static wn_neighbours find(const char *kind, wn_neighbours_request request, unsigned threads)
{
    wn_neighbours found = {0};
    wn_error err = {0};
    assert_int_equal(wn_pool_new(threads, 0, &request.pool, NULL), WN_OK);
    if (wn_neighbours_find(wn_index_kind_find(kind), &request, &found, &err)) fail_msg("%s", err.message);
    wn_pool_free(&request.pool);
    return found;
}

/* Share of places whose distance is not worse than the exact one's; a list may not name a row twice, nor its own. */
static double share_found(const wn_neighbours *found, const wn_neighbours *exact, wn_index_metric metric, bool self)
{
    size_t right = 0;
    for (size_t row = 0; row < found->rows; row++) {
        float last = exact->distances[row * found->k + found->k - 1];
        for (size_t i = 0; i < found->k; i++) {
            float distance = found->distances[row * found->k + i];
            int64_t id = found->ids[row * found->k + i];
            assert_true(id >= 0 && !(self && id == (int64_t)row));
            for (size_t j = 0; j < i; j++) assert_true(found->ids[row * found->k + j] != id);
            right += metric == WN_INDEX_METRIC_IP ? distance >= last : distance <= last;
        }
    }
    return (double)right / (double)(found->rows * found->k);
}

static void check(wn_neighbours_request request, double least)
{
    wn_neighbours exact = find("flat", request, 2), one = find("ivf", request, 1), seven = find("ivf", request, 7);
    double share = share_found(&one, &exact, request.metric, !request.queries.data);
    assert_memory_equal(one.ids, seven.ids, one.rows * one.k * sizeof *one.ids);
    assert_memory_equal(one.distances, seven.distances, one.rows * one.k * sizeof *one.distances);
    assert_true(one.recall == seven.recall);
    /* what is told comes from 512 rows, whose neighbours are found or missed together */
    if (share < least || one.recall < least - 0.02 || fabs(share - one.recall) > 0.03)
        fail_msg("recall %.4f, told %.4f, asked %.4f", share, one.recall, request.recall);
    wn_neighbours_clear(&exact);
    wn_neighbours_clear(&one);
    wn_neighbours_clear(&seven);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

static void test_recall(void **state)
{
    (void)state;
    float *data = make_rows(CLOUDS, ROWS, 1);
    for (int metric = 0; metric < METRICS_TESTED; metric++) {
        wn_neighbours_request request = {
            .embeddings = {data, ROWS, DIM, DIM}, .k = K, .recall = 0.95, .metric = (wn_index_metric)metric};
        check(request, 0.94);
    }
    free(data);
}

static void test_kinds_of_data(void **state)
{
    (void)state;
    for (int kind = NORMAL; kind < KINDS_TESTED; kind++) {
        float *data = make_rows(kind, ROWS, 2);
        check((wn_neighbours_request){.embeddings = {data, ROWS, DIM, DIM}, .k = K, .recall = 0.9}, 0.89);
        free(data);
    }
}

static void test_queries(void **state)
{
    (void)state;
    float *data = make_rows(CLOUDS, ROWS, 1), *queries = make_rows(CLOUDS, 17000, 9);
    wn_neighbours_request request = {.embeddings = {data, ROWS, DIM, DIM},
                                     .queries = {queries, 17000, DIM, DIM},
                                     .k = K,
                                     .recall = 0.95,
                                     .metric = WN_INDEX_METRIC_COSINE};
    check(request, 0.94);
    request.queries.rows = 3; /* so few are searched exactly */
    check(request, 1);
    free(queries);
    free(data);
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)context;
    return report->total > 0;
}

static void test_limits_and_cancel(void **state)
{
    (void)state;
    float *data = make_rows(CLOUDS, ROWS, 1);
    wn_progress progress = {stop_at_once, NULL};
    wn_neighbours found;
    wn_neighbours_request request = {
        .embeddings = {data, ROWS, DIM, DIM}, .k = K, .recall = 0.95, .memory_limit = 100000};
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("ivf"), &request, &found, NULL), WN_LIMIT);
    request.memory_limit = 33 << 20; /* for flat's blocks only: exact */
    check(request, 1);
    request.progress = &progress;
    request.memory_limit = 0;
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("ivf"), &request, &found, NULL), WN_CANCELLED);
    assert_ptr_equal(wn_index_kind_choose(WN_INDEX_EXACT_ROWS + 1, 0.98), wn_index_kind_find("ivf"));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recall),
        cmocka_unit_test(test_kinds_of_data),
        cmocka_unit_test(test_queries),
        SERIAL_TEST(test_limits_and_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
