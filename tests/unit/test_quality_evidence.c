/* SPDX-License-Identifier: Apache-2.0
 *
 * Label errors from embeddings: the gradient by differences, the noise matrix and the errors of blobs whose labels were
 * changed on purpose.
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
#include "quality/label_votes.h"
#include "quality/softmax_fit.h"
#include "winnow/index.h"
#include "winnow/labels.h"
#include "winnow/memory.h"

enum { DIM = 6, CLASSES = 4 };

static void test_gradient(void **state)
{
    enum { ROWS = 50, ALL = CLASSES * (DIM + 1) };
    float x[ROWS * DIM], mean[DIM] = {0.1f, -0.2f};
    int32_t labels[ROWS];
    uint32_t rows[ROWS];
    double weights[ALL], gradient[ALL], other[ALL], up, down, loss;
    wn_rng rng;
    (void)state;
    wn_rng_init(&rng, 4, 0);
    for (size_t i = 0; i < ROWS * DIM; i++) x[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < ALL; i++) weights[i] = (double)wn_rng_normal(&rng);
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = i;
        labels[i] = (int32_t)wn_rng_below(&rng, CLASSES);
    }
    wn_softmax_data data = {.x = {x, ROWS, DIM, DIM},
                            .mean = mean,
                            .scale = 0.7f,
                            .rows = rows,
                            .len = ROWS,
                            .labels = labels,
                            .classes = CLASSES,
                            .penalty = 0.05};
    assert_int_equal(wn_softmax_gradient(&data, weights, &loss, gradient, NULL), WN_OK);
    for (size_t i = 0; i < ALL; i++) {
        double at = weights[i], step = 0.01;
        weights[i] = at + step;
        assert_int_equal(wn_softmax_gradient(&data, weights, &up, other, NULL), WN_OK);
        weights[i] = at - step;
        assert_int_equal(wn_softmax_gradient(&data, weights, &down, other, NULL), WN_OK);
        weights[i] = at;
        assert_true(fabs((up - down) / (2 * step) - gradient[i]) < 2e-4);
    }
    assert_int_equal(wn_softmax_fit(&data, 200, NULL, weights, &loss, NULL), WN_OK);
    assert_int_equal(wn_softmax_gradient(&data, weights, &up, gradient, NULL), WN_OK);
    for (size_t i = 0; i < ALL; i++) assert_true(fabs(gradient[i]) < 2e-3);
}

/* Blobs at the corners of a simplex; `share` of the labels of class k become class (k + 1) % CLASSES. */
typedef struct blobs {
    size_t rows;
    float *x;
    int64_t *truth, *labels;
    wn_neighbours near;
} blobs;

static blobs make_blobs(size_t rows, float spread, double share, wn_pool *pool)
{
    blobs b = {.rows = rows};
    wn_rng rng;
    b.x = calloc(rows * DIM, sizeof *b.x);
    b.truth = calloc(rows, sizeof *b.truth);
    b.labels = calloc(rows, sizeof *b.labels);
    wn_rng_init(&rng, 6, 0);
    for (size_t row = 0; row < rows; row++) {
        b.truth[row] = (int64_t)wn_rng_below(&rng, CLASSES);
        for (size_t c = 0; c < DIM; c++)
            b.x[row * DIM + c] = spread * wn_rng_normal(&rng) + ((int64_t)c == b.truth[row] ? 1.0f : 0.0f);
        b.labels[row] = (double)wn_rng_uniform(&rng) < share ? (b.truth[row] + 1) % CLASSES : b.truth[row];
    }
    wn_neighbours_request request = {
        .embeddings = {b.x, rows, DIM, DIM}, .k = 15, .metric = WN_INDEX_METRIC_COSINE, .pool = pool};
    assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &request, &b.near, NULL), WN_OK);
    return b;
}

static void free_blobs(blobs *b)
{
    wn_neighbours_clear(&b->near);
    free(b->labels);
    free(b->truth);
    free(b->x);
}

