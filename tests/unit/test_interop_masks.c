/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks as PNG files: what is written is read back, files that are cut off anywhere are refused, and a folder of masks
 * becomes items with run lengths.
 */
#include "store_fixture.h"

#include "base/file.h"
#include "interop/mask_png.h"
#include "winnow/annotation.h"
#include "winnow/memory.h"

enum { WIDTH = 21, HEIGHT = 13, PIXELS = WIDTH * HEIGHT };

static char *path_in(fixture *f, const char *name)
{
    char *path = wn_path_join(f->folder, name);
    assert_non_null(path);
    return path;
}

/* Writes folder/NAME with values that stand in stripes, the first pixel being `first`. */
static void put_mask(fixture *f, const char *name, uint16_t first, uint16_t step)
{
    uint16_t values[PIXELS];
    char *path = path_in(f, name), *end = strrchr(path, '/');
    for (size_t i = 0; i < PIXELS; i++) values[i] = (uint16_t)(i % WIDTH / 7 * step);
    values[0] = first;
    *end = 0;
    assert_int_equal(wn_file_make_folder(path, NULL), WN_OK);
    *end = '/';
    wn_mask_picture picture = {.width = WIDTH, .height = HEIGHT, .values = values};
    assert_int_equal(wn_mask_png_write(path, &picture, &f->err), WN_OK);
    wn_free(path);
}

static void test_round_trip(void **state)
{
    fixture *f = *state;
    const uint16_t firsts[] = {1, 255, 256, 65535};
    for (size_t t = 0; t < 4; t++) {
        wn_mask_picture back, head;
        put_mask(f, "m.png", firsts[t], 100);
        char *path = path_in(f, "m.png");
        assert_int_equal(wn_mask_png_read(path, false, &back, &f->err), WN_OK);
        assert_int_equal(wn_mask_png_read(path, true, &head, &f->err), WN_OK);
        assert_int_equal(head.bits, firsts[t] > 255 ? 16 : 8);
        assert_true(head.width == WIDTH && head.height == HEIGHT && !head.values);
        assert_true(back.width == WIDTH && back.height == HEIGHT && back.bits == head.bits);
        assert_int_equal(back.values[0], firsts[t]);
        for (size_t i = 1; i < PIXELS; i++) assert_int_equal(back.values[i], i % WIDTH / 7 * 100);
        wn_mask_picture_clear(&back);
        wn_free(path);
    }
}

static void test_cut_files(void **state)
{
    fixture *f = *state;
    wn_buffer bytes;
    wn_mask_picture picture;
    put_mask(f, "m.png", 3, 300);
    char *path = path_in(f, "m.png");
    wn_buffer_init(&bytes, WN_MEMORY_TEXT, 0);
    assert_int_equal(wn_file_read(path, 1 << 20, &bytes, &f->err), WN_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        wn_error err = {0};
        wn_status status = wn_mask_png_parse((const uint8_t *)bytes.data, len, "m.png", false, &picture, &err);
        assert_true(status == WN_CORRUPT || status == WN_INVALID);
        assert_non_null(strstr(err.message, "m.png: "));
        assert_null(picture.values);
    }
    wn_buffer_clear(&bytes);
    wn_free(path);
}

static void test_ignored(void **state)
{
    wn_mask_ignored ignored;
    uint16_t values[4] = {0, 7, 255, 2}, beyond = 0;
    int32_t classes[4];
    wn_mask_picture picture = {.width = 2, .height = 2, .values = values};
    (void)state;
    assert_int_equal(wn_mask_ignored_parse(NULL, &ignored, NULL), WN_OK);
    assert_true(wn_mask_classes(&picture, &ignored, 8, classes, &beyond));
    assert_true(classes[0] == 0 && classes[1] == 7 && classes[2] == -1 && classes[3] == 2);
    assert_false(wn_mask_classes(&picture, &ignored, 7, classes, &beyond));
    assert_int_equal(beyond, 7);
    assert_int_equal(wn_mask_ignored_parse("7,0", &ignored, NULL), WN_OK);
    assert_true(wn_mask_classes(&picture, &ignored, 256, classes, &beyond));
    assert_true(classes[0] == -1 && classes[1] == -1 && classes[2] == 255);
    assert_int_equal(wn_mask_ignored_parse("none", &ignored, NULL), WN_OK);
    assert_int_equal(ignored.count, 0);
    const char *wrong[] = {"", "x", "-1", "65536", "1,", "1,,2", "1,2x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(wn_mask_ignored_parse(wrong[i], &ignored, NULL), WN_INVALID);
}

static size_t count_pixels(const wn_annotations *set, const wn_annotation_item *item)
{
    uint8_t drawn[PIXELS];
    size_t n = 0;
    assert_true(wn_annotation_draw_mask(set, item, WIDTH, HEIGHT, drawn));
    for (size_t i = 0; i < PIXELS; i++) n += drawn[i];
    return n;
}

static void test_folder(void **state)
{
    fixture *f = *state;
    wn_annotations *set = NULL;
    wn_annotation_options options = {.role = WN_ROLE_LABELS};
    put_mask(f, "masks/a.1.png", 255, 1);
    put_mask(f, "masks/b.png", 9, 1);
    char *path = path_in(f, "masks");
    assert_int_equal(wn_annotations_read(path, &options, &set, &f->err), WN_OK);
    assert_string_equal(set->format, "png-masks");
    assert_int_equal(set->task, WN_TASK_SEMANTIC);
    assert_int_equal(set->image_count, 2);
    assert_string_equal(set->images[0].path, "a.1");
    assert_true(set->images[0].stem && set->images[0].width == WIDTH && set->images[0].height == HEIGHT);
    assert_int_equal(set->images[0].count, 3); /* 255 is no class */
    assert_int_equal(set->images[1].count, 4);
    assert_int_equal(count_pixels(set, &set->items[0]), PIXELS / 3 - 1);
    assert_int_equal(count_pixels(set, &set->items[1]), PIXELS / 3);
    assert_int_equal(count_pixels(set, &set->items[6]), 1);
    assert_string_equal(set->categories[set->items[6].category].name, "class_9");
    wn_annotations_free(&set);
    /* Two of the classes have names: both files have values beyond. */
    char *names = path_in(f, "names.txt");
    assert_int_equal(wn_file_write(names, "sea\nland\n", 9, &f->err), WN_OK);
    options.names = names;
    assert_int_equal(wn_annotations_read(path, &options, &set, &f->err), WN_INVALID);
    assert_non_null(strstr(f->err.message, "the value 2 is none of 2 classes"));
    wn_free(names);
    wn_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_round_trip),
        FIXTURE_TEST(test_cut_files),
        cmocka_unit_test(test_ignored),
        FIXTURE_TEST(test_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
