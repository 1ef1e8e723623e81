/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph against a plain table of pairs: lists with gaps, with the row itself, with a row twice, with distances that
 * are no numbers; and the heap of lazy greedy against plain greedy.
 */
#include "selection_oracle.h"

#include "selection/cover_graph.h"
#include "selection/lazy.h"
#include "winnow/pool.h"

/* The first rows are hubs. */
static void draw_lists(wn_neighbours *lists, size_t rows, size_t k, wn_rng *rng)
{
    *lists = (wn_neighbours){.rows = rows, .k = k};
    lists->ids = wn_alloc(WN_MEMORY_MATRIX, rows * k, sizeof *lists->ids);
    lists->distances = wn_alloc(WN_MEMORY_MATRIX, rows * k, sizeof *lists->distances);
    for (size_t i = 0; i < rows * k; i++) {
        size_t reach = wn_rng_below(rng, 2) ? rows : 1 + rows / 8, kind = wn_rng_below(rng, 16);
        lists->ids[i] = kind == 0 ? -1 : kind == 1 ? (int64_t)(i / k) : (int64_t)wn_rng_below(rng, (uint32_t)reach);
        lists->distances[i] = kind == 2 ? NAN : kind == 3 ? -1e-7f : kind == 4 ? INFINITY : 1.5f * wn_rng_uniform(rng);
    }
}

/* The graph as it is read: the row, its list, those whose list it is in by their row; of several, the first. */
static size_t list_edges(const wn_neighbours *lists, const wn_nearness *nearness, size_t row, uint32_t *ids,
                         float *values)
{
    uint8_t *seen = calloc(lists->rows, 1);
    size_t n = 0;
    ids[n] = (uint32_t)row;
    values[n++] = 1;
    seen[row] = 1;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < lists->rows * lists->k; i++) {
            float value;
            size_t from = i / lists->k;
            if (lists->ids[i] < 0 || (pass == 0 ? from != row : lists->ids[i] != (int64_t)row)) continue;
            size_t other = pass == 0 ? (size_t)lists->ids[i] : from;
            wn_cover_squares(WN_METRIC_COSINE, lists->distances + i, 1, &value);
            wn_nearness_values(nearness, &value, 1, &value);
            if (seen[other] || !(value > 0)) continue;
            seen[other] = 1;
            ids[n] = (uint32_t)other;
            values[n++] = value;
        }
    }
    free(seen);
    return n;
}

static void check_graph(const wn_neighbours *lists, const wn_nearness *nearness, unsigned threads)
{
    wn_pool *pool = NULL;
    wn_cover_graph *graph = NULL;
    uint32_t *ids = calloc(lists->rows + 1, sizeof *ids);
    float *values = calloc(lists->rows + 1, sizeof *values);
    assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
    assert_int_equal(wn_cover_graph_new(lists, WN_METRIC_COSINE, nearness, pool, &graph, NULL), WN_OK);
    assert_int_equal(graph->rows, lists->rows);
    for (size_t row = 0; row < lists->rows; row++) {
        size_t n = list_edges(lists, nearness, row, ids, values);
        assert_int_equal(graph->lens[row], n);
        assert_true(graph->starts[row] + n <= graph->starts[row + 1]);
        assert_memory_equal(graph->ids + graph->starts[row], ids, n * sizeof *ids);
        assert_memory_equal(graph->values + graph->starts[row], values, n * sizeof *values);
    }
    wn_cover_graph_free(&graph);
    wn_pool_free(&pool);
    free(values);
    free(ids);
}

static void test_graph_is_the_table(void **state)
{
    (void)state;
    static const size_t rows[] = {0, 1, 2, 3, 5, 9, 64, 331}, ks[] = {0, 1, 3, 20};
    wn_rng rng;
    wn_rng_init(&rng, 5, 5);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
            wn_neighbours lists;
            draw_lists(&lists, rows[r], ks[i], &rng);
            for (int kind = 0; kind < WN_NEARNESS_KINDS; kind++) {
                const wn_nearness nearness = {.kind = (wn_nearness_kind)kind, .radius = 1};
                for (unsigned threads = 1; threads <= 8; threads++) check_graph(&lists, &nearness, threads);
            }
            wn_neighbours_clear(&lists);
        }
    }
}

