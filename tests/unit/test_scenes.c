/* SPDX-License-Identifier: Apache-2.0
 *
 * The sample images, checked with the reader of the media module: what truth.csv says of a file is what is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "winnow/media.h"
#include "winnow/memory.h"
#include "winnow/scenes.h"

enum { FILES = 150 };

static char root[128];
static wn_error err;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/winnow-scenes-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
    return 0;
}

/* Writes a small set with everything in it into root/NAME. */
static void write_set(const char *name, unsigned threads, wn_scenes_summary *summary)
{
    char folder[200];
    wn_pool *pool = NULL;
    wn_scenes_options options = wn_scenes_defaults();
    options.count = FILES;
    options.seed = 3;
    options.side_low = 72;
    options.side_high = 96;
    options.planted = 0.5;
    options.wrong = 0.1;
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    if (threads > 1) assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
    if (wn_scenes_write(folder, &options, pool, NULL, summary, &err)) fail_msg("%s", err.message);
    wn_pool_free(&pool);
}

/* One line of truth.csv. */
typedef struct truth {
    char file[96], label[32], given[32], time[8], kind[16], partner[96], detail[48];
} truth;

static char *next_field(char **line, char *out, size_t room)
{
    char *end = *line + strcspn(*line, ",\n");
    size_t len = (size_t)(end - *line);
    assert_true(len < room);
    memcpy(out, *line, len);
    out[len] = 0;
    *line = *end ? end + 1 : end;
    return out;
}

static int read_truth(const char *name, truth *rows)
{
    char path[300];
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    snprintf(path, sizeof path, "%s/%s/truth.csv", root, name);
    assert_int_equal(wn_file_read(path, 1 << 20, &text, &err), WN_OK);
    char *at = strchr(text.data, '\n') + 1;
    int n = 0;
    for (; *at; n++) {
        assert_true(n < FILES);
        truth *t = &rows[n];
        next_field(&at, t->file, sizeof t->file), next_field(&at, t->label, sizeof t->label);
        next_field(&at, t->given, sizeof t->given), next_field(&at, t->time, sizeof t->time);
        next_field(&at, t->kind, sizeof t->kind), next_field(&at, t->partner, sizeof t->partner);
        next_field(&at, t->detail, sizeof t->detail);
    }
    wn_buffer_clear(&text);
    return n;
}

static void load(const char *set, const char *file, wn_buffer *bytes)
{
    char path[800];
    int len = snprintf(path, sizeof path, "%s/%s/%s", root, set, file);
    assert_in_range(len, 1, sizeof path - 1);
    wn_buffer_init(bytes, WN_MEMORY_IMAGE, 0);
    if (wn_file_read(path, 1 << 22, bytes, &err)) fail_msg("%s", err.message);
}

static void test_any_thread_count_gives_the_same_bytes(void **state)
{
    static truth rows[FILES];
    wn_scenes_summary one, three;
    (void)state;
    write_set("one", 1, &one);
    write_set("three", 3, &three);
    assert_int_equal(one.bytes, three.bytes);
    assert_int_equal(read_truth("one", rows), FILES);
    for (int i = 0; i < FILES; i++) {
        wn_buffer a, b;
        load("one", rows[i].file, &a), load("three", rows[i].file, &b);
        assert_int_equal(a.len, b.len);
        if (a.len) assert_memory_equal(a.data, b.data, a.len);
        wn_buffer_clear(&a), wn_buffer_clear(&b);
    }
}

static const truth *find(const truth *rows, const char *file)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(rows[i].file, file) == 0) return &rows[i];
    return NULL;
}

/* Reads a file; its facts and whether it is an image. */
static wn_status look(wn_reader *reader, const char *file, wn_facts *facts)
{
    wn_buffer bytes;
    wn_reading reading;
    load("one", file, &bytes);
    wn_status status = wn_reader_read_bytes(reader, bytes.data ? bytes.data : "", bytes.len, file, &reading, &err);
    *facts = reading.facts;
    wn_buffer_clear(&bytes);
    return status;
}

static void check_repeat(wn_reader *reader, const truth *row, const truth *partner, const wn_facts *facts)
{
    wn_facts other;
    assert_int_equal(look(reader, partner->file, &other), WN_OK);
    int bytes = memcmp(facts->byte_hash, other.byte_hash, 16) == 0,
        pixels = memcmp(facts->pixel_hash, other.pixel_hash, 16) == 0;
    int copy = strcmp(row->kind, "copy") == 0, rewrap = strcmp(row->kind, "rewrap") == 0;
    assert_int_equal(bytes, copy);
    assert_int_equal(pixels, copy || rewrap);
    if (strcmp(row->kind, "recompress") == 0) {
        assert_int_equal(facts->width, other.width);
        assert_true(__builtin_popcountll(facts->phash ^ other.phash) <= 16);
    }
    assert_string_equal(row->label, partner->label);
    assert_string_equal(partner->kind, "plain");
}

