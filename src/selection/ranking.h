/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking rows by one number each, and lists of rows that get shorter from stage to stage.
 */
#ifndef SELECTION_RANKING_H
#define SELECTION_RANKING_H

#include "selection/roster.h"

/* Orders `rows` by keys[row], the greatest first, ties by row. */
WN_NODISCARD wn_status wn_rank_sort(uint32_t *rows, size_t n, const float *keys, wn_error *err);

/* Takes open rows of the roster, the greatest keys[row] first, ties by row, until it is full. */
WN_NODISCARD wn_status wn_rank_take(wn_roster *roster, const float *keys, wn_error *err);

/* The mean rank of each row, 0 .. 1, the greatest key 1; equal keys share their mean rank. Adds share * rank to
 * out[row] of the `n` rows. */
WN_NODISCARD wn_status wn_rank_add(const uint32_t *rows, size_t n, const float *keys, float share, float *out,
                                   wn_error *err);

/* Bytes that each of them allocates for n rows. */
uint64_t wn_rank_bytes(size_t n);

#endif