/* Distances that are no numbers join nothing, and those just below 0 are 0. */
static void test_distances_that_are_none(void **state)
{
    (void)state;
    static const float distances[] = {NAN, -1e-7f, INFINITY, 0};
    float values[4];
    for (int kind = 0; kind < WN_NEARNESS_KINDS; kind++) {
        const wn_nearness nearness = {.kind = (wn_nearness_kind)kind, .radius = 1};
        wn_cover_squares(WN_METRIC_COSINE, distances, 4, values);
        wn_nearness_values(&nearness, values, 4, values);
        assert_true(values[0] == 0);
        assert_true(values[1] == 1);
        assert_true(values[2] == 0);
        assert_true(values[3] == 1);
    }
}

/* What is planned holds what is kept and what is taken while it is made, and no more than a page or so besides. */
static void test_planned_bytes(void **state)
{
    (void)state;
    enum { N = 20000, NEAR = 3 };
    const wn_nearness ball = {.kind = WN_NEARNESS_TOPHAT, .radius = 1};
    wn_neighbours lists = {.rows = N, .k = NEAR};
    lists.ids = wn_alloc(WN_MEMORY_MATRIX, N * NEAR, sizeof *lists.ids);
    lists.distances = wn_calloc(WN_MEMORY_MATRIX, N * NEAR, sizeof *lists.distances);
    for (size_t i = 0; i < (size_t)N * NEAR; i++) lists.ids[i] = (int64_t)((i / NEAR + 1 + i % NEAR) % N);
    for (unsigned threads = 1; threads <= 16; threads *= 4) {
        wn_pool *pool = NULL;
        wn_cover_graph *graph = NULL;
        size_t before = wn_memory_live(WN_MEMORY_SELECTION);
        assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
        assert_int_equal(wn_cover_graph_new(&lists, WN_METRIC_COSINE, &ball, pool, &graph, NULL), WN_OK);
        uint64_t kept = wn_memory_live(WN_MEMORY_SELECTION) - before;
        uint64_t taken = (uint64_t)N * NEAR * sizeof(float) + (uint64_t)threads * N * 2 * sizeof(uint32_t) +
                         (uint64_t)N * sizeof(uint64_t);
        uint64_t planned = wn_cover_graph_bytes(N, NEAR, threads);
        assert_true(planned >= kept + taken);
        assert_true(planned <= kept + taken + 2 * 65536);
        wn_cover_graph_free(&graph);
        wn_pool_free(&pool);
    }
    wn_neighbours_clear(&lists);
}

enum { ITEMS = 200, CELLS = 40 };

typedef struct sets {
    uint8_t in[ITEMS][CELLS], covered[CELLS];
} sets;

static double uncovered(void *context, uint32_t item)
{
    const sets *s = context;
    double gain = 0;
    for (size_t c = 0; c < CELLS; c++) gain += s->in[item][c] && !s->covered[c];
    return gain;
}

/* Of the greatest gains it is the first item, for heaps of each shape of the last place. */
static void test_lazy_is_greedy(void **state)
{
    (void)state;
    wn_rng rng;
    wn_rng_init(&rng, 8, 8);
    for (size_t n = 0; n < ITEMS; n = n < 24 ? n + 1 : n + 25) {
        static sets s;
        wn_lazy lazy;
        uint32_t items[ITEMS], item;
        uint8_t left[ITEMS];
        double gain;
        memset(&s, 0, sizeof s);
        for (size_t i = 0; i < n; i++) {
            for (size_t c = 0; c < CELLS; c++) s.in[i][c] = wn_rng_below(&rng, 6) == 0;
            if (i && wn_rng_below(&rng, 4) == 0) memcpy(s.in[i], s.in[i - 1], CELLS);
            items[i] = (uint32_t)(n - 1 - i);
            left[i] = 1;
        }
        assert_int_equal(wn_lazy_init(&lazy, n, uncovered, &s, NULL), WN_OK);
        wn_lazy_start(&lazy, items, n, NULL, 16);
        for (size_t pick = 0; pick < n; pick++) {
            size_t best = n;
            for (size_t i = 0; i < n; i++) {
                if (left[i] && (best == n || uncovered(&s, (uint32_t)i) > uncovered(&s, (uint32_t)best))) best = i;
            }
            assert_true(wn_lazy_next(&lazy, &item, &gain));
            assert_int_equal(item, best);
            assert_true(gain == uncovered(&s, item));
            for (size_t c = 0; c < CELLS; c++) s.covered[c] |= s.in[item][c];
            left[item] = 0;
        }
        assert_false(wn_lazy_next(&lazy, &item, &gain));
        wn_lazy_clear(&lazy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_graph_is_the_table),
                                       cmocka_unit_test(test_distances_that_are_none),
                                       cmocka_unit_test(test_planned_bytes), cmocka_unit_test(test_lazy_is_greedy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
