/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks every option table of the program and of the library: names, help, ranges, defaults. A new row is checked the
 * moment it is added.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common_options.h"
#include "pretrain/method.h"
#include "winnow/projection.h"
#include "winnow/scenes.h"
#include "winnow/selection.h"
#include "winnow/train.h"

enum { PARAMS_ROOM = 4096, NAMES_ROOM = 256, HELP_MOST = 120 };

/* Rows seen so far among the tables that are used together. */
typedef struct seen {
    const char *names[NAMES_ROOM];
    size_t count;
    char letters[256];
    size_t tables;
} seen;

static size_t rows_walked;

static bool is_name(const char *name)
{
    if (!(name[0] >= 'a' && name[0] <= 'z')) return false;
    for (const char *at = name; *at; at++) {
        bool good = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || (*at == '-' && at[1] && at[1] != '-');
        if (!good) return false;
    }
    return true;
}

static void check_words(const char *owner, const wn_option *row)
{
    if (!row->name || !is_name(row->name)) fail_msg("%s: '%s' is no name of words", owner, row->name ? row->name : "");
    if (!row->help || strlen(row->help) < 5) fail_msg("%s --%s: no help", owner, row->name);
    size_t len = strlen(row->help);
    if (len > HELP_MOST) fail_msg("%s --%s: help of %zu characters", owner, row->name, len);
    if (row->help[len - 1] == '.' && strncmp(row->help + len - 3, "...", 3) != 0)
        fail_msg("%s --%s: help ends in a full stop", owner, row->name);
    for (const char *at = row->help; *at; at++)
        if (*at < ' ') fail_msg("%s --%s: help has a control character", owner, row->name);
}

static void check_unique(const char *owner, const wn_option *row, seen *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->names[i], row->name) == 0) fail_msg("%s: two options --%s", owner, row->name);
    assert_true(all->count < NAMES_ROOM);
    all->names[all->count++] = row->name;
    if (!row->letter) return;
    if (all->letters[(unsigned char)row->letter]++) fail_msg("%s: two options -%c", owner, row->letter);
}

static void check_choices(const char *owner, const wn_option *row)
{
    if (!row->choices || !row->choices[0] || !row->choices[1]) fail_msg("%s --%s: nothing to choose", owner, row->name);
    for (size_t i = 0; row->choices[i]; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(row->choices[i], row->choices[k]) == 0)
                fail_msg("%s --%s: '%s' twice", owner, row->name, row->choices[i]);
}

/* The bounds are valid, what lies beyond them is not. */
static void check_range(const char *owner, const wn_option *table, const wn_option *row, void *params)
{
    char text[64];
    if (!(row->low < row->high)) fail_msg("%s --%s: range %g..%g", owner, row->name, row->low, row->high);
    const double values[] = {row->low, row->high, row->low - 1, row->high * 2 + 1};
    for (size_t i = 0; i < 4; i++) {
        bool whole = row->type == WN_OPTION_INT;
        if (whole && (values[i] > 9e15 || values[i] < -9e15)) continue; /* beyond what a double counts */
        snprintf(text, sizeof text, whole ? "%.0f" : "%.17g", values[i]);
        wn_error err = {0};
        wn_status status = wn_options_set(table, params, row->name, text, &err);
        if (status != (i < 2 ? WN_OK : WN_INVALID))
            fail_msg("%s --%s %s: %s %s", owner, row->name, text, wn_status_name(status), err.message);
    }
}

static void check_row(const char *owner, const wn_option *table, const wn_option *row, size_t params_size, seen *all)
{
    static _Alignas(16) unsigned char params[PARAMS_ROOM];
    static const size_t sizes[] = {
        [WN_OPTION_BOOL] = sizeof(bool),   [WN_OPTION_INT] = sizeof(int64_t), [WN_OPTION_REAL] = sizeof(double),
        [WN_OPTION_TEXT] = sizeof(char *), [WN_OPTION_CHOICE] = sizeof(int),  [WN_OPTION_BYTES] = sizeof(uint64_t)};
    wn_error err = {0};
    check_words(owner, row);
    check_unique(owner, row, all);
    if (row->offset + sizes[row->type] > params_size) fail_msg("%s --%s: outside of the struct", owner, row->name);
    if (row->offset % sizes[row->type] != 0) fail_msg("%s --%s: not on a field", owner, row->name);
    if (row->type == WN_OPTION_CHOICE) check_choices(owner, row);
    if (row->type == WN_OPTION_INT || row->type == WN_OPTION_REAL) check_range(owner, table, row, params);
    if (row->type == WN_OPTION_BOOL && row->initial && strcmp(row->initial, "false") != 0)
        fail_msg("%s --%s: a flag that is on could not be taken off", owner, row->name);
    if (row->initial && wn_options_set(table, params, row->name, row->initial, &err) != WN_OK)
        fail_msg("%s --%s: default %s: %s", owner, row->name, row->initial, err.message);
    rows_walked++;
}

static void check_table(const char *owner, const wn_option *table, size_t params_size, seen *all)
{
    static _Alignas(16) unsigned char params[PARAMS_ROOM];
    wn_error err = {0};
    if (!table) return;
    assert_true(params_size <= PARAMS_ROOM);
    all->tables++;
    if (wn_options_init(table, params, &err) != WN_OK) fail_msg("%s: %s", owner, err.message);
    for (const wn_option *row = table; row->type != WN_OPTION_END; row++)
        check_row(owner, table, row, params_size, all);
}

static void commands(void **state)
{
    (void)state;
    const command *const *list = command_list();
    assert_non_null(list[0]);
    for (size_t i = 0; list[i]; i++) {
        seen all = {0};
        common_options common;
        unsigned char params[PARAMS_ROOM];
        option_tables tables = option_tables_of(list[i], params, &common);
        assert_true(list[i]->params_size <= PARAMS_ROOM);
        for (size_t k = 0; k < tables.count; k++)
            check_table(list[i]->name, tables.table[k],
                        tables.params[k] == &common ? sizeof common : list[i]->params_size, &all);
        assert_true(is_name(list[i]->name));
        assert_true(strlen(list[i]->summary) > 10 && list[i]->usage && list[i]->details && list[i]->examples);
        assert_ptr_equal(command_find(list[i]->name), list[i]);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(list[i]->name, list[k]->name);
    }
}

static void plug_ins(void **state)
{
    (void)state;
    size_t count = 0;
    for (const wn_strategy *one; (one = wn_strategy_at(count)) != NULL; count++)
        check_table(one->name, one->options, one->params_size, &(seen){0});
    assert_true(count >= 2);
    count = 0;
    for (const wn_method *one; (one = wn_method_at(count)) != NULL; count++) {
        assert_true(one->params_size <= WN_METHOD_PARAMS_MAX);
        check_table(one->name, one->options, one->params_size, &(seen){0});
    }
    assert_true(count >= 2);
    count = 0;
    for (const wn_projection_method *one; (one = wn_projection_method_at(count)) != NULL; count++)
        check_table(one->name, one->options, one->params_size, &(seen){0});
    assert_true(count >= 1);
}

static void library_tables(void **state)
{
    (void)state;
    check_table("train", wn_train_options, sizeof(wn_train_params), &(seen){0});
    check_table("scenes", wn_scenes_option_table, sizeof(wn_scenes_options), &(seen){0});
    assert_true(rows_walked > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(commands), cmocka_unit_test(plug_ins),
                                       cmocka_unit_test(library_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
