/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of maps: blobs are found by number and size, a typical row is the one nearest to the middle, and odd maps.
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
#include "winnow/map_clusters.h"
#include "winnow/memory.h"

enum { BLOBS = 5, ROWS = 1500 };
static float points[ROWS * 3];
static int truth[ROWS];
static wn_error err;

/* Blob b has 100 (b + 1) rows. */
static void fill(size_t dims)
{
    static const float middle[BLOBS][3] = {{0, 0, 0}, {20, 0, 3}, {0, 20, -9}, {20, 20, 0}, {10, 10, 20}};
    wn_rng rng;
    wn_rng_init(&rng, 8, dims);
    for (size_t b = 0, row = 0; b < BLOBS; b++)
        for (size_t i = 0; i < 100 * (b + 1); i++, row++) {
            truth[row] = (int)b;
            for (size_t c = 0; c < dims; c++) points[row * dims + c] = middle[b][c] + 1.5f * wn_rng_normal(&rng);
        }
}

static void test_blobs(void **state)
{
    (void)state;
    for (size_t dims = 2; dims <= 3; dims++) {
        wn_map_clusters found;
        fill(dims);
        points[dims * 1499] = NAN;
        const wn_map_clusters_request request = {.points = {points, ROWS, dims, dims}, .most = 12};
        assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_OK);
        assert_int_equal(found.count, BLOBS);
        assert_int_equal(found.codes[1499], -1);
        size_t wrong = 0;
        for (size_t i = 0; i < 1499; i++) wrong += found.codes[i] != BLOBS - 1 - truth[i];
        assert_true(wrong <= 5);
        for (size_t g = 0; g < BLOBS; g++) {
            double mean[3] = {0}, least = INFINITY;
            size_t size = 0, nearest = 0;
            for (size_t i = 0; i < ROWS; i++) {
                if (found.codes[i] != (int32_t)g) continue;
                size++;
                for (size_t c = 0; c < dims; c++) mean[c] += (double)points[i * dims + c];
            }
            assert_int_equal(size, found.sizes[g]);
            for (size_t i = 0; i < ROWS; i++) {
                double far = 0;
                if (found.codes[i] != (int32_t)g) continue;
                for (size_t c = 0; c < dims; c++) far += pow((double)points[i * dims + c] - mean[c] / (double)size, 2);
                if (far < least) least = far, nearest = i;
            }
            assert_int_equal(found.typical[g], nearest);
        }
        wn_map_clusters_clear(&found);
    }
}

/* The largest groups alone; typical by the rows, not by the points. */
static void test_most_and_rows(void **state)
{
    wn_map_clusters found;
    float *rows = wn_alloc(WN_MEMORY_MATRIX, ROWS, 2 * sizeof *rows);
    (void)state;
    fill(2);
    assert_non_null(rows);
    for (size_t i = 0; i < ROWS; i++) { /* of each blob one row points at the mean of all directions */
        float turn = i % 100 == 50 ? 0.7f : i % 2 ? 0.2f : 1.2f;
        rows[2 * i] = (float)(1 + i % 7) * cosf(turn), rows[2 * i + 1] = (float)(1 + i % 7) * sinf(turn);
    }
    const wn_map_clusters_request request = {.points = {points, ROWS, 2, 2}, .rows = {rows, ROWS, 2, 2}, .most = 2};
    assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_OK);
    assert_int_equal(found.count, 2);
    assert_true(found.sizes[0] > 480 && found.sizes[1] > 380 && found.sizes[1] < 420);
    assert_int_equal(found.typical[0] % 100, 50);
    assert_int_equal(found.typical[1] % 100, 50);
    for (size_t i = 0; i < 500; i++) assert_int_equal(found.codes[i], -1);
    wn_map_clusters_clear(&found);
    wn_free(rows);
}

static void test_odd_maps(void **state)
{
    wn_map_clusters found;
    wn_map_clusters_request request = {.points = {points, 0, 2, 2}, .most = 9};
    (void)state;
    assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_OK);
    assert_int_equal(found.count, 0);
    wn_map_clusters_clear(&found);
    for (size_t i = 0; i < ROWS * 2; i++) points[i] = 3;
    for (size_t rows = 1; rows < 4; rows++) {
        request.points.rows = rows;
        assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_OK);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.sizes[0], rows);
        assert_int_equal(found.typical[0], 0);
        wn_map_clusters_clear(&found);
    }
    for (size_t i = 0; i < ROWS * 2; i++) points[i] = NAN;
    assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_OK);
    assert_int_equal(found.count, 0);
    wn_map_clusters_clear(&found);
    request.points.cols = 1;
    assert_int_equal(wn_map_clusters_find(&request, &found, &err), WN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_most_and_rows),
        cmocka_unit_test(test_odd_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
