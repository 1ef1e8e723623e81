/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures of diversity.
 */
#include "selection/munro.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "selection/request_check.h"
#include "winnow/memory.h"

enum { GRAIN = 1024 };

uint64_t wn_munro_bytes(const wn_selection_request *request)
{
    return (uint64_t)request->preselected.len * request->probabilities.cols * sizeof(float) +
           (uint64_t)request->embeddings.cols * 2 * sizeof(double) + 4096;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

typedef struct rank_job {
    const wn_matrix *activations;
    const float *known; /* cols x len, each ascending */
    size_t len;
    float *out;
} rank_job;

static void rank_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const rank_job *job = context;
    size_t cols = job->activations->cols;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const float *row = wn_matrix_row(job->activations, i);
        double sum = 0;
        for (size_t c = 0; c < cols; c++) {
            const float *known = job->known + c * job->len;
            size_t low = 0, high = job->len;
            while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (known[middle] < row[c]) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            sum += (double)low / (double)job->len;
        }
        job->out[i] = (float)(1 - sum / (double)cols);
    }
}

wn_status wn_munro_outliers(const wn_roster *roster, float *out, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    const wn_matrix *p = &request->probabilities;
    size_t len = request->preselected.len;
    if (wn_request_is_normalized(request))
        return wn_fail(err, WN_INVALID,
                       "class probabilities, or their logarithms, hide how strongly the model reacts: give its outputs "
                       "from before softmax (logits) as probabilities, and to 'combination' scores too");
    float *known = wn_alloc(WN_MEMORY_SELECTION, p->cols * len, sizeof *known);
    if (!known) return wn_fail(err, WN_NOMEM, "no memory to rank by %zu rows", len);
    for (size_t c = 0; c < p->cols; c++) {
        for (size_t i = 0; i < len; i++) known[c * len + i] = wn_matrix_row(p, (size_t)request->preselected.data[i])[c];
        qsort(known + c * len, len, sizeof *known, compare_floats);
    }
    rank_job job = {p, known, len, out};
    wn_pool_for(request->pool, p->rows, GRAIN, rank_rows, &job);
    wn_free(known);
    return WN_OK;
}

void wn_munro_known(const wn_roster *roster, uint32_t *known)
{
    for (size_t i = 0; i < roster->request->preselected.len; i++)
        known[i] = (uint32_t)roster->request->preselected.data[i];
}

static double length_of(const double *values, size_t dim)
{
    double square = 0;
    for (size_t k = 0; k < dim; k++) square += values[k] * values[k];
    return sqrt(square);
}

/* Adds a row scaled to length 1. */
static void add_unit(const wn_matrix *matrix, size_t row, double *sum)
{
    const float *values = wn_matrix_row(matrix, row);
    double square = 0;
    for (size_t k = 0; k < matrix->cols; k++) square += (double)values[k] * (double)values[k];
    for (size_t k = 0; k < matrix->cols && square > 0; k++) sum[k] += (double)values[k] / sqrt(square);
}

static double cosine(const wn_matrix *matrix, size_t row, const double *direction, double length)
{
    const float *values = wn_matrix_row(matrix, row);
    double square = 0, dot = 0;
    for (size_t k = 0; k < matrix->cols; k++) {
        square += (double)values[k] * (double)values[k];
        dot += (double)values[k] * direction[k];
    }
    return square > 0 && length > 0 ? dot / (sqrt(square) * length) : 0;
}

wn_status wn_munro_representative(const wn_roster *roster, const uint32_t *known, size_t len, float *out, wn_error *err)
{
    const wn_matrix *matrix = &roster->request->embeddings;
    double *target = wn_calloc(WN_MEMORY_SELECTION, 2 * matrix->cols, sizeof *target), *source = target + matrix->cols;
    if (!target) return wn_fail(err, WN_NOMEM, "no memory for the means of %zu rows", matrix->rows);
    for (size_t i = 0; i < roster->available_len; i++) {
        if (wn_roster_is_open(roster, roster->available[i])) add_unit(matrix, roster->available[i], target);
    }
    for (size_t i = 0; i < len; i++) add_unit(matrix, known[i], source);
    double target_length = length_of(target, matrix->cols), source_length = length_of(source, matrix->cols);
    for (size_t row = 0; row < matrix->rows; row++)
        out[row] = (float)(cosine(matrix, row, target, target_length) - cosine(matrix, row, source, source_length));
    wn_free(target);
    return WN_OK;
}
