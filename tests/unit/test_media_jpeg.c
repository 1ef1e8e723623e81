/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading JPEG: orientation, inks, damage, EXIF, limits, and the facts of known pictures.
 */
#include <math.h>

#include "media_pictures.h"

#include <jpeglib.h>

/* Puts `segment` behind the start marker of a JPEG. */
static void insert_segment(wn_buffer *jpeg, const void *segment, size_t len)
{
    wn_buffer whole;
    wn_buffer_init(&whole, WN_MEMORY_IMAGE, 0);
    wn_buffer_add(&whole, jpeg->data, 2);
    wn_buffer_add(&whole, segment, len);
    wn_buffer_add(&whole, jpeg->data + 2, jpeg->len - 2);
    wn_buffer_clear(jpeg);
    *jpeg = whole;
}

/* EXIF of this orientation in the first directory, and nothing else. */
static void insert_orientation(wn_buffer *jpeg, int orientation)
{
    uint8_t app1[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0,
                      0,    0,    8, 0,  1,   1,   18,  0,   3, 0, 0,   0,   1, 0,  (uint8_t)orientation,
                      0,    0,    0, 0,  0,   0};
    insert_segment(jpeg, app1, sizeof(app1));
}

/* Where the displayed pixel (x, y) of a width x height picture is stored, by the table of EXIF 2.32. */
static void stored_place(int orientation, int width, int height, int x, int y, int *u, int *v)
{
    int mirror_x = width - 1 - x, mirror_y = height - 1 - y;
    switch (orientation) {
    case 2:
        *u = mirror_x, *v = y;
        break;
    case 3:
        *u = mirror_x, *v = mirror_y;
        break;
    case 4:
        *u = x, *v = mirror_y;
        break;
    case 5:
        *u = y, *v = x;
        break;
    case 6:
        *u = y, *v = mirror_x;
        break;
    case 7:
        *u = mirror_y, *v = mirror_x;
        break;
    case 8:
        *u = mirror_y, *v = x;
        break;
    default:
        *u = x, *v = y;
        break;
    }
}

/* Blocks of 32 x 32 pixels of one colour survive JPEG in every direction alike, in pictures that are twice the input
 * side: in smaller ones chroma is interpolated, whose rounding has a direction. */
static void orientations_give_equal_pixels(void **state)
{
    (void)state;
    enum { WIDTH = 192, HEIGHT = 128 };
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *upright = make_blocks(WIDTH, HEIGHT, 32, 5), *stored = make_blocks(WIDTH, HEIGHT, 32, 5);
    wn_reading first = {0};
    uint8_t input[64 * 64 * 3];
    for (int orientation = 1; orientation <= 8; orientation++) {
        int width = orientation < 5 ? WIDTH : HEIGHT, height = orientation < 5 ? HEIGHT : WIDTH;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int u, v;
                stored_place(orientation, WIDTH, HEIGHT, x, y, &u, &v);
                memcpy(stored + 3 * (v * width + u), upright + 3 * (y * WIDTH + x), 3);
            }
        }
        wn_buffer jpeg;
        write_jpeg(stored, width, height, 95, &jpeg);
        insert_orientation(&jpeg, orientation);
        wn_reading reading = read_good(reader, jpeg.data, jpeg.len, "o.jpg");
        assert_int_equal(reading.facts.orientation, orientation);
        assert_int_equal(reading.facts.width, WIDTH);
        assert_int_equal(reading.facts.height, HEIGHT);
        if (orientation == 1) {
            first = reading;
            memcpy(input, reading.input, sizeof(input));
        }
        assert_memory_equal(reading.facts.pixel_hash, first.facts.pixel_hash, 16);
        assert_memory_equal(reading.input, input, sizeof(input));
        assert_true(reading.facts.phash == first.facts.phash);
        assert_true(reading.facts.sharpness == first.facts.sharpness);
        wn_buffer_clear(&jpeg);
    }
    wn_free(upright);
    wn_free(stored);
    wn_reader_free(&reader);
}

