/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows may be found: conditions on tags, labels and metadata, joined by commas.
 */
#include "jobs/search.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

/* "NAME OP VALUE". */
typedef struct condition {
    char *name, *value;
    char relation; /* '=', '!', '<', '>', 'l' (<=), 'g' (>=) */
} condition;

static wn_status parse_condition(const char *text, size_t len, condition *out, wn_error *err)
{
    size_t at = 0, next;
    *out = (condition){0};
    while (at < len && !strchr("=!<>", text[at])) at++;
    next = at + 1 + (at + 1 < len && text[at + 1] == '=' && text[at] != '=');
    bool lone = at < len && text[at] == '!' && next == at + 1;
    if (at == 0 || at >= len || next >= len || lone)
        return wn_fail(err, WN_INVALID, "--where %.*s: write NAME=VALUE, NAME!=VALUE, NAME<VALUE, NAME>=VALUE ...",
                       (int)len, text);
    bool equal = next == at + 2;
    out->relation = text[at] == '<' ? (equal ? 'l' : '<') : text[at] == '>' ? (equal ? 'g' : '>') : text[at];
    out->name = wn_text_copy_len(text, at);
    out->value = wn_text_copy_len(text + next, len - next);
    return out->name && out->value ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

static void clear_condition(condition *one)
{
    wn_free(one->name);
    wn_free(one->value);
}

static bool compare_number(double x, char relation, double value)
{
    switch (relation) {
    case '<':
        return x < value;
    case 'l':
        return x <= value;
    case '>':
        return x > value;
    default:
        return x >= value;
    }
}

static wn_status filter_tag(wn_workspace *workspace, const condition *one, size_t rows, uint8_t *allowed, wn_error *err)
{
    int64_t *tagged = NULL;
    size_t count = 0;
    WN_TRY(wn_tag_get(workspace, one->value, &tagged, &count, err));
    uint8_t *has = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    for (size_t i = 0; i < count && has; i++) {
        if (tagged[i] >= 0 && (size_t)tagged[i] < rows) has[tagged[i]] = 1;
    }
    for (size_t row = 0; row < rows && has; row++) allowed[row] &= (has[row] != 0) == (one->relation == '=');
    wn_free(tagged);
    wn_free(has);
    return has ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

static wn_status find_category(wn_workspace *workspace, const char *name, int64_t *out, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_annotation_category *categories = NULL;
    size_t count = 0;
    *out = -1;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_LABELS, NULL, &set, err));
    wn_status status = wn_annotation_set_categories(workspace, set->id, &categories, &count, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (strcmp(categories[i].name, name) == 0) *out = (int64_t)i;
    }
    if (!status && *out < 0) status = wn_fail(err, WN_NOTFOUND, "the labels have no category '%s'", name);
    wn_free(categories);
    wn_free(set);
    return status;
}

static wn_status filter_label(wn_workspace *workspace, const condition *one, wn_rows all, uint8_t *allowed,
                              wn_error *err)
{
    int64_t category;
    WN_TRY(find_category(workspace, one->value, &category, err));
    int64_t *labels = wn_alloc(WN_MEMORY_GENERAL, all.len, sizeof *labels);
    wn_status status =
        labels ? wn_labels_load(workspace, NULL, all, labels, err) : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t row = 0; row < all.len && !status; row++)
        allowed[row] &= (labels[row] == category) == (one->relation == '=');
    wn_free(labels);
    return status;
}

static wn_status filter_number(wn_workspace *workspace, const condition *one, wn_rows all, uint8_t *allowed,
                               wn_error *err)
{
    double value;
    if (!wn_text_to_real(one->value, &value))
        return wn_fail(err, WN_INVALID, "--where %s: '%s' is no number to compare with", one->name, one->value);
    float *numbers = wn_alloc(WN_MEMORY_GENERAL, all.len, sizeof *numbers);
    wn_status status = numbers ? wn_metadata_load_numbers(workspace, one->name, all, numbers, err)
                               : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t row = 0; row < all.len && !status; row++)
        allowed[row] &= compare_number((double)numbers[row], one->relation, value);
    wn_free(numbers);
    return status;
}

/* Equality is one of words; numbers are words as they are written. */
static wn_status filter_word(wn_workspace *workspace, const condition *one, wn_rows all, uint8_t *allowed,
                             wn_error *err)
{
    const char **words = NULL;
    size_t count = 0;
    int32_t wanted = -2;
    int32_t *codes = wn_alloc(WN_MEMORY_GENERAL, all.len, sizeof *codes);
    wn_status status = codes ? wn_metadata_load_codes(workspace, one->name, all, codes, &words, &count, err)
                             : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        if (strcmp(words[i], one->value) == 0) wanted = (int32_t)i;
    }
    for (size_t row = 0; row < all.len && !status; row++)
        allowed[row] &= (codes[row] == wanted) == (one->relation == '=');
    wn_free(words);
    wn_free(codes);
    return status;
}

static wn_status apply(wn_workspace *workspace, const condition *one, wn_rows all, uint8_t *allowed, wn_error *err)
{
    bool equality = one->relation == '=' || one->relation == '!';
    if (!equality) return filter_number(workspace, one, all, allowed, err);
    if (strcmp(one->name, "tag") == 0) return filter_tag(workspace, one, all.len, allowed, err);
    if (strcmp(one->name, "label") == 0) return filter_label(workspace, one, all, allowed, err);
    return filter_word(workspace, one, all, allowed, err);
}

wn_status wn_search_filter(wn_workspace *workspace, const char *where, size_t rows, uint8_t **out, wn_error *err)
{
    wn_status status = WN_OK;
    *out = NULL;
    if (!where || !*where) return WN_OK;
    uint8_t *allowed = wn_alloc(WN_MEMORY_GENERAL, rows, 1);
    int64_t *numbers = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *numbers);
    if (!allowed || !numbers) status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t row = 0; row < rows && !status; row++) numbers[row] = (int64_t)row;
    if (!status) memset(allowed, 1, rows);
    for (const char *at = where; *at && !status;) {
        condition one;
        size_t len = strcspn(at, ",");
        status = parse_condition(at, len, &one, err);
        if (!status) status = apply(workspace, &one, (wn_rows){numbers, rows}, allowed, err);
        clear_condition(&one);
        at += len + (at[len] == ',');
    }
    wn_free(numbers);
    if (status)
        wn_free(allowed);
    else
        *out = allowed;
    return status;
}
