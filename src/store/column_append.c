/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending to columns. The bytes go to the end of the file, beyond the committed rows, where no reader looks; the
 * row count and the checksums of the touched blocks change in the catalogue with the commit. The bytes of the
 * last, partly filled block are kept in memory, so that its checksum costs no reading back.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/internal.h"

/* NULL when memory is short, which `err` then says. */
static wn_column_sink *sink_new(const char *workspace, const wn_column_layout *layout, wn_error *err)
{
    wn_column_sink *sink = wn_calloc(WN_MEMORY_STORE, 1, sizeof *sink);
    if (!sink) goto failed;
    sink->fd = -1;
    sink->layout = *layout;
    sink->rows = layout->info.rows;
    sink->first_block = layout->info.rows / layout->block_rows;
    wn_buffer_init(&sink->checksums, WN_MEMORY_STORE, 0);
    sink->path = wn_column_path(workspace, layout->info.name, layout->id);
    sink->block = wn_alloc(WN_MEMORY_STORE, (size_t)layout->block_rows, layout->info.row_bytes);
    if (!sink->path || !sink->block) goto failed;
    return sink;
failed:
    wn_column_sink_close(&sink);
    (void)!wn_fail(err, WN_NOMEM, "no memory to write column %s", layout->info.name);
    return NULL;
}

void wn_column_sink_close(wn_column_sink **sink)
{
    wn_column_sink *old = *sink;
    if (!old) return;
    if (old->fd >= 0) close(old->fd);
    wn_buffer_clear(&old->checksums);
    wn_free(old->block);
    wn_free(old->path);
    wn_free(old);
    *sink = NULL;
}

wn_status wn_column_sink_create(const char *workspace, const wn_column_layout *layout, wn_column_sink **out,
                                wn_error *err)
{
    wn_column_sink *sink = sink_new(workspace, layout, err);
    if (!sink) return WN_NOMEM;
    wn_status status = wn_column_file_create(sink->path, layout, &sink->fd, err);
    if (status == WN_OK) {
        sink->dirty = true;
        *out = sink;
        sink = NULL;
    }
    wn_column_sink_close(&sink);
    return status;
}

/* Loads the bytes of the last block and compares them with their checksum, so that damage is never signed anew. */
static wn_status load_last_block(wn_column_sink *sink, wn_database *database, wn_error *err)
{
    const wn_column_layout *layout = &sink->layout;
    size_t filled = (size_t)(sink->rows % layout->block_rows) * layout->info.row_bytes;
    if (filled == 0) return WN_OK;
    int64_t block = sink->rows / layout->block_rows;
    WN_TRY(wn_file_read_at(sink->fd, sink->block, filled, wn_column_offset(layout, block * layout->block_rows),
                           sink->path, err));
    char sql[128];
    int64_t checksum = 0;
    sqlite3_snprintf(sizeof sql, sql, "SELECT checksum FROM column_blocks WHERE id = %lld AND block = %lld",
                     (long long)layout->id, (long long)block);
    WN_TRY(wn_database_number(database, sql, &checksum, err));
    if ((uint64_t)checksum == wn_hash64_of(sink->block, filled)) return WN_OK;
    char what[64];
    snprintf(what, sizeof what, "block %lld does not match its checksum", (long long)block);
    return wn_column_fail_damaged(sink->path, layout, what, err);
}

wn_status wn_column_sink_open(wn_workspace *workspace, const char *name, wn_column_sink **out, wn_error *err)
{
    wn_column_layout layout;
    WN_TRY(wn_store_find_column(workspace, name, &layout, err));
    wn_column_sink *sink = sink_new(workspace->path, &layout, err);
    if (!sink) return WN_NOMEM;
    wn_status status = wn_column_file_open(sink->path, &layout, true, &sink->fd, err);
    if (status == WN_NOTFOUND) status = WN_CORRUPT;
    if (status == WN_OK && ftruncate(sink->fd, (off_t)wn_column_offset(&layout, layout.info.rows)) != 0) {
        status = wn_fail_errno(err, errno, "%s: could not cut what was not committed", sink->path);
    }
    if (status == WN_OK) status = load_last_block(sink, &workspace->database, err);
    if (status == WN_OK) {
        *out = sink;
        sink = NULL;
    }
    wn_column_sink_close(&sink);
    return status;
}

/* `count` missing values of a type. */
static void fill_missing(void *out, wn_column_type type, size_t count)
{
    switch (type) {
    case WN_COLUMN_F32:
        for (size_t i = 0; i < count; i++) ((float *)out)[i] = NAN;
        break;
    case WN_COLUMN_BF16:
        for (size_t i = 0; i < count; i++) ((uint16_t *)out)[i] = 0x7FC0;
        break;
    case WN_COLUMN_F16:
        for (size_t i = 0; i < count; i++) ((uint16_t *)out)[i] = 0x7E00;
        break;
    default:
        memset(out, 0, count * wn_column_value_bytes((int64_t)type));
    }
}

