/* SPDX-License-Identifier: Apache-2.0
 *
 * Each fold's model is fitted on the rows of the other folds and asked about its own.
 */
#include "quality/probe.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "quality/softmax_fit.h"
#include "winnow/memory.h"

typedef struct probe {
    const wn_probe_request *request;
    uint8_t *fold;          /* rows */
    uint32_t *learn, *tell; /* rows of the fold in hand */
    double *mean, *weights;
    float *shift;
    float *answers; /* rows of a fold x classes */
    wn_softmax_data data;
} probe;

static wn_status set_scale(probe *s, wn_error *err)
{
    const wn_matrix *x = &s->request->embeddings;
    double squares = 0;
    WN_TRY(wn_linear_mean(x, s->request->pool, s->mean, err));
    for (size_t c = 0; c < x->cols; c++) s->shift[c] = (float)s->mean[c];
    for (size_t row = 0; row < x->rows; row++) {
        const float *values = wn_matrix_row(x, row);
        double sum = 0;
        for (size_t c = 0; c < x->cols; c++) sum += ((double)values[c] - s->mean[c]) * ((double)values[c] - s->mean[c]);
        squares += sum;
    }
    double deviation = sqrt(squares / (double)x->rows / (double)x->cols);
    s->data.scale = deviation > 0 ? (float)(1 / deviation) : 1;
    return WN_OK;
}

static void set_folds(probe *s, size_t *counts)
{
    const wn_probe_request *request = s->request;
    for (size_t row = 0; row < request->embeddings.rows; row++) {
        int32_t label = request->labels[row];
        size_t turn = label < 0 ? 0 : counts[label]++;
        s->fold[row] = (uint8_t)(turn % request->folds);
    }
}

/* Rows to learn from, thinned evenly to the most that is allowed, and rows to tell about. */
static void list_rows(probe *s, size_t fold, size_t *told)
{
    const wn_probe_request *request = s->request;
    size_t rows = request->embeddings.rows, all = 0;
    *told = 0;
    for (size_t row = 0; row < rows; row++) {
        if (s->fold[row] == fold) {
            s->tell[(*told)++] = (uint32_t)row;
        } else if (request->labels[row] >= 0) {
            s->learn[all++] = (uint32_t)row;
        }
    }
    size_t keep = request->most_rows && all > request->most_rows ? request->most_rows : all;
    for (size_t i = 0; keep < all && i < keep; i++)
        s->learn[i] = s->learn[(size_t)((double)i * (double)all / (double)keep)];
    s->data.rows = s->learn;
    s->data.len = keep;
}

/* Mean loss of the labels of data->rows under the answers. */
static double get_loss(const probe *s, size_t told)
{
    double sum = 0;
    for (size_t i = 0; i < told; i++) {
        float p = s->answers[i * s->request->classes + (size_t)s->request->labels[s->tell[i]]];
        sum -= log(p > 1e-30f ? (double)p : 1e-30);
    }
    return told ? sum / (double)told : 0;
}

static size_t thin(uint32_t *rows, size_t len, size_t most)
{
    if (len <= most) return len;
    for (size_t i = 0; i < most; i++) rows[i] = rows[(size_t)((double)i * (double)len / (double)most)];
    return most;
}

/* The penalty under which a model of some rows of the other folds tells the labels of the first fold best; from the
 * largest down, each fit starting where the one before ended, until the loss rises. */
static wn_status choose_penalty(probe *s, wn_error *err)
{
    enum { LEARN = 20000, TELL = 10000, STEPS = 40 };
    static const double penalties[] = {1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003};
    const wn_probe_request *request = s->request;
    size_t told = 0, kept = 0, all = request->classes * (request->embeddings.cols + 1);
    double best = INFINITY;
    s->data.penalty = penalties[0];
    list_rows(s, 0, &told);
    for (size_t i = 0; i < told; i++) {
        if (request->labels[s->tell[i]] >= 0) s->tell[kept++] = s->tell[i];
    }
    told = thin(s->tell, kept, TELL);
    size_t learnt = thin(s->learn, s->data.len, LEARN);
    memset(s->weights, 0, all * sizeof *s->weights);
    for (size_t i = 0; learnt && told && i < sizeof penalties / sizeof *penalties; i++) {
        wn_softmax_data data = s->data;
        data.penalty = penalties[i];
        data.rows = s->learn;
        data.len = learnt;
        WN_TRY(wn_softmax_fit(&data, STEPS, request->progress, s->weights, NULL, err));
        data.rows = s->tell;
        data.len = told;
        WN_TRY(wn_softmax_predict(&data, s->weights, s->answers, err));
        double loss = get_loss(s, told);
        if (!(loss < best)) break;
        best = loss;
        s->data.penalty = penalties[i];
    }
    return WN_OK;
}

