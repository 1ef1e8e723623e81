/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows by score, for qsort: the worst first, equal ones by row.
 */
#ifndef QUALITY_RANKED_ROW_H
#define QUALITY_RANKED_ROW_H

#include <stdint.h>

typedef struct wn_ranked_row {
    float score;
    uint32_t row;
} wn_ranked_row;

static inline int wn_ranked_row_compare(const void *a, const void *b)
{
    const wn_ranked_row *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

#endif
