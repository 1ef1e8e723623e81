/* SPDX-License-Identifier: Apache-2.0
 *
 * Small helpers on jansson. Every figure is rounded to 9 digits: enough to compare, short enough to read.
 */
#include "json_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "winnow/memory.h"

json_t *json_name(const char *text)
{
    if (!text) return json_null();
    json_t *plain = json_string(text);
    if (plain) return plain;
    size_t len = strlen(text);
    char *escaped = wn_alloc(WN_MEMORY_TEXT, len * 4 + 1, 1);
    if (!escaped) return NULL;
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x80)
            escaped[to++] = (char)byte;
        else
            to += (size_t)snprintf(escaped + to, 5, "\\x%02X", byte);
    }
    escaped[to] = 0;
    json_t *out = json_string(escaped);
    wn_free(escaped);
    return out;
}

json_t *json_figure(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_count(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* JSON may hold DEL and U+0080 to U+009F as they are, and a terminal obeys them: they go out as \u00XX. A piece ends
 * between characters. */
static int print_piece(const char *piece, size_t len, void *context)
{
    size_t done = 0;
    (void)context;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)piece[i], next = i + 1 < len ? (unsigned char)piece[i + 1] : 0;
        const bool two = c == 0xc2 && next >= 0x80 && next < 0xa0;
        if (!two && c != 0x7f) continue;
        if (fwrite(piece + done, 1, i - done, stdout) < i - done || printf("\\u%04x", two ? next : c) < 0) return -1;
        i += two;
        done = i + 1;
    }
    return fwrite(piece + done, 1, len - done, stdout) < len - done ? -1 : 0;
}

wn_status json_print(json_t *object, wn_error *err)
{
    if (!object) return command_fail(err, WN_NOMEM, "no memory for the JSON output");
    int failed = json_dump_callback(object, print_piece, NULL, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(object);
    if (failed || putchar('\n') == EOF || fflush(stdout) == EOF)
        return command_fail(err, WN_IO, "cannot write the JSON output to standard output");
    return WN_OK;
}
