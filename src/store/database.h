/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite connection of a workspace: statuses instead of result codes, messages that name the file.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

typedef struct wn_database {
    sqlite3 *handle;
    char *path; /* of catalog.db */
    bool writable;
} wn_database;

typedef struct wn_database_options {
    bool write;         /* else read-only */
    bool unsynced;      /* commits do not wait for the disk */
    size_t cache_bytes; /* page cache */
} wn_database_options;

/* Opens catalog.db; a writer creates it when it is absent. Fills `out` also on failure as far as needed by close. */
WN_NODISCARD wn_status wn_database_open(const char *path, const wn_database_options *options, wn_database *out,
                                        wn_error *err);
void wn_database_close(wn_database *database);

/* Turns the last SQLite failure into a status and a message that says what could not be done. */
wn_status wn_database_fail(const wn_database *database, const char *what, wn_error *err);

/* Runs SQL text without results. */
WN_NODISCARD wn_status wn_database_exec(wn_database *database, const char *sql, wn_error *err);

/* Prepares one statement; finalize it with sqlite3_finalize. */
WN_NODISCARD wn_status wn_database_prepare(wn_database *database, const char *sql, sqlite3_stmt **out, wn_error *err);

/* One step: *row tells whether there is a result row. */
WN_NODISCARD wn_status wn_database_step(wn_database *database, sqlite3_stmt *statement, bool *row, wn_error *err);

/* Runs a statement without results to its end and makes it ready for the next bindings. */
WN_NODISCARD wn_status wn_database_run(wn_database *database, sqlite3_stmt *statement, wn_error *err);

/* The first value of the first row as a number; WN_CORRUPT when there is no row. */
WN_NODISCARD wn_status wn_database_number(wn_database *database, const char *sql, int64_t *out, wn_error *err);

/* Write transactions. Rollback is silent; it is also right after a failed commit. */
WN_NODISCARD wn_status wn_database_begin(wn_database *database, wn_error *err);
WN_NODISCARD wn_status wn_database_commit(wn_database *database, wn_error *err);
void wn_database_rollback(wn_database *database);

/* Binds text; NULL binds NULL. The text must live until the statement was run. */
void wn_database_bind_text(sqlite3_stmt *statement, int at, const char *text);

#endif
