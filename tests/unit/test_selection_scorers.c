/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores of predictions. Figures of the worked examples were computed with NumPy and SciPy from the formulas in
 * winnow/scorer.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "winnow/scorer.h"

static wn_error err;

#define ASSERT_NEAR(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        double left = (double)(a), right = (double)(b);                                                                \
        if (!(fabs(left - right) <= (tolerance))) fail_msg("%.9g is not %.9g", left, right);                           \
    } while (0)

static const float worked[5][3] = {
    {0.7f, 0.2f, 0.1f}, {0.4f, 0.4f, 0.2f}, {1, 0, 0}, {1.0f / 3, 1.0f / 3, 1.0f / 3}, {0.1f, 0.3f, 0.6f}};

static void check_vectors(const char *name, double temperature, const double expected[5])
{
    float out[5];
    wn_matrix matrix = {&worked[0][0], 5, 3, 3};
    assert_int_equal(wn_score_probabilities(wn_scorer_find(name), &matrix, temperature, NULL, out, NULL, &err), WN_OK);
    for (size_t i = 0; i < 5; i++) ASSERT_NEAR(out[i], expected[i], 2e-6);
}

static void test_vectors(void **state)
{
    (void)state;
    check_vectors("least-confidence", 0, (const double[]){0.45, 0.9, 0, 1, 0.6});
    check_vectors("uncertainty_margin", 1, (const double[]){0.5, 1, 0, 1, 0.7});
    check_vectors("ratio", 0, (const double[]){0.285714, 1, 0, 1, 0.5});
    check_vectors("entropy", 0, (const double[]){0.729847, 0.96023, 0, 1, 0.817345});
    check_vectors("entropy", 2, (const double[]){0.924582, 0.98889, 0, 1, 0.944802});
}

/* One column is binary; sums other than one are divided out; what cannot be used gives 0 and is counted. */
static void test_odd_vectors(void **state)
{
    (void)state;
    const float binary[] = {0.5f, 1, 0, 0.8f, NAN, 1.5f};
    const float sums[4][2] = {{3, 1}, {0, 0}, {-1, 2}, {INFINITY, 1}};
    float out[6];
    size_t unusable = 0;
    wn_matrix matrix = {binary, 6, 1, 1};
    assert_int_equal(wn_score_probabilities(wn_scorer_find("margin"), &matrix, 0, NULL, out, &unusable, &err), WN_OK);
    ASSERT_NEAR(out[0], 1, 0);
    ASSERT_NEAR(out[1], 0, 0);
    ASSERT_NEAR(out[2], 0, 0);
    ASSERT_NEAR(out[3], 0.4, 1e-6);
    assert_true(out[4] == 0 && out[5] == 0);
    assert_int_equal(unusable, 2);
    matrix = (wn_matrix){&sums[0][0], 4, 2, 2};
    assert_int_equal(wn_score_probabilities(wn_scorer_find("margin"), &matrix, 0, NULL, out, &unusable, &err), WN_OK);
    ASSERT_NEAR(out[0], 0.5, 1e-6);
    assert_true(out[1] == 0 && out[2] == 0 && out[3] == 0);
    assert_int_equal(unusable, 3);
    assert_int_equal(wn_score_probabilities(wn_scorer_find("object_frequency"), &matrix, 0, NULL, out, NULL, &err),
                     WN_INVALID);
}

/* Row 0: objects 0, 1, 2; row 1: object 3; row 2: none; row 3: nothing predicted. */
static const size_t starts[] = {0, 3, 4, 4, 4};
static const uint8_t known[] = {1, 1, 1, 0};
static const float probabilities[4][3] = {{0.7f, 0.2f, 0.1f}, {0.1f, 0.3f, 0.6f}, {NAN, 0, 0}, {0.4f, 0.4f, 0.2f}};
static const float confidences[] = {0.9f, 0.6f, 0.75f, 0.5f};
static const int32_t categories[] = {0, 2, 0, 1};

