/* SPDX-License-Identifier: Apache-2.0
 *
 * The workspace as a whole: what is appended comes back, also after reopening; files are told new, changed, unchanged
 * and vanished; one writer, many readers; what is no workspace is refused.
 */
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

static void test_append_and_reopen(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    assert_int_equal(fixture_check(f, workspace), 0);
    int64_t rows = 0;
    static const size_t sizes[] = {1, 2, 512, 100, 333};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ASSERT_OK(f, fixture_append(workspace, rows, sizes[i], &f->err));
        rows += (int64_t)sizes[i];
        assert_int_equal(fixture_check(f, workspace), rows);
        if (i % 2) continue;
        wn_workspace_close(&workspace);
        workspace = fixture_open(f, i == 0 ? WN_WORKSPACE_CREATE : WN_WORKSPACE_WRITE);
        assert_int_equal(fixture_check(f, workspace), rows);
    }
    assert_int_equal(fixture_damage(f, workspace), 0);
    wn_workspace_close(&workspace);
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    assert_int_equal(fixture_check(f, workspace), rows);
    assert_int_equal(fixture_damage(f, workspace), 0);
    wn_workspace_close(&workspace);
}

/* The same with commits that wait for the disk, which all other tests spare. */
static void test_synced(void **state)
{
    fixture *f = *state;
    wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .cache_bytes = 1};
    wn_workspace *workspace = NULL;
    static const float values[10];
    ASSERT_OK(f, wn_workspace_open(f->path, &options, &workspace, &f->err));
    ASSERT_OK(f, fixture_append(workspace, 0, 100, &f->err));
    ASSERT_OK(f, fixture_append(workspace, 100, 3, &f->err));
    ASSERT_OK(f, wn_column_replace(workspace, "scores", WN_COLUMN_F32, 1, values, 10, &f->err));
    assert_int_equal(fixture_check(f, workspace), 103);
    assert_int_equal(fixture_damage(f, workspace), 0);
    wn_workspace_close(&workspace);
}

static void test_one_sample(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 4, &f->err));
    wn_sample *sample = NULL;
    ASSERT_OK(f, wn_workspace_get_sample(workspace, 2, &sample, &f->err));
    int64_t next = 2;
    fixture_check_sample(&next, sample);
    wn_free(sample);
    assert_int_equal(wn_workspace_get_sample(workspace, 4, &sample, &f->err), WN_NOTFOUND);
    wn_workspace_close(&workspace);
}

static wn_status stop_at_three(void *context, const wn_sample *sample)
{
    ++*(int *)context;
    return sample->row == 3 ? WN_CANCELLED : WN_OK;
}

static void test_visit_range(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    int visits = 0;
    assert_int_equal(wn_workspace_visit_samples(workspace, 1, 9, stop_at_three, &visits, &f->err), WN_CANCELLED);
    assert_int_equal(visits, 3);
    int64_t next = 4;
    ASSERT_OK(f, wn_workspace_visit_samples(workspace, 4, 2, fixture_check_sample, &next, &f->err));
    assert_int_equal(next, 6);
    wn_workspace_close(&workspace);
}

static void test_bad_and_gone(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 5, &f->err));
    wn_bad_file bad[] = {{1, "x.jpg", 5, 0, 9, "empty file"}, {1, "\xff.png", 5, 10, 11, "truncated"}};
    int64_t gone[] = {1, 3};
    wn_sample_batch batch = {.bad = bad, .bad_count = 2, .gone = gone, .gone_count = 2};
    ASSERT_OK(f, wn_workspace_append(workspace, &batch, NULL, &f->err));
    wn_workspace_counts counts;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.rows, 5);
    assert_int_equal(counts.ok, 3);
    assert_int_equal(counts.gone, 2);
    assert_int_equal(counts.bad, 2);

    /* A bad file that can be read after all is no longer bad. */
    wn_sample sample = {.source = 1,
                        .name = "x.jpg",
                        .name_len = 5,
                        .size = 3,
                        .width = 1,
                        .height = 1,
                        .captured_at = WN_CAPTURED_UNKNOWN};
    wn_sample_batch better = {.samples = &sample, .sample_count = 1};
    ASSERT_OK(f, wn_workspace_append(workspace, &better, NULL, &f->err));
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.bad, 1);

    /* A row that does not exist, or an unknown source, takes the whole batch back. */
    int64_t wrong[] = {0, 77};
    wn_sample_batch refused = {.samples = &sample, .sample_count = 1, .gone = wrong, .gone_count = 2};
    assert_int_equal(wn_workspace_append(workspace, &refused, NULL, &f->err), WN_INVALID);
    sample.source = 99;
    assert_int_equal(wn_workspace_append(workspace, &better, NULL, &f->err), WN_INVALID);
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.rows, 6);
    assert_int_equal(counts.gone, 2);
    wn_workspace_close(&workspace);
}

