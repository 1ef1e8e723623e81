/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of confident learning on one request (label_issues.c), in the order in which they run.
 */
#ifndef QUALITY_LABEL_ISSUES_H
#define QUALITY_LABEL_ISSUES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "winnow/labels.h"

/* Two probabilities this near count as equal. */
#define WN_LABEL_TOLERANCE 1e-6

typedef struct wn_labelling {
    const wn_label_request *request;
    wn_label_issues *out;
    size_t rows, classes;
    double *own, *other;  /* rows; probability of the label, and the greatest of the other classes */
    int32_t *other_class; /* rows; the first class of that probability */
    int32_t *label;       /* rows; -1 = takes no part */
    int32_t *guess;       /* rows; the class that the row confidently belongs to, -1 = none */
    uint32_t *order;      /* the rows that take part by label, then row; those of class k from starts[k] on */
    size_t *starts;       /* classes + 1 */
    uint32_t *rank;       /* rows; position among the rows of its label */
    double *floors;       /* classes; thresholds less the tolerance */
    double *block;        /* grain x classes a worker */
    size_t grain;
    wn_error *errors; /* one a worker, for reads that fail */
    _Atomic int failed;
    atomic_size_t first_bad; /* row with a value outside [0, 1] */
} wn_labelling;

/* First pass over the table: own, other, other_class, suggested, scores; what is wrong with the input. */
WN_NODISCARD wn_status wn_labelling_measure(wn_labelling *s, wn_error *err);

/* Thresholds, the confident guess of each row, the joint (not calibrated) and the number of confident issues. */
WN_NODISCARD wn_status wn_labelling_guess(wn_labelling *s, wn_error *err);

/* Scales the joint to the numbers of the labels and rounds it, keeping the sums of its rows. */
WN_NODISCARD wn_status wn_labelling_calibrate(wn_labelling *s, wn_error *err);

/* Sets out->issues by the filter. */
WN_NODISCARD wn_status wn_labelling_filter(wn_labelling *s, wn_error *err);

/* Runs `visit` on the values of each row, in parallel. The values may be changed. */
typedef void wn_labelling_visit(void *context, size_t row, double *values);
WN_NODISCARD wn_status wn_labelling_walk(wn_labelling *s, wn_labelling_visit *visit, void *context, wn_error *err);

/* Reads one row into the worker's block; NULL when that failed. */
const double *wn_labelling_row(wn_labelling *s, size_t row, unsigned worker);

/* Whether the likeliest class is the label, the label's probability raised by the tolerance. */
bool wn_labelling_agrees(const wn_labelling *s, size_t row);

/* numpy's sum of an array: by halves, eight sums in a block of at most 128, so that equal input rounds equally. */
double wn_pairwise_sum(const double *values, size_t n);

#endif