static wn_scorer_request detection_request(void)
{
    wn_scorer_request request = {.objects = {.rows = 4,
                                             .count = 4,
                                             .starts = starts,
                                             .known = known,
                                             .classes = 3,
                                             .probabilities = &probabilities[0][0],
                                             .scores = confidences,
                                             .categories = categories},
                                 .task = WN_TASK_DETECTION};
    return request;
}

static void check_rows(const wn_scorer_request *request, const char *name, double a, double b, double c)
{
    float out[4];
    if (wn_score(wn_scorer_find(name), NULL, request, out, &err)) fail_msg("%s", err.message);
    ASSERT_NEAR(out[0], a, 2e-6);
    ASSERT_NEAR(out[1], b, 2e-6);
    ASSERT_NEAR(out[2], c, 2e-6);
    assert_true(isnan(out[3]));
}

/* Values of the objects by margin: 0.5, 0.7, 1 - (0.75 - 0.25) = 0.5 (its confidence as a pair), 1. */
static void test_detection(void **state)
{
    (void)state;
    static const float weights[] = {2, 1, 0.5f};
    wn_scorer_request request = detection_request();
    check_rows(&request, "margin", 0.7, 1, 0);
    request.reduction = WN_REDUCTION_SUM;
    check_rows(&request, "margin", 1.7, 1, 0);
    request.reduction = WN_REDUCTION_MEAN;
    check_rows(&request, "margin", 1.7 / 3, 1, 0);
    request.reduction = WN_REDUCTION_TOP;
    request.top = 2;
    check_rows(&request, "margin", 1.2, 1, 0);
    request.reduction = WN_REDUCTION_MAX;
    request.class_weights = weights;
    check_rows(&request, "margin", 1, 1, 0);
    request = detection_request();
    /* 1 - (0.9 + 0.6 + 0.75) / 3; 1 - 0.5; nothing. */
    check_rows(&request, "objectness_least_confidence", 0.25, 0.5, 0);
    /* Row 0 has class 0 twice and class 2: (1 + 0.25) + 1 = 2.25; row 1: 1; row 2: 0. 0.9 + 0.1 v / 2.25. */
    check_rows(&request, "object_frequency", 1, 0.9 + 0.1 / 2.25, 0.9);
}

static void test_options_of_a_scorer(void **state)
{
    (void)state;
    float out[4];
    wn_scorer_request request = detection_request();
    const wn_scorer *scorer = wn_scorer_find("object_frequency");
    double params[2];
    assert_int_equal(scorer->params_size, sizeof params);
    assert_int_equal(wn_options_init(scorer->options, params, &err), WN_OK);
    assert_int_equal(wn_options_set(scorer->options, params, "frequency-penalty", "1", &err), WN_OK);
    assert_int_equal(wn_options_set(scorer->options, params, "min-score", "0", &err), WN_OK);
    assert_int_equal(wn_score(scorer, params, &request, out, &err), WN_OK);
    ASSERT_NEAR(out[0], 1, 1e-6);
    ASSERT_NEAR(out[1], 1.0 / 3, 1e-6);
    ASSERT_NEAR(out[2], 0, 0);
}

static void test_segments_and_keypoints(void **state)
{
    (void)state;
    static const float areas[] = {10, 30, 60, 5}, points[] = {0.5f, 0.7f, NAN, 1};
    wn_scorer_request request = detection_request();
    request.task = WN_TASK_SEMANTIC;
    check_rows(&request, "margin", 1.7 / 3, 1, 0);
    request.objects.areas = areas;
    check_rows(&request, "margin", (10 * 0.5 + 30 * 0.7 + 60 * 0.5) / 100, 1, 0);
    request.objects.keypoint_confidences = points;
    float out[4];
    assert_int_equal(wn_score(wn_scorer_find("mean_uncertainty"), NULL, &request, out, &err), WN_INVALID);
    request.task = WN_TASK_KEYPOINTS;
    check_rows(&request, "mean_uncertainty", 0.4, 0, 0);
}

