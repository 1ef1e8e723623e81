/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of the rows of an array, from tables and from the names of folders.
 */
#include "winnow/row_labels.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/csv_text.h"
#include "interop/name_table.h"
#include "winnow/log.h"
#include "winnow/memory.h"

#define FIRST_NAMED (INT64_C(1) << 40)

enum { FILE_MOST = 1 << 30, NONE = -1 };

static const char *const path_titles[] = {"path", "image", "file", "filename", "file_name", "name", NULL};
static const char *const label_titles[] = {"label", "class", "category", "target", "label_name", "class_name", NULL};

struct wn_row_labels {
    wn_name_table names;
};

wn_status wn_row_labels_new(wn_row_labels **out, wn_error *err)
{
    *out = wn_calloc(WN_MEMORY_TEXT, 1, sizeof **out);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

void wn_row_labels_free(wn_row_labels **book)
{
    if (*book) wn_name_table_clear(&(*book)->names);
    wn_free(*book);
    *book = NULL;
}

int64_t wn_row_labels_number(wn_row_labels *book, const char *name, size_t len)
{
    int64_t number = 0;
    size_t digits = 0;
    while (digits < len && name[digits] >= '0' && name[digits] <= '9' && number < FIRST_NAMED / 10)
        number = number * 10 + (name[digits++] - '0');
    if (len == 0) return NONE;
    if (digits == len) return number;
    size_t at = wn_name_table_find(&book->names, name, len);
    if (at == SIZE_MAX) {
        at = book->names.count;
        if (!wn_name_table_add(&book->names, name, len, at)) return NONE;
    }
    return FIRST_NAMED + (int64_t)at;
}

/* ---- lists of paths ---- */

/* Calls `take` for each line; gives the number of lines. */
typedef void take_line(void *context, size_t row, const char *line, size_t len);

static size_t visit_lines(const wn_buffer *text, take_line *take, void *context)
{
    size_t row = 0;
    for (size_t at = 0; at < text->len; row++) {
        const char *line = text->data + at, *end = memchr(line, '\n', text->len - at);
        size_t len = end ? (size_t)(end - line) : text->len - at;
        at += len + 1;
        if (len > 0 && line[len - 1] == '\r') len--;
        if (take) take(context, row, line, len);
    }
    return row;
}

static wn_status check_lines(const char *path, const wn_buffer *text, size_t rows, wn_error *err)
{
    const size_t lines = visit_lines(text, NULL, NULL);
    if (lines == rows) return WN_OK;
    return wn_fail(err, WN_INVALID, "'%s' has %zu lines, but there are %zu rows; name the file of paths of these rows",
                   path, lines, rows);
}

typedef struct folders {
    wn_row_labels *book;
    int64_t *labels;
} folders;

static void take_folder(void *context, size_t row, const char *line, size_t len)
{
    const folders *f = context;
    size_t end = len, begin;
    while (end > 0 && line[end - 1] != '/') end--;
    if (end > 0) end--;
    for (begin = end; begin > 0 && line[begin - 1] != '/';) begin--;
    f->labels[row] = wn_row_labels_number(f->book, line + begin, end - begin);
}

/* ---- tables ---- */

static int find_title(const wn_csv *csv, const char *const *titles)
{
    for (size_t t = 0; titles[t]; t++)
        for (size_t i = 0; i < csv->count; i++)
            if (wn_text_equal_fold(wn_csv_field(csv, i), titles[t])) return (int)i;
    return NONE;
}

/* A table that is being read. */
typedef struct table {
    const char *file;
    wn_row_labels *book;
    wn_csv csv;
    int path, label;     /* columns; NONE = there is none */
    wn_name_table paths; /* to an index of `found` */
    wn_buffer found;     /* int64_t labels, as they come */
    int64_t *labels;     /* of the rows of the array */
    size_t rows, matched;
} table;

static size_t found_count(const table *t)
{
    return t->found.len / sizeof(int64_t);
}

static wn_status find_columns(table *t, bool *titled, wn_error *err)
{
    t->path = find_title(&t->csv, path_titles);
    t->label = find_title(&t->csv, label_titles);
    *titled = t->label != NONE;
    if (*titled) return WN_OK;
    if (t->path != NONE)
        return wn_fail(err, WN_INVALID, "%s:%zu: no column is titled label or class", t->file, t->csv.line);
    t->path = t->csv.count > 1 ? 0 : NONE;
    t->label = t->csv.count > 1 ? 1 : 0;
    return WN_OK;
}

static wn_status add_row(table *t, bool by_path, wn_error *err)
{
    const char *name = wn_csv_field(&t->csv, (size_t)t->label);
    const int64_t label = wn_row_labels_number(t->book, name, strlen(name));
    if (by_path) {
        const char *path = wn_csv_field(&t->csv, (size_t)t->path);
        const size_t at = wn_name_table_find(&t->paths, path, strlen(path));
        if (at != SIZE_MAX) {
            if (((const int64_t *)(const void *)t->found.data)[at] == label) return WN_OK;
            return wn_fail(err, WN_INVALID, "%s:%zu: '%s' stands there twice, with two labels", t->file, t->csv.line,
                           path);
        }
        if (!wn_name_table_add(&t->paths, path, strlen(path), found_count(t)))
            return wn_fail(err, WN_NOMEM, "no memory to read '%s'", t->file);
    }
    wn_buffer_add(&t->found, &label, sizeof label);
    return t->found.status ? wn_fail(err, WN_NOMEM, "no memory to read '%s'", t->file) : WN_OK;
}

static wn_status read_rows(table *t, bool by_path, wn_error *err)
{
    bool titled;
    if (!wn_csv_next(&t->csv)) return wn_fail(err, WN_INVALID, "'%s' holds no rows", t->file);
    WN_TRY(find_columns(t, &titled, err));
    if (by_path && t->path == NONE)
        return wn_fail(err, WN_INVALID,
                       "%s:%zu: no column is titled path; leave the file of paths out for rows in order", t->file,
                       t->csv.line);
    if (!titled) WN_TRY(add_row(t, by_path, err));
    while (wn_csv_next(&t->csv)) WN_TRY(add_row(t, by_path, err));
    if (t->csv.bytes.status || t->csv.starts.status) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", t->file);
    return t->csv.open_quote ? wn_fail(err, WN_CORRUPT, "%s:%zu: a quote is not closed", t->file, t->csv.line) : WN_OK;
}

/* The whole path, then ever less of its beginning. */
static void take_path(void *context, size_t row, const char *line, size_t len)
{
    table *t = context;
    for (size_t at = 0; at < len;) {
        const size_t found = wn_name_table_find(&t->paths, line + at, len - at);
        if (found != SIZE_MAX) {
            t->labels[row] = ((const int64_t *)(const void *)t->found.data)[found];
            t->matched++;
            return;
        }
        while (at < len && line[at] != '/') at++;
        at++;
    }
}

static wn_status match_paths(table *t, const char *paths, wn_error *err)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(paths, FILE_MOST, &text, err);
    if (!status) status = check_lines(paths, &text, t->rows, err);
    if (!status) {
        (void)visit_lines(&text, take_path, t);
        if (t->matched == 0) status = wn_fail(err, WN_INVALID, "no path of '%s' stands in '%s'", paths, t->file);
    }
    wn_buffer_clear(&text);
    return status;
}

