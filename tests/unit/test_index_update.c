/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists that are brought up to date against a search from nothing, and the choice of a kind.
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
#include "winnow/index.h"
#include "winnow/memory.h"

enum { DIM = 24 };

/* Some rows are copies and some are zero; values in tenths make equal distances common. */
static float *make_rows(size_t rows)
{
    float *data = malloc((rows * DIM + 1) * sizeof *data);
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < rows * DIM; i++) data[i] = (float)wn_rng_below(&rng, 5) / 10;
    for (size_t row = 9; row < rows; row += 7) memcpy(data + row * DIM, data + row / 2 * DIM, DIM * sizeof *data);
    for (size_t row = 4; row < rows; row += 31) memset(data + row * DIM, 0, DIM * sizeof *data);
    return data;
}

static wn_neighbours find(const wn_neighbours_request *request)
{
    wn_neighbours found;
    wn_error err = {0};
    if (wn_neighbours_find(wn_index_kind_find("flat"), request, &found, &err)) fail_msg("%s", err.message);
    return found;
}

static void check_update(const float *data, size_t old, size_t rows, size_t k, wn_index_metric metric, unsigned threads)
{
    wn_error err = {0};
    wn_neighbours_request request = {.embeddings = {data, old, DIM, DIM}, .k = k, .metric = metric};
    assert_int_equal(wn_pool_new(threads, 0, &request.pool, NULL), WN_OK);
    wn_neighbours lists = find(&request);
    request.embeddings.rows = rows;
    wn_neighbours plain = find(&request);
    uint8_t *stale = calloc(old + 1, 1);
    for (size_t row = 2; row < old; row += 5) { /* rubbish that must not survive */
        stale[row] = 1;
        for (size_t i = 0; i < k; i++) lists.ids[row * k + i] = -1;
    }
    if (wn_neighbours_update(wn_index_kind_find("flat"), &request, stale, &lists, &err)) fail_msg("%s", err.message);
    assert_int_equal(lists.rows, rows);
    assert_memory_equal(lists.ids, plain.ids, rows * k * sizeof *lists.ids);
    assert_memory_equal(lists.distances, plain.distances, rows * k * sizeof *lists.distances);
    free(stale);
    wn_neighbours_clear(&lists);
    wn_neighbours_clear(&plain);
    wn_pool_free(&request.pool);
}

static void test_same_bytes_as_from_nothing(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{700, 760, 9}, {2300, 2310, 5}, {60, 900, 12}, {3, 4, 5},
                                      {3, 40, 5},    {0, 30, 4},      {50, 50, 6},   {1, 1, 2}};
    float *data = make_rows(2400);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int metric = 0; metric < WN_INDEX_METRIC_COUNT; metric++)
            check_update(data, sizes[i][0], sizes[i][1], sizes[i][2], (wn_index_metric)metric, (unsigned)i % 3 + 1);
    }
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
    free(data);
}

static void test_lists_that_do_not_fit(void **state)
{
    (void)state;
    const wn_index_kind *flat = wn_index_kind_find("flat");
    wn_error err = {0};
    float *data = make_rows(50);
    wn_neighbours_request request = {.embeddings = {data, 40, DIM, DIM}, .k = 3};
    wn_neighbours lists = find(&request);
    request.embeddings.rows = 30;
    assert_int_equal(wn_neighbours_update(flat, &request, NULL, &lists, &err), WN_INVALID);
    request.embeddings.rows = 50;
    request.k = 4;
    assert_int_equal(wn_neighbours_update(flat, &request, NULL, &lists, &err), WN_INVALID);
    request.k = 3;
    lists.ids[7] = 40;
    assert_int_equal(wn_neighbours_update(flat, &request, NULL, &lists, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "40"));
    lists.ids[7] = 1;
    request.memory_limit = 100;
    assert_int_equal(wn_neighbours_update(flat, &request, NULL, &lists, &err), WN_LIMIT);
    assert_int_equal(lists.rows, 40);
    wn_neighbours_clear(&lists);
    free(data);
}

static void test_choice(void **state)
{
    (void)state;
    assert_true(wn_index_kind_choose(100, 0)->exact);
    assert_true(wn_index_kind_choose(WN_INDEX_EXACT_ROWS, 0.9)->exact);
    assert_true(wn_index_kind_choose(10000000, 1)->exact);
    assert_non_null(wn_index_kind_choose(10000000, 0.98));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_as_from_nothing),
        cmocka_unit_test(test_lists_that_do_not_fit),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
