/* SPDX-License-Identifier: Apache-2.0
 *
 * One sink, set before threads start; a mutex keeps its lines apart.
 */
#include "winnow/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"
#include "winnow/memory.h"

static struct {
    wn_log_sink *sink;
    void *context;
    wn_log_level highest;
    pthread_mutex_t lock;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void wn_log_set_sink(wn_log_sink *sink, void *context, wn_log_level highest)
{
    state.sink = sink;
    state.context = context;
    state.highest = highest;
}

int wn_log_wanted(wn_log_level level)
{
    return state.sink && level <= state.highest;
}

void wn_log(wn_log_level level, const char *format, ...)
{
    if (!wn_log_wanted(level)) return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&state.lock);
    state.sink(state.context, level, line);
    pthread_mutex_unlock(&state.lock);
}

char *wn_printable(const char *text)
{
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    wn_text_add_printable(&out, text);
    char *copy = out.status ? NULL : wn_text_copy(out.len ? out.data : "");
    wn_buffer_clear(&out);
    return copy;
}
