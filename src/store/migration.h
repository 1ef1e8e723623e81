/* SPDX-License-Identifier: Apache-2.0
 *
 * The schema of the catalogue as numbered steps (migrations/NNNN_name.sql, compiled in, applied in order).
 */
#ifndef STORE_MIGRATION_H
#define STORE_MIGRATION_H

#include <stddef.h>

#include "store/database.h"

typedef struct wn_migration {
    int version; /* from 1, without gaps */
    const char *name;
    const char *sql;
} wn_migration;

extern const wn_migration wn_migrations[];
extern const size_t wn_migration_count;

/* "WNOW": marks the database file as a winnow catalogue (PRAGMA application_id). */
enum { WN_CATALOG_APPLICATION_ID = 0x574E4F57 };

/* The version of an open catalogue: 0 for an empty file. WN_INVALID when it belongs to another program, WN_VERSION
 * when it is newer than this library. */
WN_NODISCARD wn_status wn_migration_version(wn_database *database, int *version, wn_error *err);

/* Brings the catalogue to version `target` in one transaction a step. */
WN_NODISCARD wn_status wn_migration_apply(wn_database *database, int target, wn_error *err);

#endif
