/* SPDX-License-Identifier: Apache-2.0
 *
 * Exchanges of picks: greedy picks never leave again, so the first ones stand where they are best alone. Here each row
 * of a table may take the place of the pick for which that raises the coverage (coverage.h) most. It is FasterPAM
 * (Schubert and Rousseeuw 2021, "Fast and eager k-medoids clustering") for coverage in place of distance: what a row
 * would gain in the place of each pick comes from one walk along its row of the table, and the first exchange that pays
 * is made at once.
 */
#ifndef SELECTION_COVER_EXCHANGE_H
#define SELECTION_COVER_EXCHANGE_H

#include "selection/cover_table.h"

typedef struct wn_cover_exchange {
    const wn_cover_table *table;
    const float *weights; /* per table row; none below 0 */
    const float *given;   /* per table row: how well it is covered without the picks */
    const uint8_t *shut;  /* per table row: not 0 where it is neither a pick nor may become one */
    uint32_t *picks;      /* n table rows, exchanged in place */
    size_t n;
} wn_cover_exchange;

/* At most `sweeps` walks over the table, fewer when a whole one exchanged nothing. Progress is told to the roster's.
 * Serial, so any number of threads gives the same picks. */
WN_NODISCARD wn_status wn_cover_exchange_run(const wn_cover_exchange *exchange, size_t sweeps, const wn_roster *roster,
                                             wn_error *err);

/* Bytes that it allocates. */
uint64_t wn_cover_exchange_bytes(size_t len, size_t n);

#endif
