/* SPDX-License-Identifier: Apache-2.0
 *
 * Models, and which column holds the embeddings of each.
 */
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/internal.h"
#include "store/record_list.h"
#include "winnow/catalog.h"

wn_status wn_model_add(wn_workspace *workspace, const wn_model_record *model, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    /* An upsert, not a replacement: embeddings refer to the record. */
    wn_status status = wn_database_prepare(
        database,
        "INSERT INTO models (name, file, dim, created_at, note) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (name) DO "
        "UPDATE SET file = excluded.file, dim = excluded.dim, created_at = excluded.created_at, note = excluded.note",
        &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, model->name);
        wn_database_bind_text(insert, 2, model->file);
        sqlite3_bind_int64(insert, 3, model->dim);
        sqlite3_bind_int64(insert, 4, model->created_at ? model->created_at : wn_clock_unix());
        wn_database_bind_text(insert, 5, model->note);
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return wn_store_end(workspace, status, err);
}

wn_status wn_model_list(wn_workspace *workspace, wn_model_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_model_record, name), offsetof(wn_model_record, file),
                                    offsetof(wn_model_record, note)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_model_record));
    wn_status status = wn_database_prepare(
        database, "SELECT name, file, dim, created_at, note FROM models ORDER BY created_at DESC, name", &statement,
        err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_model_record record = {.name = wn_record_list_required(&list, statement, 0),
                                  .file = wn_record_list_required(&list, statement, 1),
                                  .dim = sqlite3_column_int64(statement, 2),
                                  .created_at = sqlite3_column_int64(statement, 3),
                                  .note = wn_record_list_text(&list, statement, 4)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 3, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_embedding_add(wn_workspace *workspace, const wn_embedding_record *embedding, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_database_prepare(
        database, "INSERT OR REPLACE INTO embeddings (model, column_name, dim) VALUES (?1, ?2, ?3)", &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, embedding->model);
        wn_database_bind_text(insert, 2, embedding->column);
        sqlite3_bind_int64(insert, 3, embedding->dim);
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return wn_store_end(workspace, status, err);
}

wn_status wn_embedding_list(wn_workspace *workspace, wn_embedding_record **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_embedding_record, model), offsetof(wn_embedding_record, column)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_embedding_record));
    wn_status status =
        wn_database_prepare(database,
                            "SELECT e.model, e.column_name, e.dim, coalesce(f.rows, 0) FROM embeddings e LEFT JOIN "
                            "column_files f ON f.name = e.column_name AND f.live = 1 ORDER BY e.model",
                            &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_embedding_record record = {.model = wn_record_list_required(&list, statement, 0),
                                      .column = wn_record_list_required(&list, statement, 1),
                                      .dim = sqlite3_column_int64(statement, 2),
                                      .rows = sqlite3_column_int64(statement, 3)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 2, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}
