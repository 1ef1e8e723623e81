/* SPDX-License-Identifier: Apache-2.0
 *
 * Upgrades. tests/data/compat/catalog_NNNN.sql is the catalogue as version N of the schema wrote it, recorded when that
 * version was released: each must still be what the migrations up to N give (a released migration is never edited), and
 * must open, upgraded, with its content. `WN_RECORD=1 test_store_migration` records the versions that have no file yet.
 */
#include "store_fixture.h"

#include <sys/stat.h>

#include "base/file.h"
#include "store/migration.h"
#include "winnow/catalog.h"

/* Rows that every version since the first can hold. */
static const char content[] = "INSERT INTO settings VALUES ('seed', '7');\n"
                              "INSERT INTO sources VALUES (1, 'folder', X'2F61', 1700000000);\n"
                              "INSERT INTO samples VALUES (0, 1, X'612E6A7067', 10, 20, 0, 30, 40, 'jpeg', 50, 'C');\n"
                              "INSERT INTO samples VALUES (1, 1, X'FF2E6A7067', 11, 21, 1, 31, 41, NULL, NULL, NULL);\n"
                              "INSERT INTO bad_files VALUES (1, X'622E6A7067', 0, 5, 'empty file');\n";

static void snapshot_path(int version, char out[512])
{
    snprintf(out, 512, WN_TEST_DATA "/compat/catalog_%04d.sql", version);
}

static void open_database(fixture *f, const char *path, wn_database *out)
{
    wn_database_options options = {.write = true, .unsynced = true, .cache_bytes = 1 << 20};
    ASSERT_OK(f, wn_database_open(path, &options, out, &f->err));
}

