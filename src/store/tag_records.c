/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags: named sets of rows.
 */
#include "store/tag_records.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/internal.h"
#include "store/record_list.h"

/* The id of a tag; 0 when there is none. */
static wn_status find_tag(wn_workspace *workspace, const char *name, int64_t *tag, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *find = NULL;
    bool row = false;
    wn_status status = wn_database_prepare(database, "SELECT tag FROM tags WHERE name = ?1", &find, err);
    if (status == WN_OK) {
        wn_database_bind_text(find, 1, name);
        status = wn_database_step(database, find, &row, err);
    }
    *tag = row ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_finalize(find);
    return status;
}

/* Runs a statement whose first parameter is a tag id. */
static wn_status run_for_tag(wn_database *database, const char *sql, int64_t tag, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    wn_status status = wn_database_prepare(database, sql, &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, tag);
        status = wn_database_run(database, statement, err);
    }
    sqlite3_finalize(statement);
    return status;
}

static wn_status make_tag(wn_workspace *workspace, const char *name, int64_t *tag, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    WN_TRY(find_tag(workspace, name, tag, err));
    if (*tag != 0) return run_for_tag(database, "DELETE FROM tag_rows WHERE tag = ?1", *tag, err);
    wn_status status =
        wn_database_prepare(database, "INSERT INTO tags (name, created_at) VALUES (?1, ?2)", &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, name);
        sqlite3_bind_int64(insert, 2, wn_clock_unix());
        status = wn_database_run(database, insert, err);
        *tag = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_store_put_tag(wn_workspace *workspace, const char *name, const int64_t *rows, size_t count, size_t stride,
                           wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    int64_t tag = 0;
    WN_TRY(make_tag(workspace, name, &tag, err));
    wn_status status =
        wn_database_prepare(database, "INSERT OR IGNORE INTO tag_rows (tag, row) VALUES (?1, ?2)", &insert, err);
    if (status == WN_OK) sqlite3_bind_int64(insert, 1, tag);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        sqlite3_bind_int64(insert, 2, *(const int64_t *)(const void *)((const char *)rows + i * stride));
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_store_write_tag(wn_workspace *workspace, const char *name, const int64_t *rows, size_t count,
                             size_t stride, wn_error *err)
{
    if (!name || !*name) return wn_fail(err, WN_INVALID, "a tag needs a name");
    WN_TRY(wn_store_record_tag(workspace, name, err));
    return wn_store_put_tag(workspace, name, rows, count, stride, err);
}

wn_status wn_store_drop_tag(wn_workspace *workspace, const char *name, wn_error *err)
{
    int64_t tag = 0;
    WN_TRY(find_tag(workspace, name, &tag, err));
    if (tag == 0) return wn_fail(err, WN_NOTFOUND, "there is no tag %s", name);
    return run_for_tag(&workspace->database, "DELETE FROM tags WHERE tag = ?1", tag, err);
}

wn_status wn_tag_set(wn_workspace *workspace, const char *name, wn_rows rows, wn_error *err)
{
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_store_write_tag(workspace, name, rows.data, rows.len, sizeof *rows.data, err);
    return wn_store_end(workspace, status, err);
}

wn_status wn_tag_remove(wn_workspace *workspace, const char *name, wn_error *err)
{
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_store_record_tag(workspace, name, err);
    if (status == WN_OK) status = wn_store_drop_tag(workspace, name, err);
    return wn_store_end(workspace, status, err);
}

wn_status wn_tag_get(wn_workspace *workspace, const char *name, int64_t **rows, size_t *count, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    int64_t tag = 0;
    WN_TRY(find_tag(workspace, name, &tag, err));
    if (tag == 0) return wn_fail(err, WN_NOTFOUND, "there is no tag %s", name);
    wn_record_list_init(&list, sizeof(int64_t));
    wn_status status =
        wn_database_prepare(database, "SELECT row FROM tag_rows WHERE tag = ?1 ORDER BY row", &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, tag);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        int64_t number = sqlite3_column_int64(statement, 0);
        wn_record_list_add(&list, &number);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, NULL, 0, &block, count, err);
    if (status == WN_OK) *rows = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_tag_list(wn_workspace *workspace, wn_tag_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_tag_record, name)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_tag_record));
    wn_status status = wn_database_prepare(database,
                                           "SELECT name, (SELECT count(*) FROM tag_rows r WHERE r.tag = t.tag), "
                                           "created_at FROM tags t ORDER BY name",
                                           &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_tag_record record = {.name = wn_record_list_required(&list, statement, 0),
                                .rows = sqlite3_column_int64(statement, 1),
                                .created_at = sqlite3_column_int64(statement, 2)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 1, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}
