/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending a batch: samples, their column rows and thumbnails, bad files and rows that are gone, in one transaction.
 */
#include <string.h>

#include "base/error.h"
#include "store/internal.h"

static void bind_name(sqlite3_stmt *statement, int at, const char *name, size_t len)
{
    sqlite3_bind_blob64(statement, at, name, len, SQLITE_STATIC);
}

static wn_status check_name(const char *name, size_t len, wn_error *err)
{
    if (name && len > 0 && len <= UINT32_MAX / 2) return WN_OK;
    return wn_fail(err, WN_INVALID, "a file without a name can not be stored");
}

static wn_status insert_samples(wn_workspace *workspace, const wn_sample_batch *batch, int64_t first_row, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL, *forget = NULL;
    wn_status status;
    if ((status =
             wn_database_prepare(database,
                                 "INSERT INTO samples (row, source, name, size, mtime_ns, status, width, height, "
                                 "format, captured_at, camera) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                                 &insert, err)))
        goto done;
    if ((status = wn_database_prepare(database, "DELETE FROM bad_files WHERE source = ?1 AND name = ?2", &forget, err)))
        goto done;
    for (size_t i = 0; i < batch->sample_count; i++) {
        const wn_sample *sample = &batch->samples[i];
        if ((status = check_name(sample->name, sample->name_len, err))) goto done;
        sqlite3_bind_int64(insert, 1, first_row + (int64_t)i);
        sqlite3_bind_int64(insert, 2, sample->source);
        bind_name(insert, 3, sample->name, sample->name_len);
        sqlite3_bind_int64(insert, 4, (int64_t)sample->size);
        sqlite3_bind_int64(insert, 5, sample->mtime_ns);
        sqlite3_bind_int(insert, 6, (int)sample->status);
        sqlite3_bind_int(insert, 7, sample->width);
        sqlite3_bind_int(insert, 8, sample->height);
        wn_database_bind_text(insert, 9, sample->format);
        if (sample->captured_at == WN_CAPTURED_UNKNOWN) {
            sqlite3_bind_null(insert, 10);
        } else {
            sqlite3_bind_int64(insert, 10, sample->captured_at);
        }
        wn_database_bind_text(insert, 11, sample->camera);
        if ((status = wn_database_run(database, insert, err))) goto done;
        sqlite3_bind_int64(forget, 1, sample->source);
        bind_name(forget, 2, sample->name, sample->name_len);
        if ((status = wn_database_run(database, forget, err))) goto done;
    }
done:
    sqlite3_finalize(forget);
    sqlite3_finalize(insert);
    return status;
}

static wn_status insert_bad(wn_workspace *workspace, const wn_sample_batch *batch, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(database,
                                           "INSERT OR REPLACE INTO bad_files (source, name, size, mtime_ns, reason) "
                                           "VALUES (?1, ?2, ?3, ?4, ?5)",
                                           &insert, err);
    for (size_t i = 0; i < batch->bad_count && status == WN_OK; i++) {
        const wn_bad_file *file = &batch->bad[i];
        if ((status = check_name(file->name, file->name_len, err))) break;
        sqlite3_bind_int64(insert, 1, file->source);
        bind_name(insert, 2, file->name, file->name_len);
        sqlite3_bind_int64(insert, 3, (int64_t)file->size);
        sqlite3_bind_int64(insert, 4, file->mtime_ns);
        wn_database_bind_text(insert, 5, file->reason ? file->reason : "not readable");
        status = wn_database_run(database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

static wn_status mark_gone(wn_workspace *workspace, const wn_sample_batch *batch, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *update = NULL;
    wn_status status = wn_database_prepare(database, "UPDATE samples SET status = ?2 WHERE row = ?1", &update, err);
    for (size_t i = 0; i < batch->gone_count && status == WN_OK; i++) {
        sqlite3_bind_int64(update, 1, batch->gone[i]);
        sqlite3_bind_int(update, 2, WN_SAMPLE_GONE);
        status = wn_database_run(database, update, err);
        if (status == WN_OK && sqlite3_changes(database->handle) == 0) {
            status = wn_fail(err, WN_INVALID, "%s has no row %lld", workspace->path, (long long)batch->gone[i]);
        }
    }
    sqlite3_finalize(update);
    return status;
}

static wn_status append_samples(wn_workspace *workspace, const wn_sample_batch *batch, int64_t *first_row,
                                wn_error *err)
{
    int64_t first = 0;
    WN_TRY(wn_database_number(&workspace->database, "SELECT coalesce(max(row) + 1, 0) FROM samples", &first, err));
    *first_row = first;
    if (batch->sample_count == 0) return WN_OK;
    WN_TRY(insert_samples(workspace, batch, first, err));
    for (size_t i = 0; i < batch->column_count; i++) {
        const wn_sample_column *column = &batch->columns[i];
        WN_TRY(wn_store_append_column(workspace, column->name, first, column->values, batch->sample_count, err));
    }
    if (!batch->thumbs) return WN_OK;
    return wn_thumbs_append(workspace, first, batch->thumbs, batch->sample_count, err);
}

wn_status wn_workspace_append(wn_workspace *workspace, const wn_sample_batch *batch, int64_t *first_row, wn_error *err)
{
    int64_t first = 0;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = append_samples(workspace, batch, &first, err);
    if (status == WN_OK && batch->bad_count > 0) status = insert_bad(workspace, batch, err);
    if (status == WN_OK && batch->gone_count > 0) status = mark_gone(workspace, batch, err);
    status = wn_store_end(workspace, status, err);
    if (status == WN_OK && first_row) *first_row = first;
    return status;
}

wn_status wn_workspace_forget_bad(wn_workspace *workspace, const wn_known_file *const *files, size_t count,
                                  wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *forget = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status =
        wn_database_prepare(database, "DELETE FROM bad_files WHERE source = ?1 AND name = ?2", &forget, err);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        sqlite3_bind_int64(forget, 1, files[i]->source);
        bind_name(forget, 2, files[i]->name, files[i]->name_len);
        status = wn_database_run(database, forget, err);
    }
    sqlite3_finalize(forget);
    return wn_store_end(workspace, status, err);
}
