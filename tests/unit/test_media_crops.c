/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of images: where they are cut, at which scale, and what is refused.
 */
#include <math.h>

#include "media_pictures.h"

#include "media/crops.h"

enum { WIDTH = 640, HEIGHT = 480, BLOCK = 80, SIDE = 16 };

typedef struct fixture {
    uint8_t *rgb;
    wn_buffer jpeg;
    wn_reader *reader;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_int_equal(wn_media_init(NULL), WN_OK);
    f->rgb = make_blocks(WIDTH, HEIGHT, BLOCK, 7);
    write_jpeg(f->rgb, WIDTH, HEIGHT, 95, &f->jpeg);
    const wn_read_request request = {.thumb_side = -1, .input_side = -1};
    f->reader = make_reader(NULL, &request);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    wn_free(f->rgb);
    wn_buffer_clear(&f->jpeg);
    wn_reader_free(&f->reader);
    free(f);
    return 0;
}

static wn_status read_from(fixture *f, const wn_buffer *file, const wn_crop *crops, size_t count, uint8_t *out,
                           wn_error *err)
{
    const wn_entry entry = {.path = "a.jpg", .name = "a.jpg", .bytes = file->data, .size = file->len};
    const wn_crop_request request = {crops, count, WIDTH, HEIGHT, SIDE};
    return wn_reader_read_crops(f->reader, &entry, &request, out, err);
}

/* The mean colour of a square is that of the block at (column, row) within a few levels. */
static void assert_block(const fixture *f, const uint8_t *square, int column, int row)
{
    const uint8_t *wanted = f->rgb + 3 * (((size_t)row * BLOCK + 5) * WIDTH + (size_t)column * BLOCK + 5);
    for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int i = 0; i < SIDE * SIDE; i++) sum += square[3 * i + c];
        assert_true(abs(sum / (SIDE * SIDE) - wanted[c]) < 12);
    }
}

static void test_cuts_blocks(void **state)
{
    fixture *f = *state;
    static uint8_t out[3][SIDE * SIDE * 3];
    wn_error err = {0};
    /* A large crop alone is read at a reduced scale, small ones beside it at the full one. */
    const wn_crop crops[] = {{80, 80, 80, 80}, {320, 160, 78, 78}, {560.5F, 401, 30, 10}};
    for (size_t count = 1; count <= 3; count++) {
        memset(out, 0, sizeof out);
        assert_int_equal(read_from(f, &f->jpeg, crops, count, out[0], &err), WN_OK);
        assert_block(f, out[0], 1, 1);
        if (count > 1) assert_block(f, out[1], 4, 2);
        if (count > 2) assert_block(f, out[2], 7, 5);
    }
}

static void test_whole_picture_is_the_input(void **state)
{
    fixture *f = *state;
    static uint8_t out[SIDE * SIDE * 3];
    wn_error err = {0};
    wn_reading reading;
    const wn_crop whole = {0, 0, WIDTH, HEIGHT};
    const wn_read_request request = {.thumb_side = -1, .input_side = SIDE};
    wn_reader *reader = make_reader(NULL, &request);
    assert_int_equal(wn_reader_read_bytes(reader, f->jpeg.data, f->jpeg.len, "a.jpg", &reading, &err), WN_OK);
    assert_int_equal(read_from(f, &f->jpeg, &whole, 1, out, &err), WN_OK);
    for (int i = 0; i < SIDE * SIDE * 3; i++) assert_true(abs(out[i] - reading.input[i]) <= 3);
    wn_reader_free(&reader);
}

static void test_another_image_is_refused(void **state)
{
    fixture *f = *state;
    static uint8_t out[SIDE * SIDE * 3];
    wn_error err = {0};
    wn_buffer other;
    const wn_crop whole = {0, 0, WIDTH, HEIGHT};
    write_jpeg(f->rgb, WIDTH, HEIGHT / 2, 95, &other);
    assert_int_equal(read_from(f, &other, &whole, 1, out, &err), WN_NOTFOUND);
    assert_non_null(strstr(err.message, "another image: 640 x 240"));
    other.len /= 2;
    assert_int_equal(read_from(f, &other, &whole, 1, out, &err), WN_CORRUPT);
    wn_buffer_clear(&other);
}

static void test_clips(void **state)
{
    (void)state;
    wn_crop crop = {-10, 20, 50, 500};
    assert_true(wn_crop_clip(&crop, 100, 80));
    assert_true(crop.x == 0 && crop.width == 40 && crop.y == 20 && crop.height == 60);
    static const wn_crop none[] = {
        {100, 0, 10, 10}, {0, -20, 10, 20}, {0, 0, -5, 5}, {NAN, 0, 5, 5}, {0, 0, INFINITY, 5}};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        crop = none[i];
        assert_false(wn_crop_clip(&crop, 100, 80));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cuts_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whole_picture_is_the_input, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_image_is_refused, set_up, tear_down),
        cmocka_unit_test(test_clips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