static void test_truth_is_what_the_reader_finds(void **state)
{
    static truth rows[FILES];
    wn_scenes_summary summary;
    wn_reader *reader = NULL;
    uint64_t kinds[WN_SCENE_KIND_COUNT] = {0}, wrong = 0, turned = 0;
    (void)state;
    write_set("one", 1, &summary);
    assert_int_equal(read_truth("one", rows), FILES);
    assert_int_equal(wn_reader_new(NULL, NULL, &reader, &err), WN_OK);
    for (int i = 0; i < FILES; i++) {
        wn_facts facts;
        const truth *row = &rows[i];
        wn_status status = look(reader, row->file, &facts);
        assert_ptr_equal(find(rows, row->file), row); /* no name twice */
        for (int k = 0; k < WN_SCENE_KIND_COUNT; k++)
            kinds[k] += strcmp(row->kind, wn_scene_kind_name((wn_scene_kind)k)) == 0;
        wrong += row->label[0] && strcmp(row->label, row->given) != 0;
        assert_memory_equal(row->file, row->given, strlen(row->given));
        if (strcmp(row->kind, "broken") == 0) {
            assert_int_not_equal(status, WN_OK);
            continue;
        }
        if (status) fail_msg("%s (%s): %s", row->file, row->kind, err.message);
        if (row->partner[0]) check_repeat(reader, row, find(rows, row->partner), &facts);
        if (strcmp(row->kind, "dark") == 0) assert_true(facts.luminance < 20);
        if (strcmp(row->kind, "overexposed") == 0) assert_true(facts.luminance > 55);
        if (strstr(row->detail, "orientation")) turned++, assert_int_not_equal(facts.orientation, 1);
        if (strstr(row->detail, "PNG named")) assert_true(facts.suffix_wrong);
    }
    for (int k = 0; k < WN_SCENE_KIND_COUNT; k++) {
        assert_int_equal(kinds[k], summary.kinds[k]);
        assert_int_not_equal(kinds[k], 0); /* a set of this size has all of them */
    }
    assert_true(wrong > 0 && turned > 0 && summary.night > 0 && summary.classes > 8);
    wn_reader_free(&reader);
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)report;
    return ++*(int *)context >= 1;
}

static void test_bad_options_and_stopping(void **state)
{
    char folder[200];
    int calls = 0;
    const wn_progress progress = {stop_at_once, &calls};
    wn_scenes_options options = wn_scenes_defaults();
    (void)state;
    snprintf(folder, sizeof folder, "%s/set", root);
    options.side_low = 700, options.side_high = 600;
    assert_int_equal(wn_scenes_write(folder, &options, NULL, NULL, NULL, &err), WN_INVALID);
    options = wn_scenes_defaults(), options.planted = 0.0 / 0.0;
    assert_int_equal(wn_scenes_write(folder, &options, NULL, NULL, NULL, &err), WN_INVALID);
    options = wn_scenes_defaults(), options.side_low = options.side_high = 64;
    assert_int_equal(wn_scenes_write(folder, &options, NULL, &progress, NULL, &err), WN_CANCELLED);
    assert_int_equal(calls, 1);
    assert_int_equal(wn_scenes_write("/dev/null/set", &options, NULL, NULL, NULL, &err), WN_IO);
    assert_non_null(strstr(err.message, "/dev/null"));
}

static void test_option_table_agrees_with_the_defaults(void **state)
{
    wn_scenes_options from_table, defaults = wn_scenes_defaults();
    (void)state;
    memset(&from_table, 0, sizeof from_table);
    assert_int_equal(wn_options_init(wn_scenes_option_table, &from_table, &err), WN_OK);
    assert_memory_equal(&from_table, &defaults, sizeof defaults);
}

static void test_every_class_paints_by_day_and_by_night(void **state)
{
    (void)state;
    for (int c = 0; c < wn_scenes_class_count(); c++) {
        double light[2] = {0};
        assert_non_null(wn_scenes_class_name(c));
        for (int i = 0; i < 8; i++) {
            uint8_t *rgb = NULL;
            if (wn_scenes_paint(5, (uint64_t)i, c, i % 2, 80 - 3 * i, 60, &rgb, &err)) fail_msg("%s", err.message);
            int n = (80 - 3 * i) * 60 * 3, low = 255, high = 0;
            for (int k = 0; k < n; k++) {
                light[i % 2] += (double)rgb[k] / n;
                low = rgb[k] < low ? rgb[k] : low, high = rgb[k] > high ? rgb[k] : high;
            }
            assert_true(high - low > 20);
            wn_free(rgb);
        }
        assert_true(light[1] < light[0]);
    }
    assert_null(wn_scenes_class_name(wn_scenes_class_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_thread_count_gives_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truth_is_what_the_reader_finds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_options_and_stopping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_option_table_agrees_with_the_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_class_paints_by_day_and_by_night, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
