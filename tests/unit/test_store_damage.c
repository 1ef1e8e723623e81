/* SPDX-License-Identifier: Apache-2.0
 *
 * Workspaces with bytes changed at random places of any file: everything is asked of them; they may refuse with a
 * status, but not crash, hang or give back bytes that were never stored. Under the sanitizers this finds reads beyond
 * buffers.
 */
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "winnow/catalog.h"

enum { ROWS = 300, TRIALS = 150 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static wn_status look_at_sample(void *context, const wn_sample *sample)
{
    *(size_t *)context += strlen(sample->name) + sample->name_len + (sample->format ? strlen(sample->format) : 0);
    return WN_OK;
}

static wn_status look_at_bad(void *context, const wn_bad_file *file)
{
    *(size_t *)context += strlen(file->name) + (file->reason ? strlen(file->reason) : 0);
    return WN_OK;
}

static void ask_lists(wn_workspace *workspace)
{
    void *list = NULL;
    size_t count = 0;
#define ASK_LIST(call)                                                                                                 \
    do {                                                                                                               \
        if ((call) == WN_OK) wn_free(list);                                                                            \
    } while (0)
    ASK_LIST(wn_workspace_list_sources(workspace, (wn_source **)&list, &count, NULL));
    ASK_LIST(wn_run_list(workspace, (wn_run_record **)&list, &count, NULL));
    ASK_LIST(wn_model_list(workspace, (wn_model_record **)&list, &count, NULL));
    ASK_LIST(wn_embedding_list(workspace, (wn_embedding_record **)&list, &count, NULL));
    ASK_LIST(wn_tag_list(workspace, (wn_tag_record **)&list, &count, NULL));
    ASK_LIST(wn_selection_list(workspace, (wn_selection_record **)&list, &count, NULL));
    ASK_LIST(wn_selection_picks(workspace, 1, (wn_pick **)&list, &count, NULL));
}

/* What comes out of a column was stored: values follow from the row. */
static void ask_column(wn_workspace *workspace)
{
    wn_column *column = NULL;
    static float values[ROWS][FIXTURE_WIDTH];
    if (wn_column_open(workspace, "values", &column, NULL) != WN_OK) return;
    const wn_column_info *info = wn_column_describe(column);
    if (info->rows <= ROWS && info->width == FIXTURE_WIDTH && info->type == WN_COLUMN_F32 &&
        wn_column_read(column, 0, (size_t)info->rows, values, NULL) == WN_OK) {
        for (int64_t row = 0; row < info->rows; row++) assert_true(values[row][1] == fixture_value(row, 1));
    }
    wn_column_close(&column);
}

static void ask_everything(fixture *f, wn_workspace_mode mode)
{
    wn_workspace_options options = {.mode = mode, .unsynced = true};
    wn_workspace *workspace = NULL;
    wn_workspace_counts counts;
    wn_workspace_findings findings;
    wn_known_files *known = NULL;
    size_t sum = 0;
    if (wn_workspace_open(f->path, &options, &workspace, &f->err) != WN_OK) {
        assert_true(f->err.message[0] != 0);
        return;
    }
    (void)!wn_workspace_count(workspace, &counts, NULL);
    (void)!wn_workspace_visit_samples(workspace, 0, ROWS, look_at_sample, &sum, NULL);
    (void)!wn_workspace_visit_bad(workspace, look_at_bad, &sum, NULL);
    (void)!wn_workspace_load_known(workspace, -1, &known, NULL);
    wn_known_files_free(&known);
    ask_lists(workspace);
    ask_column(workspace);
    for (int64_t row = -1; row <= ROWS; row++) {
        unsigned char expected[FIXTURE_THUMB], *bytes = NULL;
        size_t len = 0;
        if (wn_workspace_thumb(workspace, row, &bytes, &len, NULL) != WN_OK) continue;
        assert_int_equal(len, fixture_thumb(row, expected));
        assert_memory_equal(bytes, expected, len);
        wn_free(bytes);
    }
    (void)!wn_workspace_check(workspace, NULL, NULL, NULL, &findings, NULL);
    if (mode != WN_WORKSPACE_READ) (void)!fixture_make_columns(workspace, NULL);
    wn_workspace_close(&workspace);
}

static void fill(fixture *f)
{
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_pick picks[] = {{9, 1, 2}, {2, 3, 4}};
    wn_selection_record selection = {.tag = "t", .strategy = "s", .config = "{}"};
    wn_model_record model = {"m", "models/m.wnm", 5, 1, "note"};
    wn_embedding_record embedding = {"m", "values", 5, 0};
    wn_bad_file bad = {1, "x.jpg", 5, 0, 9, "empty file"};
    wn_sample_batch batch = {.bad = &bad, .bad_count = 1};
    int64_t run = 0;
    ASSERT_OK(f, fixture_append(workspace, 0, ROWS, &f->err));
    ASSERT_OK(f, wn_workspace_append(workspace, &batch, NULL, &f->err));
    ASSERT_OK(f, wn_run_begin(workspace, "curate", "{}", &run, NULL, &f->err));
    ASSERT_OK(f, wn_model_add(workspace, &model, &f->err));
    ASSERT_OK(f, wn_embedding_add(workspace, &embedding, &f->err));
    ASSERT_OK(f, wn_selection_add(workspace, &selection, picks, 2, NULL, &f->err));
    wn_workspace_close(&workspace);
}

/* Reads a whole file; *bytes is freed by the caller. */
static size_t load(const char *path, unsigned char **bytes)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    *bytes = malloc((size_t)info.st_size + 1);
    assert_int_equal(read(fd, *bytes, (size_t)info.st_size), info.st_size);
    close(fd);
    return (size_t)info.st_size;
}

static void save(const char *path, const unsigned char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void test_random_bytes(void **state)
{
    fixture *f = *state;
    static const char *const files[] = {"catalog.db", "columns/values.2.col", "columns/store.thumbs.1.col",
                                        "thumbs/000000.pack"};
    enum { FILES = sizeof files / sizeof files[0] };
    unsigned char *good[FILES];
    size_t lens[FILES];
    char paths[FILES][400];
    fill(f);
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", f->path, files[i]);
        lens[i] = load(paths[i], &good[i]);
    }
    uint32_t seed = 11;
    for (int trial = 0; trial < TRIALS; trial++) {
        int which = trial % 2 ? 0 : trial / 2 % FILES; /* the catalogue most of all */
        unsigned char *bytes = malloc(lens[which]);
        memcpy(bytes, good[which], lens[which]);
        for (uint32_t i = 1 + next_random(&seed) % 20; i > 0; i--) {
            bytes[next_random(&seed) % lens[which]] = (unsigned char)next_random(&seed);
        }
        save(paths[which], bytes, trial % 11 ? lens[which] : next_random(&seed) % lens[which]);
        ask_everything(f, WN_WORKSPACE_READ);
        ask_everything(f, WN_WORKSPACE_WRITE);
        free(bytes);
        for (int i = 0; i < FILES; i++) save(paths[i], good[i], lens[i]);
        char log[400];
        snprintf(log, sizeof log, "%s/catalog.db-wal", f->path);
        unlink(log);
    }
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_READ); /* the files put back are whole again */
    assert_int_equal(fixture_check(f, workspace), ROWS);
    wn_workspace_close(&workspace);
    for (int i = 0; i < FILES; i++) free(good[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {FIXTURE_TEST(test_random_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
