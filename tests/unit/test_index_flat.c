/* SPDX-License-Identifier: Apache-2.0
 *
 * Nearest neighbours against all distances in double, sorted.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/cpu.h"
#include "winnow/index.h"
#include "winnow/memory.h"

typedef struct pair {
    double value;
    size_t row;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Distance as the metric is documented, the product negated. */
static double plain_distance(wn_index_metric metric, const float *a, const float *b, size_t dim)
{
    double product = 0, x = 0, y = 0, square = 0;
    for (size_t k = 0; k < dim; k++) {
        double difference = (double)a[k] - (double)b[k];
        product += (double)a[k] * (double)b[k];
        x += (double)a[k] * (double)a[k];
        y += (double)b[k] * (double)b[k];
        square += difference * difference;
    }
    if (metric == WN_INDEX_METRIC_IP) return -product;
    if (metric == WN_INDEX_METRIC_L2) return sqrt(square);
    if (x == 0 || y == 0) return x == y ? 0 : 0.5;
    return 1 - product / (sqrt(x) * sqrt(y));
}

/* The found list must be the plain one; where rows are equally near but for rounding, either may stand. */
static void check_list(const wn_neighbours_request *request, const wn_neighbours *found, size_t query, pair *pairs)
{
    const wn_matrix *points = &request->embeddings, *queries = request->queries.data ? &request->queries : points;
    const int64_t *ids = found->ids + query * found->k;
    const float *distances = found->distances + query * found->k;
    size_t n = 0;
    for (size_t row = 0; row < points->rows; row++) {
        if (queries == points && row == query) continue;
        pairs[n++] = (pair){
            plain_distance(request->metric, wn_matrix_row(queries, query), wn_matrix_row(points, row), points->cols),
            row};
    }
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < found->k; i++) {
        if (i >= n) {
            assert_int_equal(ids[i], -1);
            assert_true(isinf(distances[i]));
            continue;
        }
        double sign = request->metric == WN_INDEX_METRIC_IP ? -1 : 1;
        double slack = 1e-6 * fabs(pairs[i].value) + (request->metric == WN_INDEX_METRIC_COSINE ? 1e-7 : 1e-30);
        if (fabs((double)distances[i] - sign * pairs[i].value) > slack)
            fail_msg("query %zu place %zu: %.9g, plain %.9g", query, i, (double)distances[i], sign * pairs[i].value);
        if (ids[i] == (int64_t)pairs[i].row) continue;
        double other = plain_distance(request->metric, wn_matrix_row(queries, query),
                                      wn_matrix_row(points, (size_t)ids[i]), points->cols);
        if (ids[i] == (int64_t)query && queries == points) fail_msg("query %zu is its own neighbour", query);
        if (fabs(other - pairs[i].value) > 1e-12 * (1 + fabs(other)))
            fail_msg("query %zu place %zu: row %d, plain %zu", query, i, (int)ids[i], pairs[i].row);
    }
}

/* Searches on 1, 7 and 2 threads (the first `counts` of these), which must agree, and checks every `step`-th list. For
 * the thread sanitizer seven are enough.
 * Returns the lists that took a second scan. */
static size_t check(wn_neighbours_request request, size_t step, size_t counts)
{
    wn_neighbours first = {0};
    wn_error err = {0};
    size_t bytes = wn_memory_live(WN_MEMORY_COUNT);
    pair *pairs = malloc((request.embeddings.rows + 1) * sizeof *pairs);
    for (size_t at = THREADS_ONLY; at < (THREADS_ONLY ? 2 : counts); at++) {
        unsigned threads = (unsigned[]){1, 7, 2}[at];
        wn_neighbours found;
        assert_int_equal(wn_pool_new(threads, 0, &request.pool, NULL), WN_OK);
        if (wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, &err)) fail_msg("%s", err.message);
        wn_pool_free(&request.pool);
        if (at == THREADS_ONLY) {
            first = found;
            continue;
        }
        assert_int_equal(found.rows, first.rows);
        assert_memory_equal(found.ids, first.ids, found.rows * found.k * sizeof *found.ids);
        assert_memory_equal(found.distances, first.distances, found.rows * found.k * sizeof *found.distances);
        wn_neighbours_clear(&found);
    }
    assert_int_equal(first.k, request.k);
    assert_true(first.recall == 1);
    for (size_t query = 0; query < first.rows; query += step) check_list(&request, &first, query, pairs);
    size_t rescanned = first.rescanned;
    free(pairs);
    wn_neighbours_clear(&first);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), bytes);
    return rescanned;
}

enum { NORMAL, UNIFORM, CLOUDS, TIGHT, OUTLIERS, COPIES, ZEROS, CONSTANT, GRID, HUGE_VALUES, TINY_VALUES, KINDS };

