/* SPDX-License-Identifier: Apache-2.0
 *
 * After a value the walker stands behind it; commas and closing brackets are taken by the next step.
 */
#include "interop/json_scan.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

void wn_json_scan_init(wn_json_scan *scan, const char *text, size_t len, const char *file)
{
    *scan = (wn_json_scan){.text = text, .len = len, .line = 1, .file = file};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) scan->at = 3;
}

char wn_json_scan_peek(wn_json_scan *scan)
{
    while (scan->at < scan->len) {
        char c = scan->text[scan->at];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return c;
        if (c == '\n') scan->line++;
        scan->at++;
    }
    return 0;
}

static wn_status fail_expecting(wn_json_scan *scan, const char *what, wn_error *err)
{
    if (wn_json_scan_peek(scan) == 0)
        return wn_fail(err, WN_CORRUPT, "%s:%zu: the file ends where %s should be; is it complete?", scan->file,
                       scan->line, what);
    return wn_fail(err, WN_CORRUPT, "%s:%zu: '%c' where %s should be", scan->file, scan->line, wn_json_scan_peek(scan),
                   what);
}

wn_status wn_json_scan_enter(wn_json_scan *scan, char bracket, wn_error *err)
{
    if (wn_json_scan_peek(scan) != bracket)
        return fail_expecting(scan, bracket == '{' ? "an object '{'" : "a list '['", err);
    scan->at++;
    scan->first = true;
    return WN_OK;
}

/* Takes the comma before the next element, or the closing bracket. */
static wn_status next_element(wn_json_scan *scan, char closing, bool *found, wn_error *err)
{
    char c = wn_json_scan_peek(scan);
    *found = false;
    if (c == closing) {
        scan->at++;
        scan->first = false;
        return WN_OK;
    }
    if (!scan->first) {
        if (c != ',') return fail_expecting(scan, closing == '}' ? "',' or '}'" : "',' or ']'", err);
        scan->at++;
    }
    scan->first = false;
    *found = true;
    return WN_OK;
}

wn_status wn_json_scan_more(wn_json_scan *scan, bool *found, wn_error *err)
{
    return next_element(scan, ']', found, err);
}

wn_status wn_json_scan_key(wn_json_scan *scan, char *key, size_t size, bool *found, wn_error *err)
{
    json_t *name = NULL;
    size_t line;
    key[0] = 0;
    WN_TRY(next_element(scan, '}', found, err));
    if (!*found) return WN_OK;
    if (wn_json_scan_peek(scan) != '"') return fail_expecting(scan, "a key in quotes", err);
    WN_TRY(wn_json_scan_value(scan, &name, &line, err));
    size_t len = json_string_length(name) < size - 1 ? json_string_length(name) : size - 1;
    memcpy(key, json_string_value(name), len);
    key[len] = 0;
    json_decref(name);
    if (wn_json_scan_peek(scan) != ':') return fail_expecting(scan, "':'", err);
    scan->at++;
    return WN_OK;
}

static void pass(wn_json_scan *scan, size_t bytes)
{
    for (const char *p = scan->text + scan->at, *end = p + bytes; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        scan->line++;
    scan->at += bytes;
}

/* The letters of a number that is none at `text`, or NULL. */
static const char *word_at(const char *text, size_t len)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (len >= strlen(words[i]) && memcmp(text, words[i], strlen(words[i])) == 0) return words[i];
    return NULL;
}

/* A copy of the text in which they are JSON; the answer is whether there are any. */
static bool mend_numbers(const char *text, size_t len, bool gaps, wn_buffer *out)
{
    bool quoted = false, any = false;
    size_t from = 0;
    for (size_t at = 0; at < len; at++) {
        if (text[at] == '\\' && quoted) {
            at++;
            continue;
        }
        if (text[at] == '"') quoted = !quoted;
        const char *word = quoted ? NULL : word_at(text + at, len - at);
        if (!word) continue;
        wn_buffer_add(out, text + from, at - from);
        wn_buffer_format(out, gaps ? "null" : "\"%s\"", word);
        at += strlen(word) - 1;
        from = at + 1;
        any = true;
    }
    wn_buffer_add(out, text + from, len - from);
    return any && out->status == WN_OK;
}

json_t *wn_json_load(const char *text, size_t len, size_t flags, bool gaps, json_error_t *error)
{
    json_error_t again;
    json_t *value = json_loadb(text, len, flags, error);
    if (value) return value;
    wn_buffer mended;
    wn_buffer_init(&mended, WN_MEMORY_TEXT, 0);
    if (mend_numbers(text, len, gaps, &mended)) value = json_loadb(mended.data, mended.len, flags, &again);
    wn_buffer_clear(&mended);
    return value;
}

wn_status wn_json_scan_value(wn_json_scan *scan, json_t **out, size_t *line, wn_error *err)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t error;
    *out = NULL;
    if (wn_json_scan_peek(scan) == 0) return fail_expecting(scan, "a value", err);
    *line = scan->line;
    const char *text = scan->text + scan->at;
    *out = json_loadb(text, scan->len - scan->at, flags | JSON_DISABLE_EOF_CHECK, &error);
    if (*out) {
        pass(scan, (size_t)error.position);
        return WN_OK;
    }
    json_error_t inner;
    wn_json_scan behind = *scan;
    if (!wn_json_scan_skip(&behind, NULL)) *out = wn_json_load(text, behind.at - scan->at, flags, scan->gaps, &inner);
    if (!*out)
        return wn_fail(err, WN_CORRUPT, "%s:%zu: %s", scan->file, scan->line + (size_t)error.line - 1, error.text);
    *scan = behind;
    return WN_OK;
}

/* Past the closing quote of a text that begins here. */
static bool skip_text(wn_json_scan *scan)
{
    for (scan->at++; scan->at < scan->len; scan->at++) {
        char c = scan->text[scan->at];
        if (c == '\n') scan->line++;
        if (c == '\\') {
            scan->at++;
        } else if (c == '"') {
            scan->at++;
            return true;
        }
    }
    return false;
}

wn_status wn_json_scan_skip(wn_json_scan *scan, wn_error *err)
{
    size_t depth = 0;
    do {
        char c = wn_json_scan_peek(scan);
        if (c == 0) return fail_expecting(scan, "a value", err);
        if (c == '"') {
            if (!skip_text(scan)) return fail_expecting(scan, "a closing quote", err);
        } else if (c == '{' || c == '[') {
            depth++;
            scan->at++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return fail_expecting(scan, "a value", err);
            depth--;
            scan->at++;
        } else if (depth > 0 && (c == ',' || c == ':')) {
            scan->at++;
        } else {
            size_t begin = scan->at;
            while (scan->at < scan->len && !strchr(" \t\r\n,:]}[{\"", scan->text[scan->at])) scan->at++;
            if (scan->at == begin) return fail_expecting(scan, "a value", err);
        }
    } while (depth > 0);
    return WN_OK;
}

wn_status wn_json_scan_end(wn_json_scan *scan, wn_error *err)
{
    return wn_json_scan_peek(scan) == 0 && scan->at >= scan->len ? WN_OK
                                                                 : fail_expecting(scan, "the end of the file", err);
}

bool wn_json_number(const json_t *value, double *out)
{
    if (!json_is_number(value)) return false;
    *out = json_number_value(value);
    return isfinite(*out);
}
