/* SPDX-License-Identifier: Apache-2.0
 *
 * Duplicates and neighbour votes against searches written out in full.
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
#include "winnow/memory.h"
#include "winnow/quality.h"

static void test_exact_duplicates(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    static uint8_t hashes[ROWS * 16], valid[ROWS];
    wn_duplicates found;
    wn_rng rng;
    size_t at = 0, groups = 0, invalid = 0;
    wn_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < ROWS; i++) {
        hashes[i * 16 + 3] = (uint8_t)wn_rng_below(&rng, 200); /* hashes that differ in one byte only */
        valid[i] = wn_rng_below(&rng, 10) > 0;
        invalid += !valid[i];
    }
    assert_int_equal(wn_duplicates_find_exact(hashes, valid, ROWS, &found, NULL), WN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        bool leads = valid[i], any = false;
        for (size_t j = 0; j < i; j++) leads = leads && !(valid[j] && !memcmp(hashes + j * 16, hashes + i * 16, 16));
        for (size_t j = i + 1; leads && j < ROWS; j++) {
            if (!valid[j] || memcmp(hashes + j * 16, hashes + i * 16, 16) != 0) continue;
            assert_true(at < found.len);
            assert_int_equal(found.pairs[at].from, i);
            assert_int_equal(found.pairs[at].to, j);
            assert_true(found.pairs[at].similarity == 1.0f);
            any = true;
            at++;
        }
        groups += any;
    }
    assert_int_equal(found.len, at);
    assert_int_equal(found.groups, groups);
    assert_int_equal(found.skipped, invalid);
    wn_duplicates_clear(&found);
    assert_int_equal(wn_duplicates_find_exact(NULL, NULL, 0, &found, NULL), WN_OK);
    assert_int_equal(found.len, 0);
    wn_duplicates_clear(&found);
}

static unsigned bits_between(uint64_t a, uint64_t b)
{
    unsigned bits = 0;
    for (uint64_t x = a ^ b; x; x &= x - 1) bits++;
    return bits;
}

/* The rule row by row, with nothing clever. */
static size_t plain_near(const uint64_t *hashes, size_t rows, unsigned max_bits, wn_duplicate *pairs, size_t *groups,
                         size_t *skipped)
{
    size_t *leaders = malloc(rows * sizeof *leaders), count = 0, len = 0;
    *groups = *skipped = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t at = 0;
        unsigned set = bits_between(hashes[i], 0);
        if (set < 8 || set > 56) {
            ++*skipped;
            continue;
        }
        while (at < count && bits_between(hashes[leaders[at]], hashes[i]) > max_bits) at++;
        if (at == count) {
            leaders[count++] = i;
        } else {
            float similarity = 1 - (float)bits_between(hashes[leaders[at]], hashes[i]) / 64;
            pairs[len++] = (wn_duplicate){(int64_t)leaders[at], (int64_t)i, similarity};
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < len; j++) {
            if (pairs[j].from == (int64_t)leaders[i]) {
                ++*groups;
                break;
            }
        }
    }
    free(leaders);
    return len;
}

