/* SPDX-License-Identifier: Apache-2.0
 *
 * Selection against the plain method: after each pick all distances are updated in double precision, and the farthest
 * row, at equal distance the smallest, is picked next.
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
#include "winnow/memory.h"
#include "winnow/selection.h"

typedef struct case_params {
    const char *metric, *min_distance, *first;
} case_params;

/* Runs a strategy with options given as text; the caller clears `out`. */
static wn_status run(const char *name, const case_params *options, const wn_selection_request *request,
                     wn_selection *out, wn_error *err)
{
    const wn_strategy *strategy = wn_strategy_find(name);
    void *params = wn_alloc(WN_MEMORY_GENERAL, 1, strategy->params_size);
    assert_int_equal(wn_options_init(strategy->options, params, NULL), WN_OK);
    if (options && options->metric)
        assert_int_equal(wn_options_set(strategy->options, params, "metric", options->metric, NULL), WN_OK);
    if (options && options->min_distance)
        assert_int_equal(wn_options_set(strategy->options, params, "min-distance", options->min_distance, NULL), WN_OK);
    if (options && options->first)
        assert_int_equal(wn_options_set(strategy->options, params, "first", options->first, NULL), WN_OK);
    wn_status status = wn_select(strategy, params, request, out, err);
    wn_free(params);
    return status;
}

/* The rows as doubles, scaled for the metric. */
static double *plain_rows(const wn_matrix *m, bool cosine)
{
    double *rows = calloc(m->rows * m->cols + 1, sizeof *rows);
    for (size_t i = 0; i < m->rows; i++) {
        double square = 0;
        for (size_t k = 0; k < m->cols; k++) square += (double)wn_matrix_row(m, i)[k] * (double)wn_matrix_row(m, i)[k];
        double scale = !cosine ? 1 : square > 0 ? 1 / sqrt(square) : 0;
        for (size_t k = 0; k < m->cols; k++) rows[i * m->cols + k] = (double)wn_matrix_row(m, i)[k] * scale;
    }
    return rows;
}

static double plain_square(const double *a, const double *b, size_t dim)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

/* The plain method. `allowed` marks the candidates, `taken` the preselected rows; picks and squared distances go out.
 * Returns the squared radius of all picks over the candidates. */
static double plain_pick(const wn_matrix *m, bool cosine, const bool *allowed, const bool *taken, int64_t first,
                         size_t k, int64_t *picks, double *squares)
{
    double *rows = plain_rows(m, cosine), *nearest = malloc((m->rows + 1) * sizeof *nearest), radius = 0;
    bool *gone = malloc(m->rows + 1);
    bool any = false;
    for (size_t i = 0; i < m->rows; i++) nearest[i] = INFINITY;
    for (size_t i = 0; i < m->rows; i++) {
        gone[i] = taken[i];
        any = any || taken[i];
        for (size_t j = 0; taken[i] && j < m->rows; j++)
            nearest[j] = fmin(nearest[j], plain_square(rows + i * m->cols, rows + j * m->cols, m->cols));
    }
    for (size_t at = 0; at < k; at++) {
        size_t best = m->rows;
        if (at == 0 && first >= 0) {
            best = (size_t)first;
        } else if (at == 0 && !any) {
            double *mean = calloc(m->cols, sizeof *mean), least = INFINITY, count = 0;
            for (size_t i = 0; i < m->rows; i++) count += allowed[i];
            for (size_t i = 0; i < m->rows; i++) {
                for (size_t c = 0; allowed[i] && c < m->cols; c++) mean[c] += rows[i * m->cols + c] / count;
            }
            for (size_t i = 0; i < m->rows; i++) {
                double square = plain_square(rows + i * m->cols, mean, m->cols);
                if (allowed[i] && square < least * (1 - 1e-12)) {
                    least = square;
                    best = i;
                }
            }
            free(mean);
        } else {
            for (size_t i = 0; i < m->rows; i++) {
                if (allowed[i] && !gone[i] && (best == m->rows || nearest[i] > nearest[best])) best = i;
            }
        }
        picks[at] = (int64_t)best;
        squares[at] = nearest[best];
        gone[best] = true;
        for (size_t i = 0; i < m->rows; i++)
            nearest[i] = fmin(nearest[i], plain_square(rows + best * m->cols, rows + i * m->cols, m->cols));
    }
    for (size_t i = 0; i < m->rows; i++) {
        if (allowed[i]) radius = fmax(radius, nearest[i]);
    }
    free(gone);
    free(nearest);
    free(rows);
    return radius;
}

