/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds for every strategy of the table, each with all the input that any of them can use.
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

enum { CLASSES = 4, DIM = 12, ROWS_BY_THREADS = SANITIZED ? 700 : 1500, ROWS_ALIKE = SANITIZED ? 1200 : 3000 };

/* Rows with all that is known of them. */
typedef struct bench {
    float *values, *scores, *probabilities;
    int64_t *labels;
    wn_selection_request request;
} bench;

enum kind { CLOUDS, CONSTANT, COPIES, ZERO };

static void fill(bench *b, enum kind kind, size_t rows, size_t dim)
{
    wn_rng rng;
    float centres[CLASSES * DIM];
    wn_rng_init(&rng, rows, 3);
    *b = (bench){.values = calloc(rows * dim + 1, sizeof *b->values)};
    b->scores = calloc(rows + 1, sizeof *b->scores);
    b->probabilities = calloc(rows * CLASSES + 1, sizeof *b->probabilities);
    b->labels = calloc(rows + 1, sizeof *b->labels);
    for (size_t i = 0; i < CLASSES * DIM; i++) centres[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < rows; i++) {
        size_t class = i % 7 % CLASSES;
        float total = 0, *p = b->probabilities + i * CLASSES;
        for (size_t k = 0; k < dim; k++) {
            float value = kind == CONSTANT ? 1.5f : centres[class * DIM + k] + 0.4f * wn_rng_normal(&rng);
            b->values[i * dim + k] = kind == ZERO ? 0 : value;
        }
        if (kind == COPIES && i >= 30) memcpy(b->values + i * dim, b->values + i % 30 * dim, dim * sizeof(float));
        for (size_t c = 0; c < CLASSES; c++) total += p[c] = wn_rng_uniform(&rng) + (c == class ? 1 : 0.01f);
        for (size_t c = 0; c < CLASSES; c++) p[c] /= total;
        b->scores[i] = wn_rng_uniform(&rng);
        b->labels[i] = i % 5 ? -1 : (int64_t) class;
    }
    b->request = (wn_selection_request){.embeddings = {b->values, rows, dim, dim},
                                        .scores = {b->scores, rows, 1, 1},
                                        .probabilities = {b->probabilities, rows, CLASSES, CLASSES},
                                        .labels = {b->labels, rows},
                                        .seed = 5};
}

static void clear(bench *b)
{
    free(b->labels);
    free(b->probabilities);
    free(b->scores);
    free(b->values);
}

static wn_status run(const wn_strategy *strategy, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    wn_selection_request given = *request;
    void *params = wn_alloc(WN_MEMORY_GENERAL, 1, strategy->params_size + 1);
    if (strategy->options) assert_int_equal(wn_options_init(strategy->options, params, NULL), WN_OK);
    if (strategy->needs & WN_STRATEGY_ACTIVATIONS) given.probabilities = given.embeddings;
    wn_status status = wn_select(strategy, params, &given, out, err);
    wn_free(params);
    return status;
}

static void run_well(const wn_strategy *strategy, const wn_selection_request *request, wn_selection *out)
{
    wn_error err = {0};
    if (run(strategy, request, out, &err)) fail_msg("%s: %s", strategy->name, err.message);
    if (!out->stopped) assert_int_equal(out->len, request->count);
}

#define FOR_EACH_STRATEGY(strategy)                                                                                    \
    for (const wn_strategy *strategy = wn_strategy_at(0); strategy; strategy = next_of(strategy))

static const wn_strategy *next_of(const wn_strategy *strategy)
{
    size_t at = 0;
    while (wn_strategy_at(at) != strategy) at++;
    return wn_strategy_at(at + 1);
}

/* Every pick may be picked, and none twice. */
static void check_picks(const wn_strategy *strategy, const wn_selection_request *request, const wn_selection *out)
{
    size_t rows = request->embeddings.rows;
    uint8_t *open = malloc(rows + 1);
    memset(open, request->candidates.data ? 0 : 1, rows);
    for (size_t i = 0; i < request->candidates.len; i++) open[request->candidates.data[i]] = 1;
    for (size_t i = 0; i < request->preselected.len; i++) open[request->preselected.data[i]] = 0;
    for (size_t i = 0; i < out->len; i++) {
        if (out->picks[i] < 0 || (size_t)out->picks[i] >= rows || !open[out->picks[i]])
            fail_msg("%s: pick %zu is row %lld, which cannot be picked", strategy->name, i, (long long)out->picks[i]);
        open[out->picks[i]] = 0;
    }
    free(open);
}

