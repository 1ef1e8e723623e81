/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers beside a writer in another process that appends and replaces all the time; and several threads on one column.
 */
#include "store_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "winnow/pool.h"

/* Fills `out` with the one value that follows from the number of rows: a torn or mixed column can not pass. */
static void fill_version(int32_t *out, size_t rows)
{
    for (size_t i = 0; i < rows; i++) out[i] = (int32_t)(rows * 1000);
}

static void write_until_killed(fixture *f)
{
    static int32_t values[40000];
    wn_workspace_options options = {.mode = WN_WORKSPACE_WRITE, .unsynced = true};
    wn_workspace *workspace = NULL;
    wn_workspace_counts counts;
    if (wn_workspace_open(f->path, &options, &workspace, NULL) != WN_OK) _exit(1);
    for (size_t i = 0;; i++) {
        size_t rows = 20000 + i * 977 % 20000;
        fill_version(values, rows);
        if (wn_column_replace(workspace, "version", WN_COLUMN_I32, 1, values, rows, NULL) != WN_OK) _exit(2);
        if (wn_workspace_count(workspace, &counts, NULL) != WN_OK) _exit(3);
        if (counts.rows < 3000 && fixture_append(workspace, counts.rows, 7, NULL) != WN_OK) _exit(4);
    }
}

static void check_version(fixture *f, wn_workspace *reader)
{
    static int32_t values[40000], expected[40000];
    wn_column *column = NULL;
    ASSERT_OK(f, wn_column_open(reader, "version", &column, &f->err));
    size_t rows = (size_t)wn_column_describe(column)->rows;
    fill_version(expected, rows);
    ASSERT_OK(f, wn_column_read(column, 0, rows, values, &f->err));
    assert_memory_equal(values, expected, rows * sizeof *values);
    wn_column_close(&column);
}

static void test_readers_beside_a_busy_writer(void **state)
{
    fixture *f = *state;
    int32_t one = 1000;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    ASSERT_OK(f, wn_column_replace(workspace, "version", WN_COLUMN_I32, 1, &one, 1, &f->err));
    wn_workspace_close(&workspace);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) write_until_killed(f);
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    for (int i = 0; i < 150; i++) {
        check_version(f, workspace);
        if (i % 10) continue;
        /* Count, then columns: each is a snapshot of its own, so the columns may be ahead but never behind. */
        wn_workspace_counts counts;
        wn_column *column = NULL;
        ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
        ASSERT_OK(f, wn_column_open(workspace, "values", &column, &f->err));
        assert_true(wn_column_describe(column)->rows >= counts.rows);
        ASSERT_OK(f, wn_column_verify(column, NULL, &f->err));
        wn_column_close(&column);
        fixture_check_thumb(f, workspace, counts.rows - 1);
        wn_workspace_close(&workspace);
        workspace = fixture_open(f, WN_WORKSPACE_READ);
    }
    wn_workspace_close(&workspace);
    int how = 0;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how)); /* it was writing until the end */
}

static bool stands(const fixture *f, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", f->path, name);
    return access(path, F_OK) == 0;
}

static void test_readers_leave_nothing_behind(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    wn_workspace_close(&workspace);
    assert_false(stands(f, "catalog.db-wal") || stands(f, "catalog.db-shm"));
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    wn_workspace *other = fixture_open(f, WN_WORKSPACE_READ);
    wn_workspace_counts counts;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    wn_workspace_close(&workspace);
    ASSERT_OK(f, wn_workspace_count(other, &counts, &f->err));
    assert_int_equal(counts.rows, 10);
    wn_workspace_close(&other);
    assert_false(stands(f, "catalog.db-wal") || stands(f, "catalog.db-shm"));
}

enum { ROWS = 60000, GRAIN = 1000 };

typedef struct shared_read {
    wn_column *column;
    int64_t sums[ROWS / GRAIN];
} shared_read;

static void read_chunk(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    shared_read *shared = context;
    int64_t values[GRAIN], sum = 0;
    if (wn_column_read(shared->column, (int64_t)begin, end - begin, values, NULL) == WN_OK) {
        for (size_t i = 0; i < end - begin; i++) sum += values[i];
    }
    shared->sums[begin / GRAIN] = sum;
}

static void test_threads_on_one_column(void **state)
{
    fixture *f = *state;
    static int64_t values[ROWS];
    shared_read shared = {0};
    wn_pool *pool = NULL;
    for (int64_t i = 0; i < ROWS; i++) values[i] = i * i;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, wn_column_replace(workspace, "a", WN_COLUMN_I64, 1, values, ROWS, &f->err));
    ASSERT_OK(f, wn_column_open(workspace, "a", &shared.column, &f->err));
    ASSERT_OK(f, wn_pool_new(4, 0, &pool, &f->err));
    wn_pool_for(pool, ROWS, GRAIN, read_chunk, &shared);
    for (size_t i = 0; i < ROWS / GRAIN; i++) {
        int64_t expected = 0;
        for (size_t j = 0; j < GRAIN; j++) expected += values[i * GRAIN + j];
        assert_int_equal(shared.sums[i], expected);
    }
    wn_pool_free(&pool);
    wn_column_close(&shared.column);
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_readers_beside_a_busy_writer),
        FIXTURE_TEST(test_readers_leave_nothing_behind),
        FIXTURE_TEST(test_threads_on_one_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
