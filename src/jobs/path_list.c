/* SPDX-License-Identifier: Apache-2.0
 *
 * File names may be any bytes but '/' and zero; what is written here stays readable for line tools and JSON parsers.
 */
#include "jobs/path_list.h"

#include <string.h>

#include "base/text.h"

void wn_path_list_add(wn_buffer *out, const char *path)
{
    if (!strpbrk(path, "\r\n")) {
        wn_buffer_text(out, path);
    } else {
        for (const char *byte = path; *byte; byte++) {
            if (*byte == '\n')
                wn_buffer_text(out, "\\n");
            else if (*byte == '\r')
                wn_buffer_text(out, "\\r");
            else if (*byte == '\\')
                wn_buffer_text(out, "\\\\");
            else
                wn_buffer_add(out, byte, 1);
        }
    }
    wn_buffer_text(out, "\n");
}

void wn_json_text(wn_buffer *out, const char *text)
{
    size_t len = strlen(text);
    wn_buffer_text(out, "\"");
    for (size_t at = 0; at < len;) {
        unsigned char byte = (unsigned char)text[at];
        size_t step = wn_text_utf8_step(text + at, len - at);
        if (step == 0) {
            wn_buffer_format(out, "\\\\x%02X", byte);
            at++;
            continue;
        }
        if (byte == '"' || byte == '\\')
            wn_buffer_format(out, "\\%c", byte);
        else if (byte < 0x20)
            wn_buffer_format(out, "\\u%04x", byte);
        else
            wn_buffer_add(out, text + at, step);
        at += step;
    }
    wn_buffer_text(out, "\"");
}
