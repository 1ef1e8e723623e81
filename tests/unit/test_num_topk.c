/* SPDX-License-Identifier: Apache-2.0
 *
 * The k smallest of a stream against a full sort, with many equal distances, NaN, infinities and both signs of zero.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/topk.h"

enum { MOST = 3000 };

typedef struct pair {
    float distance;
    uint32_t id;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Offers n values in the order of `ids` in random pieces and compares with the sorted whole. */
static void check_stream(size_t n, size_t k, int coarse, int descending, wn_cpu level)
{
    static float distances[MOST], found[MOST];
    static uint32_t ids[MOST], found_ids[MOST];
    static pair sorted[MOST];
    size_t valid = 0;
    wn_rng rng;
    wn_topk *topk = NULL;
    wn_rng_init(&rng, n * 7919 + k, (uint64_t)coarse);
    for (size_t i = 0; i < n; i++) {
        distances[i] = coarse ? (float)wn_rng_below(&rng, 5) - 2.0f : wn_rng_normal(&rng);
        if (wn_rng_below(&rng, 50) == 0) distances[i] = NAN;
        if (wn_rng_below(&rng, 50) == 0) distances[i] = INFINITY;
        if (wn_rng_below(&rng, 50) == 0) distances[i] = -0.0f;
        ids[i] = (uint32_t)(descending ? 5000 - i : 100 + i);
        if (!isnan(distances[i])) sorted[valid++] = (pair){distances[i], ids[i]};
    }
    qsort(sorted, valid, sizeof *sorted, compare_pairs);
    assert_int_equal(wn_topk_new(3, k, level, &topk, NULL), WN_OK);
    for (size_t start = 0; start < n;) {
        size_t len = 1 + wn_rng_below(&rng, 200);
        len = len > n - start ? n - start : len;
        wn_topk_push_f32(topk, 1, distances + start, descending ? ids + start : NULL, len, 100 + (uint32_t)start);
        start += len;
    }
    size_t count = wn_topk_take_f32(topk, 1, found, found_ids);
    assert_int_equal(count, valid < k ? valid : k);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found_ids[i], sorted[i].id);
        assert_true(found[i] == sorted[i].distance);
    }
    assert_int_equal(wn_topk_take_f32(topk, 0, found, found_ids), 0);
    if (valid >= k) assert_true(wn_topk_threshold_f32(topk, 1) == sorted[k - 1].distance);
    wn_topk_free(&topk);
    assert_null(topk);
}

static void test_stream(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 2, 63, 64, 65, 200, 1000, MOST};
    for (int level = WN_CPU_C; level <= (int)wn_cpu_detect(); level++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (size_t k = 1; k < 300; k = k * 3 + 1) {
                check_stream(sizes[i], k, 0, 0, (wn_cpu)level);
                check_stream(sizes[i], k, 1, 1, (wn_cpu)level);
                check_stream(sizes[i], k, 1, 0, (wn_cpu)level);
            }
        }
    }
}

static void test_integers(void **state)
{
    (void)state;
    const int32_t distances[] = {7, INT32_MAX, -3, INT32_MIN, 7, 0};
    int32_t found[4];
    uint32_t ids[4];
    wn_topk *topk = NULL;
    assert_int_equal(wn_topk_new(1, 4, wn_cpu_detect(), &topk, NULL), WN_OK);
    wn_topk_push_s32(topk, 0, distances, NULL, 6, 10);
    assert_int_equal(wn_topk_take_s32(topk, 0, found, ids), 4);
    assert_int_equal(found[0], INT32_MIN);
    assert_int_equal(ids[0], 13);
    assert_int_equal(ids[1], 12);
    assert_int_equal(ids[2], 15);
    assert_int_equal(ids[3], 10);
    wn_topk_reset(topk);
    assert_int_equal(wn_topk_take_s32(topk, 0, found, ids), 0);
    wn_topk_free(&topk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stream), cmocka_unit_test(test_integers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
