/* SPDX-License-Identifier: Apache-2.0
 *
 * Selections and their picks.
 */
#include <math.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/internal.h"
#include "store/record_list.h"
#include "store/tag_records.h"

static wn_status insert_selection(wn_workspace *workspace, const wn_selection_record *selection, int64_t *id,
                                  wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(database,
                                           "INSERT INTO selections (tag, run, strategy, k, seed, config, created_at) "
                                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                                           &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, selection->tag);
        if (selection->run) sqlite3_bind_int64(insert, 2, selection->run);
        wn_database_bind_text(insert, 3, selection->strategy);
        sqlite3_bind_int64(insert, 4, selection->k);
        sqlite3_bind_int64(insert, 5, selection->seed);
        wn_database_bind_text(insert, 6, selection->config);
        sqlite3_bind_int64(insert, 7, wn_clock_unix());
        status = wn_database_run(database, insert, err);
        *id = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return status;
}

static void bind_real(sqlite3_stmt *statement, int at, float value)
{
    if (isnan(value)) {
        sqlite3_bind_null(statement, at);
    } else {
        sqlite3_bind_double(statement, at, (double)value);
    }
}

static float read_real(sqlite3_stmt *statement, int at)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? NAN : (float)sqlite3_column_double(statement, at);
}

static wn_status insert_picks(wn_workspace *workspace, int64_t id, const wn_pick *picks, size_t count, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(
        database, "INSERT INTO picks (selection, rank, row, distance, score) VALUES (?1, ?2, ?3, ?4, ?5)", &insert,
        err);
    if (status == WN_OK) sqlite3_bind_int64(insert, 1, id);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        sqlite3_bind_int64(insert, 2, (int64_t)i);
        sqlite3_bind_int64(insert, 3, picks[i].row);
        bind_real(insert, 4, picks[i].distance);
        bind_real(insert, 5, picks[i].score);
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_selection_add(wn_workspace *workspace, const wn_selection_record *selection, const wn_pick *picks,
                           size_t count, int64_t *id, wn_error *err)
{
    int64_t new_id = 0;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = insert_selection(workspace, selection, &new_id, err);
    if (status == WN_OK) status = insert_picks(workspace, new_id, picks, count, err);
    if (status == WN_OK) {
        status = wn_store_write_tag(workspace, selection->tag, count ? &picks[0].row : NULL, count, sizeof *picks, err);
    }
    status = wn_store_end(workspace, status, err);
    if (status == WN_OK && id) *id = new_id;
    return status;
}

wn_status wn_selection_list(wn_workspace *workspace, wn_selection_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_selection_record, tag), offsetof(wn_selection_record, strategy),
                                    offsetof(wn_selection_record, config)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_selection_record));
    wn_status status = wn_database_prepare(database,
                                           "SELECT selection, tag, run, strategy, k, seed, config, created_at, (SELECT "
                                           "count(*) FROM picks p WHERE p.selection = s.selection) FROM selections s "
                                           "ORDER BY selection",
                                           &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_selection_record record = {.id = sqlite3_column_int64(statement, 0),
                                      .tag = wn_record_list_required(&list, statement, 1),
                                      .run = sqlite3_column_int64(statement, 2),
                                      .strategy = wn_record_list_required(&list, statement, 3),
                                      .k = sqlite3_column_int64(statement, 4),
                                      .seed = sqlite3_column_int64(statement, 5),
                                      .config = wn_record_list_text(&list, statement, 6),
                                      .created_at = sqlite3_column_int64(statement, 7),
                                      .picks = sqlite3_column_int64(statement, 8)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 3, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

static wn_status selection_exists(wn_workspace *workspace, int64_t id, wn_error *err)
{
    char sql[96];
    int64_t found = 0;
    sqlite3_snprintf(sizeof sql, sql, "SELECT count(*) FROM selections WHERE selection = %lld", (long long)id);
    WN_TRY(wn_database_number(&workspace->database, sql, &found, err));
    if (found) return WN_OK;
    return wn_fail(err, WN_NOTFOUND, "%s has no selection %lld", workspace->path, (long long)id);
}

wn_status wn_selection_picks(wn_workspace *workspace, int64_t id, wn_pick **picks, size_t *count, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    WN_TRY(selection_exists(workspace, id, err));
    wn_record_list_init(&list, sizeof(wn_pick));
    wn_status status = wn_database_prepare(
        database, "SELECT row, distance, score FROM picks WHERE selection = ?1 ORDER BY rank", &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, id);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_pick pick = {.row = sqlite3_column_int64(statement, 0),
                        .distance = read_real(statement, 1),
                        .score = read_real(statement, 2)};
        wn_record_list_add(&list, &pick);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, NULL, 0, &block, count, err);
    if (status == WN_OK) *picks = block;
    wn_record_list_clear(&list);
    return status;
}
