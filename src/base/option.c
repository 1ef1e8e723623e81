/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading option values by their table rows.
 */
#include "winnow/option.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

enum { WORD_MAX = 48, WORDS_MAX = 256 };

/* Levenshtein distance of two words of at most WORD_MAX letters. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), row[WORD_MAX + 1];
    if (la > WORD_MAX || lb > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= lb; j++) row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[lb];
}

const char *wn_nearest_word(const char *word, const char *const *words)
{
    size_t allowed = strlen(word) / 3 + 1, best = allowed + 1;
    const char *nearest = NULL;
    for (size_t i = 0; words[i]; i++) {
        size_t distance = edit_distance(word, words[i]);
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

const wn_option *wn_options_find(const wn_option *table, const char *name)
{
    for (const wn_option *row = table; row->type != WN_OPTION_END; row++) {
        if (strcmp(row->name, name) == 0) return row;
    }
    return NULL;
}

const wn_option *wn_options_find_letter(const wn_option *table, char letter)
{
    for (const wn_option *row = table; row->type != WN_OPTION_END; row++) {
        if (row->letter && row->letter == letter) return row;
    }
    return NULL;
}

static wn_status set_bool(const wn_option *row, void *field, const char *value, wn_error *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    bool known = !value, result = true;
    for (size_t i = 0; value && i < 4; i++) {
        if (wn_text_equal_fold(value, yes[i])) known = true;
        if (wn_text_equal_fold(value, no[i])) {
            known = true;
            result = false;
        }
    }
    if (!known) return wn_fail(err, WN_INVALID, "%s: '%s' is neither true nor false", row->name, value);
    memcpy(field, &result, sizeof result);
    return WN_OK;
}

static wn_status set_int(const wn_option *row, void *field, const char *value, wn_error *err)
{
    int64_t number;
    if (!wn_text_to_int(value, &number))
        return wn_fail(err, WN_INVALID, "%s: '%s' is not a whole number", row->name, value);
    if ((double)number < row->low || (double)number > row->high)
        return wn_fail(err, WN_INVALID, "%s: %s is outside %.0f to %.0f", row->name, value, row->low, row->high);
    memcpy(field, &number, sizeof number);
    return WN_OK;
}

static wn_status set_real(const wn_option *row, void *field, const char *value, wn_error *err)
{
    double number;
    if (!wn_text_to_real(value, &number)) return wn_fail(err, WN_INVALID, "%s: '%s' is not a number", row->name, value);
    if (number < row->low || number > row->high)
        return wn_fail(err, WN_INVALID, "%s: %s is outside %g to %g", row->name, value, row->low, row->high);
    memcpy(field, &number, sizeof number);
    return WN_OK;
}

static wn_status set_choice(const wn_option *row, void *field, const char *value, wn_error *err)
{
    for (int i = 0; row->choices[i]; i++) {
        if (strcmp(row->choices[i], value) != 0) continue;
        memcpy(field, &i, sizeof i);
        return WN_OK;
    }
    wn_buffer list;
    wn_buffer_init(&list, WN_MEMORY_TEXT, 0);
    for (int i = 0; row->choices[i]; i++) wn_buffer_format(&list, "%s%s", i ? ", " : "", row->choices[i]);
    const char *nearest = wn_nearest_word(value, row->choices);
    wn_status status = wn_fail(err, WN_INVALID, "%s: '%s' is not one of %s%s%s%s", row->name, value,
                               list.data ? list.data : "the choices", nearest ? "; did you mean '" : "",
                               nearest ? nearest : "", nearest ? "'?" : "");
    wn_buffer_clear(&list);
    return status;
}

static wn_status set_bytes(const wn_option *row, void *field, const char *value, wn_error *err)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"", 1},       {"B", 1},         {"K", 1e3},      {"KB", 1e3},    {"M", 1e6},
                 {"MB", 1e6},   {"G", 1e9},       {"GB", 1e9},     {"T", 1e12},    {"TB", 1e12},
                 {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
    size_t digits = strspn(value, "0123456789.");
    char number[32];
    double amount = -1, factor = 0;
    if (digits && digits < sizeof number) {
        memcpy(number, value, digits);
        number[digits] = 0;
        const char *unit = value + digits + strspn(value + digits, " ");
        if (!wn_text_to_real(number, &amount)) amount = -1;
        if (strcmp(unit, "%") == 0) factor = (double)wn_memory_machine() / 100;
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (wn_text_equal_fold(unit, units[i].name)) factor = units[i].factor;
        }
    }
    if (amount < 0 || factor <= 0 || amount * factor >= 0x1p63)
        return wn_fail(err, WN_INVALID, "%s: '%s' is not a size such as 4GB, 512MiB or 50%%", row->name, value);
    uint64_t bytes = (uint64_t)(amount * factor);
    memcpy(field, &bytes, sizeof bytes);
    return WN_OK;
}

static wn_status set_row(const wn_option *row, void *params, const char *value, wn_error *err)
{
    void *field = (char *)params + row->offset;
    if (row->type == WN_OPTION_BOOL) return set_bool(row, field, value, err);
    if (!value) return wn_fail(err, WN_INVALID, "%s needs a value", row->name);
    switch (row->type) {
    case WN_OPTION_INT:
        return set_int(row, field, value, err);
    case WN_OPTION_REAL:
        return set_real(row, field, value, err);
    case WN_OPTION_CHOICE:
        return set_choice(row, field, value, err);
    case WN_OPTION_BYTES:
        return set_bytes(row, field, value, err);
    case WN_OPTION_TEXT:
        memcpy(field, &value, sizeof value);
        return WN_OK;
    case WN_OPTION_BOOL:
    case WN_OPTION_END:
        break;
    }
    return wn_fail(err, WN_INTERNAL, "option %s has an unknown type", row->name);
}

/* Zero of the row's type. */
static void clear_row(const wn_option *row, void *params)
{
    static const size_t sizes[] = {
        [WN_OPTION_BOOL] = sizeof(bool),   [WN_OPTION_INT] = sizeof(int64_t), [WN_OPTION_REAL] = sizeof(double),
        [WN_OPTION_TEXT] = sizeof(char *), [WN_OPTION_CHOICE] = sizeof(int),  [WN_OPTION_BYTES] = sizeof(uint64_t)};
    memset((char *)params + row->offset, 0, sizes[row->type]);
}