static void test_what_is_missing_is_named(void **state)
{
    (void)state;
    float out[4];
    wn_scorer_request request = detection_request();
    request.objects.probabilities = NULL;
    check_rows(&request, "margin", 0.8, 1, 0); /* from the confidences */
    request.objects.scores = NULL;
    assert_int_equal(wn_score(wn_scorer_find("margin"), NULL, &request, out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "probabilities"));
    assert_int_equal(wn_score(wn_scorer_find("objectness_least_confidence"), NULL, &request, out, &err), WN_INVALID);
    request = detection_request();
    request.objects.classes = 2;
    assert_int_equal(wn_score(wn_scorer_find("object_frequency"), NULL, &request, out, &err), WN_INVALID);
    request = detection_request();
    request.task = WN_TASK_CLASSIFICATION;
    assert_int_equal(wn_score(wn_scorer_find("object_frequency"), NULL, &request, out, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "classification"));
}

/* Every scorer of the table: named, described, in [0, 1] on random objects, the same for any number of threads. */
static void test_table(void **state)
{
    (void)state;
    enum { ROWS = 1500, CLASSES = 5 };
    static size_t begin[ROWS + 1];
    static float vectors[ROWS * 3][CLASSES], scores[ROWS * 3], out[2][ROWS];
    static int32_t labels[ROWS * 3];
    uint32_t seed = 1;
    size_t count = 0;
    for (size_t row = 0; row < ROWS; row++) {
        begin[row] = count;
        for (size_t i = 0; i < row % 4 && count < ROWS * 3; i++, count++) {
            for (size_t c = 0; c < CLASSES; c++) vectors[count][c] = (float)((seed = seed * 1664525 + 1013904223) >> 8);
            scores[count] = (float)(seed >> 8) / (1 << 24);
            labels[count] = (int32_t)(seed >> 10) % CLASSES;
        }
    }
    begin[ROWS] = count;
    wn_scorer_request request = {.objects = {.rows = ROWS,
                                             .count = count,
                                             .starts = begin,
                                             .classes = CLASSES,
                                             .probabilities = &vectors[0][0],
                                             .scores = scores,
                                             .categories = labels,
                                             .keypoint_confidences = scores},
                                 .task = WN_TASK_KEYPOINTS};
    for (size_t i = 0; wn_scorer_at(i); i++) {
        const wn_scorer *scorer = wn_scorer_at(i);
        assert_ptr_equal(wn_scorer_find(scorer->name), scorer);
        assert_true(strlen(scorer->summary) > 5 && (scorer->value || scorer->score));
        for (unsigned threads = 1; threads <= 7; threads += threads == 1 ? 1 : 5) {
            wn_pool *pool = NULL;
            assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
            request.pool = pool;
            assert_int_equal(wn_score(scorer, NULL, &request, out[threads > 1], &err), WN_OK);
            if (threads > 1) assert_memory_equal(out[0], out[1], sizeof out[0]);
            wn_pool_free(&pool);
        }
        for (size_t row = 0; row < ROWS; row++) assert_true(out[0][row] >= 0 && out[0][row] <= 1);
    }
}

