/* SPDX-License-Identifier: Apache-2.0
 *
 * From the results of a reading window to one transaction of the workspace.
 */
#ifndef JOBS_ADD_BATCH_H
#define JOBS_ADD_BATCH_H

#include "jobs/read_stage.h"

/* Scratch arrays, kept from window to window. */
typedef struct wn_add_batch {
    size_t capacity, input_bytes;
    wn_sample *samples;
    wn_sample_thumb *thumbs;
    wn_bad_file *bad;
    int64_t *gone;
    uint8_t *inputs;
    void *columns[WN_FACT_COLUMN_COUNT];
} wn_add_batch;

void wn_add_batch_init(wn_add_batch *batch, int64_t input_side);
void wn_add_batch_clear(wn_add_batch *batch);

/* Makes the columns that a batch fills. */
WN_NODISCARD wn_status wn_add_batch_create_columns(wn_workspace *workspace, int64_t input_side, wn_error *err);

/* Appends what was read: good files as samples, others as bad files. `replaced` has the row that each result makes
 * obsolete, or -1. */
WN_NODISCARD wn_status wn_add_batch_write(wn_add_batch *batch, wn_workspace *workspace, const wn_roots *roots,
                                          const wn_read_result *results, const int64_t *replaced, size_t count,
                                          wn_error *err);

/* Time under which a bad file is remembered that may mend without changing: it is tried again every time. */
#define WN_RETRY_TIME ((int64_t)-1)

#endif
