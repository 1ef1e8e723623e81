/* SPDX-License-Identifier: Apache-2.0
 *
 * The index that a workspace keeps: made with the neighbours, asked by searches, grown, made anew when the embedding is
 * another one or the file is damaged, and never needed: an answer with it is the one without it.
 */
#include "store_fixture.h"

#include <sys/stat.h>

#include "base/file.h"
#include "jobs/vectors.h"
#include "winnow/jobs.h"

enum { WIDTH = 12, ROWS = 3000, COUNT = 9 };

static float value_of(int64_t row, int at, int kind)
{
    int64_t cloud = row % 37;
    return (float)((cloud * 7919 + at * 104729 + cloud * at * 31 + kind * 13) % 1013) +
           0.1f * (float)((row * 31 + at * 17) % 997);
}

static void fill(float *values, int64_t first, size_t count, int kind)
{
    for (size_t i = 0; i < count * WIDTH; i++)
        values[i] = value_of(first + (int64_t)(i / WIDTH), (int)(i % WIDTH), kind);
    for (size_t i = 0; i < count; i++) {
        if ((first + (int64_t)i) % 100 == 5) values[i * WIDTH + 3] = NAN;
    }
}

static void add_rows(fixture *f, int64_t first, size_t count)
{
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    float *values = malloc(count * WIDTH * sizeof *values);
    fill(values, first, count, 0);
    for (size_t at = 0; at < count; at += FIXTURE_BATCH_MAX) {
        size_t len = count - at < FIXTURE_BATCH_MAX ? count - at : FIXTURE_BATCH_MAX;
        ASSERT_OK(f, fixture_append(workspace, first + (int64_t)at, len, &f->err));
    }
    if (first == 0) {
        wn_model_record model = {.name = "m", .file = "models/m.wnm", .dim = WIDTH};
        wn_embedding_record embedding = {.model = "m", .column = "emb", .dim = WIDTH};
        ASSERT_OK(f, wn_column_create(workspace, "emb", WN_COLUMN_F32, WIDTH, &f->err));
        ASSERT_OK(f, wn_model_add(workspace, &model, &f->err));
        ASSERT_OK(f, wn_embedding_add(workspace, &embedding, &f->err));
    }
    ASSERT_OK(f, wn_column_append(workspace, "emb", first, values, count, &f->err));
    wn_workspace_close(&workspace);
    free(values);
}

static void make_index(fixture *f)
{
    wn_job job = {0};
    wn_neighbours_result result;
    wn_neighbours_options options = {.workspace = f->path, .k = 3};
    ASSERT_OK(f, wn_job_neighbours(&job, &options, &result, &f->err));
    wn_neighbours_result_clear(&result);
}

static char *index_file(const fixture *f)
{
    return wn_path_join(f->path, "index/emb.cosine.index");
}

/* Whether a search finds an index, and of how many rows. */
static int64_t kept_rows(fixture *f)
{
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_READ);
    wn_column *column = NULL;
    wn_index *index = NULL;
    ASSERT_OK(f, wn_column_open(workspace, "emb", &column, &f->err));
    ASSERT_OK(f, wn_kept_index_open(workspace, column, WN_INDEX_METRIC_COSINE, &index, &f->err));
    int64_t rows = index ? (int64_t)wn_index_describe(index)->rows : -1;
    wn_index_close(&index);
    wn_column_close(&column);
    wn_workspace_close(&workspace);
    return rows;
}

static wn_search_result search(fixture *f, const char *samples)
{
    wn_job job = {0};
    wn_search_result result;
    wn_search_options options = {.workspace = f->path, .samples = samples, .count = COUNT};
    ASSERT_OK(f, wn_job_search(&job, &options, &result, &f->err));
    assert_int_equal(result.count, COUNT);
    return result;
}

/* The answers with the index and with the file out of the way. */
static void check_searches(fixture *f, int64_t rows)
{
    static const char *const queries[] = {"0", "17,40", "1999", "2999"};
    char *path = index_file(f), *aside = wn_path_join(f->folder, "aside");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        wn_search_result with = search(f, queries[i]);
        bool moved = rename(path, aside) == 0;
        wn_search_result without = search(f, queries[i]);
        if (moved) assert_int_equal(rename(aside, path), 0);
        assert_int_equal(with.rows, without.rows);
        assert_int_equal(with.rows, rows);
        assert_memory_equal(with.found, without.found, COUNT * sizeof *with.found);
        assert_memory_equal(with.distances, without.distances, COUNT * sizeof *with.distances);
        wn_search_result_clear(&with);
        wn_search_result_clear(&without);
    }
    wn_free(path);
    wn_free(aside);
}

