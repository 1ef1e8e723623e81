/* SPDX-License-Identifier: Apache-2.0
 *
 * Class probabilities of each row from a model that did not see its label: multinomial logistic regression on the
 * embeddings, cross-validated.
 */
#ifndef QUALITY_PROBE_H
#define QUALITY_PROBE_H

#include "winnow/labels.h"

typedef struct wn_probe_request {
    wn_matrix embeddings;
    const int32_t *labels; /* below `classes`, or -1 */
    size_t classes, folds;
    double penalty;   /* of the squared weights, per row: the mean loss + penalty / 2 |W|^2 is least; 0 = chosen by the
                       * loss on   the first fold */
    size_t most_rows; /* rows that each fold learns from at most, evenly spread */
    size_t most_steps;
    wn_pool *pool;
    const wn_progress *progress; /* stage "probe", unit "steps" */
} wn_probe_request;

/* Fills `probabilities` (rows x classes). Fold f of a class are its rows f, f + folds, ... in row order; a row without
 * label gets what the first fold's model says. */
WN_NODISCARD wn_status wn_probe_cross_validate(const wn_probe_request *request, float *probabilities, wn_error *err);

#endif
