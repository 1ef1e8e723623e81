/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear probe by cross-validation: each fifth of the rows is judged by a model of the others.
 */
#include "base/error.h"
#include "base/rng.h"
#include "winnow/evaluate.h"
#include "winnow/memory.h"

enum { FOLDS = 5 };

/* Rows with a label in a random order take folds in turn, so that all are of one size. */
static wn_status draw_folds(const int64_t *labels, size_t rows, uint64_t seed, uint8_t *folds, size_t *labelled,
                            wn_error *err)
{
    uint32_t *order = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *order);
    size_t count = 0;
    wn_rng rng;
    if (!order) return wn_fail(err, WN_NOMEM, "no memory for %zu rows", rows);
    wn_rng_init(&rng, seed, 5);
    for (size_t i = 0; i < rows; i++) {
        folds[i] = FOLDS;
        if (labels[i] >= 0) order[count++] = (uint32_t)i;
    }
    for (size_t i = count; i > 1; i--) {
        const uint32_t j = wn_rng_below(&rng, (uint32_t)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < count; i++) folds[order[i]] = (uint8_t)(i % FOLDS);
    wn_free(order);
    *labelled = count;
    return count >= FOLDS ? WN_OK
                          : wn_fail(err, WN_INVALID, "%zu rows have a label; cross-validation needs %d", count, FOLDS);
}

static wn_status judge(const wn_linear_request *request, const uint8_t *folds, int64_t *train, int64_t *test,
                       wn_knn_result *out, wn_error *err)
{
    const size_t rows = request->train.rows;
    double right = 0.0, among = 0.0;
    for (int fold = 0; fold < FOLDS; fold++) {
        wn_knn_result part;
        wn_linear_request r = *request;
        for (size_t i = 0; i < rows; i++) {
            train[i] = folds[i] == fold ? -1 : request->train_labels[i];
            test[i] = folds[i] == fold ? request->train_labels[i] : -1;
        }
        r.train_labels = train;
        r.test = request->train;
        r.test_labels = test;
        WN_TRY(wn_evaluate_linear(&r, NULL, &part, err));
        right += part.accuracy * (double)part.rows_test;
        among += part.top5 * (double)part.rows_test;
        if (part.classes > out->classes) out->classes = part.classes;
    }
    out->accuracy = right / (double)out->rows_test;
    out->top5 = among / (double)out->rows_test;
    return WN_OK;
}

wn_status wn_evaluate_linear_folds(const wn_linear_request *request, uint64_t seed, wn_knn_result *out, wn_error *err)
{
    const size_t rows = request->train.rows;
    uint8_t *folds = wn_alloc(WN_MEMORY_MATRIX, rows + 1, 1);
    int64_t *train = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *train);
    int64_t *test = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *test);
    *out = (wn_knn_result){0};
    wn_status status =
        folds && train && test ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the labels of %zu rows", rows);
    if (!status) status = draw_folds(request->train_labels, rows, seed, folds, &out->rows_test, err);
    if (!status) {
        out->rows_train = out->rows_test - out->rows_test / FOLDS;
        status = judge(request, folds, train, test, out, err);
    }
    wn_free(test);
    wn_free(train);
    wn_free(folds);
    return status;
}
