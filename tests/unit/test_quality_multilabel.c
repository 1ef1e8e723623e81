/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of several classes a row: a small case whose answers were computed with cleanlab 2.9.0, unknown labels, any
 * number of threads, and bad input.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "winnow/multilabel.h"

enum { ROWS = 40, CLASSES = 3, WHOLE = 9973 };

/* Probabilities in parts of WHOLE; default_rng(11), sigmoids of normal logits, raised where the class applies. */
static const int parts[ROWS][CLASSES] = {
    {6793, 3039, 6256}, {7749, 7566, 2052}, {9510, 8337, 3989}, {1044, 2355, 2345}, {297, 9305, 6951},
    {2994, 2893, 9625}, {3661, 4298, 1483}, {6647, 722, 7223},  {5313, 899, 8123},  {2182, 1147, 2881},
    {8163, 8667, 9504}, {2989, 802, 6573},  {7318, 9273, 6840}, {9848, 6293, 8886}, {8974, 2939, 2892},
    {2074, 2015, 4115}, {7976, 708, 8514},  {988, 9147, 9324},  {2311, 2328, 8459}, {7326, 7978, 7203},
    {8889, 1701, 9109}, {4670, 3893, 6458}, {6542, 1347, 882},  {8761, 871, 5507},  {6209, 9620, 8376},
    {423, 1691, 259},   {9780, 270, 8998},  {2896, 297, 8774},  {9451, 2698, 2203}, {9419, 8569, 8823},
    {8055, 3138, 559},  {3601, 945, 5439},  {2444, 6441, 9428}, {934, 9222, 7309},  {1462, 1844, 98},
    {8617, 501, 6649},  {288, 4071, 5908},  {9329, 9747, 1630}, {4537, 7764, 2912}, {8552, 2642, 7374},
};

/* Bit k: class k applies. */
static const int given[ROWS] = {6, 3, 3, 4, 6, 4, 0, 5, 5, 4, 7, 4, 2, 7, 3, 4, 5, 6, 6, 5,
                                5, 1, 1, 1, 6, 1, 5, 4, 0, 5, 1, 4, 4, 6, 2, 5, 2, 1, 6, 5};

static wn_status read_parts(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < count * CLASSES; i++) out[i] = (double)parts[begin + i / CLASSES][i % CLASSES] / WHOLE;
    return WN_OK;
}

static wn_multilabel_request make_request(int64_t labels[ROWS * CLASSES])
{
    for (size_t i = 0; i < ROWS * CLASSES; i++) labels[i] = given[i / CLASSES] >> i % CLASSES & 1;
    return (wn_multilabel_request){
        .probabilities = {ROWS, CLASSES, read_parts, NULL}, .labels = labels, .score = WN_LABEL_SCORE_SELF_CONFIDENCE};
}

static void test_filters(void **state)
{
    static const struct {
        wn_label_filter filter;
        uint64_t rows;
    } expected[] = {
        {WN_LABEL_FILTER_PRUNE_BY_NOISE_RATE, 0x65320c4208},
        {WN_LABEL_FILTER_PRUNE_BY_CLASS, 0x65320c4208},
        {WN_LABEL_FILTER_BOTH, 0x65320c4208},
        {WN_LABEL_FILTER_CONFIDENT_LEARNING, 0x24320c0208},
        {WN_LABEL_FILTER_PREDICTED_NEQ_GIVEN, 0x7533acd209},
        {WN_LABEL_FILTER_LOW_SELF_CONFIDENCE, 0x24320c1001},
        {WN_LABEL_FILTER_LOW_NORMALIZED_MARGIN, 0x24320c1001},
    };
    int64_t labels[ROWS * CLASSES];
    wn_multilabel_request request = make_request(labels);
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        for (int score = 0; score < WN_LABEL_SCORE_COUNT; score++) {
            wn_multilabel_issues found;
            uint64_t rows = 0;
            request.filter = expected[i].filter;
            request.score = (wn_label_score)score;
            assert_int_equal(wn_multilabel_find_issues(&request, &found, NULL), WN_OK);
            for (size_t row = 0; row < ROWS; row++) rows |= (uint64_t)found.issues[row] << row;
            assert_int_equal(rows, expected[i].rows);
            for (size_t r = 1; r < found.len; r++)
                assert_true(found.scores[found.ranked[r - 1]] <= found.scores[found.ranked[r]]);
            wn_multilabel_issues_clear(&found);
        }
    }
}