wn_status wn_options_init(const wn_option *table, void *params, wn_error *err)
{
    for (const wn_option *row = table; row->type != WN_OPTION_END; row++) {
        clear_row(row, params);
        if (row->initial) WN_TRY(set_row(row, params, row->initial, err));
    }
    return WN_OK;
}

wn_status wn_options_set(const wn_option *table, void *params, const char *name, const char *value, wn_error *err)
{
    const wn_option *row = wn_options_find(table, name);
    if (row) return set_row(row, params, value, err);
    const char *words[WORDS_MAX + 1];
    size_t count = 0;
    for (row = table; row->type != WN_OPTION_END && count < WORDS_MAX; row++) words[count++] = row->name;
    words[count] = NULL;
    const char *nearest = wn_nearest_word(name, words);
    return wn_fail(err, WN_INVALID, "there is no option '%s'%s%s%s", name, nearest ? "; did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'?" : "");
}

wn_status wn_options_set_list(const wn_option *table, void *params, const char *text, wn_error *err)
{
    for (const char *at = text ? text : ""; *at;) {
        char name[160];
        size_t len = strcspn(at, ",");
        if (len >= sizeof name) return wn_fail(err, WN_INVALID, "'%.40s...' is too long for a setting", at);
        memcpy(name, at, len);
        name[len] = 0;
        char *value = strchr(name, '=');
        if (value) *value++ = 0;
        WN_TRY(wn_options_set(table, params, name, value, err));
        at += len + (at[len] == ',');
    }
    return WN_OK;
}
