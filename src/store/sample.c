/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources, and reading samples and bad files back.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/internal.h"
#include "store/record_list.h"

/* --- Sources ---------------------------------------------------------------------------------------------------- */

static wn_status find_source(wn_workspace *workspace, const char *kind, const char *path, int64_t *id, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *find = NULL;
    bool row = false;
    wn_status status =
        wn_database_prepare(database, "SELECT source FROM sources WHERE kind = ?1 AND path = ?2", &find, err);
    if (status == WN_OK) {
        wn_database_bind_text(find, 1, kind);
        sqlite3_bind_blob64(find, 2, path, strlen(path), SQLITE_STATIC);
        status = wn_database_step(database, find, &row, err);
    }
    *id = row ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_finalize(find);
    return status;
}

wn_status wn_workspace_add_source(wn_workspace *workspace, const char *kind, const char *path, int64_t *id,
                                  wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *insert = NULL;
    WN_TRY(wn_store_require_writer(workspace, err));
    WN_TRY(find_source(workspace, kind, path, id, err));
    if (*id != 0) return WN_OK;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status =
        wn_database_prepare(database, "INSERT INTO sources (kind, path, added_at) VALUES (?1, ?2, ?3)", &insert, err);
    if (status == WN_OK) {
        wn_database_bind_text(insert, 1, kind);
        sqlite3_bind_blob64(insert, 2, path, strlen(path), SQLITE_STATIC);
        sqlite3_bind_int64(insert, 3, wn_clock_unix());
        status = wn_database_run(database, insert, err);
        *id = sqlite3_last_insert_rowid(database->handle);
    }
    sqlite3_finalize(insert);
    return wn_store_end(workspace, status, err);
}

wn_status wn_workspace_list_sources(wn_workspace *workspace, wn_source **out, size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_source, kind), offsetof(wn_source, path)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_source));
    wn_status status =
        wn_database_prepare(database, "SELECT source, kind, path FROM sources ORDER BY source", &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_source source = {.id = sqlite3_column_int64(statement, 0),
                            .kind = wn_record_list_required(&list, statement, 1),
                            .path = wn_record_list_required(&list, statement, 2)};
        wn_record_list_add(&list, &source);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 2, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

/* --- Samples ---------------------------------------------------------------------------------------------------- */

wn_status wn_workspace_count(wn_workspace *workspace, wn_workspace_counts *out, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    /* One statement, one snapshot; none of the three parts walks the samples. */
    wn_status status = wn_database_prepare(database,
                                           "SELECT (SELECT coalesce(max(row) + 1, 0) FROM samples), "
                                           "(SELECT count(*) FROM samples WHERE status <> 0), "
                                           "(SELECT count(*) FROM bad_files)",
                                           &statement, err);
    if (status == WN_OK) status = wn_database_step(database, statement, &row, err);
    if (status == WN_OK) {
        out->rows = sqlite3_column_int64(statement, 0);
        out->gone = sqlite3_column_int64(statement, 1);
        out->bad = sqlite3_column_int64(statement, 2);
        out->ok = out->rows - out->gone;
    }
    sqlite3_finalize(statement);
    return status;
}

#define SAMPLE_FIELDS "row, source, name, size, mtime_ns, status, width, height, format, captured_at, camera"

/* Texts live until the next step of the statement. */
static void read_sample(sqlite3_stmt *statement, wn_sample *out)
{
    const char *name = sqlite3_column_blob(statement, 2);
    bool captured = sqlite3_column_type(statement, 9) != SQLITE_NULL;
    *out = (wn_sample){.row = sqlite3_column_int64(statement, 0),
                       .source = sqlite3_column_int64(statement, 1),
                       .name = name ? name : "",
                       .name_len = (size_t)sqlite3_column_bytes(statement, 2),
                       .size = (uint64_t)sqlite3_column_int64(statement, 3),
                       .mtime_ns = sqlite3_column_int64(statement, 4),
                       .status = (wn_sample_status)sqlite3_column_int(statement, 5),
                       .width = sqlite3_column_int(statement, 6),
                       .height = sqlite3_column_int(statement, 7),
                       .format = (const char *)sqlite3_column_text(statement, 8),
                       .captured_at = captured ? sqlite3_column_int64(statement, 9) : WN_CAPTURED_UNKNOWN,
                       .camera = (const char *)sqlite3_column_text(statement, 10)};
}

wn_status wn_workspace_visit_samples(wn_workspace *workspace, int64_t first, int64_t count, wn_sample_visit *visit,
                                     void *context, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_buffer name;
    wn_buffer_init(&name, WN_MEMORY_STORE, 0);
    bool row = false;
    wn_status status = wn_database_prepare(
        database, "SELECT " SAMPLE_FIELDS " FROM samples WHERE row >= ?1 AND row - ?1 < ?2 ORDER BY row LIMIT ?2",
        &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, first);
        sqlite3_bind_int64(statement, 2, count < 0 ? 0 : count);
    }
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_sample sample;
        read_sample(statement, &sample);
        /* A blob has no zero byte behind it; visitors may use the name as text. */
        wn_buffer_reset(&name);
        if (wn_buffer_add(&name, sample.name, sample.name_len) != WN_OK) {
            status = wn_fail(err, WN_NOMEM, "no memory to read samples");
            break;
        }
        sample.name = name.data;
        status = visit(context, &sample);
    }
    sqlite3_finalize(statement);
    wn_buffer_clear(&name);
    return status;
}

