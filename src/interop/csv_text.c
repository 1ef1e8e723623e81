/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass, a row at a time.
 */
#include "interop/csv_text.h"

#include <string.h>

static char find_separator(const char *text, size_t len)
{
    static const char candidates[] = ",;\t|";
    size_t counts[sizeof candidates - 1] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < len && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
        if (text[i] == '"') quoted = !quoted;
        const char *found = quoted || !text[i] ? NULL : strchr(candidates, text[i]);
        if (found) counts[found - candidates]++;
    }
    for (size_t i = 1; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > counts[best]) best = i;
    return candidates[best];
}

void wn_csv_init(wn_csv *csv, const char *text, size_t len)
{
    *csv = (wn_csv){.text = text, .len = len, .next_line = 1};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) csv->at = 3;
    csv->separator = find_separator(text + csv->at, len - csv->at);
    wn_buffer_init(&csv->bytes, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&csv->starts, WN_MEMORY_TEXT, 0);
}

/* Past a line end, if one is here. */
static bool take_line_end(wn_csv *csv)
{
    if (csv->at == csv->len || (csv->text[csv->at] != '\n' && csv->text[csv->at] != '\r')) return false;
    if (csv->text[csv->at] == '\r' && csv->at + 1 < csv->len && csv->text[csv->at + 1] == '\n') csv->at++;
    csv->at++;
    csv->next_line++;
    return true;
}

/* The inside of quotes; stands behind the closing one. */
static void take_quoted(wn_csv *csv)
{
    for (csv->at++; csv->at < csv->len; csv->at++) {
        char c = csv->text[csv->at];
        if (c == '"') {
            if (csv->at + 1 == csv->len || csv->text[csv->at + 1] != '"') {
                csv->at++;
                return;
            }
            csv->at++;
        }
        if (c == '\n') csv->next_line++;
        wn_buffer_add(&csv->bytes, &c, 1);
    }
    csv->open_quote = true;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void take_field(wn_csv *csv)
{
    size_t start = csv->bytes.len;
    wn_buffer_add(&csv->starts, &start, sizeof start);
    while (csv->at < csv->len && is_blank(csv->text[csv->at]) && csv->text[csv->at] != csv->separator) csv->at++;
    if (csv->at < csv->len && csv->text[csv->at] == '"') {
        take_quoted(csv);
        start = csv->bytes.len; /* blanks inside quotes stay */
    }
    size_t begin = csv->at;
    while (csv->at < csv->len && !ends_line(csv->text[csv->at]) && csv->text[csv->at] != csv->separator) csv->at++;
    wn_buffer_add(&csv->bytes, csv->text + begin, csv->at - begin);
    while (csv->bytes.len > start && is_blank(csv->bytes.data[csv->bytes.len - 1])) csv->bytes.len--;
    wn_buffer_add(&csv->bytes, "", 1);
    csv->count++;
}

bool wn_csv_next(wn_csv *csv)
{
    do {
        if (csv->at >= csv->len) return false;
        csv->line = csv->next_line;
        csv->count = 0;
        csv->bytes.len = csv->starts.len = 0;
        bool more = true;
        while (more) {
            take_field(csv);
            more = csv->at < csv->len && csv->text[csv->at] == csv->separator;
            if (more) csv->at++;
        }
        take_line_end(csv);
        if (csv->bytes.status || csv->starts.status) return false;
    } while (csv->count == 1 && *wn_csv_field(csv, 0) == 0);
    return true;
}

const char *wn_csv_field(const wn_csv *csv, size_t index)
{
    size_t start;
    if (index >= csv->count) return "";
    memcpy(&start, csv->starts.data + index * sizeof start, sizeof start);
    return csv->bytes.data + start;
}

void wn_csv_clear(wn_csv *csv)
{
    wn_buffer_clear(&csv->bytes);
    wn_buffer_clear(&csv->starts);
}
