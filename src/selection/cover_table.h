/* SPDX-License-Identifier: Apache-2.0
 *
 * Nearness of all pairs of some rows, as a square table; symmetric, so half of it is computed and mirrored.
 */
#ifndef SELECTION_COVER_TABLE_H
#define SELECTION_COVER_TABLE_H

#include "selection/nearness.h"

typedef struct wn_cover_table {
    size_t len, stride; /* rows of the table, floats from one to the next */
    uint32_t *rows;     /* row numbers of the matrix, ascending */
    float *values;      /* len x stride; nothing below 0; 1 on the diagonal */
    float *points;      /* len x dim: the rows, scaled for the metric */
} wn_cover_table;

/* `rows` ascend. */
WN_NODISCARD wn_status wn_cover_table_new(const wn_roster *roster, const uint32_t *rows, size_t len,
                                          const wn_nearness *nearness, wn_cover_table **out, wn_error *err);
void wn_cover_table_free(wn_cover_table **table);

/* values[i] = nearness of the table's row i to a row of the matrix, which may lie outside the table. `scratch` has room
 * for dim floats. */
void wn_cover_table_measure(const wn_cover_table *table, const wn_roster *roster, const wn_nearness *nearness,
                            uint32_t row, float *scratch, float *values);

/* Bytes that new allocates. */
uint64_t wn_cover_table_bytes(size_t len, size_t dim, unsigned threads);

#endif
