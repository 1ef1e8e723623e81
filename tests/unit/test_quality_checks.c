/* SPDX-License-Identifier: Apache-2.0
 *
 * Every check of the table on a small set of images, and what each of them must find.
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
#include "winnow/check.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

enum { ROWS = 200, K = 20 };

/* A set of ordinary images; some rows are made odd by the tests. */
typedef struct images {
    uint8_t damaged[ROWS], byte_hashes[ROWS * 16], pixel_hashes[ROWS * 16];
    int32_t width[ROWS], height[ROWS];
    float luminance[ROWS], contrast[ROWS], sharpness[ROWS], noise[ROWS], uniform[ROWS];
    float mean[ROWS * 3], deviation[ROWS * 3], points[ROWS * 2], distances[ROWS * K];
    uint64_t hashes[ROWS * 4];
    int64_t neighbours[ROWS * K], labels[ROWS];
    wn_check_input input;
} images;

/* Nearest rows in the plane, by comparing all. */
static void find_neighbours(images *all)
{
    for (size_t row = 0; row < ROWS; row++) {
        size_t len = 0;
        for (size_t other = 0; other < ROWS; other++) {
            if (other == row) continue;
            float dx = all->points[2 * row] - all->points[2 * other],
                  dy = all->points[2 * row + 1] - all->points[2 * other + 1];
            float distance = sqrtf(dx * dx + dy * dy), *d = all->distances + row * K;
            int64_t *ids = all->neighbours + row * K;
            size_t at = len < K ? len++ : K;
            for (; at > 0 && d[at - 1] > distance; at--) {
                if (at == K) continue;
                d[at] = d[at - 1];
                ids[at] = ids[at - 1];
            }
            if (at == K) continue;
            d[at] = distance;
            ids[at] = (int64_t)other;
        }
    }
}

static images *make_images(wn_pool *pool)
{
    images *all = calloc(1, sizeof *all);
    wn_rng rng;
    assert_non_null(all);
    wn_rng_init(&rng, 5, 0);
    for (size_t row = 0; row < ROWS; row++) {
        all->width[row] = 640 + (int32_t)wn_rng_below(&rng, 20);
        all->height[row] = 480 + (int32_t)wn_rng_below(&rng, 20);
        all->luminance[row] = wn_rng_range(&rng, 40, 60);
        all->contrast[row] = wn_rng_range(&rng, 15, 25);
        all->sharpness[row] = wn_rng_range(&rng, 20, 40);
        all->noise[row] = wn_rng_range(&rng, 20, 40);
        for (size_t c = 0; c < 3; c++) {
            all->mean[3 * row + c] = 100 + 10 * (float)c;
            all->deviation[3 * row + c] = 50;
        }
        for (size_t c = 0; c < 2; c++) all->points[2 * row + c] = wn_rng_uniform(&rng);
        for (size_t i = 0; i < 16; i++) {
            all->byte_hashes[16 * row + i] = (uint8_t)wn_rng_u32(&rng);
            all->pixel_hashes[16 * row + i] = (uint8_t)wn_rng_u32(&rng);
        }
        for (size_t i = 0; i < 4; i++) all->hashes[4 * row + i] = wn_rng_u64(&rng);
    }
    all->points[2 * 150] = 9; /* row 150 is far from all */
    find_neighbours(all);
    for (size_t row = 0; row < ROWS; row++) all->labels[row] = row % 17 == 3 ? -1 : all->points[2 * row] > 0.5f;
    all->input = (wn_check_input){.rows = ROWS,
                                  .damaged = all->damaged,
                                  .width = all->width,
                                  .height = all->height,
                                  .luminance = all->luminance,
                                  .contrast = all->contrast,
                                  .sharpness = all->sharpness,
                                  .signal_to_noise = all->noise,
                                  .uniform_row_ratio = all->uniform,
                                  .mean = all->mean,
                                  .deviation = all->deviation,
                                  .byte_hashes = all->byte_hashes,
                                  .pixel_hashes = all->pixel_hashes,
                                  .picture_hashes = all->hashes,
                                  .neighbours = all->neighbours,
                                  .distances = all->distances,
                                  .k = K,
                                  .labels = all->labels,
                                  .classes = 2,
                                  .pool = pool};
    return all;
}

static void run_check(const wn_check *check, const wn_check_input *input, wn_check_result *out)
{
    wn_error err = {0};
    void *params = wn_calloc(WN_MEMORY_GENERAL, 1, check->params_size);
    if (check->options) assert_int_equal(wn_options_init(check->options, params, &err), WN_OK);
    assert_int_equal(wn_check_run(check, params, input, out, &err), WN_OK);
    wn_free(params);
}

