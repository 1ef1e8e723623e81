/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of sets. A set is written with live = 0; the last step makes it live and removes the one it replaces, so that
 * a kill leaves the old set or the new one.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "store/annotation_internal.h"
#include "store/record_list.h"

#define SET_FIELDS "id, role, task, name, format, path, created_at, images, items"

static const size_t set_texts[] = {offsetof(wn_annotation_set_record, name), offsetof(wn_annotation_set_record, format),
                                   offsetof(wn_annotation_set_record, path)};

static void add_record(wn_record_list *list, sqlite3_stmt *statement)
{
    wn_annotation_set_record record = {.id = sqlite3_column_int64(statement, 0),
                                       .role = (wn_annotation_role)sqlite3_column_int(statement, 1),
                                       .task = (wn_annotation_task)sqlite3_column_int(statement, 2),
                                       .name = wn_record_list_required(list, statement, 3),
                                       .format = wn_record_list_required(list, statement, 4),
                                       .path = wn_record_list_required(list, statement, 5),
                                       .created_at = sqlite3_column_int64(statement, 6),
                                       .images = sqlite3_column_int64(statement, 7),
                                       .items = sqlite3_column_int64(statement, 8)};
    wn_record_list_add(list, &record);
}

/* Runs a query of SET_FIELDS; parameters are bound already. Takes the statement over. */
static wn_status list_sets(wn_database *database, sqlite3_stmt *statement, wn_annotation_set_record **out,
                           size_t *count, wn_error *err)
{
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_status status = WN_OK;
    wn_record_list_init(&list, sizeof(wn_annotation_set_record));
    while ((status = wn_database_step(database, statement, &row, err)) == WN_OK && row) add_record(&list, statement);
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, set_texts, 3, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_annotation_set_list(wn_workspace *workspace, wn_annotation_set_record **out, size_t *count, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    WN_TRY(wn_database_prepare(&workspace->database,
                               "SELECT " SET_FIELDS " FROM annotation_sets WHERE live = 1 ORDER BY role, name",
                               &statement, err));
    return list_sets(&workspace->database, statement, out, count, err);
}

/* Says which sets of the role there are. */
static wn_status no_such_set(wn_workspace *workspace, wn_annotation_role role, const char *name, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0, used = 0;
    char names[240] = "";
    const char *what = wn_annotation_role_text(role);
    WN_TRY(wn_annotation_set_list(workspace, &sets, &count, err));
    for (size_t i = 0; i < count && used < sizeof names; i++) {
        if (sets[i].role != role) continue;
        int len = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", sets[i].name);
        used += len > 0 ? (size_t)len : 0;
    }
    wn_free(sets);
    if (!used)
        return wn_fail(err, WN_NOTFOUND, "%s has no %s; 'winnow import PATH --as %s' adds them", workspace->path, what,
                       what);
    return wn_fail(err, WN_NOTFOUND, "%s has no %s called '%s'; there are: %s", workspace->path, what, name, names);
}

wn_status wn_annotation_set_find(wn_workspace *workspace, wn_annotation_role role, const char *name,
                                 wn_annotation_set_record **out, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    size_t count = 0;
    *out = NULL;
    WN_TRY(wn_database_prepare(&workspace->database,
                               "SELECT " SET_FIELDS
                               " FROM annotation_sets WHERE live = 1 AND role = ?1 AND (?2 IS NULL "
                               "OR name = ?2) ORDER BY id DESC LIMIT 1",
                               &statement, err));
    sqlite3_bind_int(statement, 1, (int)role);
    wn_database_bind_text(statement, 2, name);
    WN_TRY(list_sets(&workspace->database, statement, out, &count, err));
    if (count == 1) return WN_OK;
    wn_free(*out);
    *out = NULL;
    return no_such_set(workspace, role, name, err);
}

wn_status wn_annotation_set_categories(wn_workspace *workspace, int64_t set, wn_annotation_category **out,
                                       size_t *count, wn_error *err)
{
    static const size_t texts[] = {offsetof(wn_annotation_category, name)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_annotation_category));
    wn_status status = wn_database_prepare(
        database, "SELECT id, name FROM annotation_categories WHERE set_id = ?1 ORDER BY position", &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, set);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_annotation_category category = {.id = sqlite3_column_int64(statement, 0),
                                           .name = wn_record_list_required(&list, statement, 1)};
        wn_record_list_add(&list, &category);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, texts, 1, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_annotation_column_list(wn_workspace *workspace, int64_t set, wn_annotation_column **out, size_t *count,
                                    wn_error *err)
{
    static const size_t texts[] = {offsetof(wn_annotation_column, kind), offsetof(wn_annotation_column, name),
                                   offsetof(wn_annotation_column, column)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_annotation_column));
    wn_status status = wn_database_prepare(
        database, "SELECT kind, name, column_name FROM annotation_columns WHERE set_id = ?1 ORDER BY kind, name",
        &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, set);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_annotation_column column = {.kind = wn_record_list_required(&list, statement, 0),
                                       .name = wn_record_list_required(&list, statement, 1),
                                       .column = wn_record_list_required(&list, statement, 2)};
        wn_record_list_add(&list, &column);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, texts, 3, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_annotation_column_find(wn_workspace *workspace, int64_t set, const char *kind, const char *name,
                                    char **column, wn_error *err)
{
    wn_annotation_column *columns = NULL;
    size_t count = 0;
    *column = NULL;
    WN_TRY(wn_annotation_column_list(workspace, set, &columns, &count, err));
    for (size_t i = 0; i < count && !*column; i++) {
        if (strcmp(columns[i].kind, kind) != 0 || strcmp(columns[i].name, name) != 0) continue;
        if (!(*column = wn_text_copy(columns[i].column))) {
            wn_free(columns);
            return wn_fail(err, WN_NOMEM, "out of memory");
        }
    }
    wn_free(columns);
    return *column ? WN_OK : wn_fail(err, WN_NOTFOUND, "there is no column of the kind %s called '%s'", kind, name);
}

/* Removes the columns of a set, then its record with all that hangs on it. */
static wn_status remove_set(wn_workspace *workspace, int64_t set, wn_error *err)
{
    static const char *const tables[] = {"annotations WHERE set_id", "annotation_categories WHERE set_id",
                                         "annotation_words WHERE set_id", "annotation_columns WHERE set_id",
                                         "annotation_sets WHERE id"};
    wn_annotation_column *columns = NULL;
    size_t count = 0;
    char sql[128];
    WN_TRY(wn_annotation_column_list(workspace, set, &columns, &count, err));
    wn_status status = WN_OK;
    for (size_t i = 0; i < count && !status; i++) status = wn_column_remove(workspace, columns[i].column, err);
    wn_free(columns);
    if (status) return status;
    WN_TRY(wn_store_begin(workspace, err));
    for (size_t i = 0; i < sizeof tables / sizeof *tables && !status; i++) {
        sqlite3_snprintf(sizeof sql, sql, "DELETE FROM %s = %lld", tables[i], (long long)set);
        status = wn_database_exec(&workspace->database, sql, err);
    }
    return wn_store_end(workspace, status, err);
}

wn_status wn_annotation_set_remove(wn_workspace *workspace, wn_annotation_role role, const char *name, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    WN_TRY(wn_store_require_writer(workspace, err));
    WN_TRY(wn_annotation_set_find(workspace, role, name, &set, err));
    wn_status status = remove_set(workspace, set->id, err);
    wn_free(set);
    return status;
}

/* Sets that were never finished, or are replaced. */
static wn_status remove_hidden(wn_workspace *workspace, wn_error *err)
{
    int64_t hidden = 0;
    while (true) {
        WN_TRY(wn_database_number(&workspace->database,
                                  "SELECT coalesce((SELECT id FROM annotation_sets WHERE live = 0 LIMIT 1), 0)",
                                  &hidden, err));
        if (hidden == 0) return WN_OK;
        WN_TRY(remove_set(workspace, hidden, err));
    }
}

wn_status wn_annotation_set_end(wn_workspace *workspace, int64_t id, wn_error *err)
{
    char sql[400];
    sqlite3_snprintf(sizeof sql, sql,
                     "UPDATE annotation_sets SET live = 0 WHERE live = 1 AND (role, name) = (SELECT role, name FROM "
                     "annotation_sets WHERE id = %lld); UPDATE annotation_sets SET live = 1 WHERE id = %lld",
                     (long long)id, (long long)id);
    WN_TRY(wn_store_begin(workspace, err));
    WN_TRY(wn_store_end(workspace, wn_database_exec(&workspace->database, sql, err), err));
    return remove_hidden(workspace, err);
}

/* Registered first: whatever is killed, the file is found by the next clean-up. */
static wn_status register_column(wn_workspace *workspace, int64_t id, const char *kind, const char *name,
                                 const char *column, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_database_prepare(
        database, "INSERT INTO annotation_columns (set_id, kind, name, column_name) VALUES (?1, ?2, ?3, ?4)",
        &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, id);
        wn_database_bind_text(statement, 2, kind);
        wn_database_bind_text(statement, 3, name);
        wn_database_bind_text(statement, 4, column);
        status = wn_database_run(database, statement, err);
    }
    sqlite3_finalize(statement);
    return wn_store_end(workspace, status, err);
}

