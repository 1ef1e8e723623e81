/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings and runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "store/internal.h"
#include "store/record_list.h"
#include "winnow/catalog.h"

wn_status wn_setting_set(wn_workspace *workspace, const char *key, const char *value, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_database_prepare(database,
                                           value ? "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)"
                                                 : "DELETE FROM settings WHERE key = ?1",
                                           &statement, err);
    if (status == WN_OK) {
        wn_database_bind_text(statement, 1, key);
        if (value) wn_database_bind_text(statement, 2, value);
        status = wn_database_run(database, statement, err);
    }
    sqlite3_finalize(statement);
    return wn_store_end(workspace, status, err);
}

wn_status wn_setting_get(wn_workspace *workspace, const char *key, char **out, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    *out = NULL;
    wn_status status = wn_database_prepare(database, "SELECT value FROM settings WHERE key = ?1", &statement, err);
    if (status == WN_OK) {
        wn_database_bind_text(statement, 1, key);
        status = wn_database_step(database, statement, &row, err);
    }
    if (status == WN_OK && row) {
        const char *value = (const char *)sqlite3_column_text(statement, 0);
        *out = value ? wn_text_copy(value) : NULL;
        if (!*out) status = wn_fail(err, WN_NOMEM, "no memory for the setting %s", key);
    }
    sqlite3_finalize(statement);
    return status;
}

static wn_status insert_run(wn_workspace *workspace, const char *command, const char *config, int64_t *id,
                            wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(
        database, "INSERT INTO runs (command, config, state, started_at) VALUES (?1, ?2, 'running', ?3)", &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, command);
        wn_database_bind_text(insert, 2, config ? config : "{}");
        sqlite3_bind_int64(insert, 3, wn_clock_unix());
        status = wn_database_run(database, insert, err);
        *id = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_run_begin(wn_workspace *workspace, const char *command, const char *config, int64_t *id, char **folder,
                       wn_error *err)
{
    char part[40];
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = insert_run(workspace, command, config, id, err);
    WN_TRY(wn_store_end(workspace, status, err));
    snprintf(part, sizeof part, "runs/%04lld", (long long)*id);
    char *path = wn_path_join(workspace->path, part);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory for the folder of a run");
    status = wn_file_make_folder(path, err);
    if (status == WN_OK && folder) {
        *folder = path;
        path = NULL;
    }
    wn_free(path);
    return status;
}

wn_status wn_run_end(wn_workspace *workspace, int64_t id, const char *state, const char *stages, const char *summary,
                     wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *update = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_database_prepare(
        database, "UPDATE runs SET state = ?2, stages = ?3, summary = ?4, finished_at = ?5 WHERE run = ?1", &update,
        err);
    if (status == WN_OK) {
        sqlite3_bind_int64(update, 1, id);
        wn_database_bind_text(update, 2, state);
        wn_database_bind_text(update, 3, stages);
        wn_database_bind_text(update, 4, summary);
        sqlite3_bind_int64(update, 5, wn_clock_unix());
        status = wn_database_run(database, update, err);
    }
    sqlite3_finalize(update);
    if (status == WN_OK && sqlite3_changes(database->handle) == 0) {
        status = wn_fail(err, WN_NOTFOUND, "%s has no run %lld", workspace->path, (long long)id);
    }
    return wn_store_end(workspace, status, err);
}

wn_status wn_run_list(wn_workspace *workspace, wn_run_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_run_record, command), offsetof(wn_run_record, config),
                                    offsetof(wn_run_record, state), offsetof(wn_run_record, stages),
                                    offsetof(wn_run_record, summary)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_run_record));
    wn_status status = wn_database_prepare(
        database, "SELECT run, command, config, state, started_at, finished_at, stages, summary FROM runs ORDER BY run",
        &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_run_record record = {.id = sqlite3_column_int64(statement, 0),
                                .command = wn_record_list_required(&list, statement, 1),
                                .config = wn_record_list_required(&list, statement, 2),
                                .state = wn_record_list_required(&list, statement, 3),
                                .started_at = sqlite3_column_int64(statement, 4),
                                .finished_at = sqlite3_column_int64(statement, 5),
                                .stages = wn_record_list_text(&list, statement, 6),
                                .summary = wn_record_list_text(&list, statement, 7)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 5, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}
