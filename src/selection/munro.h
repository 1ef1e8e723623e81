/* SPDX-License-Identifier: Apache-2.0
 *
 * The diversity measures of Munro 2021 ("Human-in-the-loop machine learning", chapters 4 to 6) as one number a row, for
 * strategies that use one of them and for those that combine several. Higher = more wanted.
 */
#ifndef SELECTION_MUNRO_H
#define SELECTION_MUNRO_H

#include "selection/roster.h"

/* Model-based outliers: of each activation of a row the rank among those of the preselected rows (the share of them
 * that is lower), averaged over the activations; 1 - that. Rows that excite the model less than what it knows are new
 * to it. WN_INVALID for class probabilities and their logarithms: after softmax the rows of the least mean rank are
 * the most certain ones. */
WN_NODISCARD wn_status wn_munro_outliers(const wn_roster *roster, float *out, wn_error *err);

/* Representative rows: cosine to the mean of the candidates less cosine to the mean of the known rows (`known` row
 * numbers; 0 for none), both of rows scaled to length 1. */
WN_NODISCARD wn_status wn_munro_representative(const wn_roster *roster, const uint32_t *known, size_t len, float *out,
                                               wn_error *err);

/* The preselected rows as `known`; room for as many. */
void wn_munro_known(const wn_roster *roster, uint32_t *known);

/* Bytes that either allocates at most. */
uint64_t wn_munro_bytes(const wn_selection_request *request);

#endif