/* Whatever stands in the table: names, ranges, no images, one image, what is missing is refused. */
static void test_table(void **state)
{
    images *all = make_images(NULL);
    (void)state;
    for (size_t i = 0; wn_check_at(i); i++) {
        const wn_check *check = wn_check_at(i);
        wn_check_result found, none;
        wn_error err = {0};
        assert_ptr_equal(wn_check_find(check->name), check);
        assert_true(check->summary && check->summary[strlen(check->summary) - 1] != '.');
        for (size_t j = 0; j < i; j++) assert_string_not_equal(wn_check_at(j)->name, check->name);
        run_check(check, &all->input, &found);
        assert_int_equal(found.rows, ROWS);
        assert_int_equal(found.evidence != NULL, check->evidence);
        size_t issues = 0;
        for (size_t row = 0; row < ROWS; row++) {
            assert_true(found.scores[row] >= 0 && found.scores[row] <= 1);
            if (!isnan(found.threshold))
                assert_int_equal(found.is_issue[row], (double)found.scores[row] < found.threshold);
            if (found.evidence) assert_true(found.evidence[row] >= -1 && found.evidence[row] < ROWS);
            issues += found.is_issue[row];
        }
        assert_int_equal(issues, found.issues);
        wn_check_result_clear(&found);
        wn_check_input some = all->input, nothing = {.rows = 3};
        for (some.rows = 0; some.rows < 2; some.rows++) {
            for (size_t n = 0; some.rows && n < K; n++) all->neighbours[n] = -1;
            run_check(check, &some, &none);
            assert_true(none.issues <= 1);
            wn_check_result_clear(&none);
        }
        find_neighbours(all);
        assert_int_equal(wn_check_run(check, NULL, &nothing, &none, &err), WN_INVALID);
        assert_non_null(strstr(err.message, check->name));
    }
    assert_null(wn_check_find("nonsense"));
    free(all);
}

/* The check calls the odd row the worst issue, and at most `most` rows issues at all. */
static void find_among(images *all, const char *name, size_t row, size_t most)
{
    wn_check_result found;
    run_check(wn_check_find(name), &all->input, &found);
    if (found.issues > most || !found.is_issue[row]) print_message("%s: %zu issues\n", name, found.issues);
    assert_true(found.issues <= most);
    assert_true(found.is_issue[row]);
    for (size_t other = 0; other < ROWS; other++) assert_true(found.scores[other] >= found.scores[row]);
    wn_check_result_clear(&found);
}

static void find_only(images *all, const char *name, size_t row)
{
    find_among(all, name, row, 1);
}

static void test_odd_rows(void **state)
{
    images *all = make_images(NULL);
    (void)state;
    all->damaged[3] = 1;
    find_only(all, "corrupt", 3);
    all->luminance[11] = 3;
    all->contrast[11] = 2.5f;
    find_only(all, "dark", 11);
    all->luminance[11] = 99;
    find_only(all, "bright", 11);
    all->luminance[11] = 50;
    all->contrast[11] = 1;
    find_only(all, "low-information", 11);
    all->sharpness[12] = 2;
    find_only(all, "blur", 12);
    all->noise[13] = 2;
    find_only(all, "noise", 13);
    all->uniform[14] = 0.5f;
    find_only(all, "striped", 14);
    for (size_t c = 0; c < 3; c++) all->mean[3 * 15 + c] = 90;
    find_only(all, "grey", 15);
    all->width[16] = 3000;
    all->height[16] = 2000;
    find_only(all, "odd-size", 16);
    all->width[17] = 1600;
    find_only(all, "odd-aspect", 17);
    find_among(all, "outlier", 150, 12); /* the corners of the square are far from its middle, too */
    find_among(all, "local-outlier", 150, 5);
    free(all);
}

/* Sides of up to 2.4 times those of most images are usual, also where the others are all of one size. */
static void test_odd_sizes(void **state)
{
    static const int32_t sizes[][3] = {{800, 600, 0},  {1200, 900, 0}, {240, 180, 0},
                                       {1280, 960, 1}, {160, 120, 1},  {68, 121, 1}};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    images *all = make_images(NULL);
    wn_check_result found;
    (void)state;
    for (size_t row = 0; row < ROWS; row++) {
        all->width[row] = row < COUNT ? sizes[row][0] : row % 2 ? 500 : 375;
        all->height[row] = row < COUNT ? sizes[row][1] : row % 2 ? 375 : 500;
    }
    run_check(wn_check_find("odd-size"), &all->input, &found);
    for (size_t row = 0; row < ROWS; row++) assert_int_equal(found.is_issue[row], row < COUNT ? sizes[row][2] : 0);
    wn_check_result_clear(&found);
    free(all);
}