enum shape { UNIFORM, NORMAL, CLUSTERED, TIGHT, SKEWED, DUPLICATES, GRID, OFFSET, HEAVY, CONSTANT, SHAPES };

/* Rows of one kind; the caller frees the data. */
static wn_matrix make_rows(enum shape shape, size_t rows, size_t dim, uint64_t seed)
{
    wn_rng rng;
    size_t stride = dim + seed % 3;
    float *data = calloc(rows * stride + 1, sizeof *data), centres[20 * 300];
    wn_rng_init(&rng, seed, 7);
    for (size_t i = 0; i < 20 * dim; i++) centres[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < rows; i++) {
        float *row = data + i * stride;
        const float *centre = centres + wn_rng_below(&rng, 20) * dim;
        float width = shape == TIGHT ? 1e-4f : 0.2f;
        float weight = shape == HEAVY && wn_rng_below(&rng, 50) == 0 ? 1000 : 1;
        for (size_t k = 0; k < dim; k++) {
            switch (shape) {
            case UNIFORM:
                row[k] = wn_rng_uniform(&rng);
                break;
            case CLUSTERED:
            case TIGHT:
                row[k] = centre[k] + width * wn_rng_normal(&rng);
                break;
            case SKEWED:
                row[k] = wn_rng_normal(&rng) * expf(-0.2f * (float)k);
                break;
            case GRID:
                row[k] = (float)wn_rng_below(&rng, 3);
                break;
            case OFFSET:
                row[k] = 4096 + wn_rng_normal(&rng);
                break;
            case CONSTANT:
                row[k] = 2.5f;
                break;
            default:
                row[k] = wn_rng_normal(&rng) * weight;
            }
        }
        if (shape == DUPLICATES && i >= 30) memcpy(row, data + i % 30 * stride, dim * sizeof *row);
    }
    return (wn_matrix){data, rows, dim, stride};
}

static void compare_with_plain(enum shape shape, size_t rows, size_t dim, size_t k, bool cosine, wn_pool *pool)
{
    wn_matrix m = make_rows(shape, rows, dim, rows + dim + k);
    int64_t *picks = calloc(k + 1, sizeof *picks);
    double *squares = calloc(k + 1, sizeof *squares);
    bool *allowed = malloc(rows + 1), *taken = calloc(rows + 1, 1);
    wn_selection out = {0};
    wn_error err = {0};
    wn_selection_request request = {.embeddings = m, .count = k, .pool = pool};
    memset(allowed, 1, rows);
    double radius = plain_pick(&m, cosine, allowed, taken, -1, k, picks, squares);
    if (run("farthest-first", &(case_params){.metric = cosine ? "cosine" : "l2"}, &request, &out, &err))
        fail_msg("%s", err.message);
    assert_int_equal(out.len, k);
    for (size_t i = 0; i < k; i++) {
        if (out.picks[i] != picks[i])
            fail_msg("shape %d, %zu x %zu, cosine %d: pick %zu is %lld, not %lld", shape, rows, dim, cosine, i,
                     (long long)out.picks[i], (long long)picks[i]);
        double distance = cosine ? squares[i] / 2 : sqrt(squares[i]);
        if (i) assert_true(fabs((double)out.distances[i] - distance) <= 1e-6 * distance + 1e-12);
    }
    double want = cosine ? radius / 2 : sqrt(radius);
    assert_true(fabs(out.radius - want) <= 1e-9 * want + 1e-12);
    assert_true(isinf(out.distances[0]));
    wn_selection_clear(&out);
    free(taken);
    free(allowed);
    free(squares);
    free(picks);
    free((void *)(uintptr_t)m.data);
}

