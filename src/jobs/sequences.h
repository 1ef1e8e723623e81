/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of consecutive files: the frames of a video that stand in one folder, cut in pieces of L that are picked as one.
 */
#ifndef JOBS_SEQUENCES_H
#define JOBS_SEQUENCES_H

#include "jobs/job.h"

typedef struct wn_sequences {
    int64_t *members; /* count x length: positions in the list of rows, in the order of their names */
    size_t count, length;
    float *embeddings; /* count x dim: the mean of each run's rows */
    size_t left_out;   /* candidates that fill no whole run */
} wn_sequences;

/* Cuts the candidates (positions, ascending) of each folder, in the order of their names, into runs of `length`; what
 * is left at the end of a folder is left out. Release with wn_sequences_clear. */
WN_NODISCARD wn_status wn_sequences_make(wn_workspace *workspace, const wn_row_list *rows, const wn_matrix *embeddings,
                                         wn_rows candidates, size_t length, wn_sequences *out, wn_error *err);
void wn_sequences_clear(wn_sequences *sequences);

/* Puts the members of each picked run in its place; distances repeat. */
WN_NODISCARD wn_status wn_sequences_expand(const wn_sequences *sequences, wn_selection *selection, wn_error *err);

#endif