static wn_label_evidence_request request_of(const blobs *b, wn_pool *pool)
{
    return (wn_label_evidence_request){.embeddings = {b->x, b->rows, DIM, DIM},
                                       .labels = b->labels,
                                       .ids = b->near.ids,
                                       .distances = b->near.distances,
                                       .k = b->near.k,
                                       .pool = pool};
}

static void test_noise_and_errors(void **state)
{
    blobs b = make_blobs(2000, 0.12f, 0.25, NULL);
    wn_label_evidence_request request = request_of(&b, NULL);
    wn_label_evidence found;
    size_t wrong = 0, both = 0;
    (void)state;
    assert_int_equal(wn_labels_find_evidence(&request, &found, NULL), WN_OK);
    assert_true(fabs(found.noise_share - 0.25) < 0.04);
    for (size_t i = 0; i < CLASSES; i++) {
        assert_true(fabs(found.noise[i * CLASSES + i] - 0.75) < 0.06);
        assert_true(fabs(found.noise[i * CLASSES + (i + 1) % CLASSES] - 0.25) < 0.06);
    }
    for (size_t row = 0; row < b.rows; row++) {
        bool bad = b.labels[row] != b.truth[row];
        wrong += bad;
        both += bad && found.issues.issues[row];
        assert_true(found.issues.scores[row] >= 0 && found.issues.scores[row] <= 1);
    }
    assert_true(both > wrong * 9 / 10 && found.issues.len < wrong * 11 / 10);
    assert_true(found.issues.calibrated > wrong * 9 / 10 && found.issues.calibrated < wrong * 11 / 10);
    size_t right = 0; /* of those with the lowest scores, nearly all are wrong, and the suggestion is the truth */
    for (size_t i = 0; i < 100; i++) {
        size_t row = (size_t)found.issues.ranked[i];
        right += b.labels[row] != b.truth[row] && found.issues.suggested[row] == b.truth[row];
    }
    assert_true(right > 95);
    wn_label_evidence_clear(&found);
    free_blobs(&b);
}

static void test_threads(void **state)
{
    static const unsigned threads[3] = {1, 2, 7};
    wn_label_evidence first = {0};
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads[t], 0, &pool, NULL), WN_OK);
        blobs b = make_blobs(3000, 0.4f, 0.2, pool);
        b.labels[17] = b.labels[2900] = -1;
        wn_label_evidence_request request = request_of(&b, pool);
        wn_label_evidence found;
        assert_int_equal(wn_labels_find_evidence(&request, &found, NULL), WN_OK);
        assert_true(isnan(found.issues.scores[17]));
        assert_int_equal(found.issues.unlabelled, 2);
        if (t == 0) {
            first = found;
        } else {
            assert_memory_equal(first.issues.scores, found.issues.scores, b.rows * sizeof(float));
            assert_memory_equal(first.issues.issues, found.issues.issues, b.rows);
            wn_label_evidence_clear(&found);
        }
        free_blobs(&b);
        wn_pool_free(&pool);
    }
    wn_label_evidence_clear(&first);
}

static void test_bad_input(void **state)
{
    blobs b = make_blobs(10, 0.1f, 0, NULL);
    wn_label_evidence_request request = request_of(&b, NULL);
    wn_label_evidence found;
    wn_error err = {0};
    (void)state;
    for (size_t row = 0; row < b.rows; row++) b.labels[row] = 0;
    assert_int_equal(wn_labels_find_evidence(&request, &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "fewer than two classes"));
    b.labels[3] = (int64_t)1 << 40;
    assert_int_equal(wn_labels_find_evidence(&request, &found, &err), WN_UNSUPPORTED);
    for (size_t row = 0; row < b.rows; row++) b.labels[row] = row == 3 ? 1 : -1; /* nobody to vote, one row to learn */
    assert_int_equal(wn_labels_find_evidence(&request, &found, &err), WN_OK);
    assert_int_equal(found.issues.unlabelled, 9);
    wn_label_evidence_clear(&found);
    free_blobs(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient), cmocka_unit_test(test_noise_and_errors),
                                       cmocka_unit_test(test_threads), cmocka_unit_test(test_bad_input)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
