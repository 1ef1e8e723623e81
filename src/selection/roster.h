/* SPDX-License-Identifier: Apache-2.0
 *
 * Who takes part in a selection and what became of it: candidates, preselected rows, picks. Most strategies begin with
 * a roster and end with wn_roster_finish.
 */
#ifndef SELECTION_ROSTER_H
#define SELECTION_ROSTER_H

#include <stdbool.h>

#include "selection/space.h"

enum { WN_ROSTER_CANDIDATE = 1, WN_ROSTER_PRESELECTED = 2, WN_ROSTER_PICKED = 4 };

typedef struct wn_roster {
    const wn_selection_request *request;
    wn_selection *out;
    wn_space space;      /* the candidate rows */
    uint8_t *states;     /* a row of the matrix: the flags above */
    uint32_t *available; /* candidates that are not preselected, ascending */
    size_t available_len;
} wn_roster;

/* Bytes that a roster takes, with those of wn_roster_finish. */
uint64_t wn_roster_bytes(const wn_selection_request *request);

WN_NODISCARD wn_status wn_roster_new(const wn_selection_request *request, wn_metric metric, wn_selection *out,
                                     wn_roster **roster, wn_error *err);
void wn_roster_free(wn_roster **roster);

/* May the row still be picked? */
static inline bool wn_roster_is_open(const wn_roster *roster, size_t row)
{
    return roster->states[row] == WN_ROSTER_CANDIDATE;
}

/* All picks are made. */
static inline bool wn_roster_is_full(const wn_roster *roster)
{
    return roster->out->len == roster->request->count;
}

/* Picks an open row. WN_CANCELLED when progress says so, asked now and then. */
WN_NODISCARD wn_status wn_roster_take(wn_roster *roster, size_t row, wn_error *err);

/* Takes all picks back. */
void wn_roster_forget(wn_roster *roster);

/* Tells progress how many picks are made; for work between picks. */
WN_NODISCARD wn_status wn_roster_tell(const wn_roster *roster, wn_error *err);

/* Takes open rows in ascending order until all picks are made: for what no rule tells apart. */
WN_NODISCARD wn_status wn_roster_fill(wn_roster *roster, wn_error *err);

/* Measures distances, radius and mean of the picks when there are embeddings. When rows x picks are very many, radius
 * and mean are over candidates drawn evenly. */
WN_NODISCARD wn_status wn_roster_finish(wn_roster *roster, wn_error *err);

/* The rows `rows[0 .. n)` one after the other, scaled for the metric: n x dim floats. */
void wn_roster_gather(const wn_roster *roster, const uint32_t *rows, size_t n, float *out);

#endif