static void test_duplicates(void **state)
{
    images *all = make_images(NULL);
    wn_check_result found;
    (void)state;
    memcpy(all->pixel_hashes + 16 * 90, all->pixel_hashes + 16 * 20, 16);
    memcpy(all->byte_hashes + 16 * 90, all->byte_hashes + 16 * 20, 16);
    memcpy(all->pixel_hashes + 16 * 91, all->pixel_hashes + 16 * 20, 16);
    memcpy(all->hashes + 4 * 90, all->hashes + 4 * 20, 32);
    run_check(wn_check_find("exact-duplicate"), &all->input, &found);
    assert_int_equal(found.issues, 2);
    assert_int_equal(found.evidence[90], 20);
    assert_int_equal(found.evidence[91], 20);
    assert_true(found.distances[90] == 0 && found.distances[91] > 0);
    wn_check_result_clear(&found);
    wn_picture_hash_turn(all->hashes + 4 * 20, 5, all->hashes + 4 * 33); /* a turned copy, ten bits off */
    all->hashes[4 * 33] ^= 0x3ff;
    run_check(wn_check_find("near-duplicate"), &all->input, &found);
    assert_int_equal(found.issues, 1); /* row 90 is told by the other check */
    assert_int_equal(found.evidence[33], 20);
    assert_true(fabsf(found.distances[33] - 10.0f / 256) < 1e-6f);
    wn_check_result_clear(&found);
    free(all);
}

/* The local outlier factor against its definition with everything written out. */
static void test_local_outlier_factor(void **state)
{
    images *all = make_images(NULL);
    static double reach[ROWS], density[ROWS];
    wn_check_result found;
    (void)state;
    run_check(wn_check_find("local-outlier"), &all->input, &found);
    for (size_t row = 0; row < ROWS; row++) reach[row] = (double)all->distances[row * K + K - 1];
    for (size_t row = 0; row < ROWS; row++) {
        double sum = 0;
        for (size_t i = 0; i < K; i++) {
            double d = (double)all->distances[row * K + i], r = reach[all->neighbours[row * K + i]];
            sum += d > r ? d : r;
        }
        density[row] = K / sum;
    }
    for (size_t row = 0; row < ROWS; row++) {
        double sum = 0;
        for (size_t i = 0; i < K; i++) sum += density[all->neighbours[row * K + i]] / density[row] / K;
        assert_true(fabs((double)found.scores[row] - 1 / fmax(1, sum)) < 1e-5);
    }
    wn_check_result_clear(&found);
    all->neighbours[7] = ROWS;
    wn_error err = {0};
    int64_t params[2] = {K, 0};
    assert_int_equal(wn_check_run(wn_check_find("local-outlier"), params, &all->input, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 200"));
    free(all);
}

/* Two images of another kind, near each other: the spread of all finds them where the distances to neighbours (here in
 * two of the numbers) find others first, whatever the number of threads; and equal rows have no outlier. There are
 * fewer axes than numbers, as the rows are few. */
static void test_planted_group(void **state)
{
    enum { PLANTED = 2, DIM = 40 };
    images *all = make_images(NULL);
    static float points[ROWS * DIM];
    wn_error err = {0};
    wn_pool *pool = NULL;
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 7, 0);
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t c = 0; c < DIM; c++)
            points[row * DIM + c] = row < PLANTED ? (c % 2 ? 3 : -3) : (c < 6 ? 2 : 1) * wn_rng_normal(&rng);
        for (size_t c = 0; c < 2; c++) all->points[2 * row + c] = points[row * DIM + c];
    }
    find_neighbours(all);
    assert_int_equal(wn_pool_new(3, 0, &pool, &err), WN_OK);
    all->input.embeddings = (wn_matrix){points, ROWS, DIM, DIM};
    wn_check_result by_neighbours, one, three;
    run_check(wn_check_find("outlier"), &all->input, &one);
    all->input.pool = pool;
    run_check(wn_check_find("outlier"), &all->input, &three);
    assert_memory_equal(one.scores, three.scores, ROWS * sizeof *one.scores);
    all->input.embeddings.data = NULL;
    run_check(wn_check_find("outlier"), &all->input, &by_neighbours);
    size_t worse = 0, missed = 0;
    for (size_t row = PLANTED; row < ROWS; row++) {
        worse += one.scores[row] < one.scores[0];
        missed += by_neighbours.scores[row] < by_neighbours.scores[0];
    }
    print_message("more outlying than the group: %zu by spread, %zu by neighbours\n", worse, missed);
    assert_true(worse <= 5);
    assert_true(missed > 10);
    wn_check_result_clear(&three);
    wn_check_result_clear(&by_neighbours);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) points[i] = (float)(i % DIM); /* equal rows */
    all->input.embeddings.data = points;
    wn_check_result_clear(&one);
    run_check(wn_check_find("outlier"), &all->input, &one);
    for (size_t row = 0; row < ROWS; row++) assert_true(one.scores[row] >= 0 && one.scores[row] <= 1);
    wn_check_result_clear(&one);
    wn_pool_free(&pool);
    free(all);
}

