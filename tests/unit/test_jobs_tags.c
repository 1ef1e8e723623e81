/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags: made from lists, selections and labels, combined, and taken back.
 */
#include "store_fixture.h"

#include "base/file.h"
#include "winnow/catalog.h"
#include "winnow/jobs.h"

enum { SAMPLES = 8 };

static void make_workspace(fixture *f)
{
    wn_sample samples[SAMPLES];
    char names[SAMPLES][16];
    int64_t source = 0;
    wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .unsynced = true};
    wn_workspace *workspace = NULL;
    assert_int_equal(wn_workspace_open(f->path, &options, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_workspace_add_source(workspace, "folder", "/pictures", &source, &f->err), WN_OK);
    for (size_t i = 0; i < SAMPLES; i++) {
        snprintf(names[i], sizeof names[i], "a/%zu.jpg", i);
        samples[i] = (wn_sample){.source = source,
                                 .name = names[i],
                                 .name_len = strlen(names[i]),
                                 .width = 10,
                                 .height = 10,
                                 .captured_at = WN_CAPTURED_UNKNOWN};
    }
    wn_sample_batch batch = {.samples = samples, .sample_count = SAMPLES};
    assert_int_equal(wn_workspace_append(workspace, &batch, NULL, &f->err), WN_OK);
    wn_workspace_close(&workspace);
}

static wn_status try_tag(fixture *f, wn_tag_options options, wn_tag_result *out)
{
    wn_job job = {.command = "test"};
    options.workspace = f->path;
    return wn_job_tag(&job, &options, out, &f->err);
}

/* Runs an action and checks how many images its tag has afterwards. */
static void tag(fixture *f, wn_tag_options options, int64_t rows)
{
    wn_tag_result result;
    if (try_tag(f, options, &result)) fail_msg("%s", f->err.message);
    assert_int_equal(result.rows, rows);
    wn_tag_result_clear(&result);
}

static void put_rows(fixture *f, const char *name, const int64_t *rows, size_t count)
{
    wn_workspace_options options = {.mode = WN_WORKSPACE_WRITE, .unsynced = true};
    wn_workspace *workspace = NULL;
    assert_int_equal(wn_workspace_open(f->path, &options, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_tag_set(workspace, name, (wn_rows){rows, count}, &f->err), WN_OK);
    wn_workspace_close(&workspace);
}

static void check_rows(fixture *f, const char *name, const int64_t *expected, size_t count)
{
    wn_workspace *workspace = NULL;
    int64_t *rows = NULL;
    size_t found = 0;
    assert_int_equal(wn_workspace_open(f->path, NULL, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_tag_get(workspace, name, &rows, &found, &f->err), WN_OK);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) assert_int_equal(rows[i], expected[i]);
    wn_free(rows);
    wn_workspace_close(&workspace);
}

static void test_arithmetic(void **state)
{
    fixture *f = *state;
    const char *const both[] = {"a", "b"}, *const three[] = {"a", "b", "c"};
    make_workspace(f);
    put_rows(f, "a", (const int64_t[]){1, 2, 3, 4}, 4);
    put_rows(f, "b", (const int64_t[]){3, 4, 5}, 3);
    put_rows(f, "c", (const int64_t[]){4, 7}, 2);
    put_rows(f, "none", NULL, 0);
    tag(f, (wn_tag_options){.action = WN_TAG_UNION, .name = "u", .from = three, .from_count = 3}, 6);
    check_rows(f, "u", (const int64_t[]){1, 2, 3, 4, 5, 7}, 6);
    tag(f, (wn_tag_options){.action = WN_TAG_INTERSECT, .name = "i", .from = three, .from_count = 3}, 1);
    check_rows(f, "i", (const int64_t[]){4}, 1);
    tag(f, (wn_tag_options){.action = WN_TAG_SUBTRACT, .name = "a", .from = both, .from_count = 2}, 2);
    check_rows(f, "a", (const int64_t[]){1, 2}, 2);
    const char *const empty[] = {"none", "a"};
    tag(f, (wn_tag_options){.action = WN_TAG_SUBTRACT, .name = "s", .from = empty, .from_count = 2}, 0);
    wn_tag_result result;
    const char *const unknown[] = {"a", "x"};
    assert_int_equal(
        try_tag(f, (wn_tag_options){.action = WN_TAG_UNION, .name = "u", .from = unknown, .from_count = 2}, &result),
        WN_NOTFOUND);
    assert_int_equal(
        try_tag(f, (wn_tag_options){.action = WN_TAG_UNION, .name = "u", .from = both, .from_count = 1}, &result),
        WN_INVALID);
}

static void test_undo(void **state)
{
    fixture *f = *state;
    wn_tag_result result;
    make_workspace(f);
    put_rows(f, "a", (const int64_t[]){1, 2}, 2);
    put_rows(f, "a", (const int64_t[]){5}, 1);
    tag(f, (wn_tag_options){.action = WN_TAG_DELETE, .name = "a"}, 1);
    tag(f, (wn_tag_options){.action = WN_TAG_UNDO}, 1);
    check_rows(f, "a", (const int64_t[]){5}, 1);
    tag(f, (wn_tag_options){.action = WN_TAG_UNDO}, 2);
    check_rows(f, "a", (const int64_t[]){1, 2}, 2);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_UNDO}, &result), WN_OK);
    assert_true(result.gone);
    assert_string_equal(result.name, "a");
    wn_tag_result_clear(&result);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_UNDO}, &result), WN_NOTFOUND);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_DELETE, .name = "a"}, &result), WN_NOTFOUND);
}

