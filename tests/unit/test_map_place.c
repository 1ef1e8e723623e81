/* SPDX-License-Identifier: Apache-2.0
 *
 * New rows on a map: they come to lie among their own, alone or together, for any number of threads.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "winnow/map_place.h"
#include "winnow/memory.h"

enum { OLD = 400, FRESH = 90, DIM = 8, HEAPS = 4 };

static float old[OLD * DIM], points[OLD * 3], fresh[FRESH * DIM];

/* Row i belongs to heap i % HEAPS, in the data 50 apart, on the map 20. */
static wn_map_place_request make_request(size_t dims)
{
    wn_rng rng;
    wn_rng_init(&rng, 8, 0);
    for (size_t i = 0; i < OLD; i++) {
        for (size_t c = 0; c < DIM; c++) old[i * DIM + c] = wn_rng_normal(&rng) + (c == i % HEAPS ? 50 : 0);
        for (size_t c = 0; c < dims; c++)
            points[i * dims + c] = (c == 0 ? 20 * (float)(i % HEAPS) : 0) + wn_rng_normal(&rng);
    }
    for (size_t i = 0; i < FRESH; i++)
        for (size_t c = 0; c < DIM; c++) fresh[i * DIM + c] = wn_rng_normal(&rng) + (c == i % HEAPS ? 50 : 0);
    return (wn_map_place_request){.old = {old, OLD, DIM, DIM},
                                  .points = {points, OLD, dims, dims},
                                  .fresh = {fresh, FRESH, DIM, DIM},
                                  .epochs = 50,
                                  .seed = 1};
}

static void test_rows_come_to_their_own(void **state)
{
    (void)state;
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(7, 0, &pool, NULL), WN_OK);
    for (size_t dims = 1; dims <= 3; dims++)
        for (size_t epochs = 0; epochs <= 50; epochs += 50) {
            wn_map_place_request request = make_request(dims);
            float out[FRESH * 3], again[FRESH * 3];
            request.epochs = epochs;
            assert_int_equal(wn_map_place(&request, out, NULL), WN_OK);
            for (size_t i = 0; i < FRESH; i++) {
                assert_true(fabsf(out[i * dims] - 20 * (float)(i % HEAPS)) < 5);
                for (size_t c = 1; c < dims; c++) assert_true(fabsf(out[i * dims + c]) < 5);
            }
            request.pool = pool;
            assert_int_equal(wn_map_place(&request, again, NULL), WN_OK);
            assert_memory_equal(out, again, FRESH * dims * sizeof(float));
            request.fresh.rows = 3; /* what comes with a row does not matter */
            assert_int_equal(wn_map_place(&request, again, NULL), WN_OK);
            assert_memory_equal(out, again, 3 * dims * sizeof(float));
        }
    wn_pool_free(&pool);
}

static void test_odd_requests(void **state)
{
    (void)state;
    wn_map_place_request request = make_request(2);
    float out[FRESH * 2];
    wn_error err = {0};
    memcpy(fresh, old + 7 * DIM, DIM * sizeof(float)); /* equal to an old row: on it */
    request.epochs = 0;
    assert_int_equal(wn_map_place(&request, out, NULL), WN_OK);
    assert_true(out[0] == points[14] && out[1] == points[15]);
    request.old.rows = request.points.rows = 1; /* fewer old rows than neighbours */
    assert_int_equal(wn_map_place(&request, out, NULL), WN_OK);
    assert_true(out[2] == points[0] && out[3] == points[1]);
    request.fresh.rows = 0;
    assert_int_equal(wn_map_place(&request, out, NULL), WN_OK);
    request = make_request(2);
    request.old.rows = request.points.rows = 0;
    assert_int_equal(wn_map_place(&request, out, &err), WN_INVALID);
    request = make_request(2);
    request.points.rows--;
    assert_int_equal(wn_map_place(&request, out, &err), WN_INVALID);
    request = make_request(2);
    points[9] = NAN;
    assert_int_equal(wn_map_place(&request, out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 4"));
    request = make_request(2);
    request.metric = WN_INDEX_METRIC_IP;
    assert_int_equal(wn_map_place(&request, out, &err), WN_INVALID);
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_to_their_own),
        cmocka_unit_test(test_odd_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
