/* SPDX-License-Identifier: Apache-2.0
 *
 * Confident learning: a small case whose answers were computed with cleanlab 2.9.0 (numpy's vector sorts switched off,
 * which break ties in no fixed order), against itself for several numbers of threads, and on bad input.
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
#include "winnow/label_health.h"
#include "winnow/labels.h"
#include "winnow/memory.h"

enum { ROWS = 40, CLASSES = 4, WHOLE = 9973 };

/* Probabilities in parts of WHOLE; default_rng(7), softmax of normal logits with the true class raised. */
static const int parts[ROWS][CLASSES] = {
    {1758, 2362, 122, 5731}, {3535, 149, 933, 5356},   {2303, 1165, 6178, 327},  {275, 2310, 7130, 258},
    {456, 9202, 236, 79},    {856, 509, 6708, 1900},   {1296, 2975, 987, 4715},  {7799, 1170, 123, 881},
    {2167, 606, 4834, 2366}, {4251, 5414, 135, 173},   {9403, 303, 136, 131},    {3610, 2900, 2050, 1413},
    {1913, 518, 6887, 655},  {8720, 551, 487, 215},    {2200, 3199, 653, 3921},  {141, 5005, 334, 4493},
    {2993, 4587, 2108, 285}, {3597, 4531, 1267, 578},  {7169, 190, 2294, 320},   {760, 8656, 382, 175},
    {2172, 399, 6914, 488},  {4656, 1636, 1236, 2445}, {877, 8310, 263, 523},    {8830, 229, 145, 769},
    {6623, 214, 2563, 573},  {915, 4887, 1967, 2204},  {648, 2760, 5218, 1347},  {433, 527, 8123, 890},
    {642, 8819, 266, 246},   {1923, 6370, 753, 927},   {2988, 5463, 1152, 370},  {224, 5008, 3748, 993},
    {310, 8737, 438, 488},   {581, 6187, 380, 2825},   {672, 1060, 6035, 2206},  {488, 254, 8661, 570},
    {2459, 6836, 480, 198},  {318, 9237, 174, 244},    {1808, 2425, 4158, 1582}, {205, 2704, 4664, 2400},
};
static const int64_t given[ROWS] = {3, 0, 2, 1, 1, 2, 2, 0, 0, 0, 0, 1, 2, 2, 1, 0, 0, 1, 0, 1,
                                    1, 0, 1, 0, 2, 0, 0, 1, 1, 1, 1, 1, 0, 2, 2, 1, 2, 1, 1, 2};

static wn_status read_parts(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    (void)context;
    (void)err;
    for (size_t i = 0; i < count * CLASSES; i++) out[i] = (double)parts[begin + i / CLASSES][i % CLASSES] / WHOLE;
    return WN_OK;
}

static wn_label_request small_request(void)
{
    return (wn_label_request){.probabilities = {.rows = ROWS, .cols = CLASSES, .read = read_parts}, .labels = given};
}

static uint64_t issues_of(wn_label_request *request, wn_label_filter filter)
{
    wn_label_issues found;
    uint64_t bits = 0;
    size_t count = 0;
    request->filter = filter;
    assert_int_equal(wn_labels_find_issues(request, &found, NULL), WN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        if (found.issues[i]) bits |= (uint64_t)1 << i;
        count += found.issues[i];
    }
    assert_int_equal(count, found.len);
    for (size_t i = 0; i < found.len; i++) {
        assert_true(bits >> found.ranked[i] & 1);
        if (i) assert_true(found.scores[found.ranked[i - 1]] <= found.scores[found.ranked[i]]);
    }
    wn_label_issues_clear(&found);
    return bits;
}

static void test_filters(void **state)
{
    static const uint64_t expected[WN_LABEL_FILTER_COUNT] = {0x5b0f11a908, 0x5b0e11a94a, 0x5b0e11a908, 0x5b0f10a308,
                                                             0x5b0f11eb4a, 0x1b0f10a14a, 0x5b0f10a148};
    static const uint64_t half[3] = {0x190c10a000, 0x1b0e108000, 0x190c108000};
    wn_label_request request = small_request();
    (void)state;
    for (int filter = 0; filter < WN_LABEL_FILTER_COUNT; filter++) {
        assert_int_equal(issues_of(&request, (wn_label_filter)filter), expected[filter]);
    }
    request.fraction = 0.5;
    request.least = 2;
    for (int filter = 0; filter < 3; filter++) {
        assert_int_equal(issues_of(&request, (wn_label_filter)filter), half[filter]);
    }
}

