/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of metadata and the words behind their codes.
 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "store/annotation_internal.h"
#include "store/record_list.h"

wn_status wn_annotation_list_fields(wn_workspace *workspace, wn_metadata_record **out, size_t *count, wn_error *err)
{
    static const size_t texts[] = {offsetof(wn_metadata_record, name), offsetof(wn_metadata_record, column)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(wn_metadata_record));
    wn_status status = wn_database_prepare(database,
                                           "SELECT c.name, c.kind = 'number', c.set_id, c.column_name FROM "
                                           "annotation_columns c JOIN annotation_sets s ON s.id = c.set_id WHERE "
                                           "s.live = 1 AND s.role = 2 ORDER BY c.name, c.set_id",
                                           &statement, err);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        wn_metadata_record record = {.name = wn_record_list_required(&list, statement, 0),
                                     .numeric = sqlite3_column_int(statement, 1) != 0,
                                     .set = sqlite3_column_int64(statement, 2),
                                     .column = wn_record_list_required(&list, statement, 3)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, texts, 2, &block, count, err);
    if (status == WN_OK) *out = block;
    wn_record_list_clear(&list);
    return status;
}

wn_status wn_annotation_set_list_words(wn_workspace *workspace, int64_t set, const char *name, const char ***words,
                                       size_t *count, wn_error *err)
{
    static const size_t texts[] = {0};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    wn_record_list_init(&list, sizeof(char *));
    wn_status status = wn_database_prepare(
        database, "SELECT word FROM annotation_words WHERE set_id = ?1 AND name = ?2 ORDER BY code", &statement, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(statement, 1, set);
        wn_database_bind_text(statement, 2, name);
    }
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        const char *word = wn_record_list_required(&list, statement, 0);
        wn_record_list_add(&list, &word);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, texts, 1, &block, count, err);
    if (status == WN_OK) *words = block;
    wn_record_list_clear(&list);
    return status;
}