/* The entropy of the votes, counted anew; rows without label have no vote. */
static void test_ambiguous(void **state)
{
    images *all = make_images(NULL);
    wn_check_result found;
    size_t between = 0;
    wn_error err = {0};
    (void)state;
    run_check(wn_check_find("ambiguous"), &all->input, &found);
    for (size_t row = 0; row < ROWS; row++) {
        double votes[2] = {0}, entropy = 0, all_votes; /* of 10 neighbours */
        for (size_t i = 0; i < 10; i++) {
            int64_t label = all->labels[all->neighbours[row * K + i]];
            if (label >= 0) votes[label]++;
        }
        all_votes = votes[0] + votes[1];
        for (size_t c = 0; c < 2; c++)
            if (votes[c] > 0) entropy -= votes[c] / all_votes * log2(votes[c] / all_votes);
        assert_true(fabs((double)found.scores[row] - (1 - entropy)) < 1e-6);
        if (!found.is_issue[row] || all->labels[row] < 0) continue;
        assert_int_equal(all->labels[found.evidence[row]], 1 - all->labels[row]);
        between++;
    }
    assert_true(between > 5 && between < ROWS / 2);
    wn_check_result_clear(&found);
    all->labels[5] = 2;
    int64_t params[2] = {K, 0};
    assert_int_equal(wn_check_run(wn_check_find("ambiguous"), params, &all->input, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 5"));
    free(all);
}

/* Three heaps; the labels of the last are drawn. All of it is called, and nothing else. */
static void test_underperforming_group(void **state)
{
    images *all = make_images(NULL);
    wn_check_result found;
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 9, 1);
    for (size_t row = 0; row < ROWS; row++) {
        int heap = row < 80 ? 0 : row < 160 ? 1 : 2;
        all->points[2 * row] = (heap == 1 ? 5.0f : 0) + 0.1f * wn_rng_normal(&rng);
        all->points[2 * row + 1] = (heap == 2 ? 5.0f : 0) + 0.1f * wn_rng_normal(&rng);
        all->labels[row] = heap < 2 ? heap : (int64_t)wn_rng_below(&rng, 5);
    }
    all->input.classes = 5;
    find_neighbours(all);
    run_check(wn_check_find("underperforming-group"), &all->input, &found);
    for (size_t row = 0; row < ROWS; row++) assert_int_equal(found.is_issue[row], row >= 160);
    assert_true(found.figure > 0.75 && found.figure < 0.95);
    wn_check_result_clear(&found);
    free(all);
}

/* Points in any order, then in that of one coordinate. */
static void test_non_iid(void **state)
{
    images *all = make_images(NULL);
    wn_check_result found;
    (void)state;
    run_check(wn_check_find("non-iid"), &all->input, &found);
    assert_true(found.figure > 0.1 && found.issues == 0);
    wn_check_result_clear(&found);
    for (size_t row = 0; row < ROWS; row++) all->points[2 * row] = (float)row / ROWS;
    find_neighbours(all);
    run_check(wn_check_find("non-iid"), &all->input, &found);
    assert_true(fabs(found.figure - 0.01) < 1e-9); /* no shuffled order of 99 is as telling */
    assert_int_equal(found.issues, 1);
    wn_check_result_clear(&found);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_odd_rows),
        cmocka_unit_test(test_odd_sizes),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_local_outlier_factor),
        cmocka_unit_test(test_planted_group),
        cmocka_unit_test(test_ambiguous),
        cmocka_unit_test(test_underperforming_group),
        cmocka_unit_test(test_non_iid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
