/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request has what its strategy needs.
 */
#ifndef SELECTION_REQUEST_CHECK_H
#define SELECTION_REQUEST_CHECK_H

#include <stdbool.h>

#include "winnow/selection.h"

/* What is needed is there, and everything that is there has one item a row. Reads no values. */
WN_NODISCARD wn_status wn_request_check_shapes(const wn_strategy *strategy, const wn_selection_request *request,
                                               wn_error *err);

/* Every value is finite and in its range. */
WN_NODISCARD wn_status wn_request_check_values(const wn_strategy *strategy, const wn_selection_request *request,
                                               wn_error *err);

/* Whether the rows of the probabilities are such, or logarithms of such, but for rows of zeros, of which nothing is
 * known: then they no longer say how strongly a model reacts. */
bool wn_request_is_normalized(const wn_selection_request *request);

#endif
