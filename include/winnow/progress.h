/* SPDX-License-Identifier: Apache-2.0
 *
 * How long work tells how far it is, and learns that it should stop.
 */
#ifndef WINNOW_PROGRESS_H
#define WINNOW_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One report. Strings live until the callback returns. */
typedef struct wn_progress_report {
    const char *stage; /* "scan", "read", "train", "embed", "select", ... */
    const char *unit;  /* "images", "picks", "rows", ... */
    uint64_t done;
    uint64_t total;   /* 0 = not known */
    const char *note; /* short extra text such as "loss 4.31", or NULL */
} wn_progress_report;

/* Called by the thread that runs the stage, at least every 100 ms of work. The answer true asks the work to
 * stop; it then returns WN_CANCELLED after keeping what was done. */
typedef bool wn_progress_callback(void *context, const wn_progress_report *report);

/* A callback and its context, passed by pointer; NULL pointer or NULL function = silence, never cancelled. */
typedef struct wn_progress {
    wn_progress_callback *report;
    void *context;
} wn_progress;

/* Reports and returns whether to stop. `progress` may be NULL. */
WN_API bool wn_progress_tell(const wn_progress *progress, const wn_progress_report *report);

#ifdef __cplusplus
}
#endif
#endif
