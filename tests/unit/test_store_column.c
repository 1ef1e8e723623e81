/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns: every type, odd widths and sizes around the block borders against a plain array; padding; replacement; and
 * what each kind of damage gives.
 */
#include "store_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Deterministic bytes that differ everywhere. */
static void fill_bytes(unsigned char *out, size_t len, uint64_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        out[i] = (unsigned char)(seed >> 56);
    }
}

/* Path of the one file of a column. */
static void column_file(fixture *f, const char *name, char out[600])
{
    char folder[320];
    snprintf(folder, sizeof folder, "%s/columns", f->path);
    DIR *list = opendir(folder);
    assert_non_null(list);
    struct dirent *entry;
    size_t len = strlen(name);
    int found = 0;
    while ((entry = readdir(list))) {
        if (strncmp(entry->d_name, name, len) != 0 || entry->d_name[len] != '.') continue;
        snprintf(out, 600, "%s/%s", folder, entry->d_name);
        found++;
    }
    closedir(list);
    assert_int_equal(found, 1);
}

static void overwrite(const char *path, off_t at, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void compare_random_ranges(fixture *f, wn_column *column, const unsigned char *expected)
{
    const wn_column_info *info = wn_column_describe(column);
    uint32_t seed = 7;
    unsigned char *out = malloc((size_t)info->rows * info->row_bytes + 1);
    for (int i = 0; i < 40; i++) {
        seed = seed * 1664525U + 1013904223U;
        int64_t first = seed % (uint32_t)info->rows;
        size_t most = (size_t)(info->rows - first), count = i % 3 ? most : (seed >> 8) % most + 1;
        ASSERT_OK(f, wn_column_read(column, first, count, out, &f->err));
        assert_memory_equal(out, expected + (size_t)first * info->row_bytes, count * info->row_bytes);
    }
    free(out);
}

static void check_column(fixture *f, wn_workspace *workspace, wn_column_type type, size_t width, const size_t *pieces)
{
    size_t value_bytes[] = {1, 4, 8, 4, 2, 2, 16}, rows = 0, row_bytes = value_bytes[type] * width;
    char name[64];
    snprintf(name, sizeof name, "c-%s.%zu", wn_column_type_text(type), width);
    ASSERT_OK(f, wn_column_create(workspace, name, type, width, &f->err));
    for (size_t i = 0; pieces[i]; i++) rows += pieces[i];
    unsigned char *expected = malloc(rows * row_bytes);
    fill_bytes(expected, rows * row_bytes, width);
    int64_t at = 0;
    for (size_t i = 0; pieces[i]; i++) {
        ASSERT_OK(f, wn_column_append(workspace, name, at, expected + (size_t)at * row_bytes, pieces[i], &f->err));
        at += (int64_t)pieces[i];
    }
    wn_column *column = NULL;
    const void *map = NULL;
    ASSERT_OK(f, wn_column_open(workspace, name, &column, &f->err));
    const wn_column_info *info = wn_column_describe(column);
    assert_string_equal(info->name, name);
    assert_int_equal(info->rows, rows);
    assert_int_equal(info->row_bytes, row_bytes);
    compare_random_ranges(f, column, expected);
    assert_int_equal(wn_column_read(column, (int64_t)rows, 1, expected, &f->err), WN_INVALID);
    assert_int_equal(wn_column_read(column, -1, 1, expected, &f->err), WN_INVALID);
    ASSERT_OK(f, wn_column_map(column, &map, &f->err));
    assert_int_equal((uintptr_t)map % 64, 0);
    assert_memory_equal(map, expected, rows * row_bytes);
    ASSERT_OK(f, wn_column_verify(column, NULL, &f->err));
    wn_column_close(&column);
    free(expected);
}

static void test_types_and_sizes(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    static const size_t small[] = {1, 7, 300, 1, 0}, large[] = {65535, 1, 1, 65536, 70000, 0};
    for (int type = 0; type <= WN_COLUMN_HASH128; type++) {
        check_column(f, workspace, (wn_column_type)type, 1, small);
        check_column(f, workspace, (wn_column_type)type, 37, small);
    }
    check_column(f, workspace, WN_COLUMN_U8, 2, large);      /* 32,768 rows a block */
    check_column(f, workspace, WN_COLUMN_U8, 40000, small);  /* one row a block */
    check_column(f, workspace, WN_COLUMN_F32, 16384, small); /* exactly one row a block */
    wn_workspace_close(&workspace);
}

static void test_gather(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    enum { ROWS = 20000 };
    int64_t *values = malloc(ROWS * sizeof *values), picked[6];
    for (int i = 0; i < ROWS; i++) values[i] = i * 3;
    ASSERT_OK(f, wn_column_replace(workspace, "a", WN_COLUMN_I64, 1, values, ROWS, &f->err));
    wn_column *column = NULL;
    ASSERT_OK(f, wn_column_open(workspace, "a", &column, &f->err));
    static const int64_t rows[] = {19999, 0, 8190, 8191, 8192, 0};
    ASSERT_OK(f, wn_column_gather(column, rows, 6, picked, &f->err));
    for (int i = 0; i < 6; i++) assert_int_equal(picked[i], rows[i] * 3);
    static const int64_t beyond[] = {1, ROWS};
    assert_int_equal(wn_column_gather(column, beyond, 2, picked, &f->err), WN_INVALID);
    wn_column_close(&column);
    wn_workspace_close(&workspace);
    free(values);
}

static void test_padding(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    float one = 1.0F, read[4];
    uint16_t half = 5, halves[4];
    ASSERT_OK(f, wn_column_create(workspace, "f", WN_COLUMN_F32, 1, &f->err));
    ASSERT_OK(f, wn_column_create(workspace, "b", WN_COLUMN_BF16, 1, &f->err));
    ASSERT_OK(f, wn_column_append(workspace, "f", 3, &one, 1, &f->err));
    ASSERT_OK(f, wn_column_append(workspace, "b", 3, &half, 1, &f->err));
    assert_int_equal(wn_column_append(workspace, "f", 3, &one, 1, &f->err), WN_INVALID);
    assert_int_equal(wn_column_append(workspace, "g", 0, &one, 1, &f->err), WN_NOTFOUND);
    wn_column *column = NULL;
    ASSERT_OK(f, wn_column_open(workspace, "f", &column, &f->err));
    ASSERT_OK(f, wn_column_read(column, 0, 4, read, &f->err));
    assert_true(isnan(read[0]) && isnan(read[1]) && isnan(read[2]) && read[3] == 1.0F);
    wn_column_close(&column);
    ASSERT_OK(f, wn_column_open(workspace, "b", &column, &f->err));
    ASSERT_OK(f, wn_column_read(column, 0, 4, halves, &f->err));
    assert_true(halves[2] == 0x7FC0 && halves[3] == 5);
    wn_column_close(&column);
    wn_workspace_close(&workspace);
}

static void test_shapes_that_are_refused(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    char name[WN_COLUMN_NAME_MAX + 2];
    memset(name, 'a', sizeof name);
    name[WN_COLUMN_NAME_MAX] = 0;
    ASSERT_OK(f, wn_column_create(workspace, name, WN_COLUMN_U8, 1, &f->err));
    name[WN_COLUMN_NAME_MAX] = 'a';
    name[WN_COLUMN_NAME_MAX + 1] = 0;
    assert_int_equal(wn_column_create(workspace, name, WN_COLUMN_U8, 1, &f->err), WN_INVALID);
    static const char *const names[] = {"", "../x", "a/b", ".a", "a b", "\xc3\xa4", "-x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(wn_column_create(workspace, names[i], WN_COLUMN_U8, 1, &f->err), WN_INVALID);
    }
    assert_int_equal(wn_column_create(workspace, "x", WN_COLUMN_U8, 0, &f->err), WN_INVALID);
    assert_int_equal(wn_column_create(workspace, "x", WN_COLUMN_U8, WN_COLUMN_WIDTH_MAX + 1, &f->err), WN_INVALID);
    ASSERT_OK(f, wn_column_create(workspace, "pictures", WN_COLUMN_U8, 256 * 256 * 3, &f->err));
    assert_int_equal(wn_column_create(workspace, "x", WN_COLUMN_HASH128, 65537 / 2, &f->err), WN_OK);
    assert_int_equal(wn_column_create(workspace, "y", (wn_column_type)7, 1, &f->err), WN_INVALID);
    assert_int_equal(wn_column_create(workspace, "x", WN_COLUMN_U8, 1, &f->err), WN_INVALID);
    assert_non_null(strstr(f->err.message, "column x exists with"));
    wn_workspace_close(&workspace);
}

static void test_replace(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE), *reader = NULL;
    wn_column *old = NULL, *new = NULL;
    wn_column_writer *writer = NULL;
    static const int32_t first[] = {1, 2, 3}, second[] = {4, 5, 6, 7};
    int32_t read[4];
    ASSERT_OK(f, wn_column_replace(workspace, "a", WN_COLUMN_I32, 1, first, 3, &f->err));
    reader = fixture_open(f, WN_WORKSPACE_READ);
    ASSERT_OK(f, wn_column_open(reader, "a", &old, &f->err));

    ASSERT_OK(f, wn_column_replace_begin(workspace, "a", WN_COLUMN_I32, 2, &writer, &f->err));
    ASSERT_OK(f, wn_column_replace_add(writer, second, 1, &f->err));
    ASSERT_OK(f, wn_column_replace_add(writer, second + 2, 1, &f->err));
    ASSERT_OK(f, wn_column_open(reader, "a", &new, &f->err));
    assert_int_equal(wn_column_describe(new)->rows, 3); /* not yet */
    wn_column_close(&new);
    ASSERT_OK(f, wn_column_replace_end(&writer, true, &f->err));

    ASSERT_OK(f, wn_column_open(reader, "a", &new, &f->err));
    assert_int_equal(wn_column_describe(new)->width, 2);
    ASSERT_OK(f, wn_column_read(new, 0, 2, read, &f->err));
    assert_memory_equal(read, second, sizeof second);
    ASSERT_OK(f, wn_column_read(old, 0, 3, read, &f->err)); /* its file is unlinked, not gone */
    assert_memory_equal(read, first, sizeof first);
    wn_column_close(&new);
    wn_column_close(&old);

    /* Given up: the column stays. Appending goes on behind the replaced content. */
    ASSERT_OK(f, wn_column_replace_begin(workspace, "a", WN_COLUMN_U8, 1, &writer, &f->err));
    ASSERT_OK(f, wn_column_replace_end(&writer, false, &f->err));
    ASSERT_OK(f, wn_column_append(workspace, "a", 2, first, 1, &f->err));
    ASSERT_OK(f, wn_column_open(reader, "a", &new, &f->err));
    assert_int_equal(wn_column_describe(new)->rows, 3);
    wn_column_close(&new);
    wn_workspace_close(&reader);

    wn_column_info *list = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_column_list(workspace, &list, &count, &f->err));
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "a");
    wn_free(list);
    char path[600];
    column_file(f, "a", path); /* exactly one file */
    ASSERT_OK(f, wn_column_remove(workspace, "a", &f->err));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(wn_column_open(workspace, "a", &new, &f->err), WN_NOTFOUND);
    ASSERT_OK(f, wn_column_remove(workspace, "a", &f->err));
    wn_workspace_close(&workspace);
}

