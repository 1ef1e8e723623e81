/* SPDX-License-Identifier: Apache-2.0
 *
 * What a new writer does first. Whoever was killed left at most: runs that still say "running", column files that never
 * became live or were just replaced, and bytes beyond the committed ends (cut when a file is opened for appending).
 */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "store/internal.h"
#include "winnow/log.h"

static wn_status close_dead_runs(wn_workspace *workspace, wn_error *err)
{
    char sql[160];
    sqlite3_snprintf(sizeof sql, sql, "UPDATE runs SET state = 'killed', finished_at = %lld WHERE state = 'running'",
                     (long long)wn_clock_unix());
    return wn_database_exec(&workspace->database, sql, err);
}

/* A deleted file is how a user gets rid of a damaged column: forget it, so that it can be made again. */
static wn_status forget_deleted_columns(wn_workspace *workspace, wn_error *err)
{
    wn_column_info *columns = NULL;
    size_t count = 0;
    WN_TRY(wn_column_list(workspace, &columns, &count, err));
    wn_status status = WN_OK;
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        wn_column_layout layout;
        if ((status = wn_store_find_column(workspace, columns[i].name, &layout, err))) break;
        char *path = wn_column_path(workspace->path, layout.info.name, layout.id);
        if (!path) {
            status = wn_fail(err, WN_NOMEM, "no memory to open %s", workspace->path);
        } else if (access(path, F_OK) != 0 && errno == ENOENT) {
            wn_log(WN_LOG_WARNING, "the file of column %s is gone; the column will be made again when it is needed",
                   layout.info.name);
            status = wn_column_remove(workspace, layout.info.name, err);
        }
        wn_free(path);
    }
    wn_free(columns);
    return status;
}

/* Removes the files of columns that never became live, were replaced or removed, and their records. Files that the
 * catalogue does not name are left alone: a catalogue that was damaged or taken from a backup must not cost data. */
static wn_status sweep_columns(wn_workspace *workspace, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false, any = false;
    wn_status status = wn_database_prepare(
        database, "SELECT " WN_COLUMN_LAYOUT_FIELDS " FROM column_files f WHERE f.live <> 1", &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_column_layout layout;
        any = true;
        if (!wn_column_layout_read(statement, &layout)) continue;
        char *path = wn_column_path(workspace->path, layout.info.name, layout.id);
        if (path) {
            unlink(path);
        } else {
            status = wn_fail(err, WN_NOMEM, "no memory to open %s", workspace->path);
        }
        wn_free(path);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK && any) status = wn_database_exec(database, "DELETE FROM column_files WHERE live <> 1", err);
    return status;
}

wn_status wn_store_recover(wn_workspace *workspace, wn_error *err)
{
    WN_TRY(close_dead_runs(workspace, err));
    WN_TRY(sweep_columns(workspace, err));
    return forget_deleted_columns(workspace, err);
}
