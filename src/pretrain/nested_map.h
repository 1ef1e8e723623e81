/* SPDX-License-Identifier: Apache-2.0
 *
 * A linear map of an embedding after which its first numbers alone keep the neighbours that all of them give.
 *
 * Rows y have `width` numbers; the first `dim` of them, x, are the embedding as it was. In batches of rows each prefix
 * of the mapped rows shall have the softened neighbours of the whole, w_rc = softmax over c of cos(x_r, x_c) / T:
 *
 *     loss = sum over prefixes k of the mean over r of - sum over c of w_rc log softmax_c(cos_k(r, c) / T_k)
 *
 * (the cross-entropy of stochastic neighbour embedding, Hinton and Roweis 2002). Cosines of fewer numbers spread wider,
 * so T_k is T times the spread of cosines of that prefix over that of the whole, both before the map. No labels are
 * needed, and no image is looked at again.
 */
#ifndef PRETRAIN_NESTED_MAP_H
#define PRETRAIN_NESTED_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

typedef struct wn_nested_rows {
    const float *rows; /* count x width */
    size_t count, width, dim;
    const uint32_t *prefixes; /* ascending, the last is `dim` */
    uint32_t prefix_count;
} wn_nested_rows;

/* Whether `count` rows and `prefix_count` prefixes, the whole among them, are enough to learn from. */
bool wn_nested_map_is_possible(size_t count, uint32_t prefix_count);

/* map (dim x width, the caller's) = what was learned, starting from the first `dim` numbers as they are. The rows must
 * be enough (wn_nested_map_is_possible). Tells `progress` (stage "finish", unit "steps"; may be NULL) of each step. The
 * same numbers for any pool. WN_NOMEM, WN_CANCELLED. */
WN_NODISCARD wn_status wn_nested_map_learn(const wn_nested_rows *rows, uint64_t seed, wn_pool *pool,
                                           const wn_progress *progress, float *map, wn_error *err);

/* gradient (dim x width, the caller's) = that of the loss at `map` in the first batch, which holds the first 1,024 rows
 * of wn_epoch_order with this seed: one step of the above without the step, for tests. WN_NOMEM. */
WN_NODISCARD wn_status wn_nested_map_gradient(const wn_nested_rows *rows, uint64_t seed, wn_pool *pool,
                                              const float *map, float *gradient, wn_error *err);

#endif