static float *make_rows(int kind, size_t rows, size_t dim)
{
    float *data = malloc((rows * dim + 1) * sizeof *data);
    wn_rng rng, centre;
    wn_rng_init(&rng, 7, (uint64_t)kind);
    for (size_t row = 0; row < rows; row++) {
        wn_rng_init(&centre, 3, wn_rng_below(&rng, 20));
        for (size_t k = 0; k < dim; k++) {
            float *x = &data[row * dim + k], cloud = wn_rng_normal(&centre);
            *x = wn_rng_normal(&rng);
            if (kind == UNIFORM) *x = wn_rng_uniform(&rng) + 100;
            if (kind == CLOUDS) *x = cloud + 0.3f * *x;
            if (kind == TIGHT) *x = cloud + 1e-4f * *x;
            if (kind == OUTLIERS && row % 101 == 5) *x *= 1e5f;
            if (kind == CONSTANT && k % 3 == 0) *x = 77;
            if (kind == GRID) *x = (float)wn_rng_below(&rng, 2);
            if (kind == HUGE_VALUES) *x *= 1e37f;
            if (kind == TINY_VALUES) *x *= 1e-38f;
        }
        if (kind == COPIES && row >= 9 && row % 10 != 0) memcpy(data + row * dim, data + row % 9 * dim, dim * 4);
        if (kind == ZEROS && row % 2) memset(data + row * dim, 0, dim * sizeof *data);
    }
    return data;
}

/* Enough rows for the scan in bytes; fewer and shorter ones take float32. */
static void test_kinds_of_data(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{2050, 18, 9}, {150, 17, 11}, {200, 2, 5}};
    for (int kind = 0; kind < (THREADS_ONLY ? CLOUDS + 1 : KINDS); kind++) {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            size_t rows = shapes[i][0], dim = shapes[i][1];
            float *data = make_rows(kind, rows, dim);
            for (int metric = 0; metric < WN_INDEX_METRIC_COUNT; metric++) {
                wn_neighbours_request request = {
                    .embeddings = {data, rows, dim, dim}, .k = shapes[i][2], .metric = (wn_index_metric)metric};
                if (kind == HUGE_VALUES && metric == WN_INDEX_METRIC_IP) continue; /* beyond float32 */
                if (kind == TINY_VALUES && metric == WN_INDEX_METRIC_IP) continue;
                if (i > 0 || metric != WN_INDEX_METRIC_IP) (void)check(request, 197, 2);
            }
            free(data);
        }
    }
}

/* Rows so near that bytes cannot tell them apart: exact values decide. */
static void test_rows_that_bytes_blur(void **state)
{
    (void)state;
    float *data = make_rows(TIGHT, 2050, 32);
    wn_neighbours_request request = {.embeddings = {data, 2050, 32, 32}, .k = 10};
    (void)check(request, 119, 3);
    free(data);
}

/* Rows enough to be put into an order first, with outliers that bytes represent badly. */
static void test_many_rows(void **state)
{
    (void)state;
    enum { MANY = 16500 };
    float *data = make_rows(OUTLIERS, MANY, 16), *clouds = make_rows(CLOUDS, MANY, 16);
    wn_neighbours_request request = {.embeddings = {data, MANY, 16, 16}, .k = 5};
    (void)check(request, 1999, 2);
    request.embeddings.data = clouds;
    request.metric = WN_INDEX_METRIC_COSINE;
    if (!THREADS_ONLY) (void)check(request, 1999, 2);
    free(clouds);
    free(data);
}

/* Less memory makes it slower, with the same bytes, until there is too little. */
static void test_memory_limits(void **state)
{
    (void)state;
    enum { ROWS = SANITIZED ? 5000 : 9000, DIM = 32, K = 10 };
    float *data = make_rows(CLOUDS, ROWS, DIM);
    wn_neighbours free_of_limits, found;
    wn_neighbours_request request = {.embeddings = {data, ROWS, DIM, DIM}, .k = K};
    size_t done = 0, refused = 0;
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &request, &free_of_limits, NULL), WN_OK);
    for (request.memory_limit = 1 << 20; request.memory_limit < 64 << 20; request.memory_limit += 3 << 19) {
        wn_status status = wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, NULL);
        assert_true(status == WN_OK || status == WN_LIMIT);
        refused += status == WN_LIMIT;
        if (status) continue;
        done++;
        assert_memory_equal(found.ids, free_of_limits.ids, ROWS * K * sizeof *found.ids);
        assert_memory_equal(found.distances, free_of_limits.distances, ROWS * K * sizeof *found.distances);
        wn_neighbours_clear(&found);
        if (done > 12) break;
    }
    assert_true(done > 3 && refused > 0);
    wn_neighbours_clear(&free_of_limits);
    free(data);
}