static wn_known_state check_row(wn_known_files *known, int64_t row, uint64_t grown, const wn_known_file **file)
{
    char name[FIXTURE_NAME];
    size_t len = fixture_name(row, name);
    return wn_known_files_check(known, 1, name, len, (uint64_t)row + 100 + grown, row * 1000 + 7, file);
}

static void test_known_files(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_known_files *known = NULL;
    const wn_known_file *file = NULL;
    ASSERT_OK(f, wn_workspace_load_known(workspace, -1, &known, &f->err));
    assert_int_equal(check_row(known, 0, 0, &file), WN_KNOWN_NEW);
    assert_int_equal(check_row(known, 0, 0, &file), WN_KNOWN_REPEATED);
    assert_null(file);
    wn_known_files_free(&known);

    for (int64_t row = 0; row < 1500; row += 500) ASSERT_OK(f, fixture_append(workspace, row, 500, &f->err));
    wn_bad_file bad = {1, "x.jpg", 5, 40, 9, "empty file"};
    int64_t gone = 10;
    wn_sample_batch batch = {.bad = &bad, .bad_count = 1, .gone = &gone, .gone_count = 1};
    ASSERT_OK(f, wn_workspace_append(workspace, &batch, NULL, &f->err));

    ASSERT_OK(f, wn_workspace_load_known(workspace, 1, &known, &f->err));
    for (int64_t row = 0; row < 1400; row++) {
        wn_known_state found = check_row(known, row, row % 100 == 5, &file);
        if (row == 10) {
            assert_int_equal(found, WN_KNOWN_NEW); /* gone before, here again */
        } else {
            assert_int_equal(found, row % 100 == 5 ? WN_KNOWN_CHANGED : WN_KNOWN_UNCHANGED);
            assert_int_equal(file->row, row);
        }
    }
    assert_int_equal(check_row(known, 1399, 0, &file), WN_KNOWN_REPEATED);
    assert_int_equal(check_row(known, 1500, 0, &file), WN_KNOWN_NEW);
    char name[FIXTURE_NAME];
    size_t len = fixture_name(0, name), count = 0, unseen = 0;
    assert_int_equal(wn_known_files_check(known, 2, name, len, 100, 7, NULL), WN_KNOWN_NEW); /* another source */
    assert_int_equal(wn_known_files_check(known, 1, "x.jpg", 5, 40, 9, &file), WN_KNOWN_UNCHANGED);
    assert_int_equal(file->row, -1);
    const wn_known_file *entries = wn_known_files_entries(known, &count);
    assert_int_equal(count, 1500);
    for (size_t i = 0; i < count; i++) unseen += !entries[i].seen;
    assert_int_equal(unseen, 100);

    ASSERT_OK(f, wn_workspace_forget_bad(workspace, &file, 1, &f->err));
    wn_workspace_counts counts;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.bad, 0);
    wn_known_files_free(&known);
    wn_workspace_close(&workspace);
}

static void test_sources(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    int64_t a = 0, b = 0, again = 0;
    ASSERT_OK(f, wn_workspace_add_source(workspace, "folder", "/a\xff\n", &a, &f->err));
    ASSERT_OK(f, wn_workspace_add_source(workspace, "tar", "/a\xff\n", &b, &f->err));
    ASSERT_OK(f, wn_workspace_add_source(workspace, "folder", "/a\xff\n", &again, &f->err));
    assert_int_equal(a, again);
    assert_int_not_equal(a, b);
    wn_source *sources = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_workspace_list_sources(workspace, &sources, &count, &f->err));
    assert_int_equal(count, 2);
    assert_string_equal(sources[1].kind, "tar");
    assert_string_equal(sources[1].path, "/a\xff\n");
    wn_free(sources);
    wn_workspace_close(&workspace);
}

