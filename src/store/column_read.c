/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of columns. Row count and checksums are taken from the catalogue by one statement, so they belong together
 * whatever a writer does; the writer only adds bytes behind them, or makes another file.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/internal.h"

struct wn_column {
    wn_column_layout layout;
    char *path;
    int fd;
    uint64_t *checksums;      /* one a block */
    _Atomic uint8_t *checked; /* one a block; a thread that sees 0 only checks once more, so relaxed order is enough */
    void *map;
    size_t map_len;
};

void wn_column_close(wn_column **column)
{
    wn_column *old = *column;
    if (!old) return;
    if (old->map) munmap(old->map, old->map_len);
    if (old->fd >= 0) close(old->fd);
    wn_free((void *)old->checked);
    wn_free(old->checksums);
    wn_free(old->path);
    wn_free(old);
    *column = NULL;
}

const wn_column_info *wn_column_describe(const wn_column *column)
{
    return &column->layout.info;
}

/* Opens the file for the layout in the current result row and takes the checksums from this row and the following ones.
 */
static wn_status load(wn_workspace *workspace, sqlite3_stmt *statement, wn_column *column, wn_error *err)
{
    wn_database *database = &workspace->database;
    wn_column_layout *layout = &column->layout;
    if (!wn_column_layout_read(statement, layout)) {
        return wn_fail(err, WN_CORRUPT, "%s: the record of a column is damaged", database->path);
    }
    column->path = wn_column_path(workspace->path, layout->info.name, layout->id);
    if (!column->path) return wn_fail(err, WN_NOMEM, "no memory to open column %s", layout->info.name);
    /* The length of the file bounds the number of blocks, so it is checked first. */
    WN_TRY(wn_column_file_open(column->path, layout, false, &column->fd, err));
    size_t blocks = (size_t)wn_column_blocks(layout);
    column->checksums = wn_alloc(WN_MEMORY_STORE, blocks, sizeof *column->checksums);
    column->checked = wn_calloc(WN_MEMORY_STORE, blocks, sizeof *column->checked);
    if (!column->checksums || !column->checked) {
        return wn_fail(err, WN_NOMEM, "no memory to open column %s", layout->info.name);
    }
    bool row = true;
    for (size_t i = 0; i < blocks; i++) {
        if (!row || sqlite3_column_type(statement, 6) == SQLITE_NULL ||
            sqlite3_column_int64(statement, 6) != (int64_t)i) {
            return wn_column_fail_damaged(column->path, layout, "the catalogue lacks a checksum of it", err);
        }
        column->checksums[i] = (uint64_t)sqlite3_column_int64(statement, 7);
        WN_TRY(wn_database_step(database, statement, &row, err));
    }
    return WN_OK;
}

static wn_status open_once(wn_workspace *workspace, const char *name, wn_column **out, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_column *column = wn_calloc(WN_MEMORY_STORE, 1, sizeof *column);
    if (!column) return wn_fail(err, WN_NOMEM, "no memory to open column %s", name);
    column->fd = -1;
    wn_status status;
    if ((status = wn_database_prepare(database,
                                      "SELECT " WN_COLUMN_LAYOUT_FIELDS ", b.block, b.checksum FROM column_files f "
                                      "LEFT JOIN column_blocks b ON b.id = f.id "
                                      "WHERE f.name = ?1 AND f.live = 1 ORDER BY b.block",
                                      &statement, err)))
        goto done;
    wn_database_bind_text(statement, 1, name);
    if ((status = wn_database_step(database, statement, &row, err))) goto done;
    if (row) {
        /* From here WN_NOTFOUND means that the file is missing, *out tells its id. */
        status = load(workspace, statement, column, err);
    } else {
        status = wn_fail(err, WN_NOTFOUND, "%s has no column %s", workspace->path, name);
    }
done:
    sqlite3_finalize(statement);
    if (status != WN_OK && (status != WN_NOTFOUND || !row)) wn_column_close(&column);
    *out = column;
    return status;
}

wn_status wn_column_open(wn_workspace *workspace, const char *name, wn_column **out, wn_error *err)
{
    /* A writer may replace the column and remove the old file between our look into the catalogue and our open. Then
     * the catalogue names another file now; the same file missing twice is damage. */
    int64_t missing = 0;
    *out = NULL;
    for (;;) {
        wn_status status = open_once(workspace, name, out, err);
        if (status != WN_NOTFOUND || !*out) return status;
        int64_t id = (*out)->layout.id;
        wn_column_close(out);
        if (id == missing) {
            if (err) err->status = WN_CORRUPT;
            return WN_CORRUPT;
        }
        missing = id;
    }
}

static size_t rows_of_block(const wn_column *column, int64_t block)
{
    int64_t left = column->layout.info.rows - block * column->layout.block_rows;
    return (size_t)(left < column->layout.block_rows ? left : column->layout.block_rows);
}

/* Compares the bytes of a whole block with its checksum. */
static wn_status check_block(wn_column *column, int64_t block, const void *bytes, wn_error *err)
{
    size_t len = rows_of_block(column, block) * column->layout.info.row_bytes;
    if (wn_hash64_of(bytes, len) == column->checksums[block]) {
        atomic_store_explicit(&column->checked[block], 1, memory_order_relaxed);
        return WN_OK;
    }
    char what[64];
    snprintf(what, sizeof what, "block %lld does not match its checksum", (long long)block);
    return wn_column_fail_damaged(column->path, &column->layout, what, err);
}