static wn_status read_all(fixture *f, wn_workspace *workspace, const char *name)
{
    wn_column *column = NULL;
    wn_status status = wn_column_open(workspace, name, &column, &f->err);
    if (status == WN_OK) {
        const wn_column_info *info = wn_column_describe(column);
        void *bytes = malloc((size_t)info->rows * info->row_bytes);
        const void *map = NULL;
        status = wn_column_read(column, 0, (size_t)info->rows, bytes, &f->err);
        /* All ways of reading agree on whether it is damaged. */
        assert_int_equal(wn_column_verify(column, NULL, NULL), status);
        if (status) assert_int_equal(wn_column_map(column, &map, NULL), status);
        free(bytes);
    }
    wn_column_close(&column);
    return status;
}

/* A writer killed between the commit of a replacement and the removal of the old file: the next one removes it. */
static void test_sweep(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    static const int32_t values[] = {1, 2, 3};
    char old[600], copy[700], path[600], stray[700];
    ASSERT_OK(f, wn_column_replace(workspace, "a", WN_COLUMN_I32, 1, values, 3, &f->err));
    column_file(f, "a", old);
    snprintf(copy, sizeof copy, "%s.kept", old);
    assert_int_equal(link(old, copy), 0);
    ASSERT_OK(f, wn_column_replace(workspace, "a", WN_COLUMN_I32, 1, values, 2, &f->err));
    assert_int_equal(rename(copy, old), 0); /* as if it had not come to the removal */
    snprintf(stray, sizeof stray, "%s/columns/mine.77.col", f->path);
    assert_int_equal(link(old, stray), 0);
    wn_workspace_close(&workspace);
    workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(stray, F_OK), 0); /* not the store's to remove */
    column_file(f, "a", path);
    assert_int_equal(read_all(f, workspace, "a"), WN_OK);
    wn_workspace_close(&workspace);
}

