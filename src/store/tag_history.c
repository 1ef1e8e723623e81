/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of tags and taking them back. Whatever changes a tag records first, in the same transaction, what it was.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "store/internal.h"
#include "store/record_list.h"
#include "store/tag_records.h"

static wn_status insert_change(wn_workspace *workspace, const char *name, const int64_t *rows, size_t count,
                               wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(
        database, "INSERT INTO tag_changes (name, made_at, before) VALUES (?1, ?2, ?3)", &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, name);
        sqlite3_bind_int64(insert, 2, wn_clock_unix());
        if (rows) {
            sqlite3_bind_blob64(insert, 3, count ? (const void *)rows : "", count * sizeof *rows, SQLITE_STATIC);
        } else
            sqlite3_bind_null(insert, 3);
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_store_record_tag(wn_workspace *workspace, const char *name, wn_error *err)
{
    int64_t *rows = NULL;
    size_t count = 0;
    wn_status status = wn_tag_get(workspace, name, &rows, &count, err);
    if (status == WN_NOTFOUND) status = WN_OK;
    if (status == WN_OK) status = insert_change(workspace, name, rows, count, err);
    wn_free(rows);
    return status;
}

wn_status wn_tag_change_list(wn_workspace *workspace, wn_tag_change_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_tag_change_record, name)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_tag_change_record));
    wn_status status =
        wn_database_prepare(database,
                            "SELECT change, name, made_at, before IS NULL, coalesce(length(before), 0) / "
                            "8 FROM tag_changes WHERE undone = 0 ORDER BY change DESC",
                            &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_tag_change_record record = {.id = sqlite3_column_int64(statement, 0),
                                       .name = wn_record_list_required(&list, statement, 1),
                                       .made_at = sqlite3_column_int64(statement, 2),
                                       .created = sqlite3_column_int(statement, 3) != 0,
                                       .rows_before = sqlite3_column_int64(statement, 4)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 1, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

/* A change as it is to be taken back. */
typedef struct undoing {
    int64_t id;
    char *name;
    int64_t *rows; /* NULL = there was no tag */
    size_t count;
} undoing;

static wn_status load_last(wn_workspace *workspace, undoing *out, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_status status = wn_database_prepare(
        database, "SELECT change, name, before FROM tag_changes WHERE undone = 0 ORDER BY change DESC LIMIT 1",
        &statement, err);
    if (status == WN_OK) status = wn_database_step(database, statement, &row, err);
    if (status == WN_OK && !row) status = wn_fail(err, WN_NOTFOUND, "no change of a tag is left to take back");
    if (status == WN_OK) {
        const char *name = (const char *)sqlite3_column_text(statement, 1);
        out->id = sqlite3_column_int64(statement, 0);
        out->name = wn_text_copy(name ? name : "");
        if (sqlite3_column_type(statement, 2) != SQLITE_NULL) {
            out->count = (size_t)sqlite3_column_bytes(statement, 2) / sizeof *out->rows;
            out->rows = wn_alloc(WN_MEMORY_STORE, out->count, sizeof *out->rows);
            if (out->rows && out->count)
                memcpy(out->rows, sqlite3_column_blob(statement, 2), out->count * sizeof *out->rows);
            if (!out->rows) status = WN_NOMEM;
        }
        if (!out->name || status) status = wn_fail(err, WN_NOMEM, "no memory to take a change back");
    }
    sqlite3_finalize(statement);
    return status;
}

static wn_status restore(wn_workspace *workspace, const undoing *change, wn_error *err)
{
    char sql[96];
    wn_status status =
        change->rows ? wn_store_put_tag(workspace, change->name, change->rows, change->count, sizeof *change->rows, err)
                     : wn_store_drop_tag(workspace, change->name, err);
    sqlite3_snprintf(sizeof sql, sql, "UPDATE tag_changes SET undone = 1 WHERE change = %lld", (long long)change->id);
    return status ? status : wn_database_exec(&workspace->database, sql, err);
}

wn_status wn_tag_undo(wn_workspace *workspace, char **name, wn_error *err)
{
    undoing change = {0};
    *name = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = load_last(workspace, &change, err);
    if (status == WN_OK) status = restore(workspace, &change, err);
    status = wn_store_end(workspace, status, err);
    wn_free(change.rows);
    if (status == WN_OK) {
        *name = change.name;
    } else
        wn_free(change.name);
    return status;
}
