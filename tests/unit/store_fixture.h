/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of the store: scratch folders, and batches whose content follows from the row number, so that whatever
 * a workspace holds can be checked without remembering what was written.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <unistd.h>

#include "winnow/memory.h"
#include "winnow/workspace.h"

enum { FIXTURE_WIDTH = 5, FIXTURE_BATCH_MAX = 512, FIXTURE_NAME = 48, FIXTURE_THUMB = 160 };

/* A new empty folder under the system's temporary folder; the path of a workspace in it. */
typedef struct fixture {
    char folder[256], path[300];
    wn_error err;
} fixture;

static inline int fixture_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static inline int fixture_setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *base = getenv("TMPDIR");
    snprintf(f->folder, sizeof f->folder, "%s/winnow-store-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/a.winnow", f->folder);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    fixture *f = *state;
    nftw(f->folder, fixture_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    /* Nothing may be left, whatever failed in between. */
    assert_int_equal(wn_memory_live(WN_MEMORY_STORE), 0);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
    return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Fails with the library's message. */
#define ASSERT_OK(f, call)                                                                                             \
    do {                                                                                                               \
        wn_status fixture_status = (call);                                                                             \
        if (fixture_status != WN_OK) fail_msg("%s: %s", #call, (f)->err.message);                                      \
    } while (0)

static inline wn_workspace *fixture_open(fixture *f, wn_workspace_mode mode)
{
    wn_workspace_options options = {.mode = mode, .command = "test of the store", .unsynced = true};
    wn_workspace *workspace = NULL;
    ASSERT_OK(f, wn_workspace_open(f->path, &options, &workspace, &f->err));
    return workspace;
}

/* --- Content that follows from the row ---------------------------------------------------------------------------- */

/* Names hold line breaks and bytes that are no UTF-8. */
static inline size_t fixture_name(int64_t row, char out[FIXTURE_NAME])
{
    return (size_t)snprintf(out, FIXTURE_NAME, "d/%lld\n\xff\xfe'\".jpg", (long long)row);
}

static inline float fixture_value(int64_t row, int at)
{
    return (float)row * 8.0F + (float)at;
}

static inline size_t fixture_thumb(int64_t row, unsigned char out[FIXTURE_THUMB])
{
    size_t len = row % 7 == 3 ? 0 : 40 + (size_t)(row % 113);
    for (size_t i = 0; i < len; i++) out[i] = (unsigned char)((uint64_t)row * 31 + i * 7);
    return len;
}

static inline wn_status fixture_make_columns(wn_workspace *workspace, wn_error *err)
{
    wn_status status = wn_column_create(workspace, "values", WN_COLUMN_F32, FIXTURE_WIDTH, err);
    if (status == WN_OK) status = wn_column_create(workspace, "hash", WN_COLUMN_HASH128, 1, err);
    return status;
}

/* Appends `count` (at most FIXTURE_BATCH_MAX) rows from `first`, which must be the next row. */
static inline wn_status fixture_append(wn_workspace *workspace, int64_t first, size_t count, wn_error *err)
{
    static char names[FIXTURE_BATCH_MAX][FIXTURE_NAME];
    static float values[FIXTURE_BATCH_MAX][FIXTURE_WIDTH];
    static int64_t hashes[FIXTURE_BATCH_MAX][2];
    static unsigned char bytes[FIXTURE_BATCH_MAX][FIXTURE_THUMB];
    static wn_sample_thumb thumbs[FIXTURE_BATCH_MAX];
    static wn_sample samples[FIXTURE_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        int64_t row = first + (int64_t)i;
        samples[i] = (wn_sample){.source = 1,
                                 .name = names[i],
                                 .name_len = fixture_name(row, names[i]),
                                 .size = (uint64_t)row + 100,
                                 .mtime_ns = row * 1000 + 7,
                                 .width = 640,
                                 .height = 480,
                                 .format = "jpeg",
                                 .captured_at = row % 2 ? row : WN_CAPTURED_UNKNOWN,
                                 .camera = row % 3 ? "Camera" : NULL};
        for (int j = 0; j < FIXTURE_WIDTH; j++) values[i][j] = fixture_value(row, j);
        hashes[i][0] = row;
        hashes[i][1] = ~row;
        thumbs[i] = (wn_sample_thumb){bytes[i], fixture_thumb(row, bytes[i])};
    }
    wn_sample_column columns[] = {{"values", values}, {"hash", hashes}};
    wn_sample_batch batch = {
        .samples = samples, .sample_count = count, .columns = columns, .column_count = 2, .thumbs = thumbs};
    int64_t row = -1, id = 0;
    wn_status status = wn_workspace_add_source(workspace, "folder", "/photos", &id, err);
    if (status == WN_OK) status = fixture_make_columns(workspace, err);
    if (status == WN_OK) status = wn_workspace_append(workspace, &batch, &row, err);
    if (status == WN_OK) assert_int_equal(row, first);
    return status;
}

static inline wn_status fixture_check_sample(void *context, const wn_sample *sample)
{
    int64_t *next = context;
    char name[FIXTURE_NAME];
    size_t len = fixture_name(*next, name);
    assert_int_equal(sample->row, *next);
    assert_int_equal(sample->name_len, len);
    assert_memory_equal(sample->name, name, len + 1);
    assert_int_equal(sample->size, *next + 100);
    assert_int_equal(sample->mtime_ns, *next * 1000 + 7);
    assert_string_equal(sample->format, "jpeg");
    if (*next % 3) {
        assert_string_equal(sample->camera, "Camera");
    } else {
        assert_null(sample->camera);
    }
    assert_true(sample->captured_at == (*next % 2 ? *next : WN_CAPTURED_UNKNOWN));
    ++*next;
    return WN_OK;
}

static inline void fixture_check_thumb(fixture *f, wn_workspace *workspace, int64_t row)
{
    unsigned char expected[FIXTURE_THUMB], *bytes = NULL;
    size_t expected_len = fixture_thumb(row, expected), len = 0;
    wn_status status = wn_workspace_thumb(workspace, row, &bytes, &len, &f->err);
    if (expected_len == 0) {
        assert_int_equal(status, WN_NOTFOUND);
        return;
    }
    ASSERT_OK(f, status);
    assert_int_equal(len, expected_len);
    assert_memory_equal(bytes, expected, len);
    wn_free(bytes);
}

/* Checks samples, columns and thumbnails of all rows; returns how many there are. */
static inline int64_t fixture_check(fixture *f, wn_workspace *workspace)
{
    wn_workspace_counts counts;
    wn_column *column = NULL;
    int64_t next = 0;
    ASSERT_OK(f, wn_workspace_count(workspace, &counts, &f->err));
    ASSERT_OK(f, wn_workspace_visit_samples(workspace, 0, counts.rows, fixture_check_sample, &next, &f->err));
    assert_int_equal(next, counts.rows);
    if (counts.rows == 0) return 0;

    ASSERT_OK(f, wn_column_open(workspace, "values", &column, &f->err));
    assert_int_equal(wn_column_describe(column)->rows, counts.rows);
    const float(*values)[FIXTURE_WIDTH] = NULL;
    ASSERT_OK(f, wn_column_map(column, (const void **)&values, &f->err));
    for (int64_t row = 0; row < counts.rows; row++) {
        for (int j = 0; j < FIXTURE_WIDTH; j++) assert_true(values[row][j] == fixture_value(row, j));
    }
    wn_column_close(&column);

    ASSERT_OK(f, wn_column_open(workspace, "hash", &column, &f->err));
    assert_int_equal(wn_column_describe(column)->rows, counts.rows);
    for (int64_t row = 0; row < counts.rows; row++) {
        int64_t hash[2];
        ASSERT_OK(f, wn_column_read(column, row, 1, hash, &f->err));
        assert_true(hash[0] == row && hash[1] == ~row);
        fixture_check_thumb(f, workspace, row);
    }
    wn_column_close(&column);
    return counts.rows;
}

static inline void fixture_print_finding(void *context, const char *finding)
{
    (void)context;
    print_message("finding: %s\n", finding);
}

/* Number of findings of wn_workspace_check. */
static inline size_t fixture_damage(fixture *f, wn_workspace *workspace)
{
    wn_workspace_findings findings;
    ASSERT_OK(f, wn_workspace_check(workspace, fixture_print_finding, NULL, NULL, &findings, &f->err));
    return findings.damaged;
}

#endif
