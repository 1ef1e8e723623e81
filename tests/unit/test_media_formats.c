/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading everything that is not JPEG: files made by libvips (or by hand, for bitmaps) give the pixels they were
 * made from. Pictures up to WN_FACTS_SIDE are not resized, so their facts can be computed here from the source.
 */
#include <math.h>

#include "media_pictures.h"

#include <vips/vips.h>

enum { WIDTH = 120, HEIGHT = 90 };

/* A libvips image over the RGB pixels; they must outlive it. */
static VipsImage *wrap(const void *pixels, int width, int height, int bands, VipsBandFormat format,
                       VipsInterpretation interpretation)
{
    size_t len = (size_t)width * (size_t)height * (size_t)bands * vips_format_sizeof(format);
    VipsImage *raw = vips_image_new_from_memory(pixels, len, width, height, bands, format), *image = NULL;
    assert_non_null(raw);
    assert_int_equal(vips_copy(raw, &image, "interpretation", interpretation, NULL), 0);
    g_object_unref(raw);
    return image;
}

/* Writes and reads again; `suffix` carries libvips's options. */
static wn_facts round_trip(wn_reader *reader, VipsImage *image, const char *suffix)
{
    void *file = NULL;
    size_t len = 0;
    if (vips_image_write_to_buffer(image, suffix, &file, &len, NULL) != 0) fail_msg("%s", vips_error_buffer());
    wn_facts facts = read_good(reader, file, len, suffix).facts;
    g_free(file);
    return facts;
}

/* Mean and deviation of the channels of RGB pixels must be those of the facts, within `most` levels. */
static void assert_colours(const wn_facts *facts, const uint8_t *rgb, double most)
{
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0, n = WIDTH * HEIGHT;
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            sum += rgb[3 * i + c];
            squares += rgb[3 * i + c] * rgb[3 * i + c];
        }
        double mean = sum / n, deviation = sqrt(squares / n - mean * mean);
        if (fabs(mean - (double)facts->mean[c]) > most || fabs(deviation - (double)facts->deviation[c]) > most) {
            fail_msg("%s: channel %d is %.2f +- %.2f, not %.2f +- %.2f", facts->format, c, (double)facts->mean[c],
                     (double)facts->deviation[c], mean, deviation);
        }
    }
}

static void reads_lossless_files_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *suffix, *format;
    } files[] = {{".png", "png"},
                 {".png[interlace=true]", "png"},
                 {".tif", "tiff"},
                 {".tif[tile=true]", "tiff"},
                 {".tif[compression=lzw]", "tiff"},
                 {".webp[lossless=true]", "webp"}};
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_waves(WIDTH, HEIGHT, 4);
    VipsImage *image = wrap(rgb, WIDTH, HEIGHT, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
    wn_facts first = {0};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        wn_facts facts = round_trip(reader, image, files[i].suffix);
        if (i == 0) first = facts;
        assert_string_equal(facts.format, files[i].format);
        assert_int_equal(facts.width, WIDTH);
        assert_int_equal(facts.height, HEIGHT);
        assert_int_equal(facts.bits, 8);
        assert_false(facts.alpha);
        assert_memory_equal(facts.pixel_hash, first.pixel_hash, 16);
        assert_colours(&facts, rgb, 0.001);
    }
    g_object_unref(image);
    wn_free(rgb);
    wn_reader_free(&reader);
}

static void reads_lossy_files_closely(void **state)
{
    (void)state;
    static const char *const suffixes[] = {".webp[Q=95]", ".jp2[Q=60]", ".gif", ".avif[Q=90,effort=0]", ".jxl[Q=95]"};
    static const char *const savers[] = {"webpsave_buffer", "jp2ksave_buffer", "gifsave_buffer", "heifsave_buffer",
                                         "jxlsave_buffer"};
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_waves(WIDTH, HEIGHT, 4);
    VipsImage *image = wrap(rgb, WIDTH, HEIGHT, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (vips_type_find("VipsOperation", savers[i]) == 0) {
            print_message("skipped: %s, which this libvips does not write\n", suffixes[i]);
            continue;
        }
        wn_facts facts = round_trip(reader, image, suffixes[i]);
        assert_int_equal(facts.width, WIDTH);
        assert_colours(&facts, rgb, 3);
    }
    g_object_unref(image);
    wn_free(rgb);
    wn_reader_free(&reader);
}