/* The schema as text, in the order in which it was made, and the version. */
static void dump_schema(fixture *f, wn_database *database, wn_buffer *out)
{
    sqlite3_stmt *statement = NULL;
    bool row = true;
    int64_t version = 0;
    ASSERT_OK(f, wn_database_number(database, "PRAGMA user_version", &version, &f->err));
    wn_buffer_format(out, "PRAGMA application_id = %d;\nPRAGMA user_version = %d;\n", WN_CATALOG_APPLICATION_ID,
                     (int)version);
    ASSERT_OK(f, wn_database_prepare(database,
                                     "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
                                     "ORDER BY rowid",
                                     &statement, &f->err));
    while (row) {
        ASSERT_OK(f, wn_database_step(database, statement, &row, &f->err));
        if (row) wn_buffer_format(out, "%s;\n", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    assert_int_equal(out->status, WN_OK);
}

/* What the snapshot file of a version has to contain. */
static void make_snapshot(fixture *f, int version, wn_buffer *out)
{
    char path[512];
    wn_database database;
    snprintf(path, sizeof path, "%s/fresh-%d.db", f->folder, version);
    open_database(f, path, &database);
    ASSERT_OK(f, wn_migration_apply(&database, version, &f->err));
    dump_schema(f, &database, out);
    wn_buffer_text(out, content);
    wn_database_close(&database);
}

static void test_released_migrations_are_unchanged(void **state)
{
    fixture *f = *state;
    for (int version = 1; version <= wn_workspace_schema_version(); version++) {
        char path[512];
        wn_buffer now, recorded;
        wn_buffer_init(&now, WN_MEMORY_TEXT, 0);
        wn_buffer_init(&recorded, WN_MEMORY_TEXT, 0);
        snapshot_path(version, path);
        make_snapshot(f, version, &now);
        if (getenv("WN_RECORD") && !wn_file_exists(path)) ASSERT_OK(f, wn_file_write(path, now.data, now.len, &f->err));
        ASSERT_OK(f, wn_file_read(path, 1 << 20, &recorded, &f->err));
        assert_string_equal(recorded.data, now.data);
        wn_buffer_clear(&recorded);
        wn_buffer_clear(&now);
    }
}

/* A workspace as version `version` left it. */
static void restore(fixture *f, int version)
{
    char path[512];
    wn_buffer sql;
    wn_database database;
    wn_buffer_init(&sql, WN_MEMORY_TEXT, 0);
    snapshot_path(version, path);
    ASSERT_OK(f, wn_file_read(path, 1 << 20, &sql, &f->err));
    snprintf(f->path, sizeof f->path, "%s/v%d.winnow", f->folder, version);
    assert_int_equal(mkdir(f->path, 0777), 0);
    snprintf(path, sizeof path, "%s/catalog.db", f->path);
    open_database(f, path, &database);
    ASSERT_OK(f, wn_database_exec(&database, sql.data, &f->err));
    wn_database_close(&database);
    wn_buffer_clear(&sql);
}

static void check_content(fixture *f, wn_workspace *workspace)
{
    wn_workspace_counts counts;
    wn_sample *sample = NULL;
    char *seed = NULL;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.rows, 2);
    assert_int_equal(counts.gone, 1);
    assert_int_equal(counts.bad, 1);
    ASSERT_OK(f, wn_workspace_get_sample(workspace, 1, &sample, &f->err));
    assert_string_equal(sample->name, "\xff.jpg");
    assert_true(sample->captured_at == WN_CAPTURED_UNKNOWN);
    wn_free(sample);
    ASSERT_OK(f, wn_setting_get(workspace, "seed", &seed, &f->err));
    assert_string_equal(seed, "7");
    wn_free(seed);
}

static void check_schema_is_newest(fixture *f)
{
    char path[512];
    wn_buffer upgraded, fresh;
    wn_database database;
    wn_buffer_init(&upgraded, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&fresh, WN_MEMORY_TEXT, 0);
    snprintf(path, sizeof path, "%s/catalog.db", f->path);
    open_database(f, path, &database);
    dump_schema(f, &database, &upgraded);
    wn_database_close(&database);
    snprintf(path, sizeof path, "%s/newest.db", f->folder);
    open_database(f, path, &database);
    ASSERT_OK(f, wn_migration_apply(&database, wn_workspace_schema_version(), &f->err));
    dump_schema(f, &database, &fresh);
    wn_database_close(&database);
    assert_string_equal(upgraded.data, fresh.data);
    wn_buffer_clear(&upgraded);
    wn_buffer_clear(&fresh);
}

static void test_upgrade_from_every_version(void **state)
{
    fixture *f = *state;
    for (int version = 1; version <= wn_workspace_schema_version(); version++) {
        restore(f, version);
        /* A reader upgrades too. The column that thumbnails need came later or was never made: nothing breaks. */
        wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_READ);
        check_content(f, workspace);
        wn_workspace_close(&workspace);
        check_schema_is_newest(f);
        workspace = fixture_open(f, WN_WORKSPACE_WRITE);
        check_content(f, workspace);
        assert_int_equal(fixture_damage(f, workspace), 0);
        wn_workspace_close(&workspace);
    }
}

static void test_newer_and_foreign_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *sql;
        wn_status status;
    } cases[] = {
        {"PRAGMA user_version = 9999", WN_VERSION},
        {"PRAGMA user_version = -1", WN_CORRUPT},
        {"PRAGMA user_version = 1; PRAGMA application_id = 5", WN_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[512];
        wn_database database;
        wn_workspace *workspace = NULL;
        snprintf(f->path, sizeof f->path, "%s/case%zu.winnow", f->folder, i);
        workspace = fixture_open(f, WN_WORKSPACE_CREATE);
        wn_workspace_close(&workspace);
        snprintf(path, sizeof path, "%s/catalog.db", f->path);
        open_database(f, path, &database);
        ASSERT_OK(f, wn_database_exec(&database, cases[i].sql, &f->err));
        wn_database_close(&database);
        for (int mode = WN_WORKSPACE_READ; mode <= WN_WORKSPACE_CREATE; mode++) {
            wn_workspace_options options = {.mode = (wn_workspace_mode)mode};
            assert_int_equal(wn_workspace_open(f->path, &options, &workspace, &f->err), cases[i].status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_released_migrations_are_unchanged),
        FIXTURE_TEST(test_upgrade_from_every_version),
        FIXTURE_TEST(test_newer_and_foreign_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