static void test_picks_of_the_plain_method(void **state)
{
    (void)state;
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(2, 0, &pool, NULL), WN_OK);
    for (int shape = 0; shape < (THREADS_ONLY ? 1 : SHAPES); shape++) {
        /* scaled to length 1, a grid has equal distances that differ in the last bit by the order of adding */
        for (int cosine = 0; cosine < (shape == GRID ? 1 : 2); cosine++) {
            compare_with_plain((enum shape)shape, 1500, 32, 200, cosine, pool);
            compare_with_plain((enum shape)shape, 700, 5, 700, cosine, pool);
        }
    }
    compare_with_plain(NORMAL, 3000, 128, 600, false, pool);
    compare_with_plain(CLUSTERED, 3000, 100, 300, true, pool);
    compare_with_plain(SKEWED, 900, 300, 250, false, pool);
    compare_with_plain(UNIFORM, 3000, 1, 3000, false, pool);
    wn_pool_free(&pool);
}

static void test_small_and_odd_counts(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 20; rows++) {
        for (size_t k = 1; k <= rows; k += 3) {
            compare_with_plain(NORMAL, rows, 3, k, false, NULL);
            compare_with_plain(CONSTANT, rows, 17, k, true, NULL);
        }
    }
}

static void test_thousands_of_duplicates(void **state)
{
    (void)state;
    enum { ROWS = 30000 };
    wn_matrix m = make_rows(DUPLICATES, ROWS, 16, 3);
    wn_selection out = {0};
    wn_selection_request request = {.embeddings = m, .count = 100};
    assert_int_equal(run("farthest-first", NULL, &request, &out, NULL), WN_OK);
    assert_int_equal(out.len, 100);
    assert_true(out.distances[29] > 0);
    for (int64_t i = 30; i < 100; i++) assert_true(out.distances[i] == 0.0f);
    assert_true(out.radius == 0 && out.mean == 0);
    for (int64_t i = 30; i < 100; i++) assert_int_equal(out.picks[i], i); /* the smallest rows that are left */
    wn_selection_clear(&out);
    free((void *)(uintptr_t)m.data);
}

static void test_preselected_and_candidates(void **state)
{
    (void)state;
    enum { ROWS = 2000, K = 150, GIVEN = 40 };
    wn_matrix m = make_rows(NORMAL, ROWS, 24, 12);
    static bool allowed[ROWS], taken[ROWS];
    static int64_t given[GIVEN], candidates[ROWS], picks[K];
    static double squares[K];
    size_t n = 0;
    wn_selection out = {0};
    wn_error err = {0};
    for (int i = 0; i < GIVEN; i++) {
        given[GIVEN - 1 - i] = i * 37; /* falling, and rows that are no candidates among them */
        taken[i * 37] = true;
    }
    for (int64_t i = ROWS - 1; i >= 0; i--) {
        allowed[i] = i % 3 != 0;
        if (allowed[i]) candidates[n++] = i;
    }
    candidates[n] = candidates[0]; /* a repeat */
    wn_selection_request request = {
        .embeddings = m, .count = K, .preselected = {given, GIVEN}, .candidates = {candidates, n + 1}};
    double radius = plain_pick(&m, false, allowed, taken, -1, K, picks, squares);
    if (run("farthest-first", NULL, &request, &out, &err)) fail_msg("%s", err.message);
    assert_memory_equal(out.picks, picks, sizeof picks);
    assert_true(fabs((double)out.distances[0] - sqrt(squares[0])) < 1e-5);
    assert_true(fabs(out.radius - sqrt(radius)) < 1e-9);
    wn_selection_clear(&out);

    /* nothing new asked for: only the covering of what was given */
    request.count = 0;
    radius = plain_pick(&m, false, allowed, taken, -1, 0, picks, squares);
    assert_int_equal(run("farthest-first", NULL, &request, &out, NULL), WN_OK);
    assert_int_equal(out.len, 0);
    assert_true(fabs(out.radius - sqrt(radius)) < 1e-9);
    wn_selection_clear(&out);
    free((void *)(uintptr_t)m.data);
}

