/* SPDX-License-Identifier: Apache-2.0
 *
 * Making, replacing and removing columns. Every version of a column is a file of its own, named by an id that is never
 * reused; which of them is live changes in one commit. A reader that opened the old file keeps it.
 */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "store/internal.h"

struct wn_column_writer {
    wn_workspace *workspace;
    wn_column_sink *sink;
};

/* Reserves an id: a record that is not live yet. */
static wn_status reserve_id(wn_workspace *workspace, wn_column_layout *layout, bool live, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(database,
                                           "INSERT INTO column_files (name, live, type, width, block_rows, rows) "
                                           "VALUES (?1, ?2, ?3, ?4, ?5, 0)",
                                           &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, layout->info.name);
        sqlite3_bind_int(insert, 2, live);
        sqlite3_bind_int(insert, 3, (int)layout->info.type);
        sqlite3_bind_int64(insert, 4, (int64_t)layout->info.width);
        sqlite3_bind_int64(insert, 5, layout->block_rows);
        status = wn_database_run(database, insert, err);
        layout->id = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return status;
}

/* Drops the records of the live column of that name; *old is its id, 0 when there is none. */
static wn_status drop_live(wn_workspace *workspace, const char *name, int64_t *old, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *find = NULL, *drop = NULL;
    bool row = false;
    wn_status status;
    *old = 0;
    if ((status =
             wn_database_prepare(database, "SELECT id FROM column_files WHERE name = ?1 AND live = 1", &find, err)))
        goto done;
    wn_database_bind_text(find, 1, name);
    if ((status = wn_database_step(database, find, &row, err)) || !row) goto done;
    *old = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    if ((status = wn_database_prepare(database, "DELETE FROM column_blocks WHERE id = ?1", &drop, err))) goto done;
    sqlite3_bind_int64(drop, 1, *old);
    if ((status = wn_database_run(database, drop, err))) goto done;
    sqlite3_finalize(drop);
    drop = NULL;
    if ((status = wn_database_prepare(database, "DELETE FROM column_files WHERE id = ?1", &drop, err))) goto done;
    sqlite3_bind_int64(drop, 1, *old);
    status = wn_database_run(database, drop, err);
done:
    sqlite3_finalize(drop);
    sqlite3_finalize(find);
    return status;
}

static void remove_file(wn_workspace *workspace, const char *name, int64_t id)
{
    char *path = wn_column_path(workspace->path, name, id);
    if (path) unlink(path); /* What stays behind is swept at the next open for writing. */
    wn_free(path);
}

wn_status wn_column_create(wn_workspace *workspace, const char *name, wn_column_type type, size_t width, wn_error *err)
{
    wn_column_layout layout;
    wn_column_info info;
    wn_column_sink *sink = NULL;
    WN_TRY(wn_store_require_writer(workspace, err));
    WN_TRY(wn_column_layout_make(name, type, width, &layout, err));
    wn_status status = wn_column_find(workspace, name, &info, NULL);
    if (status == WN_OK && (info.type != type || info.width != width)) {
        return wn_fail(err, WN_INVALID, "column %s exists with %zu values of %s a row, not %zu of %s", name, info.width,
                       wn_column_type_text(info.type), width, wn_column_type_text(type));
    }
    if (status == WN_OK) return WN_OK;
    if (status != WN_NOTFOUND) return wn_column_find(workspace, name, &info, err);

    WN_TRY(wn_store_begin(workspace, err));
    status = reserve_id(workspace, &layout, true, err);
    if (status == WN_OK) status = wn_column_sink_create(workspace->path, &layout, &sink, err);
    if (status == WN_OK && !workspace->unsynced) {
        status = wn_column_sink_flush(sink, err);
        if (status == WN_OK) status = wn_store_sync_folder(workspace, "columns", err);
    }
    wn_column_sink_close(&sink);
    return wn_store_end(workspace, status, err);
}

