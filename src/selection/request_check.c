/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of a request, with messages that say what to give.
 */
#include "selection/request_check.h"

#include <inttypes.h>
#include <math.h>

#include "base/error.h"

/* Sums of rounded or half-precision probabilities are this near to 1. */
static const double SUM_TOLERANCE = 0.02;

static wn_status check_rows(size_t given, size_t rows, const char *what, wn_error *err)
{
    if (given == rows) return WN_OK;
    return wn_fail(err, WN_INVALID, "%zu %s were given for %zu rows; give one for each row of the embeddings", given,
                   what, rows);
}

static wn_status check_needs(const wn_strategy *strategy, const wn_selection_request *request, wn_error *err)
{
    unsigned needs = strategy->needs;
    bool embedded = request->embeddings.data && request->embeddings.cols;
    bool graph = request->neighbours != NULL;
    const char *missing = NULL;
    if ((needs & WN_STRATEGY_EMBEDDINGS) && !embedded) missing = "embeddings of at least one dimension";
    if ((needs & WN_STRATEGY_GRAPH) && !embedded && !graph) missing = "embeddings, or the neighbours of each row";
    if ((needs & WN_STRATEGY_SCORES) && !request->scores.data && !request->probabilities.data)
        missing = "scores, one a row (or probabilities, from which they follow)";
    if ((needs & WN_STRATEGY_PROBABILITIES) && !request->probabilities.data)
        missing = "probabilities, one row of class values for each row of the embeddings";
    if ((needs & WN_STRATEGY_ACTIVATIONS) && !request->probabilities.data)
        missing = "activations (logits) as probabilities, one row for each row of the embeddings";
    if ((needs & WN_STRATEGY_LABELS) && !request->labels.data) missing = "labels, one a row and -1 where unknown";
    if ((needs & WN_STRATEGY_PRESELECTED) && !request->preselected.len)
        missing = "preselected rows (those that are labelled or were picked before)";
    if (!missing) return WN_OK;
    return wn_fail(err, WN_INVALID, "the strategy %s needs %s", strategy->name, missing);
}

wn_status wn_request_check_shapes(const wn_strategy *strategy, const wn_selection_request *request, wn_error *err)
{
    size_t rows = request->embeddings.rows;
    if (rows) WN_TRY(check_needs(strategy, request, err));
    if (request->scores.data) {
        WN_TRY(check_rows(request->scores.rows, rows, "scores", err));
        if (request->scores.cols != 1)
            return wn_fail(err, WN_INVALID, "scores have %zu columns; give one score a row", request->scores.cols);
    }
    if (request->probabilities.data) {
        WN_TRY(check_rows(request->probabilities.rows, rows, "rows of probabilities", err));
        if (request->probabilities.cols < 2)
            return wn_fail(err, WN_INVALID, "probabilities have %zu columns; give one for each of two or more classes",
                           request->probabilities.cols);
    }
    if (request->labels.data) WN_TRY(check_rows(request->labels.len, rows, "labels", err));
    if (request->neighbours) WN_TRY(check_rows(request->neighbours->rows, rows, "lists of neighbours", err));
    return WN_OK;
}

/* Whether a row, or what it is the logarithm of, is a vector of probabilities; and what tells. */
static bool is_distribution(const float *row, size_t cols, bool logarithms, double *sum, double *least)
{
    *sum = *least = 0;
    for (size_t c = 0; c < cols; c++) {
        const double value = logarithms ? exp((double)row[c]) : (double)row[c];
        *sum += value;
        *least = fmin(*least, value);
    }
    return *least >= -1e-6 && fabs(*sum - 1) <= SUM_TOLERANCE;
}

static wn_status check_probabilities(const wn_matrix *p, bool needed, wn_error *err)
{
    for (size_t i = 0; i < p->rows; i++) {
        double sum, least;
        if (!is_distribution(wn_matrix_row(p, i), p->cols, false, &sum, &least))
            return wn_fail(err, WN_INVALID,
                           "probabilities: row %zu is not one (sum %.4g, least value %.4g); apply softmax to "
                           "activations first%s",
                           i, sum, least, needed ? "" : ", or give scores too");
    }
    return WN_OK;
}

static bool are_distributions(const wn_matrix *p, bool logarithms)
{
    bool any = false;
    for (size_t i = 0; i < p->rows; i++) {
        double sum, least;
        if (is_distribution(wn_matrix_row(p, i), p->cols, logarithms, &sum, &least)) {
            any = true;
        } else if (sum != 0 || least < 0) {
            return false;
        }
    }
    return any;
}

bool wn_request_is_normalized(const wn_selection_request *request)
{
    return are_distributions(&request->probabilities, false) || are_distributions(&request->probabilities, true);
}

static wn_status check_labels(const wn_rows *labels, bool needed, wn_error *err)
{
    size_t known = 0;
    for (size_t i = 0; i < labels->len; i++) {
        known += labels->data[i] >= 0;
        if (labels->data[i] < -1 || labels->data[i] > INT32_MAX)
            return wn_fail(err, WN_INVALID, "labels: row %zu has class %" PRId64 "; classes count from 0, -1 = unknown",
                           i, labels->data[i]);
    }
    if (needed && labels->len && !known) return wn_fail(err, WN_INVALID, "labels: every row has -1, none is known");
    return WN_OK;
}

wn_status wn_request_check_values(const wn_strategy *strategy, const wn_selection_request *request, wn_error *err)
{
    unsigned needs = strategy->needs;
    bool needed = (needs & WN_STRATEGY_PROBABILITIES) != 0;
    bool as_scores = (needs & WN_STRATEGY_SCORES) && !request->scores.data && request->probabilities.data;
    if (request->embeddings.data)
        WN_TRY(wn_matrix_check_finite(&request->embeddings, "embeddings", request->pool, err));
    if (request->scores.data) WN_TRY(wn_matrix_check_finite(&request->scores, "scores", request->pool, err));
    if (request->probabilities.data)
        WN_TRY(wn_matrix_check_finite(&request->probabilities, "probabilities", request->pool, err));
    if (needed || as_scores) WN_TRY(check_probabilities(&request->probabilities, needed, err));
    if (request->labels.data) WN_TRY(check_labels(&request->labels, (needs & WN_STRATEGY_LABELS) != 0, err));
    return WN_OK;
}

wn_status wn_selection_score(const wn_selection_request *request, float *out, wn_error *err)
{
    const wn_matrix *p = &request->probabilities;
    if (request->scores.data) {
        for (size_t i = 0; i < request->scores.rows; i++) out[i] = *wn_matrix_row(&request->scores, i);
        return WN_OK;
    }
    if (!p->data) return wn_fail(err, WN_INVALID, "scores, or probabilities from which they follow, are needed");
    for (size_t i = 0; i < p->rows; i++) {
        const float *row = wn_matrix_row(p, i);
        float first = -INFINITY, second = -INFINITY;
        for (size_t c = 0; c < p->cols; c++) {
            second = fmaxf(second, fminf(first, row[c]));
            first = fmaxf(first, row[c]);
        }
        out[i] = 1 - (first - second);
    }
    return WN_OK;
}