static void reads_exif(void **state)
{
    (void)state;
    /* II, 4 fields at 8: make, model (inline), orientation, Exif directory at 80 with date at 110 and offset at 130 */
    uint8_t tiff[160] = "II*\0\x08\0\0\0";
    static const uint8_t fields[] = {4, 0, 0x0F, 1, 2,    0,    8,   0, 0, 0,    70, 0, 0,  0, 0x10, 1, 2,
                                     0, 3, 0,    0, 0,    'X',  '1', 0, 0, 0x12, 1,  3, 0,  1, 0,    0, 0,
                                     1, 0, 0,    0, 0x69, 0x87, 4,   0, 1, 0,    0,  0, 80, 0, 0,    0};
    static const uint8_t inner[] = {2, 0,    0x03, 0x90, 2, 0, 20, 0, 0, 0,   110, 0, 0,
                                    0, 0x11, 0x90, 2,    0, 7, 0,  0, 0, 130, 0,   0, 0};
    memcpy(tiff + 8, fields, sizeof(fields));
    memcpy(tiff + 70, "Ac\x01me \xFF", 8);
    memcpy(tiff + 80, inner, sizeof(inner));
    memcpy(tiff + 110, "2023:05:14 09:30:15", 20);
    memcpy(tiff + 130, "+02:00", 7);
    uint8_t app1[4 + 6 + sizeof(tiff)] = {0xFF, 0xE1, 0, 2 + 6 + sizeof(tiff), 'E', 'x', 'i', 'f', 0, 0};
    memcpy(app1 + 10, tiff, sizeof(tiff));

    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_blocks(32, 32, 8, 1);
    wn_buffer jpeg;
    write_jpeg(rgb, 32, 32, 80, &jpeg);
    insert_segment(&jpeg, app1, sizeof(app1));
    wn_facts facts = read_good(reader, jpeg.data, jpeg.len, "e.jpg").facts;
    assert_string_equal(facts.make, "Acme");
    assert_string_equal(facts.model, "X1");
    assert_string_equal(facts.captured, "2023-05-14T09:30:15");
    assert_int_equal(facts.captured_unix, 1684056615 - 7200); /* date -u -d 2023-05-14T09:30:15 +%s */
    wn_buffer_clear(&jpeg);
    wn_free(rgb);
    wn_reader_free(&reader);
}

/* What libjpeg writes for these settings; `channels` values a pixel. */
static void write_special(const uint8_t *pixels, int width, int height, int channels, J_COLOR_SPACE space,
                          bool progressive, unsigned char **out, unsigned long *len)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    *out = NULL;
    *len = 0;
    jpeg_mem_dest(&jpeg, out, len);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)y * (size_t)width * (size_t)channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

static void reads_inks_and_grey(void **state)
{
    (void)state;
    enum { SIDE = 32 };
    uint8_t inks[SIDE * SIDE * 4], grey[SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        /* cyan 20 %, magenta 100 %, yellow 0, black 50 %, as Adobe stores them: complements */
        memcpy(inks + 4 * i, (uint8_t[4]){204, 0, 255, 128}, 4);
        grey[i] = 100;
    }
    unsigned char *jpeg;
    unsigned long len;
    wn_reader *reader = make_reader(NULL, NULL);
    write_special(inks, SIDE, SIDE, 4, JCS_CMYK, false, &jpeg, &len);
    wn_facts facts = read_good(reader, jpeg, len, "k.jpg").facts;
    assert_int_equal(facts.channels, 4);
    assert_true(fabsf(facts.mean[0] - 102) < 3 && facts.mean[1] < 3 && fabsf(facts.mean[2] - 128) < 3);
    free(jpeg);

    write_special(grey, SIDE, SIDE, 1, JCS_GRAYSCALE, false, &jpeg, &len);
    facts = read_good(reader, jpeg, len, "g.jpg").facts;
    assert_int_equal(facts.channels, 1);
    for (int c = 0; c < 3; c++) assert_true(fabsf(facts.mean[c] - 100) < 1);
    assert_true(facts.uniform_row_ratio == 1 && facts.sharpness == 0 && facts.contrast == 0);
    assert_true(fabsf(facts.luminance - 100 / 2.55f) < 0.5f && fabsf(facts.signal_to_noise - 1000) < 10);
    free(jpeg);
    wn_reader_free(&reader);
}