static void test_damage(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    int64_t rows = 0;
    for (; rows < 10240; rows += 512) ASSERT_OK(f, fixture_append(workspace, rows, 512, &f->err));
    assert_int_equal(fixture_check(f, workspace), rows);
    wn_workspace_close(&workspace);

    /* One bit in the third block: the first two stay readable, the message names column, block and remedy. */
    char path[600];
    column_file(f, "hash", path);
    overwrite(path, 4096 + 2 * 65536 + 10, "\x55", 1);
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    wn_column *column = NULL;
    int64_t hash[2];
    ASSERT_OK(f, wn_column_open(workspace, "hash", &column, &f->err));
    ASSERT_OK(f, wn_column_read(column, 2 * 4096 - 1, 1, hash, &f->err));
    assert_int_equal(wn_column_read(column, 2 * 4096, 1, hash, &f->err), WN_CORRUPT);
    assert_non_null(strstr(f->err.message, "column hash"));
    assert_non_null(strstr(f->err.message, "block 2"));
    assert_non_null(strstr(f->err.message, path));
    wn_column_close(&column);
    assert_int_equal(read_all(f, workspace, "hash"), WN_CORRUPT);
    assert_int_equal(read_all(f, workspace, "values"), WN_OK);
    assert_int_equal(fixture_damage(f, workspace), 1);
    wn_workspace_close(&workspace);

    /* A damaged header, a truncated file. */
    column_file(f, "values", path);
    overwrite(path, 100, "\x55", 1);
    workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    assert_int_equal(read_all(f, workspace, "values"), WN_CORRUPT);
    assert_int_equal(fixture_append(workspace, rows, 1, &f->err), WN_CORRUPT);
    assert_int_equal(fixture_damage(f, workspace), 2);
    column_file(f, "hash", path);
    assert_int_equal(truncate(path, 5000), 0);
    assert_int_equal(read_all(f, workspace, "hash"), WN_CORRUPT);
    assert_int_equal(fixture_damage(f, workspace), 2);

    /* The remedy: delete the file; the next writer forgets the column and it can be made again. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_all(f, workspace, "hash"), WN_CORRUPT);
    column_file(f, "values", path);
    assert_int_equal(unlink(path), 0);
    wn_workspace_close(&workspace);
    workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    assert_int_equal(read_all(f, workspace, "hash"), WN_NOTFOUND);
    assert_int_equal(fixture_damage(f, workspace), 0);
    ASSERT_OK(f, fixture_append(workspace, rows, 7, &f->err));
    ASSERT_OK(f, wn_column_open(workspace, "hash", &column, &f->err));
    assert_int_equal(wn_column_describe(column)->rows, rows + 7);
    wn_column_close(&column);
    wn_workspace_close(&workspace);
}

static void test_damaged_last_block_is_not_signed_again(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    wn_workspace_close(&workspace);
    char path[600];
    column_file(f, "hash", path);
    overwrite(path, 4096 + 3, "\x55", 1);
    workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    assert_int_equal(fixture_append(workspace, 10, 10, &f->err), WN_CORRUPT);
    assert_int_equal(read_all(f, workspace, "hash"), WN_CORRUPT);
    wn_workspace_counts counts;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    assert_int_equal(counts.rows, 10);
    wn_workspace_close(&workspace);
}

static void test_damaged_thumbnails(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 10, &f->err));
    wn_workspace_close(&workspace);
    char path[400];
    unsigned char *bytes = NULL;
    size_t len = 0;
    snprintf(path, sizeof path, "%s/thumbs/000000.pack", f->path);
    overwrite(path, 24 + 5, "\x55", 1);
    workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    assert_int_equal(wn_workspace_thumb(workspace, 0, &bytes, &len, &f->err), WN_CORRUPT);
    fixture_check_thumb(f, workspace, 1);
    assert_int_equal(fixture_damage(f, workspace), 1);
    /* A pack that lost bytes is not written any more; the next one is begun. */
    assert_int_equal(truncate(path, 300), 0);
    ASSERT_OK(f, fixture_append(workspace, 10, 10, &f->err));
    fixture_check_thumb(f, workspace, 1);
    assert_int_equal(wn_workspace_thumb(workspace, 9, &bytes, &len, &f->err), WN_CORRUPT);
    fixture_check_thumb(f, workspace, 11);
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_types_and_sizes),
        FIXTURE_TEST(test_gather),
        FIXTURE_TEST(test_padding),
        FIXTURE_TEST(test_shapes_that_are_refused),
        FIXTURE_TEST(test_replace),
        FIXTURE_TEST(test_sweep),
        FIXTURE_TEST(test_damage),
        FIXTURE_TEST(test_damaged_last_block_is_not_signed_again),
        FIXTURE_TEST(test_damaged_thumbnails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
