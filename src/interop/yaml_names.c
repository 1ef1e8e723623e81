/* SPDX-License-Identifier: Apache-2.0
 *
 * Line by line: a key at the margin begins a part; the lines below it that are indented, or begin with '-', belong to
 * it. Flow lists and maps may go over several lines.
 */
#include "interop/yaml_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

typedef struct yaml {
    const char *text;
    size_t len, at, line;
    const char *file;
    wn_yaml_name_visit *visit;
    void *context;
    int64_t next_id;
} yaml;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without blanks at both ends and without one pair of quotes; the answer is the quote, 0 = none. */
static char trim(const char **text, size_t *len)
{
    while (*len && is_blank(**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len && is_blank((*text)[*len - 1])) (*len)--;
    if (*len >= 2 && (**text == '"' || **text == '\'') && (*text)[*len - 1] == **text) {
        const char quote = **text;
        (*text)++;
        *len -= 2;
        return quote;
    }
    return 0;
}

/* Tells of a name from between quotes: '' stands for one quote, \" and \\ between double quotes for the second. */
static void visit_name(yaml *y, int64_t id, const char *text, size_t len, char quote)
{
    const char escape = quote == '"' ? '\\' : quote;
    char *name = quote && memchr(text, escape, len) ? wn_alloc(WN_MEMORY_TEXT, len, 1) : NULL;
    size_t kept = 0;
    for (size_t i = 0; name && i < len; i++) {
        if (text[i] == escape && i + 1 < len && (text[i + 1] == escape || text[i + 1] == quote)) i++;
        name[kept++] = text[i];
    }
    y->visit(y->context, id, name ? name : text, name ? kept : len);
    wn_free(name);
}

/* The line from `at`, without its end and without a comment. */
static void take_line(yaml *y, const char **text, size_t *len)
{
    *text = y->text + y->at;
    const char *end = memchr(*text, '\n', y->len - y->at);
    *len = end ? (size_t)(end - *text) : y->len - y->at;
    y->at += *len + (end != NULL);
    y->line++;
    char quote = 0;
    for (size_t i = 0; i < *len; i++) {
        char c = (*text)[i];
        if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? 0 : c;
        } else if (!quote && c == '#' && (i == 0 || is_blank((*text)[i - 1]))) {
            *len = i;
        }
    }
}

static bool to_id(const char *text, size_t len, int64_t *out)
{
    char digits[20];
    trim(&text, &len);
    if (len == 0 || len >= sizeof digits) return false;
    memcpy(digits, text, len);
    digits[len] = 0;
    char *end;
    *out = strtoll(digits, &end, 10);
    return *end == 0;
}

/* "name" or "3: name". */
static void take_entry(yaml *y, const char *text, size_t len, bool map)
{
    int64_t id = y->next_id;
    const char *colon = map && len ? memchr(text, ':', len) : NULL;
    if (colon && to_id(text, (size_t)(colon - text), &id)) {
        len -= (size_t)(colon - text) + 1;
        text = colon + 1;
    }
    const char quote = trim(&text, &len);
    if (len == 0) return;
    visit_name(y, id, text, len, quote);
    y->next_id = id + 1;
}

/* An entry of several lines, between two commas. */
static void take_flow_entry(yaml *y, size_t begin, size_t end, bool map)
{
    while (begin < end && (y->text[begin] == '\n' || is_blank(y->text[begin]))) begin++;
    while (begin < end && (y->text[end - 1] == '\n' || is_blank(y->text[end - 1]))) end--;
    take_entry(y, y->text + begin, end - begin, map);
}

/* Steps over a comment that begins at `at`, if one does: to its line end, which is left. */
static bool skip_comment(yaml *y)
{
    if (y->text[y->at] != '#' || (y->at && y->text[y->at - 1] != '\n' && !is_blank(y->text[y->at - 1]))) return false;
    while (y->at + 1 < y->len && y->text[y->at + 1] != '\n') y->at++;
    return true;
}

/* [a, 'b, c'] or {0: a, 1: b}, from behind the bracket. Only comments may stand before and behind an entry. */
static wn_status take_flow(yaml *y, char opening, wn_error *err)
{
    size_t begin = y->at, end = begin, line = y->line + 1; /* end of what is no comment and no blank */
    char quote = 0, closing = opening == '[' ? ']' : '}';
    for (; y->at < y->len; y->at++) {
        char c = y->text[y->at];
        if (c == '\n') y->line++;
        if (!quote && skip_comment(y)) {
            if (end == begin) begin = end = y->at + 1;
            continue;
        }
        if (quote ? c == quote : c == '"' || c == '\'') quote = quote ? 0 : c;
        if (!quote && (c == ',' || c == closing)) {
            take_flow_entry(y, begin, end, opening == '{');
            begin = end = y->at + 1;
            if (c == closing) return WN_OK;
        } else if (c != '\n' && !is_blank(c)) {
            end = y->at + 1;
        } else if (end == begin) {
            begin = end = y->at + 1;
        }
    }
    return wn_fail(err, WN_CORRUPT, "%s:%zu: the list of names does not end with '%c'", y->file, line, closing);
}

/* The lines below `names:`. */
static void take_block(yaml *y)
{
    while (y->at < y->len) {
        size_t begin = y->at, line = y->line;
        const char *text;
        size_t len;
        take_line(y, &text, &len);
        bool indented = len && is_blank(*text);
        trim(&text, &len);
        if (len == 0) continue;
        if (!indented && *text != '-') {
            y->at = begin;
            y->line = line;
            return;
        }
        bool item = *text == '-';
        take_entry(y, text + item, len - item, !item);
    }
}

static void take_shape(const char *text, size_t len, int64_t *keypoints, int64_t *values)
{
    char copy[64];
    if (len >= sizeof copy) return;
    memcpy(copy, text, len);
    copy[len] = 0;
    char *at = copy + strcspn(copy, "0123456789");
    *keypoints = strtoll(at, &at, 10);
    at += strcspn(at, "0123456789");
    *values = *at ? strtoll(at, &at, 10) : 0;
    if (*keypoints <= 0 || *keypoints > 1000 || *values < 2 || *values > 3) *keypoints = *values = 0;
}

wn_status wn_yaml_read_names(const char *text, size_t len, const char *file, wn_yaml_name_visit *visit, void *context,
                             int64_t *keypoints, int64_t *values, wn_error *err)
{
    yaml y = {.text = text, .len = len, .file = file, .visit = visit, .context = context};
    *keypoints = *values = 0;
    while (y.at < y.len) {
        size_t begin = y.at;
        const char *line;
        size_t line_len;
        take_line(&y, &line, &line_len);
        const char *colon = line_len ? memchr(line, ':', line_len) : NULL;
        if (!colon) continue;
        size_t key = (size_t)(colon - line);
        const char *value = colon + 1;
        size_t value_len = line_len - key - 1;
        trim(&value, &value_len);
        if (key == 9 && memcmp(line, "kpt_shape", 9) == 0) take_shape(value, value_len, keypoints, values);
        if (key != 5 || memcmp(line, "names", 5) != 0) continue;
        if (value_len && (*value == '[' || *value == '{')) {
            y.at = begin + (size_t)(value - line) + 1;
            y.line--;
            WN_TRY(take_flow(&y, *value, err));
        } else if (value_len == 0)
            take_block(&y);
    }
    return WN_OK;
}
