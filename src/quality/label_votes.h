/* SPDX-License-Identifier: Apache-2.0
 *
 * What the neighbours of a row say about its label.
 */
#ifndef QUALITY_LABEL_VOTES_H
#define QUALITY_LABEL_VOTES_H

#include "winnow/labels.h"

/* How labels go wrong, estimated without a true label: a row and its two nearest labelled neighbours are three views of
 * one hidden class (Zhu, Song and Liu 2021, arXiv 2102.05291). */
typedef struct wn_label_noise {
    size_t classes;
    double *prior;  /* of the hidden class */
    double *own;    /* classes x classes, hidden x given: P(label of the row | class) */
    double *near;   /* classes x classes: P(label of a neighbour | class of the row), which also holds how often the
                     * neighbour is of another class */
    size_t triples; /* rows that had two labelled neighbours */
    double share;   /* estimated share of wrong labels */
} wn_label_noise;

typedef struct wn_votes_request {
    const int64_t *ids;     /* rows x k row numbers, nearest first; -1 = none */
    const float *distances; /* rows x k */
    size_t rows, k;
    const int32_t *labels; /* below `classes`, or -1 */
    size_t classes;
    wn_pool *pool;
} wn_votes_request;

WN_NODISCARD wn_status wn_label_noise_estimate(const wn_votes_request *request, wn_label_noise *out, wn_error *err);
void wn_label_noise_clear(wn_label_noise *noise);

/* Probability of each class (rows x classes) by Bayes' rule from the labels of the neighbours, near ones counting more;
 * the row's own label has no say. A row without labelled neighbours gets the prior. */
WN_NODISCARD wn_status wn_label_votes(const wn_votes_request *request, const wn_label_noise *noise,
                                      float *probabilities, wn_error *err);

#endif