wn_status wn_column_replace_begin(wn_workspace *workspace, const char *name, wn_column_type type, size_t width,
                                  wn_column_writer **out, wn_error *err)
{
    wn_column_layout layout;
    WN_TRY(wn_store_require_writer(workspace, err));
    WN_TRY(wn_column_layout_make(name, type, width, &layout, err));
    wn_column_writer *writer = wn_calloc(WN_MEMORY_STORE, 1, sizeof *writer);
    if (!writer) return wn_fail(err, WN_NOMEM, "no memory to replace column %s", name);
    writer->workspace = workspace;
    wn_status status = wn_store_begin(workspace, err);
    if (status == WN_OK) {
        status = reserve_id(workspace, &layout, false, err);
        status = wn_store_end(workspace, status, err);
    }
    if (status == WN_OK) status = wn_column_sink_create(workspace->path, &layout, &writer->sink, err);
    if (status == WN_OK) {
        *out = writer;
    } else {
        wn_free(writer);
    }
    return status;
}

wn_status wn_column_replace_add(wn_column_writer *writer, const void *values, size_t count, wn_error *err)
{
    return wn_column_sink_add(writer->sink, values, count, err);
}

/* Makes the new file live; *old is the id of the one that was. */
static wn_status publish(wn_workspace *workspace, wn_column_sink *sink, int64_t *old, wn_error *err)
{
    char sql[96];
    sqlite3_snprintf(sizeof sql, sql, "UPDATE column_files SET live = 1 WHERE id = %lld", (long long)sink->layout.id);
    if (!workspace->unsynced) {
        WN_TRY(wn_column_sink_flush(sink, err));
        WN_TRY(wn_store_sync_folder(workspace, "columns", err));
    }
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = drop_live(workspace, sink->layout.info.name, old, err);
    if (status == WN_OK) status = wn_column_sink_record(sink, &workspace->database, err);
    if (status == WN_OK) status = wn_database_exec(&workspace->database, sql, err);
    return wn_store_end(workspace, status, err);
}

wn_status wn_column_replace_end(wn_column_writer **writer, bool keep, wn_error *err)
{
    wn_column_writer *own = *writer;
    if (!own) return WN_OK;
    *writer = NULL;
    wn_workspace *workspace = own->workspace;
    wn_column_layout *layout = &own->sink->layout;
    int64_t old = 0;
    wn_status status = keep ? publish(workspace, own->sink, &old, err) : WN_OK;
    if (keep && status == WN_OK) {
        wn_store_forget_sink(workspace, layout->info.name);
        if (old != 0) remove_file(workspace, layout->info.name, old);
    } else {
        char sql[96];
        sqlite3_snprintf(sizeof sql, sql, "DELETE FROM column_files WHERE id = %lld AND live = 0",
                         (long long)layout->id);
        (void)!wn_database_exec(&workspace->database, sql, NULL);
        remove_file(workspace, layout->info.name, layout->id);
    }
    wn_column_sink_close(&own->sink);
    wn_free(own);
    return status;
}

wn_status wn_column_replace(wn_workspace *workspace, const char *name, wn_column_type type, size_t width,
                            const void *values, size_t count, wn_error *err)
{
    wn_column_writer *writer = NULL;
    WN_TRY(wn_column_replace_begin(workspace, name, type, width, &writer, err));
    wn_status status = wn_column_replace_add(writer, values, count, err);
    wn_status ended = wn_column_replace_end(&writer, status == WN_OK, status == WN_OK ? err : NULL);
    return status != WN_OK ? status : ended;
}

wn_status wn_column_remove(wn_workspace *workspace, const char *name, wn_error *err)
{
    int64_t old = 0;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = drop_live(workspace, name, &old, err);
    WN_TRY(wn_store_end(workspace, status, err));
    wn_store_forget_sink(workspace, name);
    if (old != 0) remove_file(workspace, name, old);
    return WN_OK;
}
