/* SPDX-License-Identifier: Apache-2.0
 *
 * Each step and its version number are one transaction, so a kill leaves the old version or the new one.
 */
#include "store/migration.h"

#include "base/error.h"
#include "winnow/workspace.h"

int wn_workspace_schema_version(void)
{
    return wn_migrations[wn_migration_count - 1].version;
}

wn_status wn_migration_version(wn_database *database, int *version, wn_error *err)
{
    int64_t number = 0, application = 0, tables = 0;
    WN_TRY(wn_database_number(database, "PRAGMA user_version", &number, err));
    WN_TRY(wn_database_number(database, "PRAGMA application_id", &application, err));
    WN_TRY(wn_database_number(database, "SELECT count(*) FROM sqlite_schema", &tables, err));
    bool empty = number == 0 && application == 0 && tables == 0;
    if (!empty && application != WN_CATALOG_APPLICATION_ID) {
        return wn_fail(err, WN_INVALID, "%s is a database of another program, not a winnow catalogue", database->path);
    }
    if (number > wn_workspace_schema_version()) {
        return wn_fail(
            err, WN_VERSION,
            "%s was made by a newer winnow (schema %lld, this one knows up to %d); use that version or newer",
            database->path, (long long)number, wn_workspace_schema_version());
    }
    if (number < 0) return wn_fail(err, WN_CORRUPT, "%s is damaged: schema %lld", database->path, (long long)number);
    *version = (int)number;
    return WN_OK;
}

static wn_status apply_step(wn_database *database, const wn_migration *step, wn_error *err)
{
    char sql[128];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", WN_CATALOG_APPLICATION_ID,
                     step->version);
    WN_TRY(wn_database_begin(database, err));
    wn_status status = wn_database_exec(database, step->sql, err);
    if (status == WN_OK) status = wn_database_exec(database, sql, err);
    if (status == WN_OK) return wn_database_commit(database, err);
    wn_database_rollback(database);
    return status;
}

wn_status wn_migration_apply(wn_database *database, int target, wn_error *err)
{
    int version = 0;
    WN_TRY(wn_migration_version(database, &version, err));
    for (size_t i = 0; i < wn_migration_count; i++) {
        if (wn_migrations[i].version > version && wn_migrations[i].version <= target) {
            WN_TRY(apply_step(database, &wn_migrations[i], err));
        }
    }
    return WN_OK;
}