static void put_text(fixture *f, const char *name, const char *text, char path[400])
{
    snprintf(path, 400, "%s/%s", f->folder, name);
    assert_int_equal(wn_file_write(path, text, strlen(text), &f->err), WN_OK);
}

static void test_sources(void **state)
{
    fixture *f = *state;
    char path[400];
    wn_tag_result result;
    make_workspace(f);
    put_text(f, "list.txt", "a/3.jpg\r\n\n/pictures/a/1.jpg\nb/77.jpg\na/3.jpg\n", path);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "l", .paths = path}, &result), WN_OK);
    assert_int_equal(result.rows, 2);
    assert_int_equal(result.unmatched, 1);
    wn_tag_result_clear(&result);
    check_rows(f, "l", (const int64_t[]){1, 3}, 2);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_SHOW, .name = "l"}, &result), WN_OK);
    assert_string_equal(result.paths[1], "/pictures/a/3.jpg");
    wn_tag_result_clear(&result);
    put_text(f, "other.txt", "x/99.jpg\n", path);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "l", .paths = path}, &result),
                     WN_NOTFOUND);

    wn_workspace_options writing = {.mode = WN_WORKSPACE_WRITE, .unsynced = true};
    wn_workspace *workspace = NULL;
    const wn_pick picks[] = {{6, 1, 0}, {2, 1, 0}};
    wn_selection_record selection = {.tag = "selected", .strategy = "random", .k = 2};
    assert_int_equal(wn_workspace_open(f->path, &writing, &workspace, &f->err), WN_OK);
    assert_int_equal(wn_selection_add(workspace, &selection, picks, 2, NULL, &f->err), WN_OK);
    wn_workspace_close(&workspace);
    tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "s", .selection = -1}, 2);
    check_rows(f, "s", (const int64_t[]){2, 6}, 2);
    tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "s", .selection = 1}, 2);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "s", .selection = 9}, &result),
                     WN_NOTFOUND);

    put_text(f, "labels.csv", "path,label\na/0.jpg,cat\na/5.jpg,dog\na/6.jpg,cat\n", path);
    wn_job job = {.command = "test"};
    wn_import_options import = {.workspace = f->path, .path = path};
    wn_import_result imported;
    assert_int_equal(wn_job_import(&job, &import, &imported, &f->err), WN_OK);
    wn_import_result_clear(&imported);
    tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "cats", .label = "cat"}, 2);
    check_rows(f, "cats", (const int64_t[]){0, 6}, 2);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "x", .label = "cow"}, &result),
                     WN_NOTFOUND);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_CREATE, .name = "x"}, &result), WN_INVALID);
    assert_int_equal(try_tag(f, (wn_tag_options){.action = WN_TAG_LIST}, &result), WN_OK);
    assert_int_equal(result.tag_count, 4);
    assert_string_equal(result.tags[0].name, "cats");
    wn_tag_result_clear(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_arithmetic),
        FIXTURE_TEST(test_undo),
        FIXTURE_TEST(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
