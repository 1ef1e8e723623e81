/* SPDX-License-Identifier: Apache-2.0
 *
 * Talk on standard error: messages, one progress line on a terminal, sparse lines in a log; and the signals that
 * ask the program to stop.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "command.h"
#include "winnow/log.h"

typedef struct terminal {
    bool redraws; /* one line drawn over and over */
    bool shows_progress;
    bool quiet;
    bool line_open; /* a progress line stands on the screen */
    char stage[32];
    uint64_t first_done; /* when the stage was first seen: work kept from earlier runs does not count in the rate */
    uint64_t last_done;
    double stage_started, last_drawn, line_interval;
} terminal;

/* Chooses how to talk and installs the log sink and the signal handlers. */
void terminal_open(terminal *out, const common_options *common);

/* Removes the progress line and the sink. */
void terminal_close(terminal *out);

/* Whether whoever read standard output has closed it, as `| head` does. */
bool terminal_reader_left(void);

/* The wn_progress callback; `context` is a terminal. True once a signal has come. */
bool terminal_progress(void *context, const wn_progress_report *report);

/* Prints one line of talk unless quiet. Control characters, which paths and names may hold, are escaped, as in all that
 * goes to standard error. */
void terminal_say(terminal *out, const char *format, ...) WN_PRINTF(2, 3);

/* Prints "winnow: MESSAGE", also when quiet. */
void terminal_fail(const char *message);

/* Whether SIGINT or SIGTERM has come. */
bool terminal_interrupted(void);

#endif