/* Adds rows that fit into the last block, and its checksum when they complete it. */
static wn_status add_to_block(wn_column_sink *sink, const void *values, size_t count, wn_error *err)
{
    const wn_column_layout *layout = &sink->layout;
    size_t row_bytes = layout->info.row_bytes, in_block = (size_t)(sink->rows % layout->block_rows);
    unsigned char *place = sink->block + in_block * row_bytes;
    if (values) {
        memcpy(place, values, count * row_bytes);
    } else {
        fill_missing(place, layout->info.type, count * layout->info.width);
    }
    WN_TRY(
        wn_store_write_at(sink->fd, place, count * row_bytes, wn_column_offset(layout, sink->rows), sink->path, err));
    sink->rows += (int64_t)count;
    if (sink->rows % layout->block_rows != 0) return WN_OK;
    uint64_t checksum = wn_hash64_of(sink->block, (size_t)layout->block_rows * row_bytes);
    if (wn_buffer_add(&sink->checksums, &checksum, sizeof checksum) == WN_OK) return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory to write column %s", layout->info.name);
}

wn_status wn_column_sink_add(wn_column_sink *sink, const void *values, size_t count, wn_error *err)
{
    const unsigned char *at = values;
    sink->dirty = true;
    while (count > 0) {
        size_t room = (size_t)(sink->layout.block_rows - sink->rows % sink->layout.block_rows);
        size_t take = count < room ? count : room;
        WN_TRY(add_to_block(sink, at, take, err));
        if (at) at += take * sink->layout.info.row_bytes;
        count -= take;
    }
    return WN_OK;
}

wn_status wn_column_sink_record(wn_column_sink *sink, wn_database *database, wn_error *err)
{
    const wn_column_layout *layout = &sink->layout;
    size_t complete = sink->checksums.len / sizeof(uint64_t), filled = (size_t)(sink->rows % layout->block_rows);
    sqlite3_stmt *insert = NULL, *update = NULL;
    wn_status status;
    if ((status = wn_database_prepare(
             database, "INSERT OR REPLACE INTO column_blocks (id, block, checksum) VALUES (?1, ?2, ?3)", &insert, err)))
        goto done;
    sqlite3_bind_int64(insert, 1, layout->id);
    for (size_t i = 0; i < complete + (filled > 0); i++) {
        uint64_t checksum;
        if (i < complete) {
            memcpy(&checksum, sink->checksums.data + i * sizeof checksum, sizeof checksum);
        } else {
            checksum = wn_hash64_of(sink->block, filled * layout->info.row_bytes);
        }
        sqlite3_bind_int64(insert, 2, sink->first_block + (int64_t)i);
        sqlite3_bind_int64(insert, 3, (int64_t)checksum);
        if ((status = wn_database_run(database, insert, err))) goto done;
    }
    if ((status = wn_database_prepare(database, "UPDATE column_files SET rows = ?2 WHERE id = ?1", &update, err)))
        goto done;
    sqlite3_bind_int64(update, 1, layout->id);
    sqlite3_bind_int64(update, 2, sink->rows);
    status = wn_database_run(database, update, err);
done:
    sqlite3_finalize(update);
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_column_sink_flush(wn_column_sink *sink, wn_error *err)
{
    if (fdatasync(sink->fd) == 0) return WN_OK;
    return wn_fail_errno(err, errno, "%s: could not flush the column to the disk", sink->path);
}

void wn_column_sink_settle(wn_column_sink *sink)
{
    sink->layout.info.rows = sink->rows;
    sink->first_block = sink->rows / sink->layout.block_rows;
    wn_buffer_reset(&sink->checksums);
    sink->dirty = false;
}

wn_status wn_store_append_column(wn_workspace *workspace, const char *name, int64_t first, const void *values,
                                 size_t count, wn_error *err)
{
    wn_column_sink *sink = NULL;
    WN_TRY(wn_store_sink(workspace, name, &sink, err));
    if (first < sink->rows) {
        return wn_fail(err, WN_INVALID, "column %s has %lld rows; rows from %lld can not be appended", name,
                       (long long)sink->rows, (long long)first);
    }
    WN_TRY(wn_column_sink_add(sink, NULL, (size_t)(first - sink->rows), err));
    WN_TRY(wn_column_sink_add(sink, values, count, err));
    return wn_column_sink_record(sink, &workspace->database, err);
}

wn_status wn_column_append(wn_workspace *workspace, const char *name, int64_t first, const void *values, size_t count,
                           wn_error *err)
{
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_store_append_column(workspace, name, first, values, count, err);
    return wn_store_end(workspace, status, err);
}
