/* SPDX-License-Identifier: Apache-2.0
 *
 * A workspace outlives whatever happens to its writer: a kill at any moment, a write-ahead log and files that end
 * anywhere, and a device without space.
 */
#include "store_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "winnow/catalog.h"

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* --- SIGKILL ------------------------------------------------------------------------------------------------------ */

/* Appends batches for ever and tells after each how many rows are committed. Leaves by _exit only. */
static void write_until_killed(fixture *f, int pipe_fd, uint32_t seed)
{
    wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .unsynced = true};
    wn_workspace *workspace = NULL;
    wn_workspace_counts counts;
    if (wn_workspace_open(f->path, &options, &workspace, NULL) != WN_OK) _exit(1);
    for (;;) {
        static const float value[64];
        int64_t run = 0;
        size_t count = 1 + next_random(&seed) % 60;
        if (wn_workspace_count(workspace, &counts, NULL) != WN_OK) _exit(2);
        if (fixture_append(workspace, counts.rows, count, NULL) != WN_OK) _exit(3);
        int64_t rows = counts.rows + (int64_t)count;
        if (write(pipe_fd, &rows, sizeof rows) != sizeof rows) _exit(4);
        if (wn_column_replace(workspace, "replaced", WN_COLUMN_F32, 1, value, count, NULL) != WN_OK) _exit(5);
        if (wn_run_begin(workspace, "test", NULL, &run, NULL, NULL) != WN_OK) _exit(6);
    }
}

/* Runs a writer, kills it after `wait_us`, and returns the last row count that it told. */
static int64_t run_and_kill(fixture *f, useconds_t wait_us, uint32_t seed)
{
    int fds[2], how = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        write_until_killed(f, fds[1], seed);
    }
    close(fds[1]);
    usleep(wait_us);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    int64_t rows = 0, told = 0;
    while (read(fds[0], &told, sizeof told) == (ssize_t)sizeof told) rows = told;
    close(fds[0]);
    return rows;
}

static int count_column_files(fixture *f)
{
    char folder[320];
    int count = 0;
    snprintf(folder, sizeof folder, "%s/columns", f->path);
    DIR *list = opendir(folder);
    assert_non_null(list);
    struct dirent *entry;
    while ((entry = readdir(list))) count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void test_kill(void **state)
{
    fixture *f = *state;
    uint32_t seed = 42;
    int64_t rows = 0;
    for (int i = 0; i < 24; i++) {
        int64_t told = run_and_kill(f, next_random(&seed) % 30000, seed);
        wn_workspace *workspace = fixture_open(f, i % 2 ? WN_WORKSPACE_WRITE : WN_WORKSPACE_CREATE);
        int64_t now = fixture_check(f, workspace);
        assert_true(now >= told && now >= rows); /* nothing committed was lost */
        rows = now;
        assert_int_equal(fixture_damage(f, workspace), 0);
        assert_true(count_column_files(f) <= 5); /* four live ones, and one whose making was never committed */
        wn_workspace_close(&workspace);
    }
    assert_true(rows > 0);
}

/* --- Torn files --------------------------------------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(in >= 0 && out >= 0);
    ssize_t len;
    while ((len = read(in, bytes, sizeof bytes)) > 0) assert_int_equal(write(out, bytes, (size_t)len), len);
    close(in);
    close(out);
}

/* Copies a folder and its sub-folders; shared memory and lock of the writer are left out. */
static void copy_folder(const char *from, const char *to)
{
    assert_int_equal(mkdir(to, 0777), 0);
    DIR *list = opendir(from);
    assert_non_null(list);
    struct dirent *entry;
    while ((entry = readdir(list))) {
        char source[600], target[600];
        struct stat info;
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "catalog.db-shm") == 0) continue;
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        assert_int_equal(stat(source, &info), 0);
        if (S_ISDIR(info.st_mode)) {
            copy_folder(source, target);
        } else {
            copy_file(source, target);
        }
    }
    closedir(list);
}

/* Adds up to 5,000 bytes of rubbish to every file of a folder, as a write that was never committed would. */
static void add_rubbish(const char *path, const char *part, uint32_t *seed)
{
    char folder[400];
    snprintf(folder, sizeof folder, "%s/%s", path, part);
    DIR *list = opendir(folder);
    assert_non_null(list);
    struct dirent *entry;
    while ((entry = readdir(list))) {
        char name[700];
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(name, "a");
        assert_non_null(file);
        for (uint32_t i = next_random(seed) % 5000; i > 0; i--) fputc((int)(next_random(seed) & 255), file);
        fclose(file);
    }
    closedir(list);
}

