/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite behind statuses. The write-ahead log gives one writer and many readers. A reader on a medium where SQLite
 * can not make its shared-memory file (read-only, or full) falls back to an immutable view, which is right as long
 * as no log is waiting beside the catalogue.
 */
#include "store/database.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

enum { BUSY_WAIT_MS = 10000, LOG_LIMIT_BYTES = 16 << 20 };

/* The errno of the last failed call on the catalogue or on its log. sqlite3_system_errno knows nothing of a failed
 * commit. */
static int last_errno(const wn_database *database)
{
    sqlite3_file *log = NULL;
    int code = 0;
    sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
    if (code == 0) {
        sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
        if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
    }
    return code ? code : sqlite3_system_errno(database->handle);
}

static wn_status status_of(const wn_database *database)
{
    int code = sqlite3_errcode(database->handle);
    switch (code) {
    case SQLITE_NOMEM:
        return WN_NOMEM;
    case SQLITE_FULL:
        return WN_NOSPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return WN_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return WN_CORRUPT;
    case SQLITE_IOERR: {
        /* SQLite itself knows ENOSPC only, not quotas and limits on file sizes. */
        int system_code = last_errno(database);
        if (system_code == ENOSPC || system_code == EDQUOT || system_code == EFBIG) return WN_NOSPACE;
        return WN_IO;
    }
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return WN_INVALID;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return WN_IO;
    default:
        return WN_INTERNAL;
    }
}

wn_status wn_database_fail(const wn_database *database, const char *what, wn_error *err)
{
    if (!database->handle) return wn_fail(err, WN_NOMEM, "%s: no memory to open the catalogue", database->path);
    wn_status status = status_of(database);
    const char *text = sqlite3_errmsg(database->handle);
    switch (status) {
    case WN_NOSPACE:
        return wn_fail(err, status, "%s: no space to %s; free some space on that device and run the command again",
                       database->path, what);
    case WN_CORRUPT:
        return wn_fail(err, status,
                       "%s is damaged (%s); restore it from a backup, or move the workspace away and index the files "
                       "again",
                       database->path, text);
    case WN_BUSY:
        return wn_fail(err, status, "%s is locked by another program; could not %s", database->path, what);
    default:
        return wn_fail(err, status, "%s: could not %s: %s", database->path, what, text);
    }
}

/* "file:PATH?immutable=1" with the characters that mean something in a URI escaped. */
static wn_status immutable_uri(const char *path, wn_buffer *out)
{
    wn_buffer_text(out, "file:");
    for (const char *at = path; *at; at++) {
        if (strchr("%?#", *at)) {
            wn_buffer_format(out, "%%%02X", (unsigned char)*at);
        } else {
            wn_buffer_add(out, at, 1);
        }
    }
    return wn_buffer_text(out, "?immutable=1");
}

/* Whether committed work waits in the log beside the catalogue. */
static bool log_is_waiting(const char *path)
{
    wn_buffer name;
    wn_buffer_init(&name, WN_MEMORY_STORE, 0);
    wn_buffer_text(&name, path);
    struct stat info;
    bool waiting = true;
    if (wn_buffer_text(&name, "-wal") == WN_OK) waiting = stat(name.data, &info) == 0 && info.st_size > 0;
    wn_buffer_clear(&name);
    return waiting;
}

