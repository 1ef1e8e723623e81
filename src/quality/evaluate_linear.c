/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear probe: multinomial logistic regression on the embeddings (softmax_fit.h), judged on rows that it did not see.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "quality/softmax_fit.h"
#include "winnow/evaluate.h"
#include "winnow/memory.h"

enum { STEPS_MAX = 300 };

typedef struct linear {
    const wn_linear_request *request;
    int64_t *classes; /* ascending labels of the training rows */
    size_t class_count;
    uint32_t *train, *test; /* rows with labels */
    size_t train_len, test_len;
    int32_t *indices; /* class of each training row, by row number */
    double *mean, *weights;
    float *centre, *probabilities;
    float scale;
} linear;

static int compare_labels(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static uint32_t *list_rows(const int64_t *labels, size_t rows, size_t *len)
{
    uint32_t *list = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *list);
    *len = 0;
    for (size_t i = 0; list && i < rows; i++) {
        if (labels[i] >= 0) list[(*len)++] = (uint32_t)i;
    }
    return list;
}

static int32_t class_of(const linear *l, int64_t label)
{
    const int64_t *at = bsearch(&label, l->classes, l->class_count, sizeof label, compare_labels);
    return at ? (int32_t)(at - l->classes) : -1;
}

static wn_status list_classes(linear *l, wn_error *err)
{
    const wn_linear_request *r = l->request;
    l->train = list_rows(r->train_labels, r->train.rows, &l->train_len);
    l->test = list_rows(r->test_labels, r->test.rows, &l->test_len);
    l->classes = wn_alloc(WN_MEMORY_MATRIX, l->train_len + 1, sizeof *l->classes);
    l->indices = wn_alloc(WN_MEMORY_MATRIX, r->train.rows + 1, sizeof *l->indices);
    if (!l->train || !l->test || !l->classes || !l->indices) return wn_fail(err, WN_NOMEM, "out of memory for labels");
    for (size_t i = 0; i < l->train_len; i++) l->classes[i] = r->train_labels[l->train[i]];
    qsort(l->classes, l->train_len, sizeof *l->classes, compare_labels);
    for (size_t i = 0; i < l->train_len; i++) {
        if (i == 0 || l->classes[i] != l->classes[i - 1]) l->classes[l->class_count++] = l->classes[i];
    }
    if (l->class_count < 2)
        return wn_fail(err, WN_INVALID, "the training rows have %s; a probe needs two classes",
                       l->class_count ? "one label" : "no labels");
    if (l->test_len == 0) return wn_fail(err, WN_INVALID, "no test row has a label; a probe needs one");
    for (size_t i = 0; i < r->train.rows; i++) l->indices[i] = class_of(l, r->train_labels[i]);
    return WN_OK;
}

/* Rows are centred, and scaled to a mean variance of 1, so that one penalty suits all embeddings. */
static wn_status find_scale(linear *l, wn_error *err)
{
    const wn_matrix *x = &l->request->train;
    double squares = 0.0;
    l->mean = wn_alloc(WN_MEMORY_MATRIX, x->cols, sizeof *l->mean);
    l->centre = wn_alloc(WN_MEMORY_MATRIX, x->cols, sizeof *l->centre);
    l->weights = wn_calloc(WN_MEMORY_MATRIX, l->class_count * (x->cols + 1), sizeof *l->weights);
    l->probabilities = wn_alloc(WN_MEMORY_MATRIX, l->test_len * l->class_count, sizeof *l->probabilities);
    if (!l->mean || !l->centre || !l->weights || !l->probabilities)
        return wn_fail(err, WN_NOMEM, "out of memory for a probe of %zu classes", l->class_count);
    WN_TRY(wn_linear_mean(x, l->request->pool, l->mean, err));
    for (size_t j = 0; j < x->cols; j++) l->centre[j] = (float)l->mean[j];
    for (size_t i = 0; i < l->train_len; i++) {
        const float *row = x->data + (size_t)l->train[i] * x->stride;
        for (size_t j = 0; j < x->cols; j++) squares += pow((double)row[j] - l->mean[j], 2);
    }
    squares /= (double)l->train_len * (double)x->cols;
    l->scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 1.0F;
    return WN_OK;
}

static void count_right(const linear *l, int64_t *predictions, wn_knn_result *out)
{
    const wn_linear_request *r = l->request;
    size_t right = 0, among = 0;
    for (size_t i = 0; i < r->test.rows && predictions; i++) predictions[i] = -1;
    for (size_t i = 0; i < l->test_len; i++) {
        const float *p = l->probabilities + i * l->class_count;
        const int32_t truth = class_of(l, r->test_labels[l->test[i]]);
        size_t best = 0, better = 0;
        for (size_t c = 1; c < l->class_count; c++) best = p[c] > p[best] ? c : best;
        for (size_t c = 0; c < l->class_count && truth >= 0; c++) better += p[c] > p[truth];
        right += truth == (int32_t)best;
        among += truth >= 0 && better < 5;
        if (predictions) predictions[l->test[i]] = l->classes[best];
    }
    *out = (wn_knn_result){.accuracy = (double)right / (double)l->test_len,
                           .top5 = (double)among / (double)l->test_len,
                           .rows_train = l->train_len,
                           .rows_test = l->test_len,
                           .classes = l->class_count};
}

static wn_status check_request(const wn_linear_request *r, wn_error *err)
{
    if (!r->train_labels || !r->test_labels || !r->test.data)
        return wn_fail(err, WN_INVALID, "a probe needs training and test rows, both with labels");
    if (r->train.cols == 0 || r->train.cols != r->test.cols)
        return wn_fail(err, WN_INVALID,
                       "training rows have %zu dimensions, test rows %zu; both must come from one model", r->train.cols,
                       r->test.cols);
    if (r->train.rows >= UINT32_MAX || r->test.rows >= UINT32_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "more rows than 32 bits count");
    if (!(r->penalty >= 0.0 && isfinite(r->penalty)))
        return wn_fail(err, WN_INVALID, "the penalty %g is not 0 or above", r->penalty);
    WN_TRY(wn_matrix_check_finite(&r->train, "training embeddings", r->pool, err));
    return wn_matrix_check_finite(&r->test, "test embeddings", r->pool, err);
}

wn_status wn_evaluate_linear(const wn_linear_request *request, int64_t *predictions, wn_knn_result *out, wn_error *err)
{
    linear l = {.request = request};
    wn_status status;
    *out = (wn_knn_result){0};
    if ((status = check_request(request, err))) return status;
    if ((status = list_classes(&l, err)) || (status = find_scale(&l, err))) goto done;
    wn_softmax_data data = {.x = request->train,
                            .mean = l.centre,
                            .scale = l.scale,
                            .rows = l.train,
                            .len = l.train_len,
                            .labels = l.indices,
                            .classes = l.class_count,
                            .penalty = request->penalty > 0.0 ? request->penalty : 1.0 / (double)l.train_len,
                            .pool = request->pool};
    if ((status = wn_softmax_fit(&data, STEPS_MAX, request->progress, l.weights, NULL, err))) goto done;
    data.x = request->test;
    data.rows = l.test;
    data.len = l.test_len;
    if ((status = wn_softmax_predict(&data, l.weights, l.probabilities, err))) goto done;
    count_right(&l, predictions, out);
done:
    wn_free(l.probabilities);
    wn_free(l.weights);
    wn_free(l.centre);
    wn_free(l.mean);
    wn_free(l.indices);
    wn_free(l.classes);
    wn_free(l.test);
    wn_free(l.train);
    return status;
}
