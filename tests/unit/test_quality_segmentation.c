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
static size_t sizes[IMAGES];
static wn_mask_tables tables;

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

static const float *view_planes(void *context, size_t begin, size_t count)
{
    (void)context, (void)count;
    return &probabilities[0][0][0] + begin * PIXELS;
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
    for (size_t i = 0; i < IMAGES; i++) sizes[i] = PIXELS;
    tables = (wn_mask_tables){.labels = {.rows = IMAGES, .cols = PIXELS, .read = read_labels},
                              .probabilities = {.rows = IMAGES * CLASSES, .cols = PIXELS, .read = read_planes},
                              .classes = CLASSES};
    return (wn_segmentation_request){.images = IMAGES,
                                     .pixels = sizes,
                                     .read = wn_mask_tables_read,
                                     .context = &tables,
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
    wn_segmentation_issues found[4];
    (void)state;
    labels[3][7] = 255;
    for (size_t i = 0; i < PIXELS; i++) labels[20][i] = -1;
    for (unsigned t = 0; t < 4; t++) {
        tables.probabilities.view = t > 1 ? view_planes : NULL;
        request.keep = t % 2 ? 0 : 20 * (5 * PIXELS + 1); /* all digests, or five */
        assert_int_equal(wn_pool_new(t % 2 ? 5 : 1, 0, &request.pool, NULL), WN_OK);
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
    for (unsigned t = 1; t < 4; t++) {
        assert_memory_equal(found[0].scores, found[t].scores, IMAGES * sizeof(float));
        assert_memory_equal(found[0].thresholds, found[t].thresholds, CLASSES * sizeof(double));
    }
    for (unsigned t = 0; t < 4; t++) wn_segmentation_issues_clear(&found[t]);
}

/* Under a limit fewer digests are kept, for the same answer; where there is no room at all it is refused. */
static void test_memory_limit(void **state)
{
    wn_segmentation_request request = make_request();
    wn_segmentation_issues found[2];
    (void)state;
    assert_int_equal(wn_segmentation_find_issues(&request, &found[0], NULL), WN_OK);
    request.memory_limit = (uint64_t)1 << 20; /* of 0.5 MiB for the bins */
    assert_int_equal(wn_segmentation_find_issues(&request, &found[1], NULL), WN_OK);
    assert_memory_equal(found[0].scores, found[1].scores, IMAGES * sizeof *found[0].scores);
    assert_memory_equal(found[0].suggested, found[1].suggested, ALL * sizeof *found[0].suggested);
    for (int t = 0; t < 2; t++) wn_segmentation_issues_clear(&found[t]);
    request.memory_limit = (uint64_t)1 << 19;
    assert_int_equal(wn_segmentation_find_issues(&request, &found[0], NULL), WN_LIMIT);
}

/* A pixel with a NaN takes no part and keeps its class; masks that agree with the model have no issue. */
static void test_unusable(void **state)
{
    wn_segmentation_request request = make_request();
    wn_segmentation_issues found;
    (void)state;
    for (size_t i = 0; i < ALL; i++) labels[i / PIXELS][i % PIXELS] = (double)likeliest(i / PIXELS, i % PIXELS);
    probabilities[4][1][9] = NAN;
    for (int t = 0; t < 4; t++) {
        request.masks = t > 1;
        tables.probabilities.view = t % 2 ? view_planes : NULL;
        assert_int_equal(wn_segmentation_find_issues(&request, &found, NULL), WN_OK);
        assert_int_equal(found.unusable, 1);
        assert_int_equal(found.issues + found.confident, 0);
        assert_true((found.masks != NULL) == request.masks && (found.suggested != NULL) == request.masks);
        for (size_t i = 0; i < ALL && request.masks; i++)
            assert_int_equal(found.suggested[i], (int)labels[i / PIXELS][i % PIXELS]);
        wn_segmentation_issues_clear(&found);
        assert_null(found.scores);
    }
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
    tables.probabilities.view = view_planes;
    expect_refusal(&request, "image 2, class 3, pixel 8: 1.5 is no probability");
    probabilities[2][3][8] = -0.1f;
    expect_refusal(&request, "image 2, class 3, pixel 8: -0.1 is no probability");
    wn_error err = {0};
    tables.classes = 3;
    assert_int_equal(wn_mask_tables_check(&tables, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "do not fit"));
    request.classes = 1;
    expect_refusal(&request, "1 classes");
}

/* Classes side by side in each pixel, tiles, a view that is not aligned with them; against the plain rule. */
static void test_layouts(void **state)
{
    enum { COUNT = 2500, KINDS = 3 };
    static float planes[KINDS][COUNT], pixels[COUNT][KINDS], given[COUNT];
    static double best[COUNT];
    static int32_t label[COUNT], likely[COUNT], first[COUNT];
    wn_mask_digest digest = {.pixels = COUNT, .labels = label, .likeliest = likely, .given = given, .best = best};
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 9, 0);
    for (size_t i = 0; i < COUNT; i++) {
        label[i] = (int32_t)wn_rng_below(&rng, KINDS + 1) - 1;
        for (size_t k = 0; k < KINDS; k++) planes[k][i] = pixels[i][k] = (float)wn_rng_below(&rng, 5) / 4;
    }
    wn_mask_probabilities by_plane = {planes[0], KINDS, COUNT, 1}, by_pixel = {pixels[0], KINDS, 1, KINDS};
    assert_int_equal(wn_mask_digest_fill(&by_plane, &digest, NULL), WN_OK);
    for (size_t i = 0; i < COUNT; i++) {
        int32_t k = 0;
        for (int32_t c = 1; c < KINDS; c++) k = pixels[i][c] > pixels[i][k] ? c : k;
        assert_int_equal(likely[i], k);
        assert_true(best[i] == (double)pixels[i][k]);
        if (label[i] >= 0) assert_true(given[i] == pixels[i][label[i]]);
    }
    memcpy(first, likely, sizeof first);
    assert_int_equal(wn_mask_digest_fill(&by_pixel, &digest, NULL), WN_OK);
    assert_memory_equal(first, likely, sizeof first);
    label[2400] = KINDS;
    assert_int_equal(wn_mask_digest_fill(&by_pixel, &digest, NULL), WN_INVALID);
    label[2400] = -1;
    first[3] = -1;
    label[3] = 1;
    wn_mask_digest_compare(first, &digest);
    assert_int_equal(label[3], WN_MASK_UNUSABLE(1));
    assert_int_equal(digest.unusable, 1);
    for (size_t i = 4; i < COUNT; i++) assert_true(given[i] == (float)(label[i] == first[i]) && likely[i] == first[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_memory_limit),
                                       cmocka_unit_test(test_unusable), cmocka_unit_test(test_layouts),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
