/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks that are probably wrong, against the rules written out with a sort of all pixels; any number of threads; pixels
 * that are not known; bad input.
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
#include "winnow/segmentation.h"

enum { IMAGES = 37, CLASSES = 4, PIXELS = 60, ALL = IMAGES * PIXELS };

static float probabilities[IMAGES][CLASSES][PIXELS];
static double labels[IMAGES][PIXELS];

static wn_status read_labels(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    (void)context, (void)err;
    memcpy(out, labels[begin], count * sizeof labels[0]);
    return WN_OK;
}

static wn_status read_planes(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < count * PIXELS; i++) out[i] = (double)(&probabilities[0][0][0])[begin * PIXELS + i];
    return WN_OK;
}

/* Softmax of noise that leans to the true class; every ninth label is another class. */
static wn_segmentation_request make_request(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < ALL; i++) {
        size_t image = i / PIXELS, pixel = i % PIXELS, truth = wn_rng_below(&rng, CLASSES);
        float sum = 0;
        for (size_t k = 0; k < CLASSES; k++)
            sum += probabilities[image][k][pixel] = expf(wn_rng_normal(&rng) + (k == truth ? 2.5f : 0));
        for (size_t k = 0; k < CLASSES; k++) probabilities[image][k][pixel] /= sum;
        labels[image][pixel] = (double)(i % 9 ? truth : wn_rng_below(&rng, CLASSES));
    }
    return (wn_segmentation_request){.labels = {IMAGES, PIXELS, read_labels, NULL},
                                     .probabilities = {IMAGES * CLASSES, PIXELS, read_planes, NULL},
                                     .classes = CLASSES,
                                     .masks = true};
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static size_t likeliest(size_t image, size_t pixel)
{
    size_t best = 0;
    for (size_t k = 1; k < CLASSES; k++)
        if (probabilities[image][k][pixel] > probabilities[image][best][pixel]) best = k;
    return best;
}

/* Compares an answer with the rules, written out. */
static void check_answer(const wn_segmentation_issues *found)
{
    static float sorted[ALL];
    double sums[CLASSES] = {0};
    size_t counts[CLASSES] = {0}, n = 0, confident = 0, issues = 0;
    for (size_t i = 0; i < ALL; i++) {
        double label = labels[i / PIXELS][i % PIXELS];
        if (label < 0 || label == 255) continue;
        sorted[n++] = probabilities[i / PIXELS][(size_t)label][i % PIXELS];
        sums[(size_t)label] += (double)sorted[n - 1];
        counts[(size_t)label]++;
    }
    for (size_t k = 0; k < CLASSES; k++) {
        sums[k] /= (double)counts[k];
        assert_true(fabs(found->thresholds[k] - sums[k]) < 1e-12);
    }
    for (size_t i = 0; i < ALL; i++) {
        double label = labels[i / PIXELS][i % PIXELS];
        size_t best = likeliest(i / PIXELS, i % PIXELS);
        if (label < 0 || label == 255 || best == (size_t)label) continue;
        confident += (double)probabilities[i / PIXELS][best][i % PIXELS] >= sums[best] - 1e-6;
    }
    assert_int_equal(found->confident, confident);
    assert_in_range(confident, 50, ALL / 9);
    qsort(sorted, n, sizeof *sorted, compare_floats);
    for (size_t i = 0; i < ALL; i++) {
        size_t image = i / PIXELS, pixel = i % PIXELS, best = likeliest(image, pixel);
        double label = labels[image][pixel];
        bool known = label >= 0 && label != 255;
        bool issue =
            known && best != (size_t)label && probabilities[image][(size_t)label][pixel] <= sorted[confident - 1];
        assert_int_equal(found->masks[i], issue);
        assert_int_equal(found->suggested[i], issue ? best : known ? (size_t)label : 65535);
        issues += issue;
    }
    assert_int_equal(found->issues, issues);
}

static void test_rules(void **state)
{
    wn_segmentation_request request = make_request();
    wn_segmentation_issues found[2];
    (void)state;
    labels[3][7] = 255;
    for (size_t i = 0; i < PIXELS; i++) labels[20][i] = -1;
    for (unsigned t = 0; t < 2; t++) {
        assert_int_equal(wn_pool_new(t ? 5 : 1, 0, &request.pool, NULL), WN_OK);
        assert_int_equal(wn_segmentation_find_issues(&request, &found[t], NULL), WN_OK);
        wn_pool_free(&request.pool);
        check_answer(&found[t]);
        assert_int_equal(found[t].unlabelled, PIXELS + 1);
        assert_true(isnan(found[t].scores[20]));
    }
    uint64_t issues = 0, by_class = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        double weights = 0, sum = 0;
        for (size_t p = 0; p < PIXELS; p++) {
            if (labels[i][p] < 0 || labels[i][p] == 255) continue;
            double value = (double)probabilities[i][(size_t)labels[i][p]][p], weight = exp((1 - value) / 0.1);
            weights += weight;
            sum += weight * value;
        }
        if (i != 20) assert_true(fabs((double)found[0].scores[i] - sum / weights) < 1e-6);
        issues += found[0].counts[i];
    }
    for (size_t k = 0; k < CLASSES; k++) by_class += found[0].by_class[k];
    assert_int_equal(issues, found[0].issues);
    assert_int_equal(by_class, issues);
    assert_memory_equal(found[0].scores, found[1].scores, IMAGES * sizeof(float));
    assert_memory_equal(found[0].thresholds, found[1].thresholds, CLASSES * sizeof(double));
    for (unsigned t = 0; t < 2; t++) wn_segmentation_issues_clear(&found[t]);
}

/* A pixel with a NaN takes no part; masks that agree with the model have no issue. */
static void test_unusable(void **state)
{
    wn_segmentation_request request = make_request();
    wn_segmentation_issues found;
    (void)state;
    for (size_t i = 0; i < ALL; i++) labels[i / PIXELS][i % PIXELS] = (double)likeliest(i / PIXELS, i % PIXELS);
    probabilities[4][1][9] = NAN;
    request.masks = false;
    assert_int_equal(wn_segmentation_find_issues(&request, &found, NULL), WN_OK);
    assert_int_equal(found.unusable, 1);
    assert_int_equal(found.issues + found.confident, 0);
    assert_null(found.masks);
    assert_null(found.suggested);
    wn_segmentation_issues_clear(&found);
    assert_null(found.scores);
}

static void expect_refusal(const wn_segmentation_request *request, const char *part)
{
    wn_segmentation_issues found;
    wn_error err = {0};
    assert_int_equal(wn_segmentation_find_issues(request, &found, &err), WN_INVALID);
    if (!strstr(err.message, part)) fail_msg("'%s' does not say '%s'", err.message, part);
    assert_null(found.scores);
}

static void test_refusals(void **state)
{
    wn_segmentation_request request = make_request();
    (void)state;
    labels[30][11] = 4;
    expect_refusal(&request, "image 30, pixel 11: the label 4 is none of 4 classes");
    labels[30][11] = 0.5;
    expect_refusal(&request, "the label 0.5");
    labels[30][11] = 0;
    probabilities[2][3][8] = 1.5f;
    expect_refusal(&request, "image 2, class 3, pixel 8: 1.5 is no probability");
    request.classes = 3;
    expect_refusal(&request, "do not fit");
    request.classes = 1;
    expect_refusal(&request, "1 classes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_unusable),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
