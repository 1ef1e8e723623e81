/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages from the library. It prints nothing itself: the application sets a sink, once, before it starts.
 */
#ifndef WINNOW_LOG_H
#define WINNOW_LOG_H

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wn_log_level {
    WN_LOG_ERROR,
    WN_LOG_WARNING,
    WN_LOG_INFO,
    WN_LOG_VERBOSE, /* memory plans, choices made */
    WN_LOG_DEBUG
} wn_log_level;

/* Receives one line without its newline; may be called from any thread, one call at a time. */
typedef void wn_log_sink(void *context, wn_log_level level, const char *line);

/* Sets the sink and the highest level it wants. NULL silences. Not thread-safe: call it before other threads run. */
WN_API void wn_log_set_sink(wn_log_sink *sink, void *context, wn_log_level highest);

/* Whether a line of this level would reach the sink. */
WN_API int wn_log_wanted(wn_log_level level);

/* Formats and sends one line. */
WN_API void wn_log(wn_log_level level, const char *format, ...) WN_PRINTF(2, 3);

/* Text of others, such as names in files and paths, as it may stand on a terminal: control characters and bytes that
 * are no UTF-8 become \n, \t or \xHH. A new string, released with wn_free; NULL when memory is short. */
WN_API char *wn_printable(const char *text);

#ifdef __cplusplus
}
#endif
#endif