static void test_descriptors(void **state)
{
    (void)state;
    FOR_EACH_STRATEGY(strategy)
    {
        assert_true(strlen(strategy->name) > 0 && strlen(strategy->summary) > 0);
        assert_ptr_equal(wn_strategy_find(strategy->name), strategy);
        assert_null(strchr(strategy->name, ' '));
        for (const wn_option *o = strategy->options; o && o->type != WN_OPTION_END; o++) {
            assert_true(o->offset < strategy->params_size);
            assert_true(strlen(o->help) > 0 && o->help[strlen(o->help) - 1] != '.');
            assert_ptr_equal(wn_options_find(strategy->options, o->name), o);
        }
    }
    assert_null(wn_strategy_find("none"));
}

static void test_threads(void **state)
{
    (void)state;
    bench b;
    wn_pool *pools[2] = {0};
    fill(&b, CLOUDS, ROWS_BY_THREADS, DIM);
    assert_int_equal(wn_pool_new(2, 0, &pools[0], NULL), WN_OK);
    assert_int_equal(wn_pool_new(7, 0, &pools[1], NULL), WN_OK);
    b.request.count = 120;
    b.request.preselected = (wn_rows){(const int64_t[]){3, 400, 5, 650, 10}, 5};
    FOR_EACH_STRATEGY(strategy)
    {
        wn_selection serial = {0}, threaded = {0};
        size_t before = wn_memory_live(WN_MEMORY_SELECTION);
        b.request.pool = NULL;
        run_well(strategy, &b.request, &serial);
        check_picks(strategy, &b.request, &serial);
        for (int i = 0; i < 2; i++) {
            b.request.pool = pools[i];
            run_well(strategy, &b.request, &threaded);
            for (size_t p = 0; p < serial.len; p++) {
                if (serial.picks[p] != threaded.picks[p])
                    fail_msg("%s: pick %zu depends on the threads", strategy->name, p);
            }
            assert_memory_equal(serial.distances, threaded.distances, serial.len * sizeof(float));
            assert_true(serial.radius == threaded.radius && serial.mean == threaded.mean);
            assert_true(serial.objective == threaded.objective);
            wn_selection_clear(&threaded);
        }
        wn_selection_clear(&serial);
        assert_int_equal(wn_memory_live(WN_MEMORY_SELECTION), before);
    }
    wn_pool_free(&pools[0]);
    wn_pool_free(&pools[1]);
    clear(&b);
}

/* Radius and mean are those of the picks and the preselected rows, over the candidates. */
static void test_candidates_and_figures(void **state)
{
    (void)state;
    enum { ROWS = 700, CANDIDATES = 233 };
    bench b;
    int64_t candidates[CANDIDATES], all[64];
    fill(&b, CLOUDS, ROWS, DIM);
    for (int64_t i = 0; i < CANDIDATES; i++) candidates[i] = 3 * i + 1;
    b.request.candidates = (wn_rows){candidates, CANDIDATES};
    b.request.preselected = (wn_rows){(const int64_t[]){0, 1, 500, 40, 300, 15}, 6};
    b.request.count = 50;
    FOR_EACH_STRATEGY(strategy)
    {
        wn_selection out = {0};
        wn_covering covering;
        run_well(strategy, &b.request, &out);
        check_picks(strategy, &b.request, &out);
        memcpy(all, out.picks, out.len * sizeof *all);
        memcpy(all + out.len, b.request.preselected.data, 6 * sizeof *all);
        const wn_covering_request measure = {.matrix = b.request.embeddings, .measured = b.request.candidates};
        assert_int_equal(wn_covering_measure(&measure, (wn_rows){all, out.len + 6}, NULL, &covering, NULL), WN_OK);
        if (fabs(covering.radius - out.radius) > 1e-9 || fabs(covering.mean - out.mean) > 1e-9)
            fail_msg("%s: radius %g and mean %g, not %g and %g", strategy->name, out.radius, out.mean, covering.radius,
                     covering.mean);
        wn_selection_clear(&out);
    }
    clear(&b);
}

