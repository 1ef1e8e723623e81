/* SPDX-License-Identifier: Apache-2.0
 *
 * .npy files: heads written out by hand as NumPy writes them, every type, both orders, and damage of each kind.
 */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "interop/npy_header.h"
#include "winnow/npy.h"

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/winnow-npy-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    snprintf(path, sizeof path, "%s/x.npy", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Writes magic, version, length and the dictionary, then the items. Versions 2 and 3 have a length of 4 bytes. */
static void write_file(int version, const char *dictionary, const void *items, size_t len)
{
    wn_buffer file;
    size_t size = strlen(dictionary) + 1;
    unsigned char length[4] = {(unsigned char)size, (unsigned char)(size >> 8), 0, 0};
    wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
    wn_buffer_add(&file, "\x93NUMPY", 6);
    wn_buffer_add(&file, &(char){(char)version}, 1);
    wn_buffer_add(&file, "\0", 1);
    wn_buffer_add(&file, length, version == 1 ? 2 : 4);
    wn_buffer_text(&file, dictionary);
    wn_buffer_add(&file, "\n", 1);
    assert_int_equal(wn_buffer_add(&file, items, len), WN_OK);
    assert_int_equal(wn_file_write(path, file.data, file.len, NULL), WN_OK);
    wn_buffer_clear(&file);
}

static wn_npy *open_file(void)
{
    wn_npy *npy = NULL;
    wn_error err = {0};
    if (wn_npy_open(path, &npy, &err)) fail_msg("%s", err.message);
    return npy;
}

/* A file of these bytes is refused, and the message holds `part`. */
static void expect_refusal(const void *bytes, size_t len, wn_status status, const char *part)
{
    wn_npy *npy = NULL;
    wn_error err = {0};
    assert_int_equal(wn_file_write(path, bytes, len, NULL), WN_OK);
    assert_int_equal(wn_npy_open(path, &npy, &err), status);
    assert_null(npy);
    if (!strstr(err.message, part)) fail_msg("'%s' does not say '%s'", err.message, part);
    assert_non_null(strstr(err.message, path));
}

static void expect_head_refusal(const char *dictionary, wn_status status, const char *part)
{
    static const float items[6];
    wn_npy *npy = NULL;
    wn_error err = {0};
    write_file(1, dictionary, items, sizeof items);
    if (wn_npy_open(path, &npy, &err) != status) fail_msg("%s: '%s'", dictionary, err.message);
    if (!strstr(err.message, part)) fail_msg("'%s' does not say '%s'", err.message, part);
}

static void test_float32_is_not_copied(void **state)
{
    (void)state;
    const float items[6] = {1, 2, 3, 4, 5, 6};
    wn_matrix m;
    wn_error err = {0};
    for (int version = 1; version <= 3; version++) {
        char dictionary[128]; /* padded so that the items begin at byte 128 */
        int len =
            snprintf(dictionary, sizeof dictionary, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
        int want = (version == 1 ? 118 : 116) - 1;
        snprintf(dictionary + len, sizeof dictionary - (size_t)len, "%*s", want - len, "");
        write_file(version, dictionary, items, sizeof items);
        wn_npy *npy = open_file();
        assert_int_equal(wn_npy_matrix_bytes(npy), 0);
        assert_int_equal(wn_npy_matrix(npy, &m, &err), WN_OK);
        assert_int_equal(m.rows, 2);
        assert_int_equal(m.cols, 3);
        assert_memory_equal(m.data, items, sizeof items);
        wn_npy_close(&npy);
        assert_null(npy);
    }
}

static void test_items_at_odd_addresses(void **state)
{
    (void)state;
    const float items[6] = {1, 2, 3, 4, 5, 6};
    wn_matrix m;
    for (int pad = 0; pad < 4; pad++) {
        char dictionary[96];
        snprintf(dictionary, sizeof dictionary, "{'shape':(2,3),'descr':\"<f4\",'fortran_order':False}%*s", pad, "");
        write_file(1, dictionary, items, sizeof items);
        wn_npy *npy = open_file();
        assert_int_equal(wn_npy_matrix(npy, &m, NULL), WN_OK);
        assert_memory_equal(m.data, items, sizeof items);
        wn_npy_close(&npy);
    }
}

static void test_fortran_order(void **state)
{
    (void)state;
    enum { ROWS = 700, COLS = 3 };
    static double items[ROWS * COLS];
    wn_matrix m;
    for (int c = 0; c < COLS; c++) {
        for (int r = 0; r < ROWS; r++) items[c * ROWS + r] = r * 10 + c;
    }
    write_file(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (700, 3), }", items, sizeof items);
    wn_npy *npy = open_file();
    assert_int_equal(wn_npy_matrix_bytes(npy), sizeof(float) * ROWS * COLS);
    assert_int_equal(wn_npy_matrix(npy, &m, NULL), WN_OK);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < COLS; c++) assert_true(wn_matrix_row(&m, r)[c] == (float)(r * 10 + c));
    }
    wn_npy_close(&npy);
}

