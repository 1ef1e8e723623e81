/* SPDX-License-Identifier: Apache-2.0
 *
 * Evidence on points of a line, where every figure can be counted by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "winnow/evidence.h"
#include "winnow/memory.h"

enum { ROWS = 101 };

static void test_figures_of_a_line(void **state)
{
    (void)state;
    float line[ROWS];
    int64_t labels[ROWS], picks[] = {10, 30, 50, 70, 90, 91};
    for (size_t i = 0; i < ROWS; i++) {
        line[i] = (float)i;
        labels[i] = i < 60 ? 0 : 1;
    }
    line[91] = 90.5f; /* nearer to row 90 than a twentieth of the spread of about 29 */
    wn_evidence_classes classes = {"side", labels, 2};
    wn_evidence_request request = {
        .embeddings = {line, ROWS, 1, 1}, .picks = {picks, 6}, .classes = &classes, .class_lists = 1, .sets = 10};
    wn_evidence one = {0}, many = {0};
    wn_error err = {0};
    if (wn_evidence_measure(&request, &one, &err)) fail_msg("%s", err.message);
    assert_int_equal(one.len, 6);
    assert_int_equal(one.measured, ROWS);
    assert_true(one.figures[0].selected == 10);
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double least = INFINITY;
        for (size_t p = 0; p < 6; p++) least = fmin(least, fabs((double)line[i] - (double)line[picks[p]]));
        sum += least;
    }
    assert_true(fabs(one.figures[1].selected - sum / ROWS) < 1e-5);
    assert_true(one.figures[2].selected <= 10 && one.figures[2].selected >= 9);
    assert_true(one.figures[4].selected == 1);              /* 90 and 91 */
    assert_true(fabs(one.figures[5].selected - 1) < 1e-12); /* three on each side */
    assert_string_equal(one.figures[5].of, "side");
    assert_true(one.figures[0].random_mean > 10 && one.figures[0].random_deviation > 0);
    assert_true(one.figures[3].selected > one.figures[3].random_mean);
    assert_true(one.figures[0].less_is_more && !one.figures[3].less_is_more && !one.figures[5].less_is_more);

    double mean = 0;
    for (size_t i = 0; i < 10; i++) mean += one.figures[3].random[i] / 10;
    assert_true(fabs(mean - one.figures[3].random_mean) < 1e-12);

    assert_int_equal(wn_pool_new(3, 0, &request.pool, NULL), WN_OK);
    assert_int_equal(wn_evidence_measure(&request, &many, NULL), WN_OK);
    for (size_t i = 0; i < one.len; i++) {
        assert_true(one.figures[i].selected == many.figures[i].selected);
        assert_true(one.figures[i].random_mean == many.figures[i].random_mean);
        assert_true(one.figures[i].random_deviation == many.figures[i].random_deviation);
    }
    wn_pool_free(&request.pool);
    wn_evidence_clear(&many);
    wn_evidence_clear(&one);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

/* Distances are those of the rows named, to picks and to what was picked before. */
static void test_other_rows_are_measured(void **state)
{
    (void)state;
    float line[] = {0, 1, 2, 10, 17};
    int64_t candidates[] = {0, 1, 2}, picks[] = {0}, before[] = {3}, measured[] = {1, 4};
    wn_evidence_request request = {.embeddings = {line, 5, 1, 1},
                                   .candidates = {candidates, 3},
                                   .preselected = {before, 1},
                                   .picks = {picks, 1},
                                   .measured = {measured, 2},
                                   .sets = 4};
    wn_evidence out = {0};
    wn_error err = {0};
    if (wn_evidence_measure(&request, &out, &err)) fail_msg("%s", err.message);
    assert_int_equal(out.measured, 2);
    assert_true(out.figures[0].selected == 7); /* row 4 to row 3 */
    assert_true(out.figures[1].selected == 4); /* and row 1 to row 0 */
    for (size_t i = 0; i < 4; i++) assert_true(out.figures[0].random[i] == 7);
    wn_evidence_clear(&out);
    measured[1] = 5;
    assert_int_equal(wn_evidence_measure(&request, &out, &err), WN_INVALID);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

static void test_bad_requests(void **state)
{
    (void)state;
    float line[4] = {0, 1, 2, 3};
    int64_t picks[] = {0, 4}, labels[] = {0, 1, 2, 0};
    wn_evidence_classes classes = {"side", labels, 2};
    wn_evidence out;
    wn_evidence_request request = {.embeddings = {line, 4, 1, 1}, .picks = {picks, 2}, .sets = 2};
    assert_int_equal(wn_evidence_measure(&request, &out, NULL), WN_INVALID);
    request.picks.len = 0;
    assert_int_equal(wn_evidence_measure(&request, &out, NULL), WN_INVALID);
    request.picks.len = 1;
    request.classes = &classes;
    request.class_lists = 1;
    assert_int_equal(wn_evidence_measure(&request, &out, NULL), WN_INVALID);
    labels[2] = -1;
    assert_int_equal(wn_evidence_measure(&request, &out, NULL), WN_OK);
    assert_true(out.figures[4].selected == 0);
    wn_evidence_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_of_a_line),
        cmocka_unit_test(test_other_rows_are_measured),
        cmocka_unit_test(test_bad_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
