/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of a column: a header of one page, then the rows. How many rows count, and the checksum of each block,
 * are in the catalogue, where they change together with everything else in one commit.
 */
#ifndef STORE_COLUMN_FILE_H
#define STORE_COLUMN_FILE_H

#include <sqlite3.h>

#include "winnow/column.h"

enum {
    WN_COLUMN_HEADER_BYTES = 4096,
    WN_COLUMN_BLOCK_BYTES = 65536, /* aimed at; a block has at least one row */
    WN_COLUMN_ROW_BYTES_MAX = 1 << 20
};

/* What the catalogue and the header both say of a column. */
typedef struct wn_column_layout {
    wn_column_info info; /* rows = committed */
    int64_t id;
    int64_t block_rows;
} wn_column_layout;

/* Bytes of one value; 0 for a number outside the list. */
size_t wn_column_value_bytes(int64_t type);

/* Checks name, type and width of a new column and fills the layout but for id. */
WN_NODISCARD wn_status wn_column_layout_make(const char *name, wn_column_type type, size_t width, wn_column_layout *out,
                                             wn_error *err);

/* Layout from a result row of COLUMN_LAYOUT_SQL; false when it makes no sense. */
#define WN_COLUMN_LAYOUT_FIELDS "f.id, f.name, f.type, f.width, f.block_rows, f.rows"
bool wn_column_layout_read(sqlite3_stmt *statement, wn_column_layout *out);

/* "WORKSPACE/columns/NAME.ID.col" in a new string; NULL when memory is short. */
char *wn_column_path(const char *workspace, const char *name, int64_t id);

/* Creates the file with its header. The descriptor is for reading and writing. */
WN_NODISCARD wn_status wn_column_file_create(const char *path, const wn_column_layout *layout, int *fd, wn_error *err);

/* Opens and checks the header against the layout and the length against the committed rows. WN_NOTFOUND when there
 * is no file, WN_CORRUPT with the remedy for a damaged one. */
WN_NODISCARD wn_status wn_column_file_open(const char *path, const wn_column_layout *layout, bool write, int *fd,
                                           wn_error *err);

/* WN_CORRUPT with the remedy, which is the same for every kind of damage. `what` is a clause: "block 3 does not ...".
 */
wn_status wn_column_fail_damaged(const char *path, const wn_column_layout *layout, const char *what, wn_error *err);

/* As wn_file_write_at; a lack of space tells how many bytes were to be written. */
WN_NODISCARD wn_status wn_store_write_at(int fd, const void *bytes, size_t len, uint64_t offset, const char *path,
                                         wn_error *err);

static inline uint64_t wn_column_offset(const wn_column_layout *layout, int64_t row)
{
    return WN_COLUMN_HEADER_BYTES + (uint64_t)row * layout->info.row_bytes;
}

static inline int64_t wn_column_blocks(const wn_column_layout *layout)
{
    return (layout->info.rows + layout->block_rows - 1) / layout->block_rows;
}

#endif