static void test_scores(void **state)
{
    static const double confidence[6] = {0.3198877, 0.76300812, 0.65191216, 0.34613857, 0.74567733, 0.71202246};
    static const double entropy[6] = {0.47503092, 0.68648204, 0.62967484, 0.49316362, 0.68852732, 0.65827441};
    static const int64_t ranked[12] = {37, 28, 25, 29, 19, 34, 18, 3, 38, 14, 9, 32};
    int64_t labels[ROWS * CLASSES];
    wn_multilabel_request request = make_request(labels);
    wn_multilabel_issues found;
    (void)state;
    assert_int_equal(wn_multilabel_find_issues(&request, &found, NULL), WN_OK);
    for (size_t row = 0; row < 6; row++) assert_true(fabs((double)found.scores[row] - confidence[row]) < 1e-6);
    assert_int_equal(found.len, 12);
    assert_memory_equal(found.ranked, ranked, sizeof ranked);
    /* Row 37 is said to be of class 0 alone, and is surely of class 1. */
    assert_true(found.class_issues[37 * CLASSES + 1] && !found.class_issues[37 * CLASSES]);
    assert_true(fabs((double)found.class_scores[37 * CLASSES + 1] - (1 - 9747.0 / WHOLE)) < 1e-6);
    wn_multilabel_issues_clear(&found);
    request.score = WN_LABEL_SCORE_CONFIDENCE_WEIGHTED_ENTROPY;
    assert_int_equal(wn_multilabel_find_issues(&request, &found, NULL), WN_OK);
    for (size_t row = 0; row < 6; row++) assert_true(fabs((double)found.scores[row] - entropy[row]) < 1e-6);
    wn_multilabel_issues_clear(&found);
}

static void test_unknown_labels(void **state)
{
    int64_t labels[ROWS * CLASSES];
    wn_multilabel_request request = make_request(labels);
    wn_multilabel_issues found;
    wn_pool *pool = NULL;
    (void)state;
    for (size_t c = 0; c < CLASSES; c++) labels[37 * CLASSES + c] = -1;
    labels[25 * CLASSES] = -1;
    assert_int_equal(wn_pool_new(3, 0, &pool, NULL), WN_OK);
    request.pool = pool;
    assert_int_equal(wn_multilabel_find_issues(&request, &found, NULL), WN_OK);
    wn_pool_free(&pool);
    assert_true(isnan(found.scores[37]) && !found.issues[37]);
    assert_true(isnan(found.class_scores[25 * CLASSES]));
    double low = 1 - 1691.0 / WHOLE, high = 1 - 259.0 / WHOLE;
    assert_true(fabs((double)found.scores[25] - (0.8 * low + 0.2 * high)) < 1e-6);
    wn_multilabel_issues_clear(&found);
}

static wn_status read_logits(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    wn_status status = read_parts(context, begin, count, out, err);
    for (size_t i = 0; i < count * CLASSES; i++)
        if (begin + i / CLASSES == 7) out[i] = -3;
    return status;
}

static void test_bad_input(void **state)
{
    int64_t labels[ROWS * CLASSES];
    wn_multilabel_request request = make_request(labels);
    wn_multilabel_issues found;
    wn_error err = {0};
    (void)state;
    labels[4 * CLASSES + 2] = 2;
    assert_int_equal(wn_multilabel_find_issues(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 4, class 2"));
    labels[4 * CLASSES + 2] = 1;
    request.probabilities.read = read_logits;
    assert_int_equal(wn_multilabel_find_issues(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 7, class 0"));
    assert_null(found.scores);
    request.probabilities = (wn_table){.cols = CLASSES, .read = read_parts};
    assert_int_equal(wn_multilabel_find_issues(&request, &found, &err), WN_OK);
    assert_int_equal(found.len, 0);
    wn_multilabel_issues_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_unknown_labels),
        cmocka_unit_test(test_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
