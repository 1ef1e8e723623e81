/* SPDX-License-Identifier: Apache-2.0
 *
 * Facility location by cosine (coverage.h, all weights 1) over a table of bounds.
 */
#ifndef SELECTION_COVER_BOUNDS_PICK_H
#define SELECTION_COVER_BOUNDS_PICK_H

#include <stdbool.h>

#include "selection/cover_bounds.h"

/* Picks table rows until the roster is full or the table has no open row; tightens the table on the way. *enough is
 * false, and the picks are not all made, when the bounds tell so little about these rows that measuring would soon take
 * as long as a table of exact numbers. */
WN_NODISCARD wn_status wn_cover_bounds_pick(wn_cover_bounds *table, wn_roster *roster, bool *enough, wn_error *err);

/* Bytes that it allocates beside the table. */
uint64_t wn_cover_bounds_pick_bytes(size_t len, size_t dim);

#endif
