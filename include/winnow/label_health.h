/* SPDX-License-Identifier: Apache-2.0
 *
 * How good the labels are as a whole, class by class, and which classes are mixed up, from the calibrated confident
 * joint C (given x true) of winnow/labels.h: the figures of cleanlab's dataset.health_summary.
 */
#ifndef WINNOW_LABEL_HEALTH_H
#define WINNOW_LABEL_HEALTH_H

#include "winnow/labels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One class k. */
typedef struct wn_class_health {
    int64_t labels;        /* rows that have it and take part */
    int64_t issues;        /* of them, those that the filter calls issues */
    int64_t errors;        /* sum of C[k][j], j other than k: rows of this label that should have another */
    int64_t missing;       /* sum of C[j][k]: rows of other labels that should have this one */
    double health;         /* C[k][k] / sum of C[k]: P(true k | given k); NaN without rows */
    double inverse_health; /* C[k][k] / sum of column k: P(given k | true k); NaN without rows */
} wn_class_health;

/* Two classes, a before b. */
typedef struct wn_class_overlap {
    int32_t a, b;
    int64_t rows; /* C[a][b] + C[b][a] */
    double share; /* of all rows that take part */
} wn_class_overlap;

/* Fills one entry a class. `labels` as in the request. */
WN_API void wn_labels_health(const wn_label_issues *issues, const int64_t *labels, wn_class_health *out);

/* 1 - confident issues / rows that take part; NaN without such rows. */
WN_API double wn_labels_overall_health(const wn_label_issues *issues);

/* The pairs that have a row in common, most rows first, equal ones by their classes; a new array (wn_free). */
WN_API WN_NODISCARD wn_status wn_labels_overlaps(const wn_label_issues *issues, wn_class_overlap **out, size_t *count,
                                                 wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