static bool answers(sqlite3 *handle)
{
    return sqlite3_exec(handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK;
}

/* Opens a connection for reading, if need be as an immutable file. Where the file can be written the connection could
 * too, but for query_only: the last one that closes takes the log and the shared memory away, and one that only reads
 * would leave them. */
static wn_status open_reader(wn_database *database, wn_error *err)
{
    int code = sqlite3_open_v2(database->path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(database->handle, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(database->handle, BUSY_WAIT_MS);
        if (answers(database->handle)) return WN_OK;
    }
    wn_status status = wn_database_fail(database, "open the catalogue for reading", err);
    if (status != WN_IO && status != WN_NOSPACE) return status;
    if (log_is_waiting(database->path)) {
        return wn_fail(
            err, status,
            "%s can not be opened here: its last writer was interrupted and the folder is read-only or full; "
            "open it once where it can be written",
            database->path);
    }

    wn_buffer uri;
    wn_buffer_init(&uri, WN_MEMORY_STORE, 0);
    sqlite3 *handle = NULL;
    if (immutable_uri(database->path, &uri) == WN_OK &&
        sqlite3_open_v2(uri.data, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL) ==
            SQLITE_OK &&
        answers(handle)) {
        sqlite3_close(database->handle);
        database->handle = handle;
        handle = NULL;
        status = WN_OK;
    }
    sqlite3_close(handle);
    wn_buffer_clear(&uri);
    return status;
}

static wn_status open_writer(wn_database *database, const wn_database_options *options, wn_error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(database->path, &database->handle, flags, NULL) != SQLITE_OK) {
        return wn_database_fail(database, "open the catalogue for writing", err);
    }
    sqlite3_busy_timeout(database->handle, BUSY_WAIT_MS);
    char sql[160];
    sqlite3_snprintf(sizeof sql, sql,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA foreign_keys = ON;"
                     "PRAGMA journal_size_limit = %d",
                     options->unsynced ? "OFF" : "FULL", LOG_LIMIT_BYTES);
    return wn_database_exec(database, sql, err);
}

wn_status wn_database_open(const char *path, const wn_database_options *options, wn_database *out, wn_error *err)
{
    *out = (wn_database){.writable = options->write, .path = wn_text_copy(path)};
    if (!out->path) return wn_fail(err, WN_NOMEM, "no memory to open %s", path);
    WN_TRY(options->write ? open_writer(out, options, err) : open_reader(out, err));

    /* A catalogue may come from anywhere: its schema gets no say beyond tables and indexes. */
    sqlite3_db_config(out->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    char sql[128];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -%lld",
                     (long long)(options->cache_bytes / 1024));
    return wn_database_exec(out, sql, err);
}

void wn_database_close(wn_database *database)
{
    sqlite3_close(database->handle);
    wn_free(database->path);
    *database = (wn_database){0};
}

wn_status wn_database_exec(wn_database *database, const char *sql, wn_error *err)
{
    if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK) return WN_OK;
    return wn_database_fail(database, database->writable ? "write the catalogue" : "read the catalogue", err);
}

wn_status wn_database_prepare(wn_database *database, const char *sql, sqlite3_stmt **out, wn_error *err)
{
    if (sqlite3_prepare_v2(database->handle, sql, -1, out, NULL) == SQLITE_OK) return WN_OK;
    return wn_database_fail(database, "read the catalogue", err);
}

wn_status wn_database_step(wn_database *database, sqlite3_stmt *statement, bool *row, wn_error *err)
{
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return WN_OK;
    return wn_database_fail(database, sqlite3_stmt_readonly(statement) ? "read the catalogue" : "write the catalogue",
                            err);
}

wn_status wn_database_run(wn_database *database, sqlite3_stmt *statement, wn_error *err)
{
    bool row = true;
    wn_status status = WN_OK;
    while (row && status == WN_OK) status = wn_database_step(database, statement, &row, err);
    sqlite3_reset(statement);
    return status;
}

wn_status wn_database_number(wn_database *database, const char *sql, int64_t *out, wn_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_status status = wn_database_prepare(database, sql, &statement, err);
    if (status == WN_OK) status = wn_database_step(database, statement, &row, err);
    if (status == WN_OK && !row) status = wn_fail(err, WN_CORRUPT, "%s: a record is missing", database->path);
    if (status == WN_OK) *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

wn_status wn_database_begin(wn_database *database, wn_error *err)
{
    return wn_database_exec(database, "BEGIN IMMEDIATE", err);
}

wn_status wn_database_commit(wn_database *database, wn_error *err)
{
    wn_status status = wn_database_exec(database, "COMMIT", err);
    if (status != WN_OK) wn_database_rollback(database);
    return status;
}

void wn_database_rollback(wn_database *database)
{
    if (!sqlite3_get_autocommit(database->handle)) sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
}

void wn_database_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    if (text) {
        sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(statement, at);
    }
}
