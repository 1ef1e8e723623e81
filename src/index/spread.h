/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of distinct rows as lists of all rows. The first k (+ 1 for the row itself) distinct rows by (value, first row)
 * hold the k nearest rows: before a row of another group come at least as many rows as groups.
 */
#ifndef INDEX_SPREAD_H
#define INDEX_SPREAD_H

#include "index/distinct.h"
#include "index/index_task.h"

/* Writes out->ids and out->distances (out->rows x out->k) from the task's slots and values. With task->self, group_of
 * tells the query of each row, which is left out of its own list; else row i is query i. */
WN_NODISCARD wn_status wn_spread_lists(const wn_index_task *task, const wn_distinct *distinct, wn_neighbours *out,
                                       wn_error *err);

#endif
