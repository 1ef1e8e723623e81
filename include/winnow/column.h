/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns of a workspace: one value, or `width` values, for each sample, in the order of the sample rows. Used for
 * embeddings, scores, hashes and map coordinates. Every block of a column carries a checksum (docs/formats/column.md).
 *
 * A wn_column is a snapshot: it sees the rows that were committed when it was opened, also while another process
 * appends to the column or replaces it.
 *
 *     wn_column *column = NULL;
 *     if (wn_column_open(workspace, "embeddings.small", &column, &err) == WN_OK)
 *         status = wn_column_read(column, first, count, values, &err);
 *     wn_column_close(&column);
 */
#ifndef WINNOW_COLUMN_H
#define WINNOW_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wn_workspace wn_workspace;
typedef struct wn_column wn_column;
typedef struct wn_column_writer wn_column_writer;

/* name, number in files (stable), bytes of one value, text. The first value of each is its "missing" value in
 * rows that a column was not given: 0 for integers and hashes, NaN for floating point. */
#define WN_COLUMN_TYPE_MAP(X)                                                                                          \
    X(U8, 0, 1, "u8")                                                                                                  \
    X(I32, 1, 4, "i32")                                                                                                \
    X(I64, 2, 8, "i64")                                                                                                \
    X(F32, 3, 4, "f32")                                                                                                \
    X(BF16, 4, 2, "bf16")                                                                                              \
    X(F16, 5, 2, "f16")                                                                                                \
    X(HASH128, 6, 16, "hash128")

typedef enum wn_column_type {
#define X(name, number, bytes, text) WN_COLUMN_##name = number,
    WN_COLUMN_TYPE_MAP(X)
#undef X
} wn_column_type;

/* Letters, digits, '_', '-' and '.', beginning with a letter or digit. */
#define WN_COLUMN_NAME_MAX 95
/* Values of one row; a row has at most 1 MiB. */
#define WN_COLUMN_WIDTH_MAX 262144

typedef struct wn_column_info {
    char name[WN_COLUMN_NAME_MAX + 1];
    wn_column_type type;
    size_t width;     /* values of one row */
    size_t row_bytes; /* width * bytes of a value */
    int64_t rows;     /* committed */
    int64_t version;  /* another one whenever the column is written anew; rows of one version never change */
} wn_column_info;

/* "f32"; NULL outside the list. And back: false when `text` is no type. */
WN_API const char *wn_column_type_text(wn_column_type type);
WN_API bool wn_column_type_parse(const char *text, wn_column_type *out);

/* Makes an empty column. A column of that name, type and width that exists already is left as it is; one of
 * another shape gives WN_INVALID. Writers only. */
WN_API WN_NODISCARD wn_status wn_column_create(wn_workspace *workspace, const char *name, wn_column_type type,
                                               size_t width, wn_error *err);

/* Appends `count` rows (count * row_bytes bytes) and commits them. Rows that the column lacks before `first` are
 * filled with the missing value; `first` below the committed count gives WN_INVALID. On WN_NOSPACE the column
 * is as before. Writers only. */
WN_API WN_NODISCARD wn_status wn_column_append(wn_workspace *workspace, const char *name, int64_t first,
                                               const void *values, size_t count, wn_error *err);

/* Writes a column anew, beside the old one, in as many pieces as wanted; `end` with `keep` puts it in the place of
 * the old one in one step, without `keep` it is dropped. Type and width may differ from the old ones. `end` always
 * releases the writer. `name` needs not exist. One replacement of a column at a time. Writers only. */
WN_API WN_NODISCARD wn_status wn_column_replace_begin(wn_workspace *workspace, const char *name, wn_column_type type,
                                                      size_t width, wn_column_writer **out, wn_error *err);
WN_API WN_NODISCARD wn_status wn_column_replace_add(wn_column_writer *writer, const void *values, size_t count,
                                                    wn_error *err);
WN_API WN_NODISCARD wn_status wn_column_replace_end(wn_column_writer **writer, bool keep, wn_error *err);

/* The whole of it in one call: `count` rows from memory. */
WN_API WN_NODISCARD wn_status wn_column_replace(wn_workspace *workspace, const char *name, wn_column_type type,
                                                size_t width, const void *values, size_t count, wn_error *err);

/* Removes a column and its file; absent is fine. Open snapshots stay readable. Writers only. */
WN_API WN_NODISCARD wn_status wn_column_remove(wn_workspace *workspace, const char *name, wn_error *err);

/* Facts of one column without opening its file: WN_NOTFOUND when there is none. */
WN_API WN_NODISCARD wn_status wn_column_find(wn_workspace *workspace, const char *name, wn_column_info *out,
                                             wn_error *err);

/* All columns by name in one array, released with wn_free. */
WN_API WN_NODISCARD wn_status wn_column_list(wn_workspace *workspace, wn_column_info **out, size_t *count,
                                             wn_error *err);

/* Opens for reading. WN_NOTFOUND: no such column; WN_CORRUPT: its file is missing, too short or has a damaged
 * header (the message says how to rebuild it; the workspace and the other columns stay usable). */
WN_API WN_NODISCARD wn_status wn_column_open(wn_workspace *workspace, const char *name, wn_column **out, wn_error *err);
WN_API void wn_column_close(wn_column **column);
WN_API const wn_column_info *wn_column_describe(const wn_column *column);

/* Reads rows [first, first + count) into `out` (count * row_bytes bytes) with bounded memory. Each block is
 * checked when it is first touched; WN_CORRUPT names the column and the block. Several threads may read from one
 * wn_column at once. */
WN_API WN_NODISCARD wn_status wn_column_read(wn_column *column, int64_t first, size_t count, void *out, wn_error *err);

/* Reads `count` rows by number, in that order, into `out`. Thread-safe as wn_column_read. */
WN_API WN_NODISCARD wn_status wn_column_gather(wn_column *column, const int64_t *rows, size_t count, void *out,
                                               wn_error *err);

/* The rows as one read-only array (page-aligned, rows x width), valid until the column is closed. Checks the blocks
 * not yet checked, so the first call costs one pass over the file. Mapped pages count as resident memory.
 * Not thread-safe. NULL for a column without rows. */
WN_API WN_NODISCARD wn_status wn_column_map(wn_column *column, const void **out, wn_error *err);

/* The same without checking: for a few rows of a large column. What matters is read again with wn_column_gather, which
 * checks. */
WN_API WN_NODISCARD wn_status wn_column_map_unchecked(wn_column *column, const void **out, wn_error *err);

/* Checks every block again, whatever was checked before. `progress` may be NULL; unit "blocks". */
WN_API WN_NODISCARD wn_status wn_column_verify(wn_column *column, const wn_progress *progress, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
