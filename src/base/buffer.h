/* SPDX-License-Identifier: Apache-2.0
 *
 * A growable run of bytes with a stated maximum.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>

#include "winnow/memory.h"

/* data[len] is always 0 once anything was added, so that text can be used as it is. */
typedef struct wn_buffer {
    char *data;
    size_t len, capacity, max;
    wn_memory category;
    wn_status status; /* first failure; later additions are ignored */
} wn_buffer;

/* `max` bounds len; 0 = no bound. */
void wn_buffer_init(wn_buffer *buffer, wn_memory category, size_t max);

/* Add bytes, text, or formatted text. A failure is returned and kept in `status`, so a long run of additions may
 * be checked once at its end. */
wn_status wn_buffer_add(wn_buffer *buffer, const void *bytes, size_t len);
wn_status wn_buffer_text(wn_buffer *buffer, const char *text);
wn_status wn_buffer_format(wn_buffer *buffer, const char *format, ...) WN_PRINTF(2, 3);

/* Makes room for `len` more bytes and returns where they go (then raise `len` yourself); NULL on failure. */
void *wn_buffer_reserve(wn_buffer *buffer, size_t len);

/* The same, and grows to no more than that: for a run of bytes whose length is known. */
void *wn_buffer_reserve_exact(wn_buffer *buffer, size_t len);

/* Empties and keeps the room. */
void wn_buffer_reset(wn_buffer *buffer);

/* Releases the room. */
void wn_buffer_clear(wn_buffer *buffer);

#endif
