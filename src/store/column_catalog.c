/* SPDX-License-Identifier: Apache-2.0
 *
 * What columns there are, from the catalogue alone.
 */
#include "base/error.h"
#include "store/internal.h"
#include "winnow/memory.h"

static wn_status fail_record(const wn_workspace *workspace, wn_error *err)
{
    return wn_fail(err, WN_CORRUPT, "%s: the record of a column is damaged", workspace->database.path);
}

wn_status wn_store_find_column(wn_workspace *workspace, const char *name, wn_column_layout *out, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_status status = wn_database_prepare(
        &workspace->database, "SELECT " WN_COLUMN_LAYOUT_FIELDS " FROM column_files f WHERE f.name = ?1 AND f.live = 1",
        &statement, err);
    if (status == WN_OK) {
        wn_database_bind_text(statement, 1, name);
        status = wn_database_step(&workspace->database, statement, &row, err);
    }
    if (status == WN_OK && !row) {
        status = wn_fail(err, WN_NOTFOUND, "%s has no column %s", workspace->path, name);
    } else if (status == WN_OK && !wn_column_layout_read(statement, out)) {
        status = fail_record(workspace, err);
    }
    sqlite3_finalize(statement);
    return status;
}

wn_status wn_column_find(wn_workspace *workspace, const char *name, wn_column_info *out, wn_error *err)
{
    wn_column_layout layout;
    WN_TRY(wn_store_find_column(workspace, name, &layout, err));
    *out = layout.info;
    return WN_OK;
}

wn_status wn_column_list(wn_workspace *workspace, wn_column_info **out, size_t *count, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_buffer list;
    wn_buffer_init(&list, WN_MEMORY_STORE, 0);
    bool row = true;
    wn_status status;
    if ((status = wn_database_prepare(
             database, "SELECT " WN_COLUMN_LAYOUT_FIELDS " FROM column_files f WHERE f.live = 1 ORDER BY f.name",
             &statement, err)))
        goto done;
    for (;;) {
        wn_column_layout layout;
        if ((status = wn_database_step(database, statement, &row, err)) || !row) break;
        if (!wn_column_layout_read(statement, &layout)) {
            status = fail_record(workspace, err);
            break;
        }
        if (wn_buffer_add(&list, &layout.info, sizeof layout.info) != WN_OK) {
            status = wn_fail(err, WN_NOMEM, "no memory to list the columns");
            break;
        }
    }
    if (status == WN_OK && !wn_buffer_reserve(&list, 0)) status = wn_fail(err, WN_NOMEM, "no memory to list columns");
    if (status == WN_OK) {
        *count = list.len / sizeof(wn_column_info);
        *out = (wn_column_info *)(void *)list.data;
        wn_buffer_init(&list, WN_MEMORY_STORE, 0); /* the caller owns it now */
    }
done:
    wn_buffer_clear(&list);
    sqlite3_finalize(statement);
    return status;
}
