/* SPDX-License-Identifier: Apache-2.0
 *
 * What checks share: scores row by row, and the middle of a set of values.
 */
#ifndef QUALITY_CHECK_ROWS_H
#define QUALITY_CHECK_ROWS_H

#include <stdbool.h>

#include "winnow/check.h"

/* Score of one row; any number, which is cut to 0..1. NaN = not measured. */
typedef double wn_check_score(const wn_check_input *input, size_t row);

/* Sets the scores of all rows, and calls those below the threshold issues. */
void wn_check_score_rows(const wn_check_input *input, wn_check_score *score, double threshold, wn_check_result *out);

/* Calls the rows whose score is below the threshold issues. */
void wn_check_apply_threshold(double threshold, wn_check_result *out);

/* The value that a share of the finite values does not exceed, between two of them in proportion; NaN when there is
 * none. Changes the order of the values. */
double wn_check_quantile(double *values, size_t len, double share);

/* Mean distance of each row to its k nearest neighbours at most; NaN for a row that has none. */
void wn_check_mean_distances(const wn_check_input *input, size_t k, double *out);

/* Sets a row's evidence to its nearest neighbour. */
void wn_check_show_nearest(const wn_check_input *input, wn_check_result *out);

#endif
