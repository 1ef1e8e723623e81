/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels that are probably wrong where an image can have several classes, or none: each class is judged alone, as a
 * question of yes or no, by confident learning (winnow/labels.h), and the answers of an image are joined (Thyagarajan
 * et al. 2022, arXiv 2211.13895).
 *
 *     wn_multilabel_request request = {.probabilities = table, .labels = labels, .pool = pool};
 *     wn_multilabel_issues issues;
 *     if (!wn_multilabel_find_issues(&request, &issues, &err)) ...    issues.ranked[0] is the worst image
 *     wn_multilabel_issues_clear(&issues);
 */
#ifndef WINNOW_MULTILABEL_H
#define WINNOW_MULTILABEL_H

#include "winnow/labels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_multilabel_request {
    wn_table probabilities; /* rows x classes: of each class that it applies, in [0, 1]; rows need not sum to 1 */
    const int64_t *labels;  /* rows x classes: 1 = the class applies, 0 = it does not, negative = not known */
    wn_label_score score;   /* of a class; normalised margin and self-confidence are the same here */
    wn_label_filter filter; /* as for one class a row, of each class; low ...: the rows of least score, as many as have
                             * an issue of confident learning in some class */
    double fraction;        /* as in wn_label_request */
    int64_t least;
    wn_pool *pool;
    const wn_progress *progress; /* stage "labels", unit "classes" */
} wn_multilabel_request;

/* The answer. Release with wn_multilabel_issues_clear. */
typedef struct wn_multilabel_issues {
    size_t rows, classes;
    float *class_scores;   /* rows x classes, 0 worst to 1; NaN where the label or the probability is not known */
    uint8_t *class_issues; /* rows x classes; the low ... filters leave them to confident learning */
    float *scores;   /* rows: an exponential moving average (0.8) from the best class to the worst; NaN = none known */
    uint8_t *issues; /* rows; 1 = an issue in some class */
    int64_t *ranked; /* rows that are issues, worst score first, equal ones by row */
    size_t len;      /* of `ranked` */
    size_t errors;   /* estimated number of wrong answers, of all classes */
    size_t unusable; /* labels that are known, of a probability that is not */
} wn_multilabel_issues;

/* WN_INVALID: a label above 1 or a value outside [0, 1] (the message names them), no class. */
WN_API WN_NODISCARD wn_status wn_multilabel_find_issues(const wn_multilabel_request *request, wn_multilabel_issues *out,
                                                        wn_error *err);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_multilabel_issues_clear(wn_multilabel_issues *issues);

#ifdef __cplusplus
}
#endif
#endif