static void test_kept_and_grown(void **state)
{
    fixture *f = *state;
    struct stat before, after;
    add_rows(f, 0, ROWS);
    assert_int_equal(kept_rows(f), -1);
    check_searches(f, ROWS - ROWS / 100);
    make_index(f);
    assert_int_equal(kept_rows(f), ROWS);
    check_searches(f, ROWS - ROWS / 100);
    char *path = index_file(f);
    assert_int_equal(stat(path, &before), 0);
    make_index(f); /* nothing to do */
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    add_rows(f, ROWS, 400);
    assert_int_equal(kept_rows(f), ROWS);
    check_searches(f, ROWS + 400 - ROWS / 100 - 4);
    make_index(f);
    assert_int_equal(kept_rows(f), ROWS + 400);
    check_searches(f, ROWS + 400 - ROWS / 100 - 4);
    wn_free(path);
}

static void test_made_anew(void **state)
{
    fixture *f = *state;
    float *values = malloc(ROWS * WIDTH * sizeof *values);
    add_rows(f, 0, ROWS);
    make_index(f);
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    fill(values, 0, ROWS, 1);
    ASSERT_OK(f, wn_column_replace(workspace, "emb", WN_COLUMN_F32, WIDTH, values, ROWS, &f->err));
    wn_workspace_close(&workspace);
    assert_int_equal(kept_rows(f), -1);
    check_searches(f, ROWS - ROWS / 100);
    make_index(f);
    assert_int_equal(kept_rows(f), ROWS);
    check_searches(f, ROWS - ROWS / 100);
    free(values);
}

static void test_damaged(void **state)
{
    fixture *f = *state;
    add_rows(f, 0, ROWS);
    make_index(f);
    char *path = index_file(f);
    wn_buffer file;
    wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
    ASSERT_OK(f, wn_file_read(path, 1 << 26, &file, &f->err));
    for (size_t at = 100; at < file.len; at += 1 + file.len / 6) {
        file.data[at] ^= 0x55;
        ASSERT_OK(f, wn_file_write(path, file.data, file.len, &f->err));
        file.data[at] ^= 0x55;
        check_searches(f, ROWS - ROWS / 100);
    }
    ASSERT_OK(f, wn_file_write(path, file.data, file.len / 2, &f->err));
    assert_int_equal(kept_rows(f), -1);
    make_index(f);
    assert_int_equal(kept_rows(f), ROWS);
    wn_buffer_clear(&file);
    wn_free(path);
}

/* Rows that went are not found, however many stand in the way. */
static void test_rows_that_go(void **state)
{
    fixture *f = *state;
    int64_t gone[600];
    add_rows(f, 0, ROWS);
    make_index(f);
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_WRITE);
    for (int64_t i = 0; i < 600; i++) gone[i] = i + 300;
    wn_sample_batch batch = {.gone = gone, .gone_count = 600};
    ASSERT_OK(f, wn_workspace_append(workspace, &batch, NULL, &f->err));
    wn_workspace_close(&workspace);
    check_searches(f, ROWS - ROWS / 100);
    wn_search_result result = search(f, "0");
    for (size_t i = 0; i < COUNT; i++) assert_true(result.found[i] < 300 || result.found[i] >= 900);
    wn_search_result_clear(&result);
}

/* The file of a column that is no more goes when another index is written. */
static void test_orphans(void **state)
{
    fixture *f = *state;
    add_rows(f, 0, ROWS);
    make_index(f);
    char *path = index_file(f), *orphan = wn_path_join(f->path, "index/old.cosine.index");
    ASSERT_OK(f, wn_file_write(orphan, "x", 1, &f->err));
    unlink(path);
    make_index(f);
    assert_true(wn_file_exists(path));
    assert_false(wn_file_exists(orphan));
    wn_free(orphan);
    wn_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_kept_and_grown), FIXTURE_TEST(test_made_anew), FIXTURE_TEST(test_damaged),
        FIXTURE_TEST(test_rows_that_go),   FIXTURE_TEST(test_orphans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
