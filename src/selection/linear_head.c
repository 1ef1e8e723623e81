/* SPDX-License-Identifier: Apache-2.0
 *
 * Softmax regression.
 */
#include "selection/linear_head.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { STEPS = 400 };

typedef struct fit {
    const wn_linear_examples *examples;
    wn_linear_head *head;
    double penalty, total;
    double *x;        /* n x (dim + 1), scaled, the last column 1 */
    double *at;       /* where the gradient is taken: classes x (dim + 1) */
    double *gradient; /* the same size */
    double *p;        /* classes */
} fit;

uint64_t wn_linear_head_bytes(size_t n, size_t dim, size_t classes)
{
    return ((uint64_t)n * (dim + 1) + 3 * (uint64_t)classes * (dim + 2) + 2 * (uint64_t)dim) * sizeof(double) + 1024;
}

void wn_linear_head_clear(wn_linear_head *head)
{
    wn_free(head->scale);
    wn_free(head->mean);
    wn_free(head->weights);
    *head = (wn_linear_head){0};
}

static void softmax(double *values, size_t n)
{
    double most = values[0], sum = 0;
    for (size_t c = 1; c < n; c++) most = fmax(most, values[c]);
    for (size_t c = 0; c < n; c++) sum += values[c] = exp(values[c] - most);
    for (size_t c = 0; c < n; c++) values[c] /= sum;
}

static void measure_columns(fit *f)
{
    const wn_linear_examples *e = f->examples;
    wn_linear_head *head = f->head;
    for (size_t k = 0; k < head->dim; k++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < e->n; i++) sum += (double)wn_matrix_row(e->matrix, e->rows[i])[k];
        head->mean[k] = sum / (double)e->n;
        for (size_t i = 0; i < e->n; i++) {
            double difference = (double)wn_matrix_row(e->matrix, e->rows[i])[k] - head->mean[k];
            square += difference * difference;
        }
        double deviation = sqrt(square / (double)e->n);
        head->scale[k] = deviation > 1e-12 ? 1 / deviation : 0;
    }
}

static double share_of(const fit *f, size_t i)
{
    return f->examples->shares ? f->examples->shares[i] : 1;
}

/* Scaled examples; returns a bound of the curvature: the logits' Hessian is at most 1/2, times the mean squared length.
 */
static double scale_examples(fit *f)
{
    const wn_linear_examples *e = f->examples;
    size_t width = f->head->dim + 1;
    double sum = 0;
    for (size_t i = 0; i < e->n; i++) {
        const float *row = wn_matrix_row(e->matrix, e->rows[i]);
        double *x = f->x + i * width, square = 1;
        for (size_t k = 0; k + 1 < width; k++) {
            x[k] = ((double)row[k] - f->head->mean[k]) * f->head->scale[k];
            square += x[k] * x[k];
        }
        x[width - 1] = 1;
        f->total += share_of(f, i);
        sum += share_of(f, i) * square;
    }
    return 0.5 * sum / f->total + f->penalty;
}

static void find_gradient(fit *f)
{
    const wn_linear_examples *e = f->examples;
    size_t width = f->head->dim + 1, classes = f->head->classes;
    for (size_t j = 0; j < classes * width; j++)
        f->gradient[j] = j % width + 1 < width ? f->penalty * f->at[j] : 0; /* the bias is free */
    for (size_t i = 0; i < e->n; i++) {
        const double *x = f->x + i * width;
        double share = share_of(f, i) / f->total;
        for (size_t c = 0; c < classes; c++) {
            double sum = 0;
            for (size_t k = 0; k < width; k++) sum += f->at[c * width + k] * x[k];
            f->p[c] = sum;
        }
        softmax(f->p, classes);
        f->p[e->classes[i]] -= 1;
        for (size_t c = 0; c < classes; c++) {
            double factor = share * f->p[c];
            for (size_t k = 0; k < width; k++) f->gradient[c * width + k] += factor * x[k];
        }
    }
}

static void descend(fit *f)
{
    size_t len = f->head->classes * (f->head->dim + 1);
    double step = 1 / scale_examples(f), momentum = 1, *w = f->head->weights;
    for (int round = 0; round < STEPS; round++) {
        double change = 0, size = 0, next = (1 + sqrt(1 + 4 * momentum * momentum)) / 2;
        find_gradient(f);
        for (size_t j = 0; j < len; j++) {
            double moved = f->at[j] - step * f->gradient[j], before = w[j];
            w[j] = moved;
            f->at[j] = moved + (momentum - 1) / next * (moved - before);
            change += (moved - before) * (moved - before);
            size += moved * moved;
        }
        momentum = next;
        if (change <= 1e-14 * size) break;
    }
}

wn_status wn_linear_head_fit(const wn_linear_examples *examples, double penalty, wn_linear_head *out, wn_error *err)
{
    fit f = {.examples = examples, .head = out, .penalty = penalty};
    size_t dim = examples->matrix->cols, width = dim + 1, classes = examples->count;
    *out = (wn_linear_head){.dim = dim, .classes = classes};
    out->weights = wn_calloc(WN_MEMORY_SELECTION, classes * width, sizeof *out->weights);
    out->mean = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *out->mean);
    out->scale = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *out->scale);
    f.x = wn_alloc(WN_MEMORY_SELECTION, examples->n * width, sizeof *f.x);
    f.at = wn_calloc(WN_MEMORY_SELECTION, classes * width, sizeof *f.at);
    f.gradient = wn_alloc(WN_MEMORY_SELECTION, classes * width, sizeof *f.gradient);
    f.p = wn_alloc(WN_MEMORY_SELECTION, classes, sizeof *f.p);
    bool enough = out->weights && out->mean && out->scale && f.x && f.at && f.gradient && f.p;
    if (enough) {
        measure_columns(&f);
        descend(&f);
    }
    wn_free(f.p);
    wn_free(f.gradient);
    wn_free(f.at);
    wn_free(f.x);
    if (enough) return WN_OK;
    wn_linear_head_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory to fit a classifier to %zu rows", examples->n);
}

void wn_linear_head_apply(const wn_linear_head *head, const float *row, double *probabilities)
{
    size_t width = head->dim + 1;
    for (size_t c = 0; c < head->classes; c++) {
        const double *w = head->weights + c * width;
        double sum = w[head->dim];
        for (size_t k = 0; k < head->dim; k++) sum += w[k] * ((double)row[k] - head->mean[k]) * head->scale[k];
        probabilities[c] = sum;
    }
    softmax(probabilities, head->classes);
}