static void reads_other_depths_and_channels(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_waves(WIDTH, HEIGHT, 9), *grey = wn_alloc(WN_MEMORY_IMAGE, WIDTH * HEIGHT, 3);
    uint16_t *wide = wn_alloc(WN_MEMORY_IMAGE, WIDTH * HEIGHT * 3, 2);
    assert_non_null(grey);
    assert_non_null(wide);
    for (size_t i = 0; i < WIDTH * HEIGHT * 3; i++) {
        wide[i] = (uint16_t)(rgb[i] * 257);
        grey[i] = rgb[i - i % 3];
    }
    VipsImage *image = wrap(wide, WIDTH, HEIGHT, 3, VIPS_FORMAT_USHORT, VIPS_INTERPRETATION_RGB16);
    wn_facts facts = round_trip(reader, image, ".png");
    assert_int_equal(facts.bits, 16);
    assert_colours(&facts, rgb, 1);
    facts = round_trip(reader, image, ".tif");
    assert_colours(&facts, rgb, 1);
    g_object_unref(image);

    VipsImage *colours = wrap(grey, WIDTH, HEIGHT, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB), *one = NULL;
    assert_int_equal(vips_extract_band(colours, &one, 0, NULL), 0);
    VipsImage *single = NULL;
    assert_int_equal(vips_copy(one, &single, "interpretation", VIPS_INTERPRETATION_B_W, NULL), 0);
    facts = round_trip(reader, single, ".png");
    assert_int_equal(facts.channels, 1);
    assert_colours(&facts, grey, 0.001);
    g_object_unref(single);
    g_object_unref(one);
    g_object_unref(colours);

    image = wrap(rgb, WIDTH, HEIGHT, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
    facts = round_trip(reader, image, ".png[palette=true]");
    assert_colours(&facts, rgb, 4);
    g_object_unref(image);
    wn_free(rgb);
    wn_free(grey);
    wn_free(wide);
    wn_reader_free(&reader);
}

/* Half-transparent black on white is grey; full transparency is white whatever lies under it. */
static void flattens_alpha_on_white(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgba = wn_alloc(WN_MEMORY_IMAGE, WIDTH * HEIGHT, 4);
    assert_non_null(rgba);
    for (size_t alpha = 0; alpha < 3; alpha++) {
        static const uint8_t alphas[] = {0, 128, 255}, expected[] = {255, 127, 0};
        for (size_t i = 0; i < WIDTH * HEIGHT; i++) memcpy(rgba + 4 * i, (uint8_t[4]){0, 0, 0, alphas[alpha]}, 4);
        VipsImage *image = wrap(rgba, WIDTH, HEIGHT, 4, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
        wn_facts facts = round_trip(reader, image, ".png");
        assert_true(facts.alpha);
        assert_int_equal(facts.channels, 4);
        for (int c = 0; c < 3; c++) assert_true(fabsf(facts.mean[c] - expected[alpha]) <= 1);
        g_object_unref(image);
    }
    wn_free(rgba);
    wn_reader_free(&reader);
}

static void takes_the_first_frame(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = wn_calloc(WN_MEMORY_IMAGE, WIDTH * HEIGHT, 9);
    assert_non_null(rgb);
    memset(rgb, 40, WIDTH * HEIGHT * 3);
    memset(rgb + WIDTH * HEIGHT * 3, 200, WIDTH * HEIGHT * 6);
    VipsImage *image = wrap(rgb, WIDTH, HEIGHT * 3, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB), *film = NULL;
    assert_int_equal(vips_copy(image, &film, NULL), 0);
    vips_image_set_int(film, VIPS_META_PAGE_HEIGHT, HEIGHT);
    static const char *const suffixes[] = {".gif", ".webp[lossless=true]"};
    for (size_t i = 0; i < 2; i++) {
        wn_facts facts = round_trip(reader, film, suffixes[i]);
        assert_int_equal(facts.frames, i == 0 ? 3 : facts.frames);
        assert_true(facts.frames > 1);
        assert_int_equal(facts.height, HEIGHT);
        assert_true(fabsf(facts.mean[0] - 40) < 2);
    }
    g_object_unref(film);
    g_object_unref(image);
    wn_free(rgb);
    wn_reader_free(&reader);
}

static void reads_ink_files(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *inks = wn_calloc(WN_MEMORY_IMAGE, WIDTH * HEIGHT, 4);
    assert_non_null(inks);
    VipsImage *image = wrap(inks, WIDTH, HEIGHT, 4, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_CMYK);
    wn_facts facts = round_trip(reader, image, ".tif"); /* no ink is paper */
    for (int c = 0; c < 3; c++) assert_true(facts.mean[c] > 245);
    g_object_unref(image);
    wn_free(inks);
    wn_reader_free(&reader);
}

static void shrinks_large_files(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *small = make_waves(1600, 1200, 2);
    VipsImage *image = wrap(small, 1600, 1200, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
    static const char *const suffixes[] = {".png[compression=1]", ".webp[Q=90]", ".tif", ".jp2[Q=50]"};
    wn_facts first = {0};
    for (size_t i = 0; i < 4; i++) {
        wn_facts facts = round_trip(reader, image, suffixes[i]);
        if (i == 0) first = facts;
        assert_int_equal(facts.width, 1600);
        for (int c = 0; c < 3; c++) assert_true(fabsf(facts.mean[c] - first.mean[c]) < 2);
        assert_in_range(__builtin_popcountll(facts.phash ^ first.phash), 0, 12);
    }
    g_object_unref(image);
    wn_free(small);
    wn_reader_free(&reader);
}

static void finds_damage_and_limits(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, NULL);
    uint8_t *rgb = make_blocks(600, 500, 1, 6);
    VipsImage *image = wrap(rgb, 600, 500, 3, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB);
    void *file = NULL;
    size_t len = 0;
    assert_int_equal(vips_image_write_to_buffer(image, ".png", &file, &len, NULL), 0);
    wn_reading good = read_good(reader, file, len, "x.JPG");
    assert_true(good.facts.suffix_wrong);
    read_bad(reader, file, len / 2, WN_CORRUPT, "damaged PNG: ");
    read_bad(reader, file, 30, WN_CORRUPT, "damaged PNG: ");
    wn_reader_free(&reader);
    reader = make_reader(&(wn_read_limits){.pixels = 1000}, NULL);
    read_bad(reader, file, len, WN_LIMIT, "600 x 500 pixels");
    wn_reader_free(&reader);
    reader = make_reader(&(wn_read_limits){.memory = 1000}, NULL);
    read_good(reader, file, len, "x.png"); /* streams */
    g_free(file);
    assert_int_equal(vips_image_write_to_buffer(image, ".png[interlace=true]", &file, &len, NULL), 0);
    read_bad(reader, file, len, WN_LIMIT, "of memory");
    wn_reader_free(&reader);
    reader = make_reader(&(wn_read_limits){.seconds = 1e-9}, NULL);
    read_bad(reader, file, len, WN_LIMIT, "longer than");
    wn_reader_free(&reader);
    reader = make_reader(NULL, NULL);
    read_bad(reader, "%PDF-1.4 and more", 17, WN_UNSUPPORTED, "PDF");
    read_bad(reader, "<svg width='5'>", 15, WN_UNSUPPORTED, "SVG");
    wn_reader_free(&reader);
    g_free(file);
    g_object_unref(image);
    wn_free(rgb);
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

/* A bitmap head of 54 bytes; the pixels follow at `pixels`. */
static void bitmap_head(uint8_t *file, uint32_t pixels, int32_t width, int32_t height, uint8_t bits, uint32_t kind)
{
    memset(file, 0, 54);
    memcpy(file, "BM", 2);
    put32(file + 10, pixels);
    put32(file + 14, 40);
    put32(file + 18, (uint32_t)width);
    put32(file + 22, (uint32_t)height);
    file[26] = 1;
    file[28] = bits;
    put32(file + 30, kind);
}

/* Reads a bitmap of 2 x 2: red, green above blue, white. */
static void assert_four_colours(wn_reader *reader, const uint8_t *file, size_t len)
{
    static const uint8_t expected[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
    wn_error err = {0};
    wn_reading reading;
    if (wn_reader_read_bytes(reader, file, len, "x.bmp", &reading, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(reading.facts.width, 2);
    for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 2; x++) {
            const uint8_t *corner = reading.input + 3 * (y * 7 * 8 + x * 7); /* the corners of the 8 x 8 input */
            for (int c = 0; c < 3; c++) assert_in_range(corner[c] + 1 - expected[3 * (2 * y + x) + c] + 255, 255, 257);
        }
    }
}

static void reads_bitmaps(void **state)
{
    (void)state;
    wn_reader *reader = make_reader(NULL, &(wn_read_request){.input_side = 8});
    uint8_t file[128];
    static const uint8_t rows24[16] = {255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0};
    bitmap_head(file, 54, 2, 2, 24, 0);
    memcpy(file + 54, rows24, 16);
    assert_four_colours(reader, file, 70);
    assert_four_colours(reader, file, 68); /* the padding of the last row may be missing */
    read_bad(reader, file, 66, WN_CORRUPT, "truncated BMP: 1 of 2 rows");

    bitmap_head(file, 54, 2, -2, 24, 0); /* top down */
    memcpy(file + 54, rows24 + 8, 8);
    memcpy(file + 62, rows24, 8);
    assert_four_colours(reader, file, 70);

    static const uint8_t palette[16] = {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0};
    bitmap_head(file, 70, 2, 2, 4, 0);
    put32(file + 46, 4);
    memcpy(file + 54, palette, 16);
    memcpy(file + 70, (uint8_t[8]){0x23, 0, 0, 0, 0x01, 0, 0, 0}, 8);
    assert_four_colours(reader, file, 78);

    bitmap_head(file, 70, 2, 2, 8, 1); /* runs: an absolute run is too short to be one, so two runs a row */
    put32(file + 46, 4);
    memcpy(file + 54, palette, 16);
    static const uint8_t runs[] = {1, 2, 1, 3, 0, 0, 1, 0, 1, 1, 0, 1};
    memcpy(file + 70, runs, sizeof(runs));
    assert_four_colours(reader, file, 70 + sizeof(runs));
    read_bad(reader, file, 74, WN_CORRUPT, "truncated BMP: the runs end early");

    bitmap_head(file, 66, 2, 2, 16, 3); /* masks of 5, 6 and 5 bits */
    put32(file + 54, 0xF800);
    put32(file + 58, 0x07E0);
    put32(file + 62, 0x001F);
    memcpy(file + 66, (uint8_t[8]){0x1F, 0, 0xFF, 0xFF, 0, 0xF8, 0xE0, 0x07}, 8);
    assert_four_colours(reader, file, 74);

    bitmap_head(file, 54, 2, 2, 13, 0);
    read_bad(reader, file, 70, WN_UNSUPPORTED, "13 bits");
    bitmap_head(file, 54, 2000000000, 2000000000, 24, 0);
    read_bad(reader, file, 70, WN_LIMIT, "pixels");
    wn_reader_free(&reader);
}

static void lists_its_formats(void **state)
{
    (void)state;
    assert_true(wn_media_format_count() >= 9);
    assert_string_equal(wn_media_format_at(0).name, "jpeg");
    for (size_t i = 0; i < wn_media_format_count(); i++) {
        wn_media_format format = wn_media_format_at(i);
        assert_true(strlen(format.summary) > 0 && format.suffixes[0][0] == '.');
        for (size_t j = 0; j < i; j++) assert_string_not_equal(format.name, wn_media_format_at(j).name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_lossless_files_exactly),
                                       cmocka_unit_test(reads_lossy_files_closely),
                                       cmocka_unit_test(reads_other_depths_and_channels),
                                       cmocka_unit_test(flattens_alpha_on_white),
                                       cmocka_unit_test(takes_the_first_frame),
                                       cmocka_unit_test(reads_ink_files),
                                       cmocka_unit_test(shrinks_large_files),
                                       cmocka_unit_test(finds_damage_and_limits),
                                       cmocka_unit_test(reads_bitmaps),
                                       cmocka_unit_test(lists_its_formats)};
    return cmocka_run_group_tests(tests, start_media, stop_media);
}