static void test_counts_and_scores(void **state)
{
    static const int64_t joint[CLASSES * CLASSES] = {6, 5, 2, 0, 0, 10, 6, 0, 2, 2, 6, 0, 0, 0, 0, 1};
    static const double thresholds[CLASSES] = {0.40738455367955023, 0.4863757144289582, 0.3546475483806277,
                                               0.5746515592098667};
    static const size_t rows[5] = {0, 1, 7, 20, 39};
    static const double scores[WN_LABEL_SCORE_COUNT][5] = {
        {0.6689060463250778, 0.40870349944851103, 0.8323473378120927, 0.17336809385340424, 0.5982653163541563},
        {0.5746515592098667, 0.3544570339917778, 0.782011430863331, 0.04000802165847789, 0.46766268926100474},
        {0.6439621075923334, 0.5486073152184487, 0.7686587806429838, 0.1804893483874375, 0.5785545900397638},
    };
    static const int64_t ranked[16] = {32, 35, 13, 27, 20, 36, 33, 15, 3, 26, 24, 25, 8, 38, 16, 11};
    wn_label_request request = small_request();
    wn_label_issues found;
    (void)state;
    for (int score = 0; score < WN_LABEL_SCORE_COUNT; score++) {
        request.score = (wn_label_score)score;
        assert_int_equal(wn_labels_find_issues(&request, &found, NULL), WN_OK);
        for (size_t i = 0; i < 5; i++) assert_true(fabs((double)found.scores[rows[i]] - scores[score][i]) < 1e-6);
        if (score == WN_LABEL_SCORE_NORMALIZED_MARGIN) {
            assert_int_equal(found.len, 16);
            assert_memory_equal(found.ranked, ranked, sizeof ranked);
        }
        assert_memory_equal(found.joint, joint, sizeof joint);
        for (size_t k = 0; k < CLASSES; k++) assert_true(fabs(found.thresholds[k] - thresholds[k]) < 1e-14);
        assert_int_equal(found.confident, 15);
        assert_int_equal(found.calibrated, 17);
        assert_int_equal(found.small, 1); /* class 3 has one row */
        assert_int_equal(found.suggested[32], 1);
        assert_int_equal(found.suggested[35], 2);
        wn_label_issues_clear(&found);
    }
}

/* A softmax of random logits, so large that every filter works in many chunks. */
static float *make_probabilities(size_t rows, size_t classes, int64_t *labels)
{
    float *p = wn_alloc(WN_MEMORY_MATRIX, rows * classes, sizeof *p);
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t row = 0; row < rows; row++) {
        size_t truth = wn_rng_below(&rng, (uint32_t)classes);
        float sum = 0;
        for (size_t k = 0; k < classes; k++) {
            p[row * classes + k] = expf(wn_rng_normal(&rng) + (k == truth ? 3.0f : 0.0f));
            sum += p[row * classes + k];
        }
        for (size_t k = 0; k < classes; k++) p[row * classes + k] /= sum;
        labels[row] = wn_rng_below(&rng, 5) ? (int64_t)truth : (int64_t)wn_rng_below(&rng, (uint32_t)classes);
        if (wn_rng_below(&rng, 50) == 0) labels[row] = -1;
    }
    return p;
}

static void test_threads(void **state)
{
    enum { MANY = 20000, WIDE = 37 };
    static int64_t labels[MANY];
    static const unsigned threads[3] = {1, 2, 7};
    float *p = make_probabilities(MANY, WIDE, labels);
    wn_matrix matrix = {p, MANY, WIDE, WIDE};
    (void)state;
    for (int filter = 0; filter < WN_LABEL_FILTER_COUNT; filter++) {
        wn_label_issues first = {0};
        for (size_t i = 0; i < 3; i++) {
            wn_pool *pool = NULL;
            wn_label_issues found;
            assert_int_equal(wn_pool_new(threads[i], 0, &pool, NULL), WN_OK);
            wn_label_request request = {.probabilities = wn_matrix_table(&matrix),
                                        .labels = labels,
                                        .filter = (wn_label_filter)filter,
                                        .score = WN_LABEL_SCORE_CONFIDENCE_WEIGHTED_ENTROPY,
                                        .pool = pool};
            assert_int_equal(wn_labels_find_issues(&request, &found, NULL), WN_OK);
            assert_true(found.len > MANY / 20 && found.len < MANY / 2 && found.unlabelled > MANY / 100);
            if (i == 0) {
                first = found;
            } else {
                assert_int_equal(found.len, first.len);
                assert_memory_equal(found.ranked, first.ranked, found.len * sizeof *found.ranked);
                assert_memory_equal(found.scores, first.scores, MANY * sizeof *found.scores);
                assert_memory_equal(found.joint, first.joint, WIDE * WIDE * sizeof *found.joint);
                wn_label_issues_clear(&found);
            }
            wn_pool_free(&pool);
        }
        wn_label_issues_clear(&first);
    }
    wn_free(p);
}