wn_status wn_workspace_visit_bad(wn_workspace *workspace, wn_bad_file_visit *visit, void *context, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_buffer name;
    wn_buffer_init(&name, WN_MEMORY_STORE, 0);
    bool row = false;
    wn_status status = wn_database_prepare(
        database, "SELECT source, name, size, mtime_ns, reason FROM bad_files ORDER BY source, name", &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        const char *bytes = sqlite3_column_blob(statement, 1);
        wn_bad_file file = {.source = sqlite3_column_int64(statement, 0),
                            .name_len = (size_t)sqlite3_column_bytes(statement, 1),
                            .size = (uint64_t)sqlite3_column_int64(statement, 2),
                            .mtime_ns = sqlite3_column_int64(statement, 3),
                            .reason = (const char *)sqlite3_column_text(statement, 4)};
        wn_buffer_reset(&name);
        if (wn_buffer_add(&name, bytes, file.name_len) != WN_OK) {
            status = wn_fail(err, WN_NOMEM, "no memory to read bad files");
            break;
        }
        file.name = name.data;
        status = visit(context, &file);
    }
    sqlite3_finalize(statement);
    wn_buffer_clear(&name);
    return status;
}

typedef struct sample_copy {
    wn_record_list *list;
} sample_copy;

static wn_status copy_sample(void *context, const wn_sample *sample)
{
    wn_record_list *list = ((sample_copy *)context)->list;
    wn_sample copy = *sample;
    copy.name = wn_record_list_bytes(list, sample->name, sample->name_len);
    copy.format = wn_record_list_bytes(list, sample->format, sample->format ? strlen(sample->format) : 0);
    copy.camera = wn_record_list_bytes(list, sample->camera, sample->camera ? strlen(sample->camera) : 0);
    wn_record_list_add(list, &copy);
    return WN_OK;
}

wn_status wn_workspace_get_sample(wn_workspace *workspace, int64_t row, wn_sample **out, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_sample, name), offsetof(wn_sample, format),
                                    offsetof(wn_sample, camera)};
    wn_record_list list;
    sample_copy copy = {&list};
    void *block = NULL;
    size_t count = 0;
    wn_record_list_init(&list, sizeof(wn_sample));
    wn_status status = wn_workspace_visit_samples(workspace, row, 1, copy_sample, &copy, err);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 3, &block, &count, err);
    wn_record_list_clear(&list);
    if (status == WN_OK && count == 0) {
        wn_free(block);
        return wn_fail(err, WN_NOTFOUND, "%s has no row %lld", workspace->path, (long long)row);
    }
    if (status == WN_OK) *out = block;
    return status;
}