/* Asks for the rows in blocks of about a megabyte and adds them to the column. */
static wn_status write_rows(wn_column_writer *writer, size_t row_bytes, wn_annotation_fill *fill, void *context,
                            size_t rows, wn_error *err)
{
    size_t block = row_bytes < 1 << 20 ? (1 << 20) / row_bytes : 1;
    void *values = wn_alloc(WN_MEMORY_STORE, block, row_bytes);
    wn_status status = values ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to write a column");
    for (size_t first = 0; first < rows && !status; first += block) {
        size_t count = rows - first < block ? rows - first : block;
        status = fill(context, (int64_t)first, count, values, err);
        if (!status) status = wn_column_replace_add(writer, values, count, err);
    }
    wn_free(values);
    return status;
}

wn_status wn_annotation_set_column(wn_workspace *workspace, int64_t id, const char *kind, const char *name,
                                   wn_column_type type, size_t width, wn_annotation_fill *fill, void *context,
                                   size_t rows, wn_error *err)
{
    wn_column_writer *writer = NULL;
    char column[WN_COLUMN_NAME_MAX + 1], sql[96];
    int64_t number = 0;
    sqlite3_snprintf(sizeof sql, sql, "SELECT count(*) FROM annotation_columns WHERE set_id = %lld", (long long)id);
    WN_TRY(wn_database_number(&workspace->database, sql, &number, err));
    snprintf(column, sizeof column, "annotation.%lld.%s.%lld", (long long)id, kind, (long long)number);
    WN_TRY(register_column(workspace, id, kind, name, column, err));
    WN_TRY(wn_column_replace_begin(workspace, column, type, width, &writer, err));
    wn_status status = write_rows(writer, width * 4, fill, context, rows, err);
    wn_status end = wn_column_replace_end(&writer, status == WN_OK, status ? NULL : err);
    return status ? status : end;
}

wn_status wn_annotation_set_words(wn_workspace *workspace, int64_t id, const char *name, const char *const *words,
                                  size_t count, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = wn_database_prepare(
        database, "INSERT INTO annotation_words (set_id, name, code, word) VALUES (?1, ?2, ?3, ?4)", &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, id);
        wn_database_bind_text(statement, 2, name);
    }
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        sqlite3_bind_int64(statement, 3, (int64_t)i);
        wn_database_bind_text(statement, 4, words[i]);
        status = wn_database_run(database, statement, err);
    }
    sqlite3_finalize(statement);
    return wn_store_end(workspace, status, err);
}
