/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage with exchanges: where it ends no single exchange would raise it, and it is never below plain greedy.
 */
#include "sanitizer.h"
#include "selection_oracle.h"

enum { ROWS = 60, DIM = 3, PICKS = 5, CASES = 60 };

static double nearness(const float *values, size_t a, size_t b)
{
    return exp(-oracle_square(values + a * DIM, values + b * DIM, DIM) / 2);
}

/* The sum over x of w(x) * the greatest nearness to a pick or a given row. */
static double cover(const float *values, const float *w, const wn_rows *given, const int64_t *picks, size_t n)
{
    double sum = 0;
    for (size_t x = 0; x < ROWS; x++) {
        double most = 0;
        for (size_t i = 0; i < n; i++) most = fmax(most, nearness(values, x, (size_t)picks[i]));
        for (size_t i = 0; i < given->len; i++) most = fmax(most, nearness(values, x, (size_t)given->data[i]));
        sum += (w ? (double)w[x] : 1) * most;
    }
    return sum;
}

/* Each row that may be picked in the place of each pick. */
static void assert_no_exchange_pays(const float *values, const float *w, const wn_rows *given, const int64_t *picks)
{
    double now = cover(values, w, given, picks, PICKS);
    for (size_t place = 0; place < PICKS; place++)
        for (int64_t row = 0; row < ROWS; row++) {
            int64_t other[PICKS];
            memcpy(other, picks, sizeof other);
            other[place] = row;
            if (oracle_has(given, row) || oracle_has(&(wn_rows){picks, PICKS}, row)) continue;
            double then = cover(values, w, given, other, PICKS);
            if (then > now * (1 + 1e-6))
                fail_msg("%lld in the place of %lld: %.9g, not %.9g", (long long)row, (long long)picks[place], then,
                         now);
        }
}

/* Every pick adds at least what any later one would in its place. */
static void assert_greedy_order(const float *values, const float *w, const wn_rows *given, const int64_t *picks)
{
    for (size_t len = 0; len < PICKS; len++)
        for (size_t later = len + 1; later < PICKS; later++) {
            int64_t other[PICKS];
            memcpy(other, picks, sizeof other);
            other[len] = picks[later];
            assert_true(cover(values, w, given, other, len + 1) <=
                        cover(values, w, given, picks, len + 1) * (1 + 1e-6));
        }
}

static void test_no_exchange_is_left(void **state)
{
    (void)state;
    size_t raised = 0;
    for (uint64_t seed = 0; seed < CASES; seed++) {
        float *values = oracle_clouds(ROWS, DIM, 1 + seed % 7, 0.5f, seed), scores[ROWS];
        const wn_rows given = {(const int64_t[]){7, 30}, seed % 3 ? 0 : 2};
        bool weighted = seed % 2;
        for (size_t i = 0; i < ROWS; i++) scores[i] = (float)(i % 5) / 4;
        const float *w = weighted ? scores : NULL;
        wn_selection_request request = {
            .embeddings = {values, ROWS, DIM, DIM}, .count = PICKS, .preselected = given, .scores = {w, ROWS, 1, 1}};
        const char *name = weighted ? "uncertainty-herding" : "max-herding";
        wn_selection greedy = {0}, out = {0};
        oracle_run(name, OPTIONS("radius", "1", "sweeps", "0"), &request, &greedy);
        oracle_run(name, OPTIONS("radius", "1", "sweeps", "1000"), &request, &out);
        assert_int_equal(out.len, PICKS);
        assert_no_exchange_pays(values, w, &given, out.picks);
        assert_greedy_order(values, w, &given, out.picks);
        assert_true(out.objective >= greedy.objective * (1 - 1e-6));
        raised += out.objective > greedy.objective * (1 + 1e-5);
        double total = 0;
        for (size_t i = 0; i < ROWS; i++) total += weighted ? (double)scores[i] : 1;
        assert_true(fabs(out.objective - cover(values, w, &given, out.picks, PICKS) / total) < 1e-5);
        wn_selection_clear(&out);
        wn_selection_clear(&greedy);
        free(values);
    }
    assert_true(raised > CASES / 2); /* greedy is seldom as good as that */
}

