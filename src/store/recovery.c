/* SPDX-License-Identifier: Apache-2.0
 *
 * What a new writer does first. Whoever was killed left at most: runs that still say "running", replacement columns
 * that never became live, and bytes beyond the committed ends (cut when a file is opened for appending).
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
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

/* Takes NAME.ID.col apart; false for other names. */
static bool parse_file_name(const char *file, char name[WN_COLUMN_NAME_MAX + 1], long long *id)
{
    const char *end = strrchr(file, '.');
    if (!end || strcmp(end, ".col") != 0 || end == file) return false;
    const char *dot = end - 1;
    while (dot > file && *dot >= '0' && *dot <= '9') dot--;
    size_t len = (size_t)(dot - file);
    if (*dot != '.' || dot + 1 == end || len == 0 || len > WN_COLUMN_NAME_MAX) return false;
    memcpy(name, file, len);
    name[len] = 0;
    return sscanf(dot + 1, "%lld", id) == 1;
}

/* Removes a column file that the catalogue does not list as live. */
static wn_status sweep_file(wn_workspace *workspace, const char *file, wn_error *err)
{
    char name[WN_COLUMN_NAME_MAX + 1], sql[96];
    long long id = 0;
    int64_t live = 0;
    if (!parse_file_name(file, name, &id)) return WN_OK;
    sqlite3_snprintf(sizeof sql, sql, "SELECT count(*) FROM column_files WHERE id = %lld", id);
    WN_TRY(wn_database_number(&workspace->database, sql, &live, err));
    if (live) return WN_OK;
    char *path = wn_column_path(workspace->path, name, id);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to open %s", workspace->path);
    unlink(path);
    wn_free(path);
    return WN_OK;
}

static wn_status sweep_columns(wn_workspace *workspace, wn_error *err)
{
    WN_TRY(wn_database_exec(&workspace->database, "DELETE FROM column_files WHERE live = 0", err));
    char *path = wn_path_join(workspace->path, "columns");
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to open %s", workspace->path);
    DIR *folder = opendir(path);
    wn_status status = folder ? WN_OK : wn_fail_errno(err, errno, "%s: could not open the folder", path);
    struct dirent *entry;
    while (status == WN_OK && (entry = readdir(folder))) status = sweep_file(workspace, entry->d_name, err);
    if (folder) closedir(folder);
    wn_free(path);
    return status;
}

wn_status wn_store_recover(wn_workspace *workspace, wn_error *err)
{
    WN_TRY(close_dead_runs(workspace, err));
    WN_TRY(sweep_columns(workspace, err));
    return forget_deleted_columns(workspace, err);
}