static void test_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        unsigned char bytes[16]; /* two items */
        size_t width;
        float floats[2];
    } cases[] = {
        {"<f2", {0x00, 0x3c, 0x01, 0x80}, 2, {1.0f, -0x1p-24f}}, /* 1 and the least subnormal, negative */
        {"<f4", {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, 4, {1.5f, -2.0f}},
        {"<f8", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, 8, {1.5f, -2.0f}},
        {"|i1", {1, 0xff}, 1, {1, -1}},
        {"<i2", {1, 2, 0xff, 0xff}, 2, {513, -1}},
        {"<i4", {1, 2, 0, 0, 0xff, 0xff, 0xff, 0xff}, 4, {513, -1}},
        {"<i8", {1, 2, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, {513, -1}},
        {"|u1", {1, 0xff}, 1, {1, 255}},
        {"<u2", {1, 2, 0xff, 0xff}, 2, {513, 65535}},
        {"<u4", {1, 2, 0, 0, 0, 0, 0, 0x80}, 4, {513, 0x1p31f}},
        {"<u8", {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40}, 8, {513, 0x1p62f}},
        {"|b1", {0, 7}, 1, {0, 1}},
    };
    assert_int_equal(sizeof cases / sizeof *cases, WN_NPY_TYPE_COUNT);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dictionary[96];
        wn_matrix m;
        wn_rows rows;
        wn_error err = {0};
        float first = cases[i].floats[0], second = cases[i].floats[1];
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (2,), }",
                 cases[i].code);
        write_file(1, dictionary, cases[i].bytes, 2 * cases[i].width);
        wn_npy *npy = open_file();
        assert_string_equal(wn_npy_type_code(wn_npy_get_shape(npy)->type), cases[i].code);
        assert_int_equal(wn_npy_vector(npy, &m, &err), WN_OK);
        assert_int_equal(m.rows, 2);
        assert_true(m.data[0] == first && m.data[1] == second);
        bool whole = first == truncf(first) && second == truncf(second);
        assert_int_equal(wn_npy_integers(npy, &rows, &err), whole ? WN_OK : WN_INVALID);
        if (whole) assert_true(rows.len == 2 && (float)rows.data[0] == first && (float)rows.data[1] == second);
        assert_int_equal(wn_npy_matrix(npy, &m, &err), WN_INVALID);
        wn_npy_close(&npy);
    }
}