static void test_first_row_and_minimum_distance(void **state)
{
    (void)state;
    enum { ROWS = 1000, K = 300 };
    wn_matrix m = make_rows(UNIFORM, ROWS, 3, 5);
    static bool allowed[ROWS], taken[ROWS];
    static int64_t picks[K];
    static double squares[K];
    wn_selection out = {0};
    wn_error err = {0};
    wn_selection_request request = {.embeddings = m, .count = K};
    memset(allowed, 1, sizeof allowed);
    plain_pick(&m, false, allowed, taken, 123, K, picks, squares);
    assert_int_equal(run("farthest-first", &(case_params){.first = "123"}, &request, &out, NULL), WN_OK);
    assert_memory_equal(out.picks, picks, sizeof picks);
    assert_false(out.stopped);
    wn_selection_clear(&out);

    size_t want = 0;
    while (squares[want] >= 0.25 * 0.25) want++;
    case_params options = {.first = "123", .min_distance = "0.25"};
    assert_int_equal(run("farthest-first", &options, &request, &out, NULL), WN_OK);
    assert_int_equal(out.len, want);
    assert_memory_equal(out.picks, picks, want * sizeof *picks);
    assert_true(out.stopped && out.radius < 0.25 && fabs(out.radius - sqrt(squares[want])) < 1e-9);
    wn_selection_clear(&out);
    assert_int_equal(run("farthest-first", &(case_params){.first = "1000"}, &request, &out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "1000"));
    free((void *)(uintptr_t)m.data);
}

static void test_memory_limit(void **state)
{
    (void)state;
    wn_matrix m = make_rows(CLUSTERED, 20000, 64, 2);
    wn_selection all = {0}, limited = {0};
    wn_error err = {0};
    const wn_strategy *strategy = wn_strategy_find("farthest-first");
    struct {
        long long space[16];
    } params;
    assert_true(strategy->params_size <= sizeof params);
    assert_int_equal(wn_options_init(strategy->options, &params, NULL), WN_OK);
    wn_selection_request request = {.embeddings = m, .count = 300};
    uint64_t plenty = wn_select_memory(strategy, &params, &request);
    assert_int_equal(wn_select(strategy, &params, &request, &all, NULL), WN_OK);
    request.memory_limit = plenty - 1; /* now without stored codes */
    uint64_t least = wn_select_memory(strategy, &params, &request);
    assert_true(least + 20000 * 64 <= plenty);
    size_t before = wn_memory_live(WN_MEMORY_SELECTION);
    assert_int_equal(wn_select(strategy, &params, &request, &limited, NULL), WN_OK);
    assert_memory_equal(all.picks, limited.picks, 300 * sizeof(int64_t));
    assert_true(all.radius == limited.radius && all.mean == limited.mean);
    wn_selection_clear(&limited);
    assert_int_equal(wn_memory_live(WN_MEMORY_SELECTION), before);
    request.memory_limit = least - 1;
    assert_int_equal(wn_select(strategy, &params, &request, &limited, &err), WN_LIMIT);
    assert_non_null(strstr(err.message, "limit"));
    wn_selection_clear(&all);
    free((void *)(uintptr_t)m.data);
}