/* Two heaps and a row between them: greedy begins in the middle, and then lacks a pick for one heap. */
static void test_the_row_between_two_heaps(void **state)
{
    (void)state;
    float values[21];
    for (size_t i = 0; i < 21; i++) values[i] = i == 20 ? 0 : i % 2 ? 1.0f : -1.0f;
    wn_selection_request request = {.embeddings = {values, 21, 1, 1}, .count = 2};
    wn_selection greedy = {0}, out = {0};
    oracle_run("max-herding", OPTIONS("radius", "1.2", "sweeps", "0"), &request, &greedy);
    assert_int_equal(greedy.picks[0], 20);
    oracle_run("max-herding", OPTIONS("radius", "1.2"), &request, &out);
    assert_true(values[out.picks[0]] * values[out.picks[1]] == -1);
    wn_selection_clear(&out);
    wn_selection_clear(&greedy);
}

/* Equal rows cannot be told apart, and more picks than places need a second layer: no exchange, and all picks. */
static void test_equal_rows(void **state)
{
    (void)state;
    float values[40];
    for (size_t i = 0; i < 40; i++) values[i] = i < 30 ? 5 : 6;
    for (size_t count = 1; count <= 40; count++) {
        wn_selection_request request = {.embeddings = {values, 40, 1, 1}, .count = count};
        wn_selection out = {0};
        uint8_t seen[40] = {0};
        oracle_run("max-herding", OPTIONS("radius", "0.1"), &request, &out);
        assert_int_equal(out.len, count);
        for (size_t i = 0; i < count; i++) assert_int_equal(seen[out.picks[i]]++, 0);
        if (count > 1) assert_true(values[out.picks[0]] == 5 && values[out.picks[1]] == 6);
        wn_selection_clear(&out);
    }
}

static void test_same_picks_for_any_number_of_threads(void **state)
{
    (void)state;
    enum { N = 3000, MANY = 40 };
    float *values = oracle_clouds(N, DIM, 20, 0.5f, 1);
    int64_t first[MANY];
    for (unsigned threads = 1; threads <= 7; threads += 3) {
        wn_pool *pool = NULL;
        wn_selection out = {0};
        assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
        wn_selection_request request = {.embeddings = {values, N, DIM, DIM}, .count = MANY, .pool = pool};
        oracle_run("max-herding", NULL, &request, &out);
        if (threads == 1) memcpy(first, out.picks, sizeof first);
        assert_memory_equal(first, out.picks, sizeof first);
        wn_selection_clear(&out);
        wn_pool_free(&pool);
    }
    free(values);
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)report;
    return --*(int *)context < 0;
}

/* Stopped at any of its questions it gives back all memory. */
static void test_cancel(void **state)
{
    (void)state;
    enum { N = 2000 };
    float *values = oracle_clouds(N, DIM, 20, 0.5f, 1);
    size_t before = wn_memory_live(WN_MEMORY_SELECTION);
    wn_status status = WN_CANCELLED;
    int asked = 0;
    for (; status && asked < 1000; asked++) {
        int left = asked;
        wn_progress progress = {stop_at_once, &left};
        wn_selection out = {0};
        wn_error err = {0};
        wn_selection_request request = {.embeddings = {values, N, DIM, DIM}, .count = 10, .progress = &progress};
        status = oracle_try("max-herding", NULL, &request, &out, &err);
        assert_true(status == WN_OK || status == WN_CANCELLED);
        wn_selection_clear(&out);
        assert_int_equal(wn_memory_live(WN_MEMORY_SELECTION), before);
    }
    assert_true(asked > 2 && status == WN_OK);
    free(values);
}

static bool count_questions(void *context, const wn_progress_report *report)
{
    (void)report;
    ++*(size_t *)context;
    return false;
}