static wn_status read_table(table *t, const wn_buffer *text, const char *paths, wn_error *err)
{
    wn_csv_init(&t->csv, text->data, text->len);
    wn_buffer_init(&t->found, WN_MEMORY_TEXT, 0);
    wn_status status = read_rows(t, paths != NULL, err);
    if (!status && !paths && t->path != NONE)
        wn_log(WN_LOG_WARNING,
               "%s: its labels are taken in their order, whatever its column of paths says; name the file of paths of "
               "the rows to have them matched",
               t->file);
    if (!status && paths) {
        status = match_paths(t, paths, err);
    } else if (!status && found_count(t) != t->rows) {
        status = wn_fail(err, WN_INVALID,
                         "'%s' has %zu labels, but there are %zu rows; name the file of paths of these rows as well",
                         t->file, found_count(t), t->rows);
    } else if (!status) {
        memcpy(t->labels, t->found.data, t->found.len);
    }
    wn_buffer_clear(&t->found);
    wn_name_table_clear(&t->paths);
    wn_csv_clear(&t->csv);
    return status;
}

wn_status wn_row_labels_read(wn_row_labels *book, const char *path, const char *paths, size_t rows, int64_t **out,
                             wn_error *err)
{
    const bool is_table = wn_text_ends_with(path, ".csv") || wn_text_ends_with(path, ".tsv");
    int64_t *labels = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *labels);
    wn_buffer text;
    *out = NULL;
    if (!labels) return wn_fail(err, WN_NOMEM, "no memory for the labels of %zu rows", rows);
    for (size_t i = 0; i < rows; i++) labels[i] = NONE;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, FILE_MOST, &text, err);
    if (!status && is_table) {
        table t = {.file = path, .book = book, .labels = labels, .rows = rows};
        status = read_table(&t, &text, paths, err);
    } else if (!status && !(status = check_lines(path, &text, rows, err))) {
        (void)visit_lines(&text, take_folder, &(folders){book, labels});
    }
    wn_buffer_clear(&text);
    if (status)
        wn_free(labels);
    else
        *out = labels;
    return status;
}