static void test_half_infinity_and_nan(void **state)
{
    (void)state;
    const uint16_t items[4] = {0x7c00, 0xfc00, 0x7e00, 0x7bff};
    wn_matrix m;
    wn_error err = {0};
    write_file(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }", items, sizeof items);
    wn_npy *npy = open_file();
    assert_int_equal(wn_npy_matrix(npy, &m, NULL), WN_OK);
    assert_true(isinf(m.data[0]) && m.data[0] > 0 && isinf(m.data[1]) && m.data[1] < 0 && isnan(m.data[2]));
    assert_true(m.data[3] == 65504.0f);
    assert_int_equal(wn_matrix_check_finite(&m, "e.npy", NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "e.npy: row 0 holds an infinite value (column 0)"));
    m = (wn_matrix){m.data + 2, 1, 2, 2};
    assert_int_equal(wn_matrix_check_finite(&m, "e.npy", NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 0 holds NaN"));
    wn_npy_close(&npy);
}

/* A stack as float32: where it lies, or converted; a matrix is none. */
static void test_planes(void **state)
{
    static const double doubles[12] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5};
    float floats[12];
    const float *planes;
    wn_npy *npy = NULL;
    (void)state;
    for (int i = 0; i < 12; i++) floats[i] = (float)doubles[i];
    for (int t = 0; t < 2; t++) {
        if (t)
            write_file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 2), }", doubles, sizeof doubles);
        else
            write_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2), }", floats, sizeof floats);
        assert_int_equal(wn_npy_open_stack(path, &npy, NULL), WN_OK);
        assert_int_equal(wn_npy_planes(npy, &planes, NULL), WN_OK);
        assert_memory_equal(planes, floats, sizeof floats);
        wn_npy_close(&npy);
    }
    write_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 2), }", floats, sizeof floats);
    npy = open_file();
    assert_int_equal(wn_npy_planes(npy, &planes, NULL), WN_INVALID);
    wn_npy_close(&npy);
}

static void test_integer_limits(void **state)
{
    (void)state;
    const uint64_t items[2] = {1, UINT64_MAX};
    wn_rows rows;
    wn_error err = {0};
    write_file(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (1, 2), }", items, sizeof items);
    wn_npy *npy = open_file();
    assert_int_equal(wn_npy_integers(npy, &rows, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "item 1 "));
    wn_npy_close(&npy);
}

/* A NaN among labels is none; among other whole numbers it is none of them. */
static void test_labels_with_nan(void **state)
{
    (void)state;
    const uint16_t halves[4] = {0x4000, 0x7e00, 0xfe00, 0xbc00}; /* 2, NaN, -NaN, -1 */
    const float singles[4] = {2, NAN, -NAN, -1};
    const double doubles[4] = {2, NAN, -NAN, -1};
    const struct {
        const char *code;
        const void *items;
        size_t len;
    } cases[] = {{"<f2", halves, sizeof halves}, {"<f4", singles, sizeof singles}, {"<f8", doubles, sizeof doubles}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dictionary[96];
        wn_rows rows;
        wn_error err = {0};
        const int64_t *matrix = NULL;
        for (int square = 0; square < 2; square++) {
            snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                     cases[i].code, square ? "2, 2" : "4,");
            write_file(1, dictionary, cases[i].items, cases[i].len);
            wn_npy *npy = open_file();
            if (square) {
                assert_int_equal(wn_npy_integer_matrix(npy, &matrix, &err), WN_INVALID);
                assert_int_equal(wn_npy_label_matrix(npy, &matrix, &err), WN_OK);
            } else {
                assert_int_equal(wn_npy_integers(npy, &rows, &err), WN_INVALID);
                assert_int_equal(wn_npy_labels(npy, &rows, &err), WN_OK);
                assert_int_equal(rows.len, 4);
                matrix = rows.data;
            }
            assert_true(matrix[0] == 2 && matrix[1] == -1 && matrix[2] == -1 && matrix[3] == -1);
            wn_npy_close(&npy);
        }
    }
    write_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", (float[]){0.5F, 1}, 8);
    wn_npy *npy = open_file();
    wn_rows rows;
    wn_error err = {0};
    assert_int_equal(wn_npy_labels(npy, &rows, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "item 0 "));
    wn_npy_close(&npy);
}

static void test_unsupported(void **state)
{
    (void)state;
    expect_head_refusal("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", WN_UNSUPPORTED, "big-endian");
    expect_head_refusal("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", WN_UNSUPPORTED, "pickled");
    expect_head_refusal("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", WN_UNSUPPORTED, "<c8");
    expect_head_refusal("{'descr': '<U12', 'fortran_order': False, 'shape': (2, 3), }", WN_UNSUPPORTED, "<U12");
    expect_head_refusal("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", WN_UNSUPPORTED, "fields");
    expect_head_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", WN_UNSUPPORTED,
                        "3 dimensions");
    expect_head_refusal("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", WN_UNSUPPORTED, "0 dimensions");
}