static int compare_pairs(const void *a, const void *b)
{
    const wn_duplicate *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void test_near_duplicates(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    static uint64_t hashes[ROWS];
    static wn_duplicate pairs[ROWS];
    wn_pool *pool = NULL;
    wn_rng rng;
    assert_int_equal(wn_pool_new(3, 0, &pool, NULL), WN_OK);
    for (unsigned max_bits = 0; max_bits <= 16; max_bits += 1 + max_bits / 4) {
        wn_duplicates found;
        wn_error err = {0};
        size_t groups, skipped;
        wn_rng_init(&rng, max_bits, 0);
        for (size_t i = 0; i < ROWS; i++) {
            hashes[i] = wn_rng_u64(&rng);
            if (i && wn_rng_below(&rng, 2)) { /* a near copy of an earlier row, in chains */
                hashes[i] = hashes[wn_rng_below(&rng, (uint32_t)i)];
                for (uint32_t n = wn_rng_below(&rng, max_bits + 3); n > 0; n--)
                    hashes[i] ^= (uint64_t)1 << wn_rng_below(&rng, 64);
            }
            if (i % 50 == 0) hashes[i] = 0; /* flat images */
            if (i % 50 == 1) hashes[i] = UINT64_MAX ^ 1;
        }
        size_t len = plain_near(hashes, ROWS, max_bits, pairs, &groups, &skipped);
        qsort(pairs, len, sizeof *pairs, compare_pairs);
        if (wn_duplicates_find_near(hashes, NULL, ROWS, max_bits, 8, pool, NULL, &found, &err))
            fail_msg("%s", err.message);
        assert_int_equal(found.len, len);
        assert_int_equal(found.groups, groups);
        assert_int_equal(found.skipped, skipped);
        for (size_t i = 0; i < len; i++) {
            assert_int_equal(found.pairs[i].from, pairs[i].from);
            assert_int_equal(found.pairs[i].to, pairs[i].to);
            assert_true(found.pairs[i].similarity == pairs[i].similarity);
        }
        wn_duplicates_clear(&found);
    }
    wn_pool_free(&pool);
}

static void test_hashes_all_equal(void **state)
{
    (void)state;
    enum { ROWS = 200000 };
    uint64_t *hashes = calloc(ROWS, sizeof *hashes);
    wn_duplicates found;
    assert_int_equal(wn_duplicates_find_near(hashes, NULL, ROWS, 4, 8, NULL, NULL, &found, NULL), WN_OK);
    assert_int_equal(found.len, 0);
    assert_int_equal(found.skipped, ROWS);
    wn_duplicates_clear(&found);
    assert_int_equal(wn_duplicates_find_near(hashes, NULL, ROWS, 4, 0, NULL, NULL, &found, NULL), WN_OK);
    assert_int_equal(found.len, ROWS - 1);
    assert_int_equal(found.groups, 1);
    wn_duplicates_clear(&found);
    wn_error err = {0};
    assert_int_equal(wn_duplicates_find_near(hashes, NULL, ROWS, 17, 0, NULL, NULL, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "17"));
    free(hashes);
}

enum { TRAIN = 900, TEST = 300, DIM = 9, CLASSES = 7 };

static float train[TRAIN * DIM], test[TEST * DIM];
static int64_t train_labels[TRAIN], test_labels[TEST];

static void fill_rows(float *rows, int64_t *labels, size_t n, wn_rng *rng)
{
    for (size_t i = 0; i < n; i++) {
        labels[i] = (int64_t)wn_rng_below(rng, CLASSES) * 1000 - (wn_rng_below(rng, 20) == 0 ? 9999 : 0);
        float length = 0.5f + 3 * wn_rng_uniform(rng);
        for (size_t k = 0; k < DIM; k++)
            rows[i * DIM + k] = length * (wn_rng_normal(rng) + ((int64_t)k * 1000 == labels[i] ? 1.5f : 0));
    }
}

static double plain_cosine(const float *a, const float *b)
{
    double product = 0, x = 0, y = 0;
    for (size_t k = 0; k < DIM; k++) {
        product += (double)a[k] * (double)b[k];
        x += (double)a[k] * (double)a[k];
        y += (double)b[k] * (double)b[k];
    }
    return product / sqrt(x * y);
}

/* Label of the winner; *five tells whether `truth` is among the five best. `skip` is a training row left out. */
static int64_t plain_vote(const float *row, size_t skip, size_t k, double temperature, int64_t truth, bool *five)
{
    double sims[TRAIN], votes[CLASSES] = {0};
    size_t better = 0;
    int winner = 0;
    for (size_t i = 0; i < TRAIN; i++)
        sims[i] = train_labels[i] < 0 || i == skip ? -INFINITY : plain_cosine(row, train + i * DIM);
    for (size_t n = 0; n < k; n++) {
        size_t best = 0;
        for (size_t i = 1; i < TRAIN; i++) best = sims[i] > sims[best] ? i : best;
        if (isinf(sims[best])) break;
        votes[train_labels[best] / 1000] += exp(sims[best] / temperature);
        sims[best] = -INFINITY;
    }
    for (int i = 1; i < CLASSES; i++) winner = votes[i] > votes[winner] ? i : winner;
    for (int i = 0; i < CLASSES; i++)
        better += votes[i] > votes[truth / 1000] || (votes[i] == votes[truth / 1000] && i < truth / 1000);
    *five = better < 5;
    return winner * 1000;
}

static void check_votes(bool leave_out, size_t k, double temperature, wn_pool *pool)
{
    static int64_t predictions[TRAIN];
    wn_knn_result result;
    wn_error err = {0};
    size_t right = 0, five = 0, count = 0, rows = leave_out ? TRAIN : TEST;
    const int64_t *labels = leave_out ? train_labels : test_labels;
    wn_knn_request request = {.train = {train, TRAIN, DIM, DIM},
                              .train_labels = train_labels,
                              .k = k,
                              .temperature = temperature,
                              .pool = pool};
    if (!leave_out) {
        request.test = (wn_matrix){test, TEST, DIM, DIM};
        request.test_labels = test_labels;
    }
    if (wn_evaluate_knn(&request, predictions, &result, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < rows; i++) {
        bool among;
        if (labels[i] < 0) {
            assert_int_equal(predictions[i], -1);
            continue;
        }
        int64_t want =
            plain_vote((leave_out ? train : test) + i * DIM, leave_out ? i : TRAIN, k, temperature, labels[i], &among);
        assert_int_equal(predictions[i], want);
        right += want == labels[i];
        five += among;
        count++;
    }
    assert_int_equal(result.rows_test, count);
    assert_int_equal(result.classes, CLASSES);
    assert_true(fabs(result.accuracy - (double)right / (double)count) < 1e-12);
    assert_true(fabs(result.top5 - (double)five / (double)count) < 1e-12);
    assert_true(result.accuracy > 0.3 && result.accuracy < 0.95);
}

static void test_neighbour_votes(void **state)
{
    (void)state;
    wn_pool *pool = NULL;
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    fill_rows(train, train_labels, TRAIN, &rng);
    fill_rows(test, test_labels, TEST, &rng);
    assert_int_equal(wn_pool_new(3, 0, &pool, NULL), WN_OK);
    check_votes(false, 20, 0.1, pool);
    check_votes(false, 5, 0.07, NULL);
    check_votes(false, 1, 0.1, NULL);
    check_votes(false, 3, 0.0015, NULL);
    check_votes(false, 100000, 0.1, NULL);
    check_votes(true, 20, 0.1, pool);
    check_votes(true, 1, 0.1, NULL);
    wn_pool_free(&pool);
}

static void test_vote_refusals(void **state)
{
    (void)state;
    static int64_t none[TRAIN];
    wn_knn_result result;
    wn_error err = {0};
    wn_knn_request good = {.train = {train, TRAIN, DIM, DIM},
                           .train_labels = train_labels,
                           .test = {test, TEST, DIM, DIM},
                           .test_labels = test_labels,
                           .k = 5,
                           .temperature = 0.1};
    wn_knn_request bad = good;
    bad.k = 0;
    assert_int_equal(wn_evaluate_knn(&bad, NULL, &result, &err), WN_INVALID);
    bad = good;
    bad.temperature = 0;
    assert_int_equal(wn_evaluate_knn(&bad, NULL, &result, &err), WN_INVALID);
    bad = good;
    bad.test.cols = DIM - 1;
    assert_int_equal(wn_evaluate_knn(&bad, NULL, &result, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "8"));
    bad = good;
    for (size_t i = 0; i < TRAIN; i++) none[i] = -1;
    bad.train_labels = none;
    assert_int_equal(wn_evaluate_knn(&bad, NULL, &result, &err), WN_INVALID);
    test[5 * DIM] = INFINITY;
    assert_int_equal(wn_evaluate_knn(&good, NULL, &result, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 5 "));
    test[5 * DIM] = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_duplicates), cmocka_unit_test(test_near_duplicates),
        cmocka_unit_test(test_hashes_all_equal), cmocka_unit_test(test_neighbour_votes),
        cmocka_unit_test(test_vote_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