static void finds_damage(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_blocks(320, 240, 5, 3);
    wn_buffer jpeg;
    write_jpeg(rgb, 320, 240, 85, &jpeg);
    wn_facts whole = read_good(reader, jpeg.data, jpeg.len, "a.jpg").facts;
    assert_false(whole.warnings);

    wn_reading bad = read_bad(reader, jpeg.data, jpeg.len / 2, WN_CORRUPT, "truncated JPEG: the data end at 4");
    assert_int_equal(bad.facts.width, 320);
    read_bad(reader, jpeg.data, 100, WN_CORRUPT, "truncated JPEG");
    /* without its end marker the picture is still whole */
    wn_facts open_end = read_good(reader, jpeg.data, jpeg.len - 2, "b.jpg").facts;
    assert_true(open_end.warnings);
    assert_memory_equal(open_end.pixel_hash, whole.pixel_hash, 16);
    memcpy(jpeg.data + jpeg.len / 2, "\xFF\xD9", 2);
    read_bad(reader, jpeg.data, jpeg.len, WN_CORRUPT, "damaged JPEG: data lost at 4");
    read_bad(reader, "", 0, WN_CORRUPT, "empty");
    read_bad(reader, "hello, world", 12, WN_CORRUPT, "not an image");
    wn_buffer_clear(&jpeg);

    unsigned char *progressive;
    unsigned long len;
    write_special(rgb, 320, 240, 3, JCS_RGB, true, &progressive, &len);
    read_good(reader, progressive, len, "p.jpg");
    assert_true(read_good(reader, progressive, len - 2, "p.jpg").facts.warnings);
    for (unsigned long cut = len - 40; cut > len / 8; cut -= len / 8) {
        read_bad(reader, progressive, cut, WN_CORRUPT, "truncated JPEG");
    }
    free(progressive);
    wn_free(rgb);
    wn_reader_free(&reader);
}

static void keeps_to_limits(void **state)
{
    (void)state;
    uint8_t *rgb = make_blocks(800, 600, 40, 3);
    wn_buffer jpeg;
    write_jpeg(rgb, 800, 600, 80, &jpeg);
    wn_reader *reader = make_reader(&(wn_read_limits){.pixels = 800 * 600 - 1}, NULL);
    read_bad(reader, jpeg.data, jpeg.len, WN_LIMIT, "800 x 600 pixels");
    wn_reader_free(&reader);
    reader = make_reader(&(wn_read_limits){.bytes = jpeg.len - 1}, NULL);
    read_bad(reader, jpeg.data, jpeg.len, WN_LIMIT, "limit");
    wn_reader_free(&reader);
    reader = make_reader(&(wn_read_limits){.seconds = 1e-9}, NULL);
    read_bad(reader, jpeg.data, jpeg.len, WN_LIMIT, "longer than");
    wn_reader_free(&reader);

    unsigned char *progressive;
    unsigned long len;
    write_special(rgb, 800, 600, 3, JCS_RGB, true, &progressive, &len);
    reader = make_reader(&(wn_read_limits){.memory = 100000}, NULL);
    read_bad(reader, progressive, len, WN_LIMIT, "memory");
    wn_reader_free(&reader);
    free(progressive);
    wn_buffer_clear(&jpeg);
    wn_free(rgb);
}

