/* SPDX-License-Identifier: Apache-2.0
 *
 * Doubling growth up to the stated maximum; the first failure sticks.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void wn_buffer_init(wn_buffer *buffer, wn_memory category, size_t max)
{
    *buffer = (wn_buffer){.category = category, .max = max};
}

static void *reserve(wn_buffer *buffer, size_t len, bool exact)
{
    if (buffer->status) return NULL;
    size_t need;
    if (__builtin_add_overflow(buffer->len, len, &need) || need > SIZE_MAX / 2 - 1) {
        buffer->status = WN_NOMEM;
        return NULL;
    }
    if (buffer->max && need > buffer->max) {
        buffer->status = WN_LIMIT;
        return NULL;
    }
    if (need + 1 > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 256;
        while (capacity < need + 1) capacity *= 2;
        if (exact) capacity = need + 1;
        char *grown = wn_realloc(buffer->category, buffer->data, capacity, 1);
        if (!grown) {
            buffer->status = WN_NOMEM;
            return NULL;
        }
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

void *wn_buffer_reserve(wn_buffer *buffer, size_t len)
{
    return reserve(buffer, len, false);
}

void *wn_buffer_reserve_exact(wn_buffer *buffer, size_t len)
{
    return reserve(buffer, len, true);
}

wn_status wn_buffer_add(wn_buffer *buffer, const void *bytes, size_t len)
{
    char *end = wn_buffer_reserve(buffer, len);
    if (!end) return buffer->status;
    if (len) memcpy(end, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = 0;
    return WN_OK;
}

wn_status wn_buffer_text(wn_buffer *buffer, const char *text)
{
    return wn_buffer_add(buffer, text, strlen(text));
}

wn_status wn_buffer_format(wn_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) return buffer->status = WN_INTERNAL;
    char *end = wn_buffer_reserve(buffer, (size_t)len);
    if (!end) return buffer->status;
    va_start(args, format);
    vsnprintf(end, (size_t)len + 1, format, args);
    va_end(args);
    buffer->len += (size_t)len;
    return WN_OK;
}

void wn_buffer_reset(wn_buffer *buffer)
{
    buffer->len = 0;
    buffer->status = WN_OK;
    if (buffer->data) buffer->data[0] = 0;
}

void wn_buffer_clear(wn_buffer *buffer)
{
    wn_free(buffer->data);
    buffer->data = NULL;
    buffer->len = buffer->capacity = 0;
    buffer->status = WN_OK;
}