static void test_temperature(void **state)
{
    (void)state;
    enum { N = 400, C = 4 };
    static float logits[N][C];
    int64_t labels[N];
    wn_temperature fit[2];
    for (size_t i = 0; i < N; i++) {
        double best = -INFINITY;
        for (size_t c = 0; c < C; c++) {
            double z = (double)((i * 37 + c * 101 + (i * c) % 17 * 13) % 97) / 97 * 6;
            double noisy = z + 1.5 * sin((double)i * 1.7 + (double)c * 2.3);
            logits[i][c] = (float)z;
            if (noisy <= best) continue;
            best = noisy;
            labels[i] = (int64_t)c;
        }
    }
    wn_matrix matrix = {&logits[0][0], N, C, C};
    /* scipy.optimize.minimize_scalar over b in [0.01, 100]: T = 0.917096922, loss 0.786676719 -> 0.784689315. */
    assert_int_equal(wn_temperature_fit(&matrix, labels, true, NULL, &fit[0], &err), WN_OK);
    ASSERT_NEAR(fit[0].temperature, 0.917096922, 1e-6);
    ASSERT_NEAR(fit[0].loss_before, 0.786676719, 1e-8);
    ASSERT_NEAR(fit[0].loss_after, 0.784689315, 1e-8);
    assert_int_equal(fit[0].rows, N);
    wn_pool *pool = NULL;
    assert_int_equal(wn_pool_new(7, 0, &pool, &err), WN_OK);
    assert_int_equal(wn_temperature_fit(&matrix, labels, true, pool, &fit[1], &err), WN_OK);
    assert_memory_equal(&fit[0], &fit[1], sizeof fit[0]);
    wn_pool_free(&pool);
    /* Probabilities of the same logits give the same temperature. */
    for (size_t i = 0; i < N; i++) {
        double mass = 0;
        for (size_t c = 0; c < C; c++) mass += exp((double)logits[i][c]);
        for (size_t c = 0; c < C; c++) logits[i][c] = (float)(exp((double)logits[i][c]) / mass);
    }
    assert_int_equal(wn_temperature_fit(&matrix, labels, false, NULL, &fit[1], &err), WN_OK);
    ASSERT_NEAR(fit[1].temperature, fit[0].temperature, 1e-5);
    /* Labels that the model always gets right push T to its least, none to choose from is refused. */
    for (size_t i = 0; i < N; i++) labels[i] = -1;
    assert_int_equal(wn_temperature_fit(&matrix, labels, false, NULL, &fit[1], &err), WN_INVALID);
    labels[0] = 0;
    for (size_t c = 1; c < C; c++)
        if (logits[0][c] > logits[0][labels[0]]) labels[0] = (int64_t)c;
    assert_int_equal(wn_temperature_fit(&matrix, labels, false, NULL, &fit[1], &err), WN_OK);
    ASSERT_NEAR(fit[1].temperature, 0.01, 1e-6);
    labels[1] = C;
    assert_int_equal(wn_temperature_fit(&matrix, labels, false, NULL, &fit[1], &err), WN_INVALID);
}

static double disagree(wn_disagreement measure, const wn_matrix *models, size_t count)
{
    float out[1];
    assert_int_equal(wn_disagreement_score(measure, models, count, NULL, out, &err), WN_OK);
    return (double)out[0];
}

static void test_disagreement(void **state)
{
    (void)state;
    const float a[] = {0.7f, 0.2f, 0.1f}, b[] = {0.2f, 0.7f, 0.1f}, c[] = {0.6f, 0.3f, 0.1f};
    const wn_matrix models[] = {{a, 1, 3, 3}, {b, 1, 3, 3}, {c, 1, 3, 3}}, same[] = {{a, 1, 3, 3}, {a, 1, 3, 3}};
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_VOTE_ENTROPY, models, 3), 0.579380164, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_CONSENSUS_ENTROPY, models, 3), 0.858672711, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_MUTUAL_INFORMATION, models, 3), 0.099659771, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_KL_TO_MEAN, models, 3), 0.099659771, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_VARIATION_RATIO, models, 3), 1.0 / 3, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_CHANGE, models, 2), 0.5, 1e-6);
    ASSERT_NEAR(disagree(WN_DISAGREEMENT_FLIP, models, 2), 1, 0);
    for (int i = 0; i < WN_DISAGREEMENT_COUNT; i++) {
        if (i == WN_DISAGREEMENT_CONSENSUS_ENTROPY) continue;
        ASSERT_NEAR(disagree((wn_disagreement)i, same, 2), 0, 1e-6);
    }
    float out[1];
    const wn_matrix other[] = {{a, 1, 3, 3}, {a, 1, 2, 2}};
    assert_int_equal(wn_disagreement_score(WN_DISAGREEMENT_CHANGE, models, 3, NULL, out, &err), WN_INVALID);
    assert_int_equal(wn_disagreement_score(WN_DISAGREEMENT_VOTE_ENTROPY, models, 1, NULL, out, &err), WN_INVALID);
    assert_int_equal(wn_disagreement_score(WN_DISAGREEMENT_VOTE_ENTROPY, other, 2, NULL, out, &err), WN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_odd_vectors),
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_options_of_a_scorer),
        cmocka_unit_test(test_segments_and_keypoints),
        cmocka_unit_test(test_what_is_missing_is_named),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_disagreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
