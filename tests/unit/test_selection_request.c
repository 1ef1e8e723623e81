/* SPDX-License-Identifier: Apache-2.0
 *
 * What a selection refuses to work with, and what it makes of scores and probabilities.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "selection/request_check.h"

enum { ROWS = 4 };

static const float values[ROWS * 2] = {0, 1, 2, 3, 4, 5, 6, 7};
static const float scores[ROWS] = {0.5f, 0, 2, 1};
static const float probabilities[ROWS * 3] = {0.5f, 0.25f, 0.25f, 1, 0, 0, 0.1f, 0.2f, 0.7f, 0.4f, 0.4f, 0.2f};

static wn_status accept(const void *params, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    (void)params;
    (void)request;
    (void)out;
    (void)err;
    return WN_OK;
}

static void expect(unsigned needs, const wn_selection_request *request, const char *message)
{
    const wn_strategy strategy = {.name = "trial", .needs = needs, .pick = accept};
    wn_selection out;
    wn_error err = {0};
    wn_status status = wn_select(&strategy, NULL, request, &out, &err);
    if (!message) {
        if (status) fail_msg("%s", err.message);
    } else {
        assert_int_equal(status, WN_INVALID);
        if (!strstr(err.message, message)) fail_msg("'%s' is not in: %s", message, err.message);
    }
    wn_selection_clear(&out);
}

static void test_absent_needs(void **state)
{
    (void)state;
    wn_selection_request nothing = {.embeddings = {NULL, ROWS, 0, 0}}, bare = {.embeddings = {values, ROWS, 2, 2}};
    expect(0, &nothing, NULL);
    expect(WN_STRATEGY_EMBEDDINGS, &nothing, "trial needs embeddings");
    expect(WN_STRATEGY_GRAPH, &nothing, "needs embeddings, or the neighbours");
    expect(WN_STRATEGY_GRAPH | WN_STRATEGY_EMBEDDINGS, &bare, NULL);
    expect(WN_STRATEGY_SCORES, &bare, "needs scores");
    expect(WN_STRATEGY_PROBABILITIES, &bare, "needs probabilities");
    expect(WN_STRATEGY_ACTIVATIONS, &bare, "needs activations (logits) as probabilities");
    expect(WN_STRATEGY_LABELS, &bare, "needs labels");
    expect(WN_STRATEGY_PRESELECTED, &bare, "needs preselected rows");
    bare.scores = (wn_matrix){scores, ROWS, 1, 1};
    expect(WN_STRATEGY_SCORES, &bare, NULL);
    bare.scores.data = NULL;
    bare.probabilities = (wn_matrix){probabilities, ROWS, 3, 3};
    expect(WN_STRATEGY_SCORES | WN_STRATEGY_PROBABILITIES, &bare, NULL);
    bare.preselected = (wn_rows){(const int64_t[]){2}, 1};
    expect(WN_STRATEGY_PRESELECTED, &bare, NULL);
}

static void test_other_lengths_and_values(void **state)
{
    (void)state;
    const wn_selection_request bare = {.embeddings = {values, ROWS, 2, 2}};
    wn_selection_request request = bare;
    request.scores = (wn_matrix){scores, ROWS - 1, 1, 1};
    expect(0, &request, "3 scores were given for 4 rows");
    request.scores = (wn_matrix){(const float[]){0, 1, NAN, 2}, ROWS, 1, 1};
    expect(0, &request, "row 2 holds NaN");
    request = bare;
    request.labels = (wn_rows){(const int64_t[]){0, 1, -2, 0}, ROWS};
    expect(0, &request, "row 2 has class -2");
    request.labels = (wn_rows){(const int64_t[]){-1, -1, -1, -1}, ROWS};
    expect(0, &request, NULL);
    expect(WN_STRATEGY_LABELS, &request, "none is known");
    request = bare;
    request.probabilities = (wn_matrix){probabilities, ROWS, 1, 3};
    expect(0, &request, "1 columns");
    request.probabilities = (wn_matrix){(const float[]){0.5f, 0.5f, 3, -1, 1, 0, 0, 1}, ROWS, 2, 2};
    expect(0, &request, NULL);
    expect(WN_STRATEGY_ACTIVATIONS, &request, NULL);
    expect(WN_STRATEGY_PROBABILITIES, &request, "row 1 is not one");
    expect(WN_STRATEGY_SCORES, &request, "or give scores too");
    wn_neighbours neighbours = {.rows = 3, .k = 1};
    request = bare;
    request.neighbours = &neighbours;
    expect(0, &request, "3 lists of neighbours");
}

/* Rounded, as logarithms and beside rows of which nothing is known; activations of any kind are something else. */
static void test_probabilities_are_known_as_such(void **state)
{
    (void)state;
    const struct {
        float values[6];
        size_t rows;
        bool normalized;
    } cases[] = {
        {{0.2f, 0.3f, 0.5f, 1, 0, 0}, 2, true},
        {{0.33f, 0.33f, 0.33f, 0.996f, 0.005f, 0}, 2, true},
        {{-1e-9f, 0.4f, 0.6f, 0, 0, 0}, 2, true},
        {{-0.693147f, -0.693147f, -30, -1.098612f, -1.098612f, -1.098612f}, 2, true},
        {{0, 0, 0, 0, 0, 0}, 2, false},
        {{0.2f, 0.3f, 0.5f, 0, 2, 0}, 2, false},
        {{0.2f, 0.3f, 0.5f, -1, 1, 0}, 2, false},
        {{0.2f, 0.3f, 0.5f, -1, 1, 1}, 2, false},
        {{-4, 2, 1, 0.5f, -3, -2}, 2, false},
        {{0}, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const wn_selection_request request = {.probabilities = {cases[i].values, cases[i].rows, 3, 3}};
        assert_int_equal(wn_request_is_normalized(&request), cases[i].normalized);
    }
}

static void test_scores(void **state)
{
    (void)state;
    wn_selection_request request = {.embeddings = {values, ROWS, 2, 2}, .probabilities = {probabilities, ROWS, 3, 3}};
    float out[ROWS];
    const float margins[ROWS] = {0.75f, 0, 0.5f, 1};
    wn_error err = {0};
    assert_int_equal(wn_selection_score(&request, out, NULL), WN_OK);
    for (size_t i = 0; i < ROWS; i++) assert_true(fabsf(out[i] - margins[i]) < 1e-6f);
    request.scores = (wn_matrix){scores, ROWS, 1, 1};
    assert_int_equal(wn_selection_score(&request, out, NULL), WN_OK);
    assert_memory_equal(out, scores, sizeof scores);
    request.scores.data = request.probabilities.data = NULL;
    assert_int_equal(wn_selection_score(&request, out, &err), WN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_needs),
        cmocka_unit_test(test_other_lengths_and_values),
        cmocka_unit_test(test_probabilities_are_known_as_such),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
