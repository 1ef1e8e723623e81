/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbour votes by Bayes' rule: log P(i) = log p_i + sum over neighbours of w log A[i][label]. Neighbours are no
 * independent witnesses, so their weights add up to a few votes whatever their number.
 */
#include "quality/label_votes.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define VOTES 5.0 /* sum of the weights of all neighbours */

typedef struct voting {
    const wn_votes_request *request;
    const wn_label_noise *noise;
    double *logs; /* classes x classes, given x hidden: log of noise->near */
    double *prior;
    double *scores; /* classes a worker */
    float *out;
} voting;

/* exp(-d / mean d): a neighbour as far as the mean counts a third of one that is equal. */
static double weigh(const float *distances, size_t i, double scale)
{
    return scale > 0 ? exp(-(double)distances[i] / scale) : 1;
}

static void vote(const voting *v, size_t row, double *scores)
{
    const wn_votes_request *request = v->request;
    size_t classes = request->classes, found = 0;
    const int64_t *ids = request->ids + row * request->k;
    const float *distances = request->distances + row * request->k;
    double scale = 0, sum = 0, most = -INFINITY, total = 0;
    for (size_t i = 0; i < request->k; i++) {
        if (ids[i] < 0 || request->labels[ids[i]] < 0) continue;
        scale += (double)distances[i];
        found++;
    }
    memcpy(scores, v->prior, classes * sizeof *scores);
    scale /= found ? (double)found : 1;
    for (size_t i = 0; i < request->k; i++)
        if (ids[i] >= 0 && request->labels[ids[i]] >= 0) sum += weigh(distances, i, scale);
    for (size_t i = 0; i < request->k; i++) {
        if (ids[i] < 0 || request->labels[ids[i]] < 0) continue;
        double weight = weigh(distances, i, scale) / sum * fmin(VOTES, (double)found);
        const double *logs = v->logs + (size_t)request->labels[ids[i]] * classes;
        for (size_t k = 0; k < classes; k++) scores[k] += weight * logs[k];
    }
    for (size_t k = 0; k < classes; k++) most = scores[k] > most ? scores[k] : most;
    for (size_t k = 0; k < classes; k++) total += scores[k] = exp(scores[k] - most);
    for (size_t k = 0; k < classes; k++) v->out[row * classes + k] = (float)(scores[k] / total);
}

static void vote_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const voting *v = context;
    for (size_t row = begin; row < end; row++) vote(v, row, v->scores + worker * v->request->classes);
}

wn_status wn_label_votes(const wn_votes_request *request, const wn_label_noise *noise, float *probabilities,
                         wn_error *err)
{
    size_t n = request->classes;
    voting v = {.request = request, .noise = noise, .out = probabilities};
    v.logs = wn_alloc(WN_MEMORY_MATRIX, n * n, sizeof *v.logs);
    v.prior = wn_alloc(WN_MEMORY_MATRIX, n, sizeof *v.prior);
    v.scores = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(request->pool) * n, sizeof *v.scores);
    wn_status status = WN_OK;
    if (!v.logs || !v.prior || !v.scores) {
        status = wn_fail(err, WN_NOMEM, "no memory for the votes of %zu classes", n);
    } else {
        for (size_t i = 0; i < n; i++) {
            v.prior[i] = log(noise->prior[i]);
            for (size_t j = 0; j < n; j++) v.logs[j * n + i] = log(noise->near[i * n + j]);
        }
        wn_pool_for(request->pool, request->rows, 64, vote_rows, &v);
    }
    wn_free(v.scores);
    wn_free(v.prior);
    wn_free(v.logs);
    return status;
}
