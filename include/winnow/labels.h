/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels that are probably wrong, found from class probabilities by confident learning (Northcutt, Jiang and Chuang
 * 2021, arXiv 1911.00068). The probabilities should be out-of-sample: a model that was trained on a label agrees with
 * it. They are read in blocks of rows, so a file larger than memory will do.
 *
 *     wn_label_request request = {.probabilities = table, .labels = labels, .pool = pool};
 *     wn_label_issues issues;
 *     if (!wn_labels_find_issues(&request, &issues, &err)) ...    issues.ranked[0] is the worst row
 *     wn_label_issues_clear(&issues);
 */
#ifndef WINNOW_LABELS_H
#define WINNOW_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How good a label is, from 0 (worst) to 1, of a row with probability p of its label and q of the likeliest other:
 * normalised margin (p - q + 1) / 2; self-confidence p; confidence-weighted entropy log(w + 1) / w with
 * w = entropy / (p log classes). */
#define WN_LABEL_SCORE_MAP(X)                                                                                          \
    X(NORMALIZED_MARGIN, "normalized-margin")                                                                          \
    X(SELF_CONFIDENCE, "self-confidence")                                                                              \
    X(CONFIDENCE_WEIGHTED_ENTROPY, "confidence-weighted-entropy")

typedef enum wn_label_score {
#define X(name, text) WN_LABEL_SCORE_##name,
    WN_LABEL_SCORE_MAP(X)
#undef X
        WN_LABEL_SCORE_COUNT
} wn_label_score;

/* Which rows are called issues, by the confident joint C (given x true class):
 * prune by noise rate: of each given class k and other class j, the C[k][j] rows of greatest p_j - p_k;
 * prune by class: of each given class the rows of least p, as many as C[k] holds outside its diagonal;
 * both: those in both; confident learning: the rows that were counted outside the diagonal;
 * predicted neq given: the likeliest class is another one; low ...: the rows of least score, as many as confident
 * learning finds. All but the last two leave out rows whose label is the likeliest class, or within 1e-6 of it. */
#define WN_LABEL_FILTER_MAP(X)                                                                                         \
    X(PRUNE_BY_NOISE_RATE, "prune-by-noise-rate")                                                                      \
    X(PRUNE_BY_CLASS, "prune-by-class")                                                                                \
    X(BOTH, "both")                                                                                                    \
    X(CONFIDENT_LEARNING, "confident-learning")                                                                        \
    X(PREDICTED_NEQ_GIVEN, "predicted-neq-given")                                                                      \
    X(LOW_NORMALIZED_MARGIN, "low-normalized-margin")                                                                  \
    X(LOW_SELF_CONFIDENCE, "low-self-confidence")

typedef enum wn_label_filter {
#define X(name, text) WN_LABEL_FILTER_##name,
    WN_LABEL_FILTER_MAP(X)
#undef X
        WN_LABEL_FILTER_COUNT
} wn_label_filter;

/* The texts above, NULL-terminated; for option tables. */
WN_API extern const char *const wn_label_score_names[WN_LABEL_SCORE_COUNT + 1];
WN_API extern const char *const wn_label_filter_names[WN_LABEL_FILTER_COUNT + 1];

/* Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_label_request {
    wn_table probabilities; /* rows x classes, at least two classes; values in [0, 1], rows that sum to 1 */
    const int64_t *labels;  /* one a row, below the number of classes; negative = no label */
    wn_label_score score;
    wn_label_filter filter;
    double fraction; /* of the issues of the pruning filters to keep; 0 = all */
    int64_t least;   /* rows of a class that pruning leaves at least; 0 = 1. Smaller classes are not pruned */
    wn_pool *pool;
    const wn_progress *progress; /* stage "labels", unit "rows" */
} wn_label_request;

/* The answer. Release with wn_label_issues_clear. */
typedef struct wn_label_issues {
    size_t rows, classes;
    float *scores;       /* rows; NaN where the row has no label or a probability that is no number */
    uint8_t *issues;     /* rows; 1 = an issue */
    int32_t *suggested;  /* rows; the likeliest class, -1 where the row was left out */
    int64_t *ranked;     /* the rows that are issues, worst score first, equal ones by row */
    size_t len;          /* of `ranked` */
    size_t confident;    /* issues that the confident joint counts: an estimate of the number of errors */
    size_t calibrated;   /* the same after the joint was scaled to the numbers of the given labels */
    double *thresholds;  /* classes; mean probability of a class in the rows of that label; 2 = it has none */
    int64_t *joint;      /* classes x classes, given x true, calibrated: sums to the rows that took part */
    size_t unlabelled;   /* rows with a negative label */
    size_t unusable;     /* rows with a NaN */
    size_t unnormalised; /* rows whose probabilities sum to something else than 1, by more than 0.01; they are used */
    size_t small;        /* classes that have labels, but too few to be pruned */
    size_t first_unusable, first_unnormalised; /* a row of that kind, when there is one */
} wn_label_issues;

/* WN_INVALID: a label that is no column, a value outside [0, 1] by more than 1e-6 (the message names it), fewer than
 * two classes. Values are compared in double precision whatever the table holds; equal ones go by the smaller row or
 * class. Rows without label or with a NaN take no part in any count. */
WN_API WN_NODISCARD wn_status wn_labels_find_issues(const wn_label_request *request, wn_label_issues *out,
                                                    wn_error *err);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_label_issues_clear(wn_label_issues *issues);

/* --- Without a model ------------------------------------------------------------------------------------------- */

/* Label errors from embeddings alone. Two witnesses that did not see the label of a row: its neighbours, whose votes
 * are corrected by an estimate of how labels go wrong (Zhu, Song and Liu 2021, arXiv 2102.05291), and a softmax probe
 * fitted on the other folds of five. Zero-initialise, then set. */
typedef struct wn_label_evidence_request {
    wn_matrix embeddings;   /* rows x dim, every value finite */
    const int64_t *labels;  /* one a row, class numbers from 0; negative = no label */
    const int64_t *ids;     /* rows x k nearest other rows, -1 = none (wn_neighbours_find) */
    const float *distances; /* rows x k */
    size_t k;               /* 30 is a good number */
    wn_label_filter filter; /* on the mean of both probabilities */
    double fraction;        /* as in wn_label_request */
    int64_t least;
    wn_pool *pool;
    const wn_progress *progress; /* stages "probe" and "labels" */
} wn_label_evidence_request;

/* The answer. Release with wn_label_evidence_clear. */
typedef struct wn_label_evidence {
    wn_label_issues issues; /* scores: mean of the ranks of both margins, 0 worst to 1; the joint and the counts are
                             * those of the mean probabilities */
    double *noise;          /* classes x classes, true x given: estimated P(given | true) */
    double noise_share;     /* of the labels that it calls wrong */
} wn_label_evidence;

/* WN_INVALID: labels of fewer than two classes. WN_UNSUPPORTED: more than 32,768. Rows without label get a suggested
 * class of -1 and the score NaN, but are no neighbours either. */
WN_API WN_NODISCARD wn_status wn_labels_find_evidence(const wn_label_evidence_request *request, wn_label_evidence *out,
                                                      wn_error *err);
WN_API void wn_label_evidence_clear(wn_label_evidence *evidence);

/* Number of classes: one more than the greatest label. */
WN_API size_t wn_label_classes(const int64_t *labels, size_t rows);

/* Bytes that wn_labels_find_evidence allocates at most. */
WN_API uint64_t wn_label_evidence_memory(const wn_label_evidence_request *request, size_t classes);

#ifdef __cplusplus
}
#endif
#endif