static void test_none_and_all(void **state)
{
    (void)state;
    bench b, nothing;
    fill(&b, CLOUDS, 150, DIM);
    fill(&nothing, CLOUDS, 0, DIM);
    FOR_EACH_STRATEGY(strategy)
    {
        wn_selection out = {0};
        b.request.preselected = (wn_rows){(const int64_t[]){7, 10, 20, 35}, 4};
        b.request.count = 0;
        run_well(strategy, &b.request, &out);
        wn_selection_clear(&out);
        b.request.count = 146;
        run_well(strategy, &b.request, &out);
        check_picks(strategy, &b.request, &out);
        if (out.radius > 0) fail_msg("%s: radius %g with all rows picked", strategy->name, out.radius);
        wn_selection_clear(&out);
        run_well(strategy, &nothing.request, &out);
        assert_true(out.radius == 0);
        wn_selection_clear(&out);
    }
    clear(&nothing);
    clear(&b);
}

static void test_rows_alike(void **state)
{
    (void)state;
    const enum kind kinds[] = {CONSTANT, COPIES, ZERO};
    for (size_t i = 0; i < 3; i++) {
        bench b;
        fill(&b, kinds[i], ROWS_ALIKE, 8);
        b.request.count = 90;
        b.request.preselected = (wn_rows){(const int64_t[]){0, 5, 10}, 3};
        FOR_EACH_STRATEGY(strategy)
        {
            wn_selection out = {0};
            run_well(strategy, &b.request, &out);
            check_picks(strategy, &b.request, &out);
            assert_true(isfinite(out.radius) && isfinite(out.mean) && isfinite(out.objective));
            wn_selection_clear(&out);
        }
        clear(&b);
    }
}

static bool stop_now(void *context, const wn_progress_report *report)
{
    size_t *calls = context;
    assert_non_null(report->stage);
    return ++*calls > 3;
}

static void test_cancel(void **state)
{
    (void)state;
    bench b;
    fill(&b, CLOUDS, 2500, DIM);
    b.request.preselected = (wn_rows){(const int64_t[]){0, 5, 10}, 3};
    b.request.count = 2000;
    FOR_EACH_STRATEGY(strategy)
    {
        wn_selection out = {0};
        wn_error err = {0};
        size_t calls = 0, before = wn_memory_live(WN_MEMORY_COUNT);
        wn_progress progress = {stop_now, &calls};
        b.request.progress = &progress;
        if (run(strategy, &b.request, &out, &err) != WN_CANCELLED)
            fail_msg("%s goes on when told to stop", strategy->name);
        assert_true(out.len <= 2000);
        check_picks(strategy, &b.request, &out);
        wn_selection_clear(&out);
        assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), before);
    }
    clear(&b);
}

static void test_refusals(void **state)
{
    (void)state;
    FOR_EACH_STRATEGY(strategy)
    {
        bench b;
        wn_selection out = {0};
        wn_error err = {0};
        fill(&b, CLOUDS, 50, DIM);
        const wn_rows given = {(const int64_t[]){0, 5}, 2};
        b.request.preselected = given;
        b.request.count = 49;
        assert_int_equal(run(strategy, &b.request, &out, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "49"));
        assert_non_null(strstr(err.message, "48"));
        assert_null(out.picks);
        b.request.count = 5;
        b.request.preselected = (wn_rows){(const int64_t[]){3, 50}, 2};
        assert_int_equal(run(strategy, &b.request, &out, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "row 50"));
        b.request.preselected = given;
        b.values[7 * DIM + 2] = NAN;
        assert_int_equal(run(strategy, &b.request, &out, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "row 7 holds NaN"));
        b.values[7 * DIM + 2] = -INFINITY;
        assert_int_equal(run(strategy, &b.request, &out, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "infinite"));
        b.values[7 * DIM + 2] = 0;
        b.request.memory_limit = 100;
        assert_int_equal(run(strategy, &b.request, &out, &err), WN_LIMIT);
        assert_non_null(strstr(err.message, strategy->name));
        clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_descriptors),  cmocka_unit_test(test_threads), SERIAL_TEST(test_candidates_and_figures),
        SERIAL_TEST(test_none_and_all), SERIAL_TEST(test_rows_alike),   SERIAL_TEST(test_cancel),
        SERIAL_TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