static wn_status read_rows(wn_column *column, int64_t first, size_t count, void *out, wn_error *err)
{
    return wn_file_read_at(column->fd, out, count * column->layout.info.row_bytes,
                           wn_column_offset(&column->layout, first), column->path, err);
}

/* Room for one block, made when it is first needed. */
static void *block_room(wn_column *column, void **room, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    if (!*room) *room = wn_alloc(WN_MEMORY_STORE, (size_t)layout->block_rows, layout->info.row_bytes);
    if (!*room) (void)!wn_fail(err, WN_NOMEM, "no memory to read column %s", layout->info.name);
    return *room;
}

/* Rows of one block. One that was not checked yet is read whole. */
static wn_status read_in_block(wn_column *column, int64_t first, size_t count, void *out, void **room, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    int64_t block = first / layout->block_rows;
    if (atomic_load_explicit(&column->checked[block], memory_order_relaxed)) {
        return read_rows(column, first, count, out, err);
    }
    size_t whole = rows_of_block(column, block);
    if (count == whole) {
        WN_TRY(read_rows(column, first, count, out, err));
        return check_block(column, block, out, err);
    }
    unsigned char *bytes = block_room(column, room, err);
    if (!bytes) return WN_NOMEM;
    int64_t begin = block * layout->block_rows;
    WN_TRY(read_rows(column, begin, whole, bytes, err));
    WN_TRY(check_block(column, block, bytes, err));
    memcpy(out, bytes + (size_t)(first - begin) * layout->info.row_bytes, count * layout->info.row_bytes);
    return WN_OK;
}

static wn_status read_span(wn_column *column, int64_t first, size_t count, void *out, void **room, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    unsigned char *at = out;
    if (first < 0 || first > layout->info.rows || count > (uint64_t)(layout->info.rows - first)) {
        return wn_fail(err, WN_INVALID, "column %s has %lld rows; rows %lld to %lld were asked for", layout->info.name,
                       (long long)layout->info.rows, (long long)first, (long long)first + (long long)count - 1);
    }
    while (count > 0) {
        size_t left = (size_t)(layout->block_rows - first % layout->block_rows);
        size_t take = count < left ? count : left;
        WN_TRY(read_in_block(column, first, take, at, room, err));
        at += take * layout->info.row_bytes;
        first += (int64_t)take;
        count -= take;
    }
    return WN_OK;
}

wn_status wn_column_read(wn_column *column, int64_t first, size_t count, void *out, wn_error *err)
{
    void *room = NULL;
    wn_status status = read_span(column, first, count, out, &room, err);
    wn_free(room);
    return status;
}

wn_status wn_column_gather(wn_column *column, const int64_t *rows, size_t count, void *out, wn_error *err)
{
    unsigned char *at = out;
    void *room = NULL;
    wn_status status = WN_OK;
    for (size_t i = 0; i < count && status == WN_OK;) {
        size_t run = 1;
        while (i + run < count && rows[i + run] == rows[i] + (int64_t)run) run++;
        status = read_span(column, rows[i], run, at, &room, err);
        at += run * column->layout.info.row_bytes;
        i += run;
    }
    wn_free(room);
    return status;
}

wn_status wn_column_map_unchecked(wn_column *column, const void **out, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    *out = NULL;
    if (layout->info.rows == 0) return WN_OK;
    if (!column->map) {
        size_t len = (size_t)wn_column_offset(layout, layout->info.rows);
        void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, column->fd, 0);
        if (map == MAP_FAILED) return wn_fail_errno(err, errno, "%s: could not map the column", column->path);
        column->map = map;
        column->map_len = len;
    }
    *out = (const unsigned char *)column->map + WN_COLUMN_HEADER_BYTES;
    return WN_OK;
}

wn_status wn_column_map(wn_column *column, const void **out, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    const void *mapped = NULL;
    *out = NULL;
    WN_TRY(wn_column_map_unchecked(column, &mapped, err));
    const unsigned char *rows = mapped;
    for (int64_t i = 0; i < wn_column_blocks(layout); i++) {
        if (atomic_load_explicit(&column->checked[i], memory_order_relaxed)) continue;
        WN_TRY(check_block(column, i, rows + (size_t)(i * layout->block_rows) * layout->info.row_bytes, err));
    }
    *out = rows;
    return WN_OK;
}

wn_status wn_column_verify(wn_column *column, const wn_progress *progress, wn_error *err)
{
    const wn_column_layout *layout = &column->layout;
    int64_t blocks = wn_column_blocks(layout);
    void *room = NULL;
    if (!block_room(column, &room, err)) return WN_NOMEM;
    wn_status status = WN_OK;
    for (int64_t i = 0; i < blocks && status == WN_OK; i++) {
        wn_progress_report report = {.stage = "verify",
                                     .unit = "blocks",
                                     .done = (uint64_t)i,
                                     .total = (uint64_t)blocks,
                                     .note = layout->info.name};
        if (i % 64 == 0 && wn_progress_tell(progress, &report)) {
            status = wn_fail(err, WN_CANCELLED, "cancelled");
            break;
        }
        status = read_rows(column, i * layout->block_rows, rows_of_block(column, i), room, err);
        if (status == WN_OK) status = check_block(column, i, room, err);
    }
    wn_free(room);
    return status;
}