/* Equal distances by the thousand, in whole numbers so that both sides are exact: strictly by row number. */
static void test_ties_by_row(void **state)
{
    (void)state;
    enum { ROWS = 2200, DIM = 16, K = 40 };
    float *data = make_rows(GRID, ROWS, DIM);
    wn_neighbours found;
    pair *pairs = malloc(ROWS * sizeof *pairs);
    for (size_t row = 0; row < ROWS; row++) memset(data + row * DIM, 0, 8 * sizeof *data); /* 256 different rows */
    wn_neighbours_request request = {.embeddings = {data, ROWS, DIM, DIM}, .k = K};
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, NULL), WN_OK);
    assert_true(found.distinct <= 256);
    for (size_t row = 0; row < ROWS; row += 77) {
        for (size_t i = 0; i < ROWS; i++)
            pairs[i] = (pair){
                i == row ? INFINITY : plain_distance(WN_INDEX_METRIC_L2, data + row * DIM, data + i * DIM, DIM), i};
        qsort(pairs, ROWS, sizeof *pairs, compare_pairs);
        for (size_t i = 0; i < K; i++) assert_int_equal(found.ids[row * K + i], pairs[i].row);
    }
    wn_neighbours_clear(&found);
    free(pairs);
    free(data);
}

static void test_queries(void **state)
{
    (void)state;
    float *data = make_rows(CLOUDS, 2400, 40), *queries = make_rows(NORMAL, 150, 48);
    for (size_t k = 0; k < 40; k++) {
        queries[48 + k] = data[40 * 9 + k]; /* a copy: at distance 0, and not left out */
        queries[2 * 48 + k] = 1e4f;
        queries[3 * 48 + k] = 0;
    }
    for (int metric = 0; metric < WN_INDEX_METRIC_COUNT; metric++) {
        wn_neighbours_request request = {.embeddings = {data, 2400, 40, 40},
                                         .queries = {queries, 150, 40, 48},
                                         .k = 30,
                                         .metric = (wn_index_metric)metric};
        (void)check(request, 9, 3);
    }
    free(queries);
    free(data);
}

static void test_few_rows(void **state)
{
    (void)state;
    float *data = make_rows(NORMAL, 40, 6);
    for (size_t rows = 0; rows <= 40; rows = rows * 3 + 1) {
        for (size_t k = 1; k <= 50; k += 7) {
            for (int metric = 0; metric < WN_INDEX_METRIC_COUNT; metric++) {
                wn_neighbours_request request = {
                    .embeddings = {data, rows, 6, 6}, .k = k, .metric = (wn_index_metric)metric};
                (void)check(request, 1, 1);
                request.queries = (wn_matrix){data + 6, 5, 6, 6};
                (void)check(request, 1, 1);
                request.queries.rows = 0;
                (void)check(request, 1, 1);
            }
        }
    }
    free(data);
}

/* Quadratic work on these would take minutes. */
static void test_all_rows_equal(void **state)
{
    (void)state;
    enum { ROWS = 40000, DIM = 32, K = 5 };
    float *data = calloc((size_t)ROWS * DIM, sizeof *data);
    wn_neighbours found;
    wn_neighbours_request request = {.embeddings = {data, ROWS, DIM, DIM}, .k = K};
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, NULL), WN_OK);
    assert_int_equal(found.distinct, 1);
    for (size_t row = 0; row < ROWS; row += 999) {
        for (size_t i = 0; i < K; i++) {
            assert_int_equal(found.ids[row * K + i], row < K ? i + (i >= row) : i);
            assert_true(found.distances[row * K + i] == 0);
        }
    }
    wn_neighbours_clear(&found);
    free(data);
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

static void test_refusals(void **state)
{
    (void)state;
    const wn_index_kind *flat = wn_index_kind_find("flat");
    float *data = make_rows(NORMAL, 50, 8);
    wn_progress progress = {stop_at_once, NULL};
    wn_neighbours found;
    wn_error err = {0};
    wn_neighbours_request good = {.embeddings = {data, 50, 8, 8}, .k = 3}, bad = good;
    assert_ptr_equal(wn_index_kind_at(0), flat);
    assert_null(wn_index_kind_find("none"));
    bad.k = 0;
    assert_int_equal(wn_neighbours_find(flat, &bad, &found, &err), WN_INVALID);
    bad = good;
    bad.queries = (wn_matrix){data, 5, 7, 8};
    assert_int_equal(wn_neighbours_find(flat, &bad, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "7"));
    bad = good;
    bad.memory_limit = 1000;
    assert_int_equal(wn_neighbours_find(flat, &bad, &found, &err), WN_LIMIT);
    bad = good;
    bad.progress = &progress;
    assert_int_equal(wn_neighbours_find(flat, &bad, &found, &err), WN_CANCELLED);
    assert_null(found.ids);
    data[13 * 8 + 2] = NAN;
    assert_int_equal(wn_neighbours_find(flat, &good, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 13 "));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_data), cmocka_unit_test(test_rows_that_bytes_blur),
        cmocka_unit_test(test_many_rows),     SERIAL_TEST(test_memory_limits),
        SERIAL_TEST(test_ties_by_row),        cmocka_unit_test(test_queries),
        SERIAL_TEST(test_few_rows),           SERIAL_TEST(test_all_rows_equal),
        SERIAL_TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
