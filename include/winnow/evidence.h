/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a selection better than chance? Its figures beside those of random selections of the same size.
 *
 *     wn_evidence_request request = {.embeddings = matrix, .picks = picks, .sets = 10};
 *     wn_evidence evidence = {0};
 *     if (!wn_evidence_measure(&request, &evidence, &err)) ...
 *     wn_evidence_clear(&evidence);
 */
#ifndef WINNOW_EVIDENCE_H
#define WINNOW_EVIDENCE_H

#include <stdbool.h>

#include "winnow/selection.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A class of each row, whose mix is looked at: labels, or words of metadata. */
typedef struct wn_evidence_classes {
    const char *name;
    const int64_t *labels; /* N; -1 = none */
    size_t count;          /* of classes */
} wn_evidence_classes;

/* Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_evidence_request {
    wn_matrix embeddings; /* N x dim, finite */
    wn_rows candidates;   /* what random selections draw from; data NULL = all rows. Ascending, without repeats */
    wn_rows preselected;  /* part of every selection, the random ones too */
    wn_rows picks;        /* at least one */
    wn_rows measured;     /* rows whose distances to the picks are measured; data NULL = the candidates */
    const wn_evidence_classes *classes;
    size_t class_lists;
    size_t sets;          /* random selections; at least 1 */
    size_t measured_most; /* rows whose distances are measured at most, evenly spread; 0 = 100,000 */
    uint64_t seed;
    wn_pool *pool;
    const wn_progress *progress;
} wn_evidence_request;

/* One figure. Names are in static storage, or those of the class lists. */
typedef struct wn_evidence_figure {
    const char *name;  /* "covering radius", ... */
    const char *of;    /* the class list; NULL = the embeddings */
    bool less_is_more; /* the smaller the better */
    double selected, random_mean, random_deviation;
    const double *random; /* of each random selection */
} wn_evidence_figure;

/* Figures, in this order: covering radius, mean and 95 % of the distances of the measured rows to the nearest picked or
 * preselected one; coverage: the share of them that are nearer to one than half of them are for a random selection;
 * duplicate pairs: picks that are nearer to each other than a twentieth of the rows' root mean square distance from
 * their mean (counted among 50,000 evenly spaced ones where there are more); for each class list the entropy of the
 * picks' classes / log(number of classes): 1 = all alike. Release with wn_evidence_clear.
 */
typedef struct wn_evidence {
    wn_evidence_figure *figures;
    size_t len;
    size_t measured; /* rows whose distances were measured */
    size_t sets;
    double *values; /* storage of the figures */
} wn_evidence;

WN_API void wn_evidence_clear(wn_evidence *evidence);

/* Measures. Takes measured rows x picks x dim steps for each set. WN_INVALID: no picks, a row out of range;
 * WN_CANCELLED.
 */
WN_API WN_NODISCARD wn_status wn_evidence_measure(const wn_evidence_request *request, wn_evidence *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
