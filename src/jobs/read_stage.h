/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading many files with one reader for each thread: entries go in by windows of about a second of work, results come
 * out in the order of the entries, so that what is stored does not depend on the number of threads.
 */
#ifndef JOBS_READ_STAGE_H
#define JOBS_READ_STAGE_H

#include <pthread.h>
#include <stdatomic.h>

#include "jobs/job.h"

/* What one read gave; thumb is owned by the stage and lives until the sink returns. */
typedef struct wn_read_result {
    const wn_entry *entry;
    wn_status status;
    bool done; /* false when the window was stopped before this entry */
    wn_facts facts;
    uint8_t *thumb;
    size_t thumb_len;
    const uint8_t *input; /* input_side x input_side x 3 */
    char reason[160];
} wn_read_result;

/* Takes the results of one window, in the order of the entries, and makes them permanent. */
typedef wn_status wn_read_sink(void *context, const wn_read_result *results, size_t count, wn_error *err);

typedef struct wn_read_stage {
    const wn_job *job;
    wn_read_request request;
    wn_reader **readers; /* one for each worker */
    unsigned reader_count;
    wn_reader *large_reader; /* under a memory limit: for files that are too large for the others */
    pthread_mutex_t large_turn;
    wn_read_result *results;
    uint8_t *inputs;
    uint32_t *order;   /* of the window, as the disk lies */
    bool headers_only; /* set after opening: wn_reader_probe instead of wn_reader_read */
    size_t capacity;   /* of the window */
    size_t window;     /* entries of the next window: about a second of work */
    uint64_t done, total;
    double seconds;
    wn_read_sink *sink;
    void *context;
    atomic_size_t window_done;
    atomic_bool stopped;
} wn_read_stage;

/* Prepares readers; WN_LIMIT when they do not fit the job's memory limit. */
WN_NODISCARD wn_status wn_read_stage_open(const wn_job *job, const wn_read_request *request, wn_read_sink *sink,
                                          void *context, wn_read_stage *out, wn_error *err);
void wn_read_stage_close(wn_read_stage *stage);

/* Reads the entries and hands them to the sink. Entries with a status of their own pass through. `total` of the stage
 * is for the progress only. WN_CANCELLED after what was read went to the sink. */
WN_NODISCARD wn_status wn_read_stage_run(wn_read_stage *stage, const wn_entry *entries, size_t count, wn_error *err);

#endif
