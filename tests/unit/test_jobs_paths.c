/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and counts of the jobs: paths of samples, lists of paths, counts, the default workspace, saved figures.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "jobs/curate.h"
#include "jobs/findings.h"
#include "jobs/path_list.h"
#include "winnow/memory.h"

static void check_path(const char *kind, const char *root, const char *name, const char *expected)
{
    char *path = wn_sample_path(kind, root, name, strlen(name));
    assert_string_equal(path, expected);
    wn_free(path);
}

static void test_sample_paths(void **state)
{
    (void)state;
    check_path("folder", "photos", "a/b.jpg", "photos/a/b.jpg");
    check_path("folder", "photos//", "b.jpg", "photos/b.jpg");
    check_path("folder", "/", "b.jpg", "/b.jpg");
    check_path("folder", ".", "b.jpg", "./b.jpg");
    check_path("file", "b.jpg", "b.jpg", "b.jpg");
    check_path("file", "in/b.jpg", "b.jpg", "in/b.jpg");
    check_path("tar", "in/x.tar", "x.tar/m/b.jpg", "in/x.tar/m/b.jpg");
    check_path("list", "in/list.txt", "sub/b.jpg", "in/sub/b.jpg");
    check_path("list", "in/list.txt", "/abs/b.jpg", "/abs/b.jpg");
}

static void test_path_list(void **state)
{
    (void)state;
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    wn_path_list_add(&out, "plain\\name.jpg");
    wn_path_list_add(&out, "two\nlines\\.jpg");
    assert_string_equal(out.data, "plain\\name.jpg\ntwo\\nlines\\\\.jpg\n");
    wn_buffer_reset(&out);
    wn_json_text(&out, "a\"b\\c\n\xff\xc3\xa4");
    assert_string_equal(out.data, "\"a\\\"b\\\\c\\u000a\\\\xFF\xc3\xa4\"");
    wn_buffer_clear(&out);
}

static void check_count(const char *text, size_t available, bool at_most, size_t expected)
{
    size_t count = 0;
    wn_error err = {0};
    assert_int_equal(wn_job_parse_count(text, available, at_most, &count, &err), WN_OK);
    assert_int_equal(count, expected);
}

static void test_counts(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "-3", "5.5", "many", "0%", "101%", "%", "", "201"};
    size_t count;
    wn_error err = {0};
    check_count("200", 200, false, 200);
    check_count("201", 200, true, 200);
    check_count("10%", 200, false, 20);
    check_count("10%", 201, false, 21);
    check_count("0.1%", 200, false, 1);
    check_count("100%", 7, false, 7);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(wn_job_parse_count(wrong[i], 200, false, &count, &err), WN_INVALID);
}

static void check_workspace(const char *path, const char *expected)
{
    char *out = NULL;
    wn_error err = {0};
    assert_int_equal(wn_job_workspace_path(NULL, &path, 1, &out, &err), WN_OK);
    assert_string_equal(out, expected);
    wn_free(out);
}

static void test_workspace_names(void **state)
{
    (void)state;
    wn_error err = {0};
    char *out = NULL;
    const char *root = "/";
    check_workspace("photos/", "photos.winnow");
    check_workspace("/data/monday.tar.gz", "monday.winnow");
    check_workspace("list.txt", "list.winnow");
    assert_int_equal(wn_job_workspace_path(NULL, &root, 1, &out, &err), WN_INVALID);
    assert_int_equal(wn_job_workspace_path("given", &root, 1, &out, &err), WN_OK);
    assert_string_equal(out, "given");
    wn_free(out);
}

static void test_figures(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-figures-XXXXXX";
    wn_error err = {0};
    wn_run_figures saved = {.title = "a \"b\"\\n",
                            .roots = "1 photos\n2 more",
                            .trained = true,
                            .found = 1234567890123,
                            .radius = 0.123456789,
                            .mean = 1e-20};
    wn_run_figures loaded;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(wn_run_figures_save(&saved, folder, &err), WN_OK);
    assert_int_equal(wn_run_figures_load(folder, &loaded, &err), WN_OK);
    assert_string_equal(loaded.title, saved.title);
    assert_string_equal(loaded.roots, saved.roots);
    assert_null(loaded.model);
    assert_true(loaded.trained);
    assert_int_equal(loaded.found, saved.found);
    assert_true(loaded.radius > 0.12345678 && loaded.radius < 0.12345679);
    wn_run_figures_clear(&loaded);

    char *path = wn_path_join(folder, "figures.txt");
    assert_int_equal(wn_file_write(path, "found x\n", 8, &err), WN_OK);
    assert_int_not_equal(wn_run_figures_load(folder, &loaded, &err), WN_OK);
    assert_int_equal(wn_file_write(path, "found", 5, &err), WN_OK);
    assert_int_equal(wn_run_figures_load(folder, &loaded, &err), WN_CORRUPT);
    unlink(path);
    rmdir(folder);
    wn_free(path);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

static void test_findings(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-findings-XXXXXX";
    wn_error err = {0};
    wn_report_finding dark[] = {{4, -1, 0.25F, NAN}, {9, 2, 0.5F, 0.125F}};
    wn_report_check checks[] = {{.name = "dark", .issues = 12, .findings = dark, .findings_len = 2},
                                {.name = "outlier", .left_out = "there are no embeddings"}};
    const wn_findings saved = {.checks = checks, .len = 2};
    wn_findings loaded = {0};
    assert_non_null(mkdtemp(folder));
    assert_int_equal(wn_findings_load(folder, 10, &loaded, &err), WN_OK); /* no file */
    assert_int_equal(loaded.len, 0);
    wn_findings_clear(&loaded);

    assert_int_equal(wn_findings_save(&saved, folder, &err), WN_OK);
    assert_int_equal(wn_findings_load(folder, 9, &loaded, &err), WN_OK); /* row 9 is gone since */
    assert_int_equal(loaded.len, 2);
    assert_string_equal(loaded.checks[0].name, "dark");
    assert_string_equal(loaded.checks[0].summary, wn_check_find("dark")->summary);
    assert_int_equal(loaded.checks[0].issues, 12);
    assert_int_equal(loaded.checks[0].findings_len, 1);
    assert_int_equal(loaded.checks[0].findings[0].row, 4);
    assert_true(loaded.checks[0].findings[0].score == 0.25F && isnan(loaded.checks[0].findings[0].distance));
    assert_string_equal(loaded.checks[1].left_out, "there are no embeddings");
    wn_findings_clear(&loaded);

    char *path = wn_path_join(folder, "findings.txt");
    static const char *const damaged[] = {"check dark", "finding 1 2\n", "check dark x\n", "nonsense\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        assert_int_equal(wn_file_write(path, damaged[i], strlen(damaged[i]), &err), WN_OK);
        assert_int_equal(wn_findings_load(folder, 10, &loaded, &err), WN_CORRUPT);
        wn_findings_clear(&loaded);
    }
    unlink(path);
    rmdir(folder);
    wn_free(path);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_paths),    cmocka_unit_test(test_path_list), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_workspace_names), cmocka_unit_test(test_figures),   cmocka_unit_test(test_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