static void test_damaged_heads(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6, }",
        "{'descr': '<f4', 'fortran_order': False, 'size': (2, 3), }",
        "{'descr' '<f4'}",
        "{'descr",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) expect_head_refusal(heads[i], WN_CORRUPT, "damaged");
}

static void test_cut_and_foreign_files(void **state)
{
    (void)state;
    static const char good[] = "\x93NUMPY\x01\x00\x3b\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }";
    expect_refusal("", 0, WN_CORRUPT, "not a .npy");
    expect_refusal("PK\3\4aaaaaaaaaaaa", 16, WN_CORRUPT, ".npz");
    expect_refusal("\x93NUMPY\x07\x00\x00\x00{}", 12, WN_UNSUPPORTED, "version 7");
    expect_refusal("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14, WN_CORRUPT, "damaged");
    expect_refusal("\x93NUMPY\x02\x00\xff\xff", 10, WN_CORRUPT, "damaged");
    for (size_t len = 10; len < sizeof good - 1; len++) expect_refusal(good, len, WN_CORRUPT, "damaged");
    expect_refusal(good, sizeof good - 1, WN_CORRUPT, "cut short");
    wn_npy *npy = NULL;
    wn_error err = {0};
    assert_int_equal(wn_npy_open("/nonexistent/e.npy", &npy, &err), WN_NOTFOUND);
}

static void test_empty_arrays(void **state)
{
    (void)state;
    wn_matrix m;
    write_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 128), }", "", 0);
    wn_npy *npy = open_file();
    assert_int_equal(wn_npy_matrix(npy, &m, NULL), WN_OK);
    assert_int_equal(m.rows, 0);
    assert_int_equal(m.cols, 128);
    wn_npy_close(&npy);
}

static void test_round_trips(void **state)
{
    (void)state;
    const float values[8] = {1, 2, -1, 3, 4, -1, 5, 6};
    const int64_t numbers[3] = {5, INT64_MIN, INT64_MAX};
    wn_matrix in = {values, 3, 2, 3}, out;
    wn_rows rows;
    wn_buffer file;

    assert_int_equal(wn_npy_write_matrix(path, &in, NULL), WN_OK);
    wn_npy *npy = open_file();
    assert_int_equal(wn_npy_matrix_bytes(npy), 0);
    assert_int_equal(wn_npy_matrix(npy, &out, NULL), WN_OK);
    assert_true(out.rows == 3 && out.cols == 2);
    for (size_t r = 0; r < 3; r++)
        assert_memory_equal(wn_matrix_row(&out, r), wn_matrix_row(&in, r), 2 * sizeof(float));
    wn_npy_close(&npy);

    assert_int_equal(wn_npy_write_integers(path, numbers, 3, NULL), WN_OK);
    npy = open_file();
    assert_int_equal(wn_npy_integers(npy, &rows, NULL), WN_OK);
    assert_int_equal(rows.len, 3);
    assert_memory_equal(rows.data, numbers, sizeof numbers);
    wn_npy_close(&npy);
    wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_file_read(path, 4096, &file, NULL), WN_OK);
    assert_int_equal(file.len, 128 + sizeof numbers); /* items begin at a multiple of 64 */
    wn_buffer_clear(&file);

    assert_int_equal(wn_npy_write_floats(path, values, 8, NULL), WN_OK);
    npy = open_file();
    assert_int_equal(wn_npy_vector(npy, &out, NULL), WN_OK);
    assert_true(out.rows == 8 && out.cols == 1 && out.data[7] == 6);
    wn_npy_close(&npy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float32_is_not_copied), cmocka_unit_test(test_items_at_odd_addresses),
        cmocka_unit_test(test_fortran_order),         cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_half_infinity_and_nan), cmocka_unit_test(test_planes),
        cmocka_unit_test(test_integer_limits),        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_damaged_heads),         cmocka_unit_test(test_cut_and_foreign_files),
        cmocka_unit_test(test_empty_arrays),          cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_labels_with_nan),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
