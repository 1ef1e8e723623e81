/* SPDX-License-Identifier: Apache-2.0
 *
 * Label errors without a model of the user's: neighbour votes and a cross-validated probe on the embeddings give two
 * margins a row; the score is the mean of their ranks, the issues come from confident learning on the mean of both
 * probabilities.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/label_votes.h"
#include "quality/probe.h"
#include "winnow/labels.h"
#include "winnow/memory.h"

enum { FOLDS = 5, PROBE_ROWS = 200000, PROBE_STEPS = 100 };

typedef struct search {
    const wn_label_evidence_request *request;
    wn_label_evidence *out;
    size_t rows, classes;
    int32_t *labels;
    float *votes, *probe; /* rows x classes */
    double *ranks;        /* rows; sum of both ranks */
} search;

void wn_label_evidence_clear(wn_label_evidence *evidence)
{
    wn_label_issues_clear(&evidence->issues);
    wn_free(evidence->noise);
    *evidence = (wn_label_evidence){0};
}

uint64_t wn_label_evidence_memory(const wn_label_evidence_request *request, size_t classes)
{
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols;
    uint64_t weights = (uint64_t)classes * (dim + 1) * (16 * sizeof(float) + 24 * sizeof(double));
    return rows * classes * 3 * sizeof(float) + rows * 96 + (uint64_t)classes * classes * 64 + weights;
}

size_t wn_label_classes(const int64_t *labels, size_t rows)
{
    int64_t most = -1;
    for (size_t row = 0; row < rows; row++) most = labels[row] > most ? labels[row] : most;
    return (size_t)(most + 1);
}

static wn_status check_classes(size_t classes, wn_error *err)
{
    enum { MOST_CLASSES = 32768 };
    if (classes < 2)
        return wn_fail(err, WN_INVALID, "the labels name fewer than two classes; there is nothing to compare");
    if (classes > MOST_CLASSES)
        return wn_fail(err, WN_UNSUPPORTED, "class numbers up to %zu; number the classes from 0, at most %d of them",
                       classes - 1, MOST_CLASSES);
    return WN_OK;
}

typedef struct ranked {
    float margin;
    uint32_t row;
} ranked;

static int compare_margins(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->margin < y->margin || x->margin > y->margin) return x->margin < y->margin ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Probability of the label less that of the likeliest other class. */
static float get_margin(const float *p, size_t classes, int32_t label)
{
    float other = -INFINITY;
    for (size_t k = 0; k < classes; k++) {
        if (k != (size_t)label && p[k] > other) other = p[k];
    }
    return p[label] - other;
}

/* Adds the rank of each labelled row's margin, in 0 to 1; equal margins share the mean of theirs. */
static wn_status add_ranks(search *s, const float *probabilities, wn_error *err)
{
    size_t n = 0;
    ranked *list = wn_alloc(WN_MEMORY_MATRIX, s->rows, sizeof *list);
    if (!list) return wn_fail(err, WN_NOMEM, "no memory to rank %zu labels", s->rows);
    for (size_t row = 0; row < s->rows; row++) {
        if (s->labels[row] < 0) continue;
        list[n++] = (ranked){get_margin(probabilities + row * s->classes, s->classes, s->labels[row]), (uint32_t)row};
    }
    qsort(list, n, sizeof *list, compare_margins);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && list[end].margin == list[i].margin; end++) {
        }
        double rank = n > 1 ? (double)(i + end - 1) / 2 / (double)(n - 1) : 1;
        for (size_t j = i; j < end; j++) s->ranks[list[j].row] += rank / 2;
    }
    wn_free(list);
    return WN_OK;
}

static wn_status run_votes(search *s, wn_error *err)
{
    const wn_label_evidence_request *request = s->request;
    wn_votes_request votes = {.ids = request->ids,
                              .distances = request->distances,
                              .rows = s->rows,
                              .k = request->k,
                              .labels = s->labels,
                              .classes = s->classes,
                              .pool = request->pool};
    wn_label_noise noise = {0};
    WN_TRY(wn_label_noise_estimate(&votes, &noise, err));
    wn_status status = wn_label_votes(&votes, &noise, s->votes, err);
    s->out->noise = noise.own;
    s->out->noise_share = noise.share;
    noise.own = NULL;
    wn_label_noise_clear(&noise);
    return status ? status : add_ranks(s, s->votes, err);
}