/* How often progress is asked while `count` of the rows are picked. */
static size_t questions_of(const char *sweeps, const wn_matrix *embeddings, size_t count, wn_selection *out)
{
    size_t asked = 0;
    wn_progress progress = {count_questions, &asked};
    wn_selection_request request = {.embeddings = *embeddings, .count = count, .progress = &progress};
    oracle_run("max-herding", OPTIONS("radius", "0.5", "sweeps", sweeps), &request, out);
    return asked;
}

/* The greedy trial can be stopped too: here it makes 500 picks and then lacks places. */
static void test_the_trial_asks(void **state)
{
    (void)state;
    enum { N = 1000, HALF = N / 2 };
    float *values = oracle_clouds(HALF, DIM, 20, 0.5f, 1), *twice = malloc(2 * HALF * DIM * sizeof *twice);
    wn_selection plain = {0}, out = {0};
    memcpy(twice, values, HALF * DIM * sizeof *twice);
    memcpy(twice + HALF * DIM, values, HALF * DIM * sizeof *twice);
    const wn_matrix embeddings = {twice, N, DIM, DIM};
    size_t without = questions_of("0", &embeddings, HALF + 100, &plain);
    size_t with = questions_of("10", &embeddings, HALF + 100, &out);
    assert_true(with >= without + HALF / 64);
    assert_memory_equal(plain.picks, out.picks, (HALF + 100) * sizeof *out.picks);
    wn_selection_clear(&out);
    wn_selection_clear(&plain);
    free(twice);
    free(values);
}

/* Where all rows are picked none is left to exchange: the greedy order, and no second run for it. */
static void test_all_rows(void **state)
{
    (void)state;
    enum { N = 500 };
    float *values = oracle_clouds(N, DIM, 20, 0.5f, 1);
    wn_selection plain = {0}, out = {0};
    const wn_matrix embeddings = {values, N, DIM, DIM};
    size_t without = questions_of("0", &embeddings, N, &plain);
    assert_int_equal(questions_of("10", &embeddings, N, &out), without);
    assert_memory_equal(plain.picks, out.picks, N * sizeof *out.picks);
    wn_selection_clear(&out);
    wn_selection_clear(&plain);
    free(values);
}

/* Candidates alone are picked and counted; preselected rows within and outside of them stay out. No weight, no count.
 */
static void test_candidates_and_weights(void **state)
{
    (void)state;
    float *values = oracle_clouds(ROWS, DIM, 5, 0.5f, 3), weights[ROWS];
    const wn_rows given = {(const int64_t[]){0, 1, 2, 3}, 4};
    int64_t even[ROWS / 2];
    for (size_t i = 0; i < ROWS / 2; i++) even[i] = (int64_t)(2 * i);
    for (size_t count = 0; count <= ROWS / 2 - 2; count++)
        for (size_t step = 1; step <= ROWS; step += 3) { /* weights of nothing but for each step-th row; at last none */
            for (size_t i = 0; i < ROWS; i++) weights[i] = step < ROWS - 3 && i % step == 0 ? 1 : 0;
            wn_selection_request request = {.embeddings = {values, ROWS, DIM, DIM},
                                            .count = count,
                                            .candidates = {even, ROWS / 2},
                                            .preselected = given,
                                            .scores = {weights, ROWS, 1, 1}};
            wn_selection out = {0};
            uint8_t seen[ROWS] = {0};
            oracle_run("uncertainty-herding", OPTIONS("radius", "1", "form", "dense"), &request, &out);
            assert_int_equal(out.len, count);
            for (size_t i = 0; i < count; i++) {
                assert_true(out.picks[i] % 2 == 0 && !oracle_has(&given, out.picks[i]));
                assert_int_equal(seen[out.picks[i]]++, 0);
            }
            wn_selection_clear(&out);
        }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_no_exchange_is_left),
        SERIAL_TEST(test_the_row_between_two_heaps),
        SERIAL_TEST(test_equal_rows),
        cmocka_unit_test(test_same_picks_for_any_number_of_threads),
        SERIAL_TEST(test_cancel),
        SERIAL_TEST(test_the_trial_asks),
        SERIAL_TEST(test_all_rows),
        SERIAL_TEST(test_candidates_and_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
