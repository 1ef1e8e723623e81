/* SPDX-License-Identifier: Apache-2.0
 *
 * The training log: one CSV line a step, cut back to the checkpoint when a run continues.
 */
#ifndef PRETRAIN_TRAIN_LOG_H
#define PRETRAIN_TRAIN_LOG_H

#include <stdint.h>

#include "winnow/status.h"

typedef struct wn_train_log {
    const char *path;
    int fd;         /* -1 = none: it could not be written, which was said once */
    uint64_t bytes; /* written so far */
} wn_train_log;

/* Opens the log at its first `bytes` bytes; 0 starts it with the head line. Never fails a run. */
void wn_train_log_open(wn_train_log *log, const char *path, uint64_t bytes);

/* Adds one line, without its line break. */
void wn_train_log_line(wn_train_log *log, const char *format, ...) WN_PRINTF(2, 3);

void wn_train_log_close(wn_train_log *log);

#endif