static void test_two_writers(void **state)
{
    fixture *f = *state;
    char pid[32];
    wn_workspace *first = fixture_open(f, WN_WORKSPACE_CREATE), *second = NULL;
    wn_workspace_options options = {.mode = WN_WORKSPACE_WRITE, .command = "second"};
    assert_int_equal(wn_workspace_open(f->path, &options, &second, &f->err), WN_BUSY);
    assert_null(second);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(f->err.message, pid));
    assert_non_null(strstr(f->err.message, "test of the store"));
    assert_non_null(strstr(f->err.message, "since 2"));
    wn_workspace_close(&first);
    ASSERT_OK(f, wn_workspace_open(f->path, &options, &second, &f->err));
    wn_workspace_close(&second);
}

static void test_readers_while_writing(void **state)
{
    fixture *f = *state;
    wn_workspace *writer = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(writer, 0, 100, &f->err));
    wn_workspace *reader = fixture_open(f, WN_WORKSPACE_READ);
    wn_column *snapshot = NULL;
    ASSERT_OK(f, wn_column_open(reader, "values", &snapshot, &f->err));
    ASSERT_OK(f, fixture_append(writer, 100, 57, &f->err));
    assert_int_equal(fixture_check(f, reader), 157);
    /* The snapshot has the old end, whose checksum is that of the old, shorter last block. */
    assert_int_equal(wn_column_describe(snapshot)->rows, 100);
    ASSERT_OK(f, wn_column_verify(snapshot, NULL, &f->err));
    assert_int_equal(fixture_append(reader, 157, 1, &f->err), WN_INVALID);
    wn_column_close(&snapshot);
    wn_workspace_close(&reader);
    wn_workspace_close(&writer);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static wn_status try_open(fixture *f, wn_workspace_mode mode)
{
    wn_workspace_options options = {.mode = mode, .unsynced = true};
    wn_workspace *workspace = NULL;
    wn_status status = wn_workspace_open(f->path, &options, &workspace, &f->err);
    wn_workspace_close(&workspace);
    return status;
}

static void test_what_is_no_workspace(void **state)
{
    fixture *f = *state;
    assert_int_equal(try_open(f, WN_WORKSPACE_READ), WN_NOTFOUND);
    assert_int_equal(try_open(f, WN_WORKSPACE_WRITE), WN_NOTFOUND);
    write_text(f->folder, "a.winnow", "a file");
    assert_int_equal(try_open(f, WN_WORKSPACE_CREATE), WN_INVALID);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0777), 0);
    write_text(f->path, "holiday.jpg", "mine");
    assert_int_equal(try_open(f, WN_WORKSPACE_READ), WN_NOTFOUND);
    assert_int_equal(try_open(f, WN_WORKSPACE_CREATE), WN_INVALID);
    write_text(f->path, "catalog.db", "this is not a database, but it is long enough to look like one, is it not?");
    assert_int_equal(try_open(f, WN_WORKSPACE_READ), WN_CORRUPT);
    assert_int_equal(try_open(f, WN_WORKSPACE_WRITE), WN_CORRUPT);
    write_text(f->path, "catalog.db", "");
    assert_int_equal(try_open(f, WN_WORKSPACE_READ), WN_NOTFOUND);
    assert_int_equal(try_open(f, WN_WORKSPACE_WRITE), WN_NOTFOUND);
    assert_int_equal(try_open(f, WN_WORKSPACE_CREATE), WN_OK); /* what a kill during the making leaves behind */
    assert_int_equal(try_open(f, WN_WORKSPACE_READ), WN_OK);
}

static void test_read_only_folder(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 20, &f->err));
    wn_workspace_close(&workspace);
    assert_int_equal(chmod(f->path, 0555), 0);
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    assert_int_equal(fixture_check(f, workspace), 20);
    wn_workspace_close(&workspace);
    assert_int_equal(chmod(f->path, 0755), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_append_and_reopen),
        FIXTURE_TEST(test_one_sample),
        FIXTURE_TEST(test_synced),
        FIXTURE_TEST(test_visit_range),
        FIXTURE_TEST(test_bad_and_gone),
        FIXTURE_TEST(test_known_files),
        FIXTURE_TEST(test_sources),
        FIXTURE_TEST(test_two_writers),
        FIXTURE_TEST(test_readers_while_writing),
        FIXTURE_TEST(test_what_is_no_workspace),
        FIXTURE_TEST(test_read_only_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