static void test_torn_files(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    static const size_t sizes[] = {50, 1, 77, 200, 13, 512, 5};
    int64_t ends[8] = {0}, rows = 0;
    for (size_t i = 0; i < 7; i++) {
        ASSERT_OK(f, fixture_append(workspace, rows, sizes[i], &f->err));
        ends[i + 1] = rows += (int64_t)sizes[i];
    }
    char original[300], log[400];
    snprintf(original, sizeof original, "%s", f->path);
    snprintf(log, sizeof log, "%s/catalog.db-wal", original);
    struct stat info;
    assert_int_equal(stat(log, &info), 0);

    uint32_t seed = 5;
    int seen_prefixes = 0;
    for (int trial = 0; trial < 40; trial++) {
        snprintf(f->path, sizeof f->path, "%s/copy-%d.winnow", f->folder, trial);
        copy_folder(original, f->path);
        snprintf(log, sizeof log, "%s/catalog.db-wal", f->path);
        assert_int_equal(truncate(log, (off_t)(next_random(&seed) % (uint32_t)info.st_size)), 0);
        add_rubbish(f->path, "columns", &seed);
        add_rubbish(f->path, "thumbs", &seed);

        /* The schema itself may be in the lost part of the log; then the workspace is made again. */
        wn_workspace *copy = fixture_open(f, WN_WORKSPACE_CREATE);
        wn_workspace_counts counts;
        ASSERT_OK(f, wn_workspace_count(copy, &counts, &f->err));
        int is_end = 0;
        for (int i = 0; i < 8; i++) is_end |= counts.rows == ends[i];
        assert_true(is_end); /* whole batches only */
        seen_prefixes |= 1 << (counts.rows > 0 && counts.rows < rows);
        assert_int_equal(fixture_check(f, copy), counts.rows);
        ASSERT_OK(f, fixture_append(copy, counts.rows, 100, &f->err));
        assert_int_equal(fixture_check(f, copy), counts.rows + 100);
        assert_int_equal(fixture_damage(f, copy), 0);
        wn_workspace_close(&copy);
    }
    assert_int_equal(seen_prefixes, 3); /* the trials met both a part and all or nothing */
    wn_workspace_close(&workspace);
}

/* --- No space ----------------------------------------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == RLIM_INFINITY || bytes > limit.rlim_max ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the size of files stands for a full device; which file meets it first depends on the limit. */
static void test_no_space(void **state)
{
    fixture *f = *state;
    signal(SIGXFSZ, SIG_IGN);
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    int64_t rows = 10;
    int failures = 0;
    for (rlim_t limit = 4096; limit < 700000; limit = limit * 5 / 4) {
        wn_status status = WN_OK;
        limit_files(limit);
        for (int i = 0; i < 3 && status == WN_OK; i++) {
            if ((status = fixture_append(workspace, rows, 50, &f->err)) == WN_OK) rows += 50;
        }
        if (status != WN_OK) {
            if (status != WN_NOSPACE) fail_msg("limit %llu: %s", (unsigned long long)limit, f->err.message);
            assert_non_null(strstr(f->err.message, f->path));
            assert_non_null(strstr(f->err.message, "space"));
            failures++;
        }
        static const float values[30000];
        status = wn_column_replace(workspace, "r", WN_COLUMN_F32, 1, values, 30000, &f->err);
        if (status != WN_OK && status != WN_NOSPACE)
            fail_msg("limit %llu: %s", (unsigned long long)limit, f->err.message);

        /* Still without space: everything committed can be read, here and from a new reader. */
        assert_int_equal(fixture_check(f, workspace), rows);
        wn_workspace *reader = fixture_open(f, WN_WORKSPACE_READ);
        assert_int_equal(fixture_check(f, reader), rows);
        wn_workspace_close(&reader);
        limit_files(RLIM_INFINITY);
        ASSERT_OK(f, fixture_append(workspace, rows, 20, &f->err));
        rows += 20;
        if (failures % 4 == 3) {
            wn_workspace_close(&workspace);
            workspace = fixture_open(f, WN_WORKSPACE_WRITE);
        }
        assert_int_equal(fixture_check(f, workspace), rows);
    }
    assert_true(failures > 5);
    assert_int_equal(fixture_damage(f, workspace), 0);
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_kill),
        FIXTURE_TEST(test_torn_files),
        FIXTURE_TEST(test_no_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