static void test_random_draws(void **state)
{
    (void)state;
    const int64_t given[] = {1, 2, 3}, candidates[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    size_t seen[10] = {0};
    for (uint64_t seed = 0; seed < 2000; seed++) {
        wn_selection out = {0};
        wn_selection_request request = {.embeddings = {NULL, 20, 0, 0},
                                        .count = 3,
                                        .preselected = {given, 3},
                                        .candidates = {candidates, 10},
                                        .seed = seed};
        assert_int_equal(run("random", NULL, &request, &out, NULL), WN_OK);
        assert_true(out.picks[0] != out.picks[1] && out.picks[0] != out.picks[2] && out.picks[1] != out.picks[2]);
        for (int i = 0; i < 3; i++) seen[out.picks[i]]++;
        wn_selection_clear(&out);
    }
    for (int i = 0; i < 10; i++) {
        if (i >= 1 && i <= 3) {
            assert_int_equal(seen[i], 0);
        } else {
            assert_true(seen[i] > 700 && seen[i] < 1010); /* 857 +- 22 */
        }
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_covering(void **state)
{
    (void)state;
    enum { ROWS = 900, K = 25 };
    for (int cosine = 0; cosine < 2; cosine++) {
        wn_matrix m = make_rows(CLUSTERED, ROWS, 20, 8);
        const wn_covering_request request = {.matrix = m, .metric = cosine ? WN_METRIC_COSINE : WN_METRIC_L2};
        int64_t picks[K];
        static double nearest[ROWS];
        static float distances[ROWS];
        double *rows = plain_rows(&m, cosine), sum = 0;
        wn_covering covering;
        for (int64_t i = 0; i < K; i++) picks[i] = i * 31 % ROWS;
        for (size_t i = 0; i < ROWS; i++) {
            nearest[i] = INFINITY;
            for (size_t j = 0; j < K; j++)
                nearest[i] =
                    fmin(nearest[i], plain_square(rows + i * m.cols, rows + (size_t)picks[j] * m.cols, m.cols));
            nearest[i] = cosine ? nearest[i] / 2 : sqrt(nearest[i]);
            sum += nearest[i];
        }
        assert_int_equal(wn_covering_measure(&request, (wn_rows){picks, K}, distances, &covering, NULL), WN_OK);
        for (size_t i = 0; i < ROWS; i++) assert_true(fabs((double)distances[i] - nearest[i]) < 1e-6);
        qsort(nearest, ROWS, sizeof *nearest, compare_doubles);
        assert_true(fabs(covering.radius - nearest[ROWS - 1]) < 1e-12);
        assert_true(fabs(covering.mean - sum / ROWS) < 1e-12);
        assert_true(fabs(covering.percentile95 - nearest[ROWS * 95 / 100 - 1]) < 1e-6);
        free(rows);
        free((void *)(uintptr_t)m.data);
    }
}

/* Each pick of a strategy is told with its distance to the nearest one before it, the rows picked earlier included. */
static void test_distances_of_the_order(void **state)
{
    (void)state;
    enum { ROWS = 1500, K = 1237, BEFORE = 70 };
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        wn_matrix m = make_rows(CLUSTERED, ROWS, 20, 8);
        static int64_t order[BEFORE + K];
        wn_selection_request request = {.embeddings = m, .count = K, .preselected = {order, BEFORE}};
        wn_selection out = {0};
        wn_error err = {0};
        for (int64_t i = 0; i < BEFORE; i++) order[i] = i * 19;
        assert_int_equal(wn_pool_new(threads, 0, &request.pool, NULL), WN_OK);
        if (run("random", NULL, &request, &out, &err)) fail_msg("%s", err.message);
        assert_int_equal(out.len, K);
        memcpy(order + BEFORE, out.picks, K * sizeof *order);
        double *rows = plain_rows(&m, false);
        for (size_t i = 0; i < K; i++) {
            double least = INFINITY;
            for (size_t j = 0; j < BEFORE + i; j++)
                least = fmin(least, plain_square(rows + (size_t)order[BEFORE + i] * m.cols,
                                                 rows + (size_t)order[j] * m.cols, m.cols));
            assert_true(fabs((double)out.distances[i] - sqrt(least)) < 1e-6);
        }
        wn_selection_clear(&out);
        wn_pool_free(&request.pool);
        free(rows);
        free((void *)(uintptr_t)m.data);
    }
}

/* A sample is measured as if the other rows were not there, but picks may lie outside of it. */
static void test_covering_of_a_sample(void **state)
{
    (void)state;
    enum { ROWS = 900, K = 25, SAMPLE = 300 };
    wn_matrix m = make_rows(CLUSTERED, ROWS, 20, 8);
    int64_t picks[K], sample[SAMPLE];
    const wn_covering_request whole = {.matrix = m}, request = {.matrix = m, .measured = {sample, SAMPLE}};
    static float all[ROWS], some[SAMPLE];
    wn_covering covering;
    wn_error err = {0};
    double radius = 0;
    for (int64_t i = 0; i < K; i++) picks[i] = i * 31 % ROWS;
    for (int64_t i = 0; i < SAMPLE; i++) sample[i] = 3 * i + 1;
    assert_int_equal(wn_covering_measure(&whole, (wn_rows){picks, K}, all, &covering, NULL), WN_OK);
    assert_int_equal(wn_covering_measure(&request, (wn_rows){picks, K}, some, &covering, NULL), WN_OK);
    for (size_t i = 0; i < SAMPLE; i++) {
        assert_true(some[i] == all[sample[i]]);
        radius = fmax(radius, (double)some[i]);
    }
    assert_true(fabs(covering.radius - radius) < 1e-6);
    sample[7] = sample[6];
    assert_int_equal(wn_covering_measure(&request, (wn_rows){picks, K}, some, &covering, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "ascend"));
    free((void *)(uintptr_t)m.data);
}

static void test_covering_of_random_sets(void **state)
{
    (void)state;
    wn_matrix m = make_rows(NORMAL, 2000, 16, 4);
    wn_covering some[10], again[10], one;
    wn_selection out = {0};
    wn_selection_request request = {.embeddings = m, .count = 50, .seed = 9};
    const wn_covering_request all = {.matrix = m};
    assert_int_equal(wn_covering_measure_random(&all, 50, 10, 9, some, NULL), WN_OK);
    assert_int_equal(wn_covering_measure_random(&all, 50, 10, 9, again, NULL), WN_OK);
    assert_memory_equal(some, again, sizeof some);
    for (size_t i = 1; i < 10; i++) {
        assert_true(some[i].mean != some[0].mean && fabs(some[i].mean - some[0].mean) < some[0].mean / 5);
        assert_true(some[i].radius > some[i].percentile95 && some[i].percentile95 > some[i].mean);
    }
    /* the first set is what the strategy draws with the same seed */
    assert_int_equal(run("random", NULL, &request, &out, NULL), WN_OK);
    assert_int_equal(wn_covering_measure(&all, (wn_rows){out.picks, out.len}, NULL, &one, NULL), WN_OK);
    assert_true(some[0].radius == one.radius && some[0].mean == one.mean);
    wn_selection_clear(&out);
    free((void *)(uintptr_t)m.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picks_of_the_plain_method),
        SERIAL_TEST(test_small_and_odd_counts),
        SERIAL_TEST(test_thousands_of_duplicates),
        SERIAL_TEST(test_preselected_and_candidates),
        SERIAL_TEST(test_first_row_and_minimum_distance),
        SERIAL_TEST(test_memory_limit),
        SERIAL_TEST(test_random_draws),
        cmocka_unit_test(test_distances_of_the_order),
        SERIAL_TEST(test_covering),
        SERIAL_TEST(test_covering_of_a_sample),
        SERIAL_TEST(test_covering_of_random_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
