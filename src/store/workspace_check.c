/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking a whole workspace: SQLite's own checks of the catalogue, every block of every column, every thumbnail.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/internal.h"
#include "winnow/memory.h"

enum { THUMBS_AT_ONCE = 4096, FINDINGS_MAX = 1000 };

typedef struct checker {
    wn_workspace *workspace;
    wn_finding_visit *found;
    void *context;
    const wn_progress *progress;
    wn_workspace_findings *findings;
} checker;

static void tell(checker *check, const char *text)
{
    /* Beyond the maximum, damage is only counted. */
    if (check->found && check->findings->damaged < FINDINGS_MAX) check->found(check->context, text);
    check->findings->damaged++;
}

/* Damage becomes a finding; other failures (memory, cancelled) end the check. */
static wn_status sort_out(checker *check, wn_status status, const wn_error *own, wn_error *err)
{
    if (status == WN_CORRUPT || status == WN_VERSION) {
        tell(check, own->message);
        return WN_OK;
    }
    if (status != WN_OK && err) *err = *own;
    return status;
}

static wn_status check_catalog(checker *check, const char *pragma, const char *good, wn_error *err)
{
    wn_database *database = &check->workspace->database;
    sqlite3_stmt *statement = NULL;
    wn_error own = {0};
    bool row = false;
    wn_status status = wn_database_prepare(database, pragma, &statement, &own);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, &own)) == WN_OK && row) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        char finding[400];
        if (text && good && strcmp(text, good) == 0) continue;
        snprintf(
            finding, sizeof finding,
            "%s is damaged: %.200s; restore it from a backup, or move the workspace away and index the files again",
            database->path, text ? text : "a reference leads nowhere");
        tell(check, finding);
    }
    sqlite3_finalize(statement);
    return sort_out(check, status, &own, err);
}

static wn_status check_column(checker *check, const char *name, wn_error *err)
{
    wn_column *column = NULL;
    wn_error own = {0};
    wn_status status = wn_column_open(check->workspace, name, &column, &own);
    if (status == WN_OK) {
        check->findings->columns++;
        const wn_column_info *info = wn_column_describe(column);
        status = wn_column_verify(column, check->progress, &own);
        check->findings->blocks +=
            (info->row_bytes * (size_t)info->rows + WN_COLUMN_BLOCK_BYTES - 1) / WN_COLUMN_BLOCK_BYTES;
    }
    wn_column_close(&column);
    if (status == WN_NOTFOUND) status = WN_OK; /* removed by a writer meanwhile */
    return sort_out(check, status, &own, err);
}

static wn_status check_columns(checker *check, wn_error *err)
{
    wn_column_info *columns = NULL;
    size_t count = 0;
    wn_error own = {0};
    wn_status status = wn_column_list(check->workspace, &columns, &count, &own);
    if (status != WN_OK) return sort_out(check, status, &own, err);
    for (size_t i = 0; i < count && status == WN_OK; i++) status = check_column(check, columns[i].name, err);
    wn_free(columns);
    return status;
}

/* Thumbnails of the rows of one piece of the place column. */
static wn_status check_thumb_piece(checker *check, const wn_thumb_place *places, int64_t first, size_t count,
                                   wn_error *err)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char *bytes = NULL;
        wn_error own = {0};
        if (places[i].len == 0) continue;
        check->findings->thumbs++;
        wn_status status = wn_thumb_read(check->workspace, first + (int64_t)i, places[i], &bytes, &own);
        wn_free(bytes);
        WN_TRY(sort_out(check, status, &own, err));
    }
    return WN_OK;
}

/* Damage of the column of places was told by check_columns already. */
static wn_status pass_over_damage(wn_status status, const wn_error *own, wn_error *err)
{
    if (status == WN_OK || status == WN_CORRUPT || status == WN_VERSION || status == WN_NOTFOUND) return WN_OK;
    if (err) *err = *own;
    return status;
}

static wn_status check_thumbs(checker *check, wn_error *err)
{
    wn_column *column = NULL;
    wn_thumb_place *places = wn_alloc(WN_MEMORY_STORE, THUMBS_AT_ONCE, sizeof *places);
    if (!places) return wn_fail(err, WN_NOMEM, "no memory to check thumbnails");
    wn_error own = {0};
    wn_status status = wn_column_open(check->workspace, WN_THUMB_COLUMN, &column, &own);
    int64_t rows = status == WN_OK ? wn_column_describe(column)->rows : 0;
    status = pass_over_damage(status, &own, err);
    for (int64_t first = 0; first < rows && status == WN_OK; first += THUMBS_AT_ONCE) {
        size_t count = rows - first < THUMBS_AT_ONCE ? (size_t)(rows - first) : THUMBS_AT_ONCE;
        wn_progress_report report = {
            .stage = "verify", .unit = "thumbnails", .done = (uint64_t)first, .total = (uint64_t)rows};
        if (wn_progress_tell(check->progress, &report)) {
            status = wn_fail(err, WN_CANCELLED, "cancelled");
        } else if ((status = wn_column_read(column, first, count, places, &own)) == WN_OK) {
            status = check_thumb_piece(check, places, first, count, err);
        } else {
            status = pass_over_damage(status, &own, err);
        }
    }
    wn_column_close(&column);
    wn_free(places);
    return status;
}

wn_status wn_workspace_check(wn_workspace *workspace, wn_finding_visit *found, void *context,
                             const wn_progress *progress, wn_workspace_findings *out, wn_error *err)
{
    wn_workspace_findings own = {0};
    checker check = {workspace, found, context, progress, out ? out : &own};
    *check.findings = own;
    WN_TRY(check_catalog(&check, "PRAGMA integrity_check(100)", "ok", err));
    WN_TRY(check_catalog(&check, "PRAGMA foreign_key_check", NULL, err));
    WN_TRY(check_columns(&check, err));
    return check_thumbs(&check, err);
}