/* Rows without label or with a NaN change nothing for the others. */
static void test_rows_left_out(void **state)
{
    enum { EXTRA = 3 };
    static float p[(ROWS + EXTRA) * CLASSES];
    static int64_t labels[ROWS + EXTRA];
    wn_matrix matrix = {p, ROWS + EXTRA, CLASSES, CLASSES};
    wn_label_request request = {.probabilities = wn_matrix_table(&matrix), .labels = labels};
    wn_label_issues found;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < CLASSES; k++) p[i * CLASSES + k] = (float)parts[i][k] / WHOLE;
        labels[i] = given[i];
    }
    for (size_t i = ROWS * CLASSES; i < (ROWS + EXTRA) * CLASSES; i++) p[i] = 0.125f;
    p[ROWS * CLASSES + 1] = NAN;
    labels[ROWS + 1] = -1;
    labels[ROWS + 2] = 0;
    for (size_t k = 0; k < CLASSES; k++) p[(ROWS + 1) * CLASSES + k] = 0.25f;
    labels[ROWS + 2] = -7;
    assert_int_equal(wn_labels_find_issues(&request, &found, NULL), WN_OK);
    assert_int_equal(found.len, 16);
    assert_int_equal(found.calibrated, 17);
    assert_int_equal(found.unusable, 1);
    assert_int_equal(found.first_unusable, ROWS);
    assert_int_equal(found.unlabelled, 2);
    assert_int_equal(found.unnormalised, 1);
    assert_int_equal(found.first_unnormalised, ROWS + 2);
    for (size_t i = ROWS; i < ROWS + EXTRA; i++) {
        assert_true(isnan(found.scores[i]));
        assert_int_equal(found.suggested[i], -1);
    }
    wn_label_issues_clear(&found);
}

static void test_bad_input(void **state)
{
    float p[6] = {0.5f, 0.5f, 1.5f, -0.5f, 1, 0};
    int64_t labels[3] = {0, 1, 2};
    wn_matrix matrix = {p, 3, 2, 2};
    wn_label_request request = {.probabilities = wn_matrix_table(&matrix), .labels = labels};
    wn_label_issues found;
    wn_error err = {0};
    (void)state;
    assert_int_equal(wn_labels_find_issues(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 2 has the label 2"));
    labels[2] = 1;
    assert_int_equal(wn_labels_find_issues(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 1, column 0 holds 1.5"));
    assert_null(found.scores);
    p[2] = 0.25f;
    p[3] = 0.75f;
    labels[0] = labels[1] = labels[2] = 0; /* one class only: nothing is certain enough to be called wrong */
    for (int filter = 0; filter < WN_LABEL_FILTER_COUNT; filter++) {
        request.filter = (wn_label_filter)filter;
        assert_int_equal(wn_labels_find_issues(&request, &found, &err), WN_OK);
        assert_true(found.len <= 1);
        wn_label_issues_clear(&found);
    }
    request.probabilities.rows = 0;
    assert_int_equal(wn_labels_find_issues(&request, &found, &err), WN_OK);
    assert_int_equal(found.len, 0);
    wn_label_issues_clear(&found);
    matrix.cols = 1;
    request.probabilities = wn_matrix_table(&matrix);
    assert_int_equal(wn_labels_find_issues(&request, &found, &err), WN_INVALID);
}

/* The figures that cleanlab 2.9.0 gives for the small case (dataset.rank_classes_by_label_quality,
 * find_overlapping_classes, overall_label_health_score), and the same from the joint. */
static void test_health(void **state)
{
    static const int64_t errors[CLASSES] = {7, 6, 4, 0}, missing[CLASSES] = {2, 7, 8, 0};
    static const double health[CLASSES] = {6 / 13.0, 0.625, 0.6, 1}, inverse[CLASSES] = {0.75, 10 / 17.0, 3 / 7.0, 1};
    static const int32_t pairs[3][3] = {{1, 2, 8}, {0, 1, 5}, {0, 2, 4}};
    wn_label_request request = small_request();
    wn_label_issues found;
    wn_class_health classes[CLASSES];
    wn_class_overlap *overlaps = NULL;
    size_t count = 0;
    (void)state;
    assert_int_equal(wn_labels_find_issues(&request, &found, NULL), WN_OK);
    wn_labels_health(&found, given, classes);
    for (size_t k = 0; k < CLASSES; k++) {
        int64_t row = 0, column = 0, right = found.joint[k * CLASSES + k];
        for (size_t j = 0; j < CLASSES; j++) {
            row += found.joint[k * CLASSES + j];
            column += found.joint[j * CLASSES + k];
        }
        assert_int_equal(classes[k].errors, errors[k]);
        assert_int_equal(classes[k].errors, row - right);
        assert_int_equal(classes[k].missing, missing[k]);
        assert_int_equal(classes[k].missing, column - right);
        assert_true(fabs(classes[k].health - health[k]) < 1e-12);
        assert_true(fabs(classes[k].inverse_health - inverse[k]) < 1e-12);
        assert_int_equal(classes[k].labels, row);
    }
    assert_true(fabs(wn_labels_overall_health(&found) - 0.625) < 1e-12);
    assert_int_equal(wn_labels_overlaps(&found, &overlaps, &count, NULL), WN_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        assert_true(overlaps[i].a == pairs[i][0] && overlaps[i].b == pairs[i][1] && overlaps[i].rows == pairs[i][2]);
        assert_true(fabs(overlaps[i].share - pairs[i][2] / 40.0) < 1e-12);
    }
    wn_free(overlaps);
    wn_label_issues_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),       cmocka_unit_test(test_counts_and_scores), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_rows_left_out), cmocka_unit_test(test_bad_input),         cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