static wn_status run_fold(probe *s, size_t fold, float *probabilities, wn_error *err)
{
    const wn_probe_request *request = s->request;
    size_t told, classes = request->classes, width = request->embeddings.cols + 1;
    list_rows(s, fold, &told);
    memset(s->weights, 0, classes * width * sizeof *s->weights);
    if (s->data.len) WN_TRY(wn_softmax_fit(&s->data, request->most_steps, request->progress, s->weights, NULL, err));
    s->data.rows = s->tell;
    s->data.len = told;
    WN_TRY(wn_softmax_predict(&s->data, s->weights, s->answers, err));
    for (size_t i = 0; i < told; i++)
        memcpy(probabilities + s->tell[i] * classes, s->answers + i * classes, classes * sizeof *probabilities);
    return WN_OK;
}

static wn_status run_folds(probe *s, float *probabilities, wn_error *err)
{
    const wn_probe_request *request = s->request;
    const wn_matrix *x = &request->embeddings;
    size_t classes = request->classes;
    size_t *counts = wn_calloc(WN_MEMORY_MATRIX, classes, sizeof *counts);
    s->fold = wn_alloc(WN_MEMORY_MATRIX, x->rows, 1);
    s->learn = wn_alloc(WN_MEMORY_MATRIX, x->rows, sizeof *s->learn);
    s->tell = wn_alloc(WN_MEMORY_MATRIX, x->rows, sizeof *s->tell);
    s->mean = wn_alloc(WN_MEMORY_MATRIX, x->cols, sizeof *s->mean);
    s->shift = wn_alloc(WN_MEMORY_MATRIX, x->cols, sizeof *s->shift);
    s->weights = wn_alloc(WN_MEMORY_MATRIX, classes * (x->cols + 1), sizeof *s->weights);
    s->answers = wn_alloc(WN_MEMORY_MATRIX, x->rows * classes, sizeof *s->answers);
    wn_status status = WN_OK;
    if (!counts || !s->fold || !s->learn || !s->tell || !s->mean || !s->shift || !s->weights || !s->answers) {
        status = wn_fail(err, WN_NOMEM, "no memory to learn %zu classes of %zu rows", classes, x->rows);
    } else {
        set_folds(s, counts);
        status = set_scale(s, err);
    }
    s->data = (wn_softmax_data){.x = *x,
                                .mean = s->shift,
                                .scale = s->data.scale,
                                .labels = request->labels,
                                .classes = classes,
                                .penalty = request->penalty,
                                .pool = request->pool};
    if (!status && !(request->penalty > 0)) status = choose_penalty(s, err);
    for (size_t fold = 0; !status && fold < request->folds; fold++) status = run_fold(s, fold, probabilities, err);
    wn_free(counts);
    return status;
}

wn_status wn_probe_cross_validate(const wn_probe_request *request, float *probabilities, wn_error *err)
{
    probe s = {.request = request};
    if (request->folds < 2 || request->folds > UINT8_MAX)
        return wn_fail(err, WN_INVALID, "%zu folds; 2 to 255 can be made", request->folds);
    wn_status status = request->embeddings.rows ? run_folds(&s, probabilities, err) : WN_OK;
    wn_free(s.answers);
    wn_free(s.weights);
    wn_free(s.shift);
    wn_free(s.mean);
    wn_free(s.tell);
    wn_free(s.learn);
    wn_free(s.fold);
    return status;
}
