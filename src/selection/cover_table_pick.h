/* SPDX-License-Identifier: Apache-2.0
 *
 * Coverage (coverage.h) over a table of all pairs.
 */
#ifndef SELECTION_COVER_TABLE_PICK_H
#define SELECTION_COVER_TABLE_PICK_H

#include "selection/cover_table.h"
#include "selection/coverage.h"

/* Picks table rows until the roster is full or the table has no open row. */
WN_NODISCARD wn_status wn_cover_table_pick(const wn_cover_table *table, const wn_coverage *coverage, wn_roster *roster,
                                           wn_error *err);

/* Bytes that it allocates beside the table. */
uint64_t wn_cover_table_pick_bytes(size_t len, size_t dim);

#endif
