/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores of boxes against those that cleanlab 2.9.0 gives for six small images, and what is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "winnow/boxes.h"

enum { IMAGES = 6, LABELS = 12, PREDICTIONS = 12 };

/* Drawn at random (numpy, seed 3); two labels of image 2 contradict each other, image 4 has none. */
static const wn_box labels[LABELS] = {
    {48, 5, 61, 19, 0, 0},  {48, 52, 69, 62, 0, 0}, {19, 25, 41, 44, 0, 0}, {41, 56, 51, 67, 0, 2},
    {56, 17, 68, 33, 0, 0}, {5, 31, 33, 59, 0, 0},  {36, 37, 50, 52, 0, 1}, {44, 17, 68, 40, 0, 0},
    {44, 17, 68, 40, 0, 1}, {52, 31, 73, 48, 0, 1}, {10, 45, 26, 66, 0, 2}, {55, 28, 69, 43, 0, 2},
};
static const size_t label_starts[IMAGES + 1] = {0, 3, 5, 9, 10, 10, 12};
static const wn_box predictions[PREDICTIONS] = {
    {45, 1, 58, 19, 0.7f, 0},   {47, 53, 70, 59, 0.96f, 0}, {21, 23, 42, 45, 0.57f, 0}, {58, 17, 67, 31, 0.79f, 0},
    {70, 70, 90, 90, 0.97f, 1}, {45, 54, 51, 64, 0.42f, 2}, {7, 35, 32, 63, 0.92f, 1},  {46, 18, 67, 44, 0.49f, 1},
    {44, 20, 66, 41, 0.56f, 1}, {56, 28, 76, 45, 0.84f, 1}, {70, 70, 90, 90, 0.97f, 1}, {59, 29, 73, 44, 0.97f, 0},
};
static const size_t prediction_starts[IMAGES + 1] = {0, 3, 6, 9, 10, 11, 12};

static void compare(const float *found, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_true(fabs((double)found[i] - expected[i]) < 1e-6);
}

static void test_scores(void **state)
{
    static const double misplaced[LABELS] = {0.5262506525508686,
                                             0.6012945526144068,
                                             0.7693752548523297,
                                             1.0,
                                             0.6800470044886624,
                                             1.0,
                                             0.049153117110056876,
                                             1.0,
                                             0.7698584192509788,
                                             0.5297333708689708,
                                             1.0,
                                             1.0};
    static const double misnamed[LABELS] = {1,
                                            1,
                                            1,
                                            0.997915671503401,
                                            0.9996932997315277,
                                            1,
                                            1,
                                            0.0003067002684723929,
                                            0.0003067002684723929,
                                            1,
                                            0.9994271856513707,
                                            0.48378813851347824};
    static const double image[IMAGES] = {0.8255626457903237, 0.018532255308105785, 0.02598745942410795,
                                         0.809131503637276,  0.020954556345500683, 0.7866225865722068};
    static const double pooled[3][IMAGES] = {
        {1.0, 9.201008054171795e-06, 1.0, 1.0, 9.201008054171795e-06, 1.0},
        {0.5626652610626903, 0.6925838555720796, 0.04982794820449418, 0.5297333708689708, 1.0, 1.0},
        {1.0, 0.9987965859201925, 0.00035222361364032977, 1.0, 1.0, 0.4867424647171188},
    };
    static const unsigned threads[3] = {1, 2, 7};
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        wn_box_request request = {.images = IMAGES,
                                  .labels = labels,
                                  .predictions = predictions,
                                  .label_starts = label_starts,
                                  .prediction_starts = prediction_starts};
        wn_box_scores found;
        assert_int_equal(wn_pool_new(threads[t], 0, &request.pool, NULL), WN_OK);
        assert_int_equal(wn_boxes_score(&request, &found, NULL), WN_OK);
        assert_true(fabs(found.least - 0.0003067002684723929) < 1e-12);
        compare(found.misplaced, misplaced, LABELS);
        compare(found.misnamed, misnamed, LABELS);
        compare(found.image, image, IMAGES);
        compare(found.image_missed, pooled[0], IMAGES);
        compare(found.image_misplaced, pooled[1], IMAGES);
        compare(found.image_misnamed, pooled[2], IMAGES);
        for (size_t j = 0; j < PREDICTIONS; j++) assert_int_equal(isnan(found.missed[j]), j != 4 && j != 10);
        assert_int_equal(found.suggested[11], 0); /* a box of class 0 lies there */
        assert_int_equal(found.suggested[0], 0);
        wn_box_scores_clear(&found);
        wn_pool_free(&request.pool);
    }
}

static void test_bad_input(void **state)
{
    wn_box boxes[2] = {{0, 0, 5, 5, 0, 0}, {1, 1, 4, 4, 0.9f, 0}};
    size_t starts[2] = {0, 1};
    wn_box_request request = {
        .images = 1, .labels = boxes, .predictions = boxes + 1, .label_starts = starts, .prediction_starts = starts};
    wn_box_scores found;
    wn_error err = {0};
    (void)state;
    boxes[0].x2 = -1;
    assert_int_equal(wn_boxes_score(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "image 0, label 0: the box from (0, 0) to (-1, 5) is empty or reversed"));
    boxes[0].x2 = NAN;
    assert_int_equal(wn_boxes_score(&request, &found, &err), WN_INVALID);
    boxes[0].x2 = 5;
    boxes[1].score = 2;
    assert_int_equal(wn_boxes_score(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "prediction 0: the probability 2"));
    boxes[1].score = 0.9f;
    starts[0] = 2;
    assert_int_equal(wn_boxes_score(&request, &found, &err), WN_INVALID);
    request.images = 0;
    assert_int_equal(wn_boxes_score(&request, &found, &err), WN_OK);
    wn_box_scores_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scores), cmocka_unit_test(test_bad_input)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
