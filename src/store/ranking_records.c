/* SPDX-License-Identifier: Apache-2.0
 *
 * Rankings of selections.
 */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "store/internal.h"
#include "store/record_list.h"
#include "winnow/catalog.h"

static wn_status insert_head(wn_workspace *workspace, int64_t selection, const char *objectives, wn_error *err)
{
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(
        &workspace->database, "INSERT INTO rankings (selection, objectives) VALUES (?1, ?2)", &insert, err);
    if (status == WN_OK) {
        sqlite3_bind_int64(insert, 1, selection);
        wn_database_bind_text(insert, 2, objectives);
        status = wn_database_run(&workspace->database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

static wn_status insert_ranks(wn_workspace *workspace, int64_t selection, const wn_ranked *ranked, size_t count,
                              wn_error *err)
{
    sqlite3_stmt *insert = NULL;
    wn_status status = wn_database_prepare(&workspace->database,
                                           "INSERT INTO ranks (selection, rank, row, distance, nearest, reasons) "
                                           "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                                           &insert, err);
    if (status == WN_OK) sqlite3_bind_int64(insert, 1, selection);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        sqlite3_bind_int64(insert, 2, (int64_t)i);
        sqlite3_bind_int64(insert, 3, ranked[i].row);
        sqlite3_bind_null(insert, 4);
        sqlite3_bind_null(insert, 5);
        if (isfinite(ranked[i].distance)) sqlite3_bind_double(insert, 4, (double)ranked[i].distance);
        if (ranked[i].nearest >= 0) sqlite3_bind_int64(insert, 5, ranked[i].nearest);
        wn_database_bind_text(insert, 6, ranked[i].reasons ? ranked[i].reasons : "");
        status = wn_database_run(&workspace->database, insert, err);
    }
    sqlite3_finalize(insert);
    return status;
}

wn_status wn_ranking_add(wn_workspace *workspace, int64_t selection, const char *objectives, const wn_ranked *ranked,
                         size_t count, wn_error *err)
{
    WN_TRY(wn_store_begin(workspace, err));
    wn_status status = insert_head(workspace, selection, objectives, err);
    if (status == WN_OK) status = insert_ranks(workspace, selection, ranked, count, err);
    return wn_store_end(workspace, status, err);
}

static wn_status read_head(wn_workspace *workspace, int64_t selection, char **objectives, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_status status =
        wn_database_prepare(database, "SELECT objectives FROM rankings WHERE selection = ?1", &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, selection);
    if (status == WN_OK) status = wn_database_step(database, statement, &row, err);
    if (status == WN_OK && !row)
        status = wn_fail(err, WN_NOTFOUND, "%s has no ranking of selection %" PRId64, workspace->path, selection);
    if (status == WN_OK && row) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        if (!(*objectives = wn_text_copy(text ? (const char *)text : "")))
            status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    sqlite3_finalize(statement);
    return status;
}

wn_status wn_ranking_get(wn_workspace *workspace, int64_t selection, char **objectives, wn_ranked **ranked,
                         size_t *count, wn_error *err)
{
    static const size_t fields[] = {offsetof(wn_ranked, reasons)};
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_record_list list;
    void *block = NULL;
    bool row = false;
    *objectives = NULL;
    WN_TRY(read_head(workspace, selection, objectives, err));
    wn_record_list_init(&list, sizeof(wn_ranked));
    wn_status status = wn_database_prepare(
        database, "SELECT row, distance, nearest, reasons FROM ranks WHERE selection = ?1 ORDER BY rank", &statement,
        err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, selection);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        bool alone = sqlite3_column_type(statement, 2) == SQLITE_NULL;
        bool known = sqlite3_column_type(statement, 1) != SQLITE_NULL;
        wn_ranked record = {.row = sqlite3_column_int64(statement, 0),
                            .distance = known ? (float)sqlite3_column_double(statement, 1) : NAN,
                            .nearest = alone ? -1 : sqlite3_column_int64(statement, 2),
                            .reasons = wn_record_list_required(&list, statement, 3)};
        wn_record_list_add(&list, &record);
    }
    sqlite3_finalize(statement);
    if (status == WN_OK) status = wn_record_list_finish(&list, fields, 1, &block, count, err);
    wn_record_list_clear(&list);
    if (status != WN_OK) {
        wn_free(*objectives);
        *objectives = NULL;
        return status;
    }
    *ranked = block;
    return WN_OK;
}
