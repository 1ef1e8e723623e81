/* SPDX-License-Identifier: Apache-2.0
 *
 * Text helpers that the C library lacks or makes easy to get wrong.
 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *wn_text_copy_len(const char *text, size_t len)
{
    if (len == SIZE_MAX) return NULL;
    char *copy = wn_alloc(WN_MEMORY_TEXT, len + 1, 1);
    if (!copy) return NULL;
    if (len) memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

char *wn_text_copy(const char *text)
{
    return wn_text_copy_len(text, strlen(text));
}

bool wn_text_to_int(const char *text, int64_t *out)
{
    if (!*text || isspace((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end) return false;
    *out = value;
    return true;
}

bool wn_text_to_real(const char *text, double *out)
{
    if (!*text || isspace((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (*end || !isfinite(value)) return false;
    *out = value;
    return true;
}

double wn_text_decimal(float value)
{
    char digits[32];
    for (int count = 6; isfinite(value) && count < 9; count++) {
        snprintf(digits, sizeof digits, "%.*g", count, (double)value);
        if (strtof(digits, NULL) == value) return strtod(digits, NULL);
    }
    return (double)value;
}

bool wn_text_ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), tail = strlen(ending);
    return len >= tail && strncasecmp(text + len - tail, ending, tail) == 0;
}

bool wn_text_equal_fold(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

size_t wn_text_mark(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

size_t wn_text_utf8_step(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char first = s[0];
    if (first < 0x80) return 1;
    size_t need = first >= 0xc2 && first <= 0xdf   ? 2
                  : first >= 0xe0 && first <= 0xef ? 3
                  : first >= 0xf0 && first <= 0xf4 ? 4
                                                   : 0;
    if (need == 0 || need > len) return 0;
    for (size_t i = 1; i < need; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
    }
    /* over-long forms, surrogates, beyond U+10FFFF */
    if (first == 0xe0 && s[1] < 0xa0) return 0;
    if (first == 0xed && s[1] > 0x9f) return 0;
    if (first == 0xf0 && s[1] < 0x90) return 0;
    if (first == 0xf4 && s[1] > 0x8f) return 0;
    return need;
}

void wn_text_add_printable(wn_buffer *out, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        size_t step = wn_text_utf8_step(text + i, len - i);
        if (c == '\n') {
            wn_buffer_text(out, "\\n");
        } else if (c == '\t') {
            wn_buffer_text(out, "\\t");
        } else if (step == 0 || c < 0x20 || c == 0x7f) {
            wn_buffer_format(out, "\\x%02x", c);
        } else if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) { /* U+0080 to U+009F, as CSI */
            wn_buffer_format(out, "\\x%02x\\x%02x", c, (unsigned char)text[i + 1]);
        } else {
            wn_buffer_add(out, text + i, step);
        }
        i += step ? step : 1;
    }
}

void wn_text_add_csv(wn_buffer *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        wn_buffer_text(out, text);
        return;
    }
    wn_buffer_add(out, "\"", 1);
    for (const char *c = text; *c; c++) {
        if (*c == '"') wn_buffer_add(out, "\"", 1);
        wn_buffer_add(out, c, 1);
    }
    wn_buffer_add(out, "\"", 1);
}

void wn_text_bytes(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 32, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void wn_text_seconds(double seconds, char out[32])
{
    if (!(seconds >= 0)) seconds = 0;
    if (seconds < 9.95) {
        snprintf(out, 32, "%.1f s", seconds);
    } else if (seconds < 59.5) {
        snprintf(out, 32, "%.0f s", seconds);
    } else if (seconds < 3599.5) {
        long whole = lround(seconds);
        snprintf(out, 32, "%ld min %02ld s", whole / 60, whole % 60);
    } else {
        double minutes = fmin(seconds / 60, 6e9);
        long whole = lround(minutes);
        snprintf(out, 32, "%ld h %02ld min", whole / 60, whole % 60);
    }
}

void wn_text_count(size_t count, char out[32])
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%zu", count);
    size_t to = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) out[to++] = ',';
        out[to++] = digits[i];
    }
    out[to] = 0;
}