static int bits_between(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

/* The perceptual hash stays under recompression and resizing, and differs between pictures. */
static void hashes_what_is_seen(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint64_t hashes[8];
    for (uint64_t seed = 0; seed < 8; seed++) {
        static const int variants[][3] = {
            {480, 360, 90}, {480, 360, 30}, {240, 180, 80}, {1200, 900, 80}, {100, 75, 90}};
        for (size_t v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
            uint8_t *rgb = make_waves(variants[v][0], variants[v][1], seed);
            wn_buffer jpeg;
            write_jpeg(rgb, variants[v][0], variants[v][1], variants[v][2], &jpeg);
            wn_reading reading = read_good(reader, jpeg.data, jpeg.len, "h.jpg");
            if (v == 0) hashes[seed] = reading.facts.phash;
            assert_in_range(bits_between(reading.facts.phash, hashes[seed]), 0, 8);
            int longest = variants[v][0] < 256 ? variants[v][0] : 256;
            assert_in_range(reading.thumb_width, longest - longest / 16, longest);
            assert_in_range(4 * reading.thumb_height - 3 * reading.thumb_width + 4, 0, 8);
            wn_buffer_clear(&jpeg);
            wn_free(rgb);
        }
        for (uint64_t other = 0; other < seed; other++) {
            assert_in_range(bits_between(hashes[seed], hashes[other]), 14, 50);
        }
    }
    wn_reader_free(&reader);
}

/* The thumbnail is a JPEG of the picture, and the model input is the picture too: their mean colours agree. */
static void makes_thumbnail_and_input(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, &(wn_read_request){.thumb_side = 128, .input_side = 32});
    wn_reader *again = make_reader(NULL, &(wn_read_request){.thumb_side = -1, .input_side = -1});
    uint8_t *rgb = make_waves(700, 500, 3);
    wn_buffer jpeg;
    write_jpeg(rgb, 700, 500, 90, &jpeg);
    wn_reading reading = read_good(reader, jpeg.data, jpeg.len, "t.jpg");
    assert_int_equal(reading.thumb_width, 128);
    assert_int_equal(reading.thumb_height, 91);
    wn_reading of_thumb = read_good(again, reading.thumb, reading.thumb_len, "t.jpg");
    assert_int_equal(of_thumb.facts.width, 128);
    assert_null(of_thumb.thumb);
    assert_null(of_thumb.input);
    assert_int_equal(reading.input_side, 32);
    for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int i = 0; i < 32 * 32; i++) sum += reading.input[3 * i + c];
        assert_true(fabs(sum / 1024 - (double)reading.facts.mean[c]) < 1);
        assert_true(fabsf(of_thumb.facts.mean[c] - reading.facts.mean[c]) < 2);
    }
    wn_buffer_clear(&jpeg);
    wn_free(rgb);
    wn_reader_free(&reader);
    wn_reader_free(&again);
}

/* A picture as large as the square is not shrunk: its pixels are those of libjpeg's own settings, which most programs
 * have, chroma interpolated. */
static void decodes_small_pictures_exactly(void **state)
{
    (void)state;
    enum { SIDE = 64 };
    uint8_t *blocks = make_blocks(SIDE, SIDE, 3, 9), plain[SIDE * SIDE * 3];
    wn_buffer bytes;
    write_jpeg(blocks, SIDE, SIDE, 90, &bytes);
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, (const unsigned char *)bytes.data, bytes.len);
    jpeg_read_header(&jpeg, TRUE);
    assert_int_equal(jpeg.comp_info[0].h_samp_factor, 2);
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < SIDE) {
        JSAMPROW row = plain + (size_t)jpeg.output_scanline * SIDE * 3;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_destroy_decompress(&jpeg);
    wn_reader *reader = make_reader(NULL, &(wn_read_request){.input_side = SIDE});
    wn_reading reading = read_good(reader, bytes.data, bytes.len, "small.jpg");
    assert_memory_equal(reading.input, plain, sizeof plain);
    wn_reader_free(&reader);
    wn_buffer_clear(&bytes);
    wn_free(blocks);
}

static void rejects_requests(void **state)
{
    (void)state;
    static const wn_read_request requests[] = {
        {.thumb_side = 8}, {.thumb_side = 5000}, {.thumb_quality = 101}, {.input_side = 4}, {.input_side = -2}};
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        wn_reader *reader = NULL;
        assert_int_equal(wn_reader_new(NULL, &requests[i], &reader, NULL), WN_INVALID);
        assert_null(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(orientations_give_equal_pixels),
                                       cmocka_unit_test(reads_exif),
                                       cmocka_unit_test(reads_inks_and_grey),
                                       cmocka_unit_test(finds_damage),
                                       cmocka_unit_test(keeps_to_limits),
                                       cmocka_unit_test(hashes_what_is_seen),
                                       cmocka_unit_test(makes_thumbnail_and_input),
                                       cmocka_unit_test(decodes_small_pictures_exactly),
                                       cmocka_unit_test(rejects_requests)};
    return cmocka_run_group_tests(tests, start_media, stop_media);
}
