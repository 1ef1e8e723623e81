/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of rows from tables and lists of paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "winnow/memory.h"
#include "winnow/row_labels.h"

#define NAMED(i) ((INT64_C(1) << 40) + (i))

static char table[64], list[64];
static wn_row_labels *book;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(table, sizeof table, "/tmp/winnow-labels-%ld.csv", (long)getpid());
    (void)snprintf(list, sizeof list, "/tmp/winnow-labels-%ld.txt", (long)getpid());
    return wn_row_labels_new(&book, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    wn_row_labels_free(&book);
    (void)unlink(table);
    (void)unlink(list);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void expect(const char *path, const char *paths, const int64_t *labels, size_t rows)
{
    int64_t *found = NULL;
    wn_error err = {0};
    if (wn_row_labels_read(book, path, paths, rows, &found, &err) != WN_OK) fail_msg("%s", err.message);
    for (size_t i = 0; i < rows; i++)
        if (found[i] != labels[i]) fail_msg("row %zu is %lld, not %lld", i, (long long)found[i], (long long)labels[i]);
    wn_free(found);
}

static void test_tables_label_rows_in_order(void **state)
{
    (void)state;
    write_file(table, "Class,size\ncat,1\n\"dog, big\",2\n,3\n007,4\ncat,5\n");
    expect(table, NULL, (int64_t[]){NAMED(0), NAMED(1), -1, 7, NAMED(0)}, 5);
    write_file(table, "dog\ncat\n");
    expect(table, NULL, (int64_t[]){NAMED(2), NAMED(0)}, 2); /* "dog" is new, "cat" is the one of before */
    write_file(table, "a/x.jpg\t3\nb/x.jpg\t2");
    expect(table, NULL, (int64_t[]){3, 2}, 2);
}

static void test_paths_find_their_rows(void **state)
{
    (void)state;
    write_file(table, "path,label\nb/x.jpg,1\nx.jpg,2\n/data/a/y.jpg,3\nb/x.jpg,1\n");
    write_file(list, "/data/b/x.jpg\r\n/data/a/x.jpg\n/data/a/y.jpg\n/data/a/z.jpg\n");
    expect(table, list, (int64_t[]){1, 2, 3, -1}, 4);
}

static void test_folders_are_labels(void **state)
{
    (void)state;
    write_file(list, "/data/cat/x.jpg\ncat/y.jpg\nz.jpg\nphotos.tar/dog/y.jpg\n/w.jpg");
    expect(list, NULL, (int64_t[]){NAMED(0), NAMED(0), -1, NAMED(1), -1}, 5);
}

static void test_numbers_of_names(void **state)
{
    (void)state;
    assert_int_equal(wn_row_labels_number(book, "12", 2), 12);
    assert_int_equal(wn_row_labels_number(book, "", 0), -1);
    assert_int_equal(wn_row_labels_number(book, "-1", 2), NAMED(0));
    assert_int_equal(wn_row_labels_number(book, "99999999999999999999", 20), NAMED(1));
    assert_int_equal(wn_row_labels_number(book, "-1", 2), NAMED(0));
}

static void expect_refusal(const char *path, const char *paths, size_t rows, const char *words)
{
    int64_t *found = NULL;
    wn_error err = {0};
    assert_int_not_equal(wn_row_labels_read(book, path, paths, rows, &found, &err), WN_OK);
    assert_null(found);
    if (!strstr(err.message, words)) fail_msg("'%s' does not say '%s'", err.message, words);
}

static void test_what_does_not_fit_is_named(void **state)
{
    (void)state;
    expect_refusal("/tmp/no-such-labels.csv", NULL, 1, "no-such-labels.csv");
    write_file(list, "a/x.jpg\na/y.jpg\n");
    expect_refusal(list, NULL, 3, "2 lines");
    write_file(table, "");
    expect_refusal(table, NULL, 0, "no rows");
    write_file(table, "label\na\n");
    expect_refusal(table, NULL, 2, "1 labels");
    expect_refusal(table, list, 2, "no column is titled path");
    write_file(table, "path,label\na/x.jpg,1\na/x.jpg,2\n");
    expect_refusal(table, list, 2, "csv:3");
    write_file(table, "path,label\na/x.jpg,\"1\n");
    expect_refusal(table, list, 2, "quote");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tables_label_rows_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_paths_find_their_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders_are_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_of_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
