/* SPDX-License-Identifier: Apache-2.0
 *
 * Making, replacing and removing columns. Every version of a column is a file of its own, named by an id that is never
 * reused; which of them is live changes in one commit. A reader that opened the old file keeps it.
 */
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

/* Runs a statement with one id for its parameter. */
static wn_status run_for_id(wn_database *database, const char *sql, int64_t id, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    wn_status status = wn_database_prepare(database, sql, &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, id);
        status = wn_database_run(database, statement, err);
    }
    sqlite3_finalize(statement);
    return status;
}

/* Makes the live column of that name a dead one; inside a transaction. *file is the path of its file, which is to be
 * removed after the commit and released with wn_free; NULL when there is no such column. The record stays until the
 * next open for writing, so that the file is also removed when this process is killed before it could. */
static wn_status drop_live(wn_workspace *workspace, const char *name, char **file, wn_error *err)
{
    wn_database *database = &workspace->database;
    wn_column_layout layout;
    wn_error own = {0};
    *file = NULL;
    wn_status status = wn_store_find_column(workspace, name, &layout, &own);
    if (status == WN_NOTFOUND) return WN_OK;
    if (status != WN_OK) {
        if (err) *err = own;
        return status;
    }
    *file = wn_column_path(workspace->path, name, layout.id);
    if (!*file) return wn_fail(err, WN_NOMEM, "no memory to remove column %s", name);
    WN_TRY(run_for_id(database, "DELETE FROM column_blocks WHERE id = ?1", layout.id, err));
    return run_for_id(database, "UPDATE column_files SET live = 2 WHERE id = ?1", layout.id, err);
}

/* Whether a column of that name is there with this shape; WN_INVALID for another shape. */
static wn_status look_for(wn_workspace *workspace, const wn_column_layout *wanted, bool *there, wn_error *err)
{
    wn_column_layout found;
    wn_error own = {0};
    const wn_column_info *want = &wanted->info, *have = &found.info;
    wn_status status = wn_store_find_column(workspace, want->name, &found, &own);
    *there = status == WN_OK;
    if (status == WN_NOTFOUND) return WN_OK;
    if (status != WN_OK) {
        if (err) *err = own;
        return status;
    }
    if (have->type == want->type && have->width == want->width) return WN_OK;
    return wn_fail(err, WN_INVALID, "column %s exists with %zu values of %s a row, not %zu of %s", want->name,
                   have->width, wn_column_type_text(have->type), want->width, wn_column_type_text(want->type));
}

wn_status wn_column_create(wn_workspace *workspace, const char *name, wn_column_type type, size_t width, wn_error *err)
{
    wn_column_layout layout;
    wn_column_sink *sink = NULL;
    bool there = false;
    WN_TRY(wn_store_require_writer(workspace, err));
    WN_TRY(wn_column_layout_make(name, type, width, &layout, err));
    WN_TRY(look_for(workspace, &layout, &there, err));
    if (there) return WN_OK;

    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = reserve_id(workspace, &layout, true, err);
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
    if (!writer) {
        (void)!wn_fail(err, WN_NOMEM, "no memory to replace column %s", name);
        return WN_NOMEM;
    }
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

/* Makes the new file live; *old is the path of the one that was, or NULL. */
static wn_status publish(wn_workspace *workspace, wn_column_sink *sink, char **old, wn_error *err)
{
    if (!workspace->unsynced) {
        WN_TRY(wn_column_sink_flush(sink, err));
        WN_TRY(wn_store_sync_folder(workspace, "columns", err));
    }
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = drop_live(workspace, sink->layout.info.name, old, err);
    if (status == WN_OK) status = wn_column_sink_record(sink, &workspace->database, err);
    if (status == WN_OK) {
        status =
            run_for_id(&workspace->database, "UPDATE column_files SET live = 1 WHERE id = ?1", sink->layout.id, err);
    }
    return wn_store_end(workspace, status, err);
}

wn_status wn_column_replace_end(wn_column_writer **writer, bool keep, wn_error *err)
{
    wn_column_writer *own = *writer;
    if (!own) return WN_OK;
    *writer = NULL;
    wn_workspace *workspace = own->workspace;
    char *old = NULL;
    wn_status status = keep ? publish(workspace, own->sink, &old, err) : WN_OK;
    /* What is left behind when a removal fails is swept at the next open for writing. */
    if (keep && status == WN_OK) {
        wn_store_forget_sink(workspace, own->sink->layout.info.name);
        if (old) unlink(old);
    } else {
        (void)!run_for_id(&workspace->database, "DELETE FROM column_files WHERE id = ?1 AND live = 0",
                          own->sink->layout.id, NULL);
        unlink(own->sink->path);
    }
    wn_free(old);
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
    char *old = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = drop_live(workspace, name, &old, err);
    status = wn_store_end(workspace, status, err);
    if (status == WN_OK) wn_store_forget_sink(workspace, name);
    if (status == WN_OK && old) unlink(old);
    wn_free(old);
    return status;
}