static wn_status run_probe(search *s, wn_error *err)
{
    const wn_label_evidence_request *request = s->request;
    wn_probe_request probe = {.embeddings = request->embeddings,
                              .labels = s->labels,
                              .classes = s->classes,
                              .folds = FOLDS,
                              .most_rows = PROBE_ROWS,
                              .most_steps = PROBE_STEPS,
                              .pool = request->pool,
                              .progress = request->progress};
    WN_TRY(wn_probe_cross_validate(&probe, s->probe, err));
    return add_ranks(s, s->probe, err);
}

/* The issues in the order of the new scores. */
static wn_status rank_issues(wn_label_issues *issues, wn_error *err)
{
    ranked *list = wn_alloc(WN_MEMORY_MATRIX, issues->len, sizeof *list);
    if (!list) return wn_fail(err, WN_NOMEM, "no memory to rank %zu labels", issues->len);
    for (size_t i = 0; i < issues->len; i++)
        list[i] = (ranked){issues->scores[issues->ranked[i]], (uint32_t)issues->ranked[i]};
    qsort(list, issues->len, sizeof *list, compare_margins);
    for (size_t i = 0; i < issues->len; i++) issues->ranked[i] = list[i].row;
    wn_free(list);
    return WN_OK;
}

static wn_status find_issues(search *s, wn_error *err)
{
    const wn_label_evidence_request *request = s->request;
    wn_label_issues *issues = &s->out->issues;
    for (size_t i = 0; i < s->rows * s->classes; i++) s->probe[i] = (s->probe[i] + s->votes[i]) / 2;
    wn_matrix mean = {s->probe, s->rows, s->classes, s->classes};
    wn_label_request learning = {.probabilities = wn_matrix_table(&mean),
                                 .labels = request->labels,
                                 .filter = request->filter,
                                 .fraction = request->fraction,
                                 .least = request->least,
                                 .pool = request->pool,
                                 .progress = request->progress};
    WN_TRY(wn_labels_find_issues(&learning, issues, err));
    for (size_t row = 0; row < s->rows; row++) {
        if (s->labels[row] >= 0) issues->scores[row] = (float)s->ranks[row];
    }
    return rank_issues(issues, err);
}

wn_status wn_labels_find_evidence(const wn_label_evidence_request *request, wn_label_evidence *out, wn_error *err)
{
    search s = {.request = request, .out = out, .rows = request->embeddings.rows};
    *out = (wn_label_evidence){0};
    s.classes = wn_label_classes(request->labels, s.rows);
    WN_TRY(check_classes(s.classes, err));
    s.labels = wn_alloc(WN_MEMORY_MATRIX, s.rows, sizeof *s.labels);
    s.votes = wn_alloc(WN_MEMORY_MATRIX, s.rows * s.classes, sizeof *s.votes);
    s.probe = wn_alloc(WN_MEMORY_MATRIX, s.rows * s.classes, sizeof *s.probe);
    s.ranks = wn_calloc(WN_MEMORY_MATRIX, s.rows, sizeof *s.ranks);
    wn_status status = WN_OK;
    if (!s.labels || !s.votes || !s.probe || !s.ranks) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu classes of %zu rows", s.classes, s.rows);
    } else {
        for (size_t row = 0; row < s.rows; row++)
            s.labels[row] = request->labels[row] < 0 ? -1 : (int32_t)request->labels[row];
        if (!(status = run_votes(&s, err)) && !(status = run_probe(&s, err))) status = find_issues(&s, err);
    }
    if (status) wn_label_evidence_clear(out);
    wn_free(s.ranks);
    wn_free(s.probe);
    wn_free(s.votes);
    wn_free(s.labels);
    return status;
}
