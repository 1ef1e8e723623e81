/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows with equal values. A thousand copies of a row are searched once, which keeps heaps of duplicates fast.
 */
#ifndef INDEX_DISTINCT_H
#define INDEX_DISTINCT_H

#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/status.h"

/* Group g has the rows members[starts[g] .. starts[g + 1] - 1], ascending; groups ascend by their first row. */
typedef struct wn_distinct {
    size_t rows, groups; /* rows that take part */
    uint32_t *firsts;    /* groups: the first row of each */
    uint32_t *members;   /* rows */
    uint32_t *starts;    /* groups + 1 */
    uint32_t *group_of;  /* rows of the matrix; UINT32_MAX for those that take no part */
} wn_distinct;

/* Groups the rows by their values (0 and -0 are equal), but those with left_out[row] != 0 (NULL = none). rows < 2^32
 * - 1. Release with wn_distinct_clear. */
WN_NODISCARD wn_status wn_distinct_find(const wn_matrix *matrix, const uint8_t *left_out, wn_pool *pool,
                                        wn_distinct *out, wn_error *err);

/* Releases the arrays and zeroes the struct. */
void wn_distinct_clear(wn_distinct *distinct);

#endif
