/* SPDX-License-Identifier: Apache-2.0
 *
 * Plots: what is covered, what letters are, colours that can be told apart, and maps of nothing, of one point, of
 * points at one place, without numbers and of very many.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "draw/colour.h"
#include "draw/letters.h"
#include "draw/pixels.h"
#include "winnow/media.h"
#include "winnow/memory.h"
#include "winnow/plot.h"

static wn_error err;
static char folder[] = "/tmp/winnow-draw-XXXXXX";

static double ink(const wn_pixels *pixels)
{
    double sum = 0;
    for (size_t i = 0; i < pixels->width * pixels->height * 3; i++) sum += 1 - (double)pixels->pixels[i] / 255;
    return sum / 3;
}

/* Ink is area: a slanted line, a rectangle between pixels, one cut by the edge, a ring. */
static void test_cover_is_area(void **state)
{
    wn_pixels pixels;
    wn_path path = {0};
    (void)state;
    assert_int_equal(wn_pixels_make(&pixels, 40, 30, 0xFFFFFF, &err), WN_OK);
    wn_path_line(&path, 3.3f, 4.1f, 31.7f, 22.9f, 2.5f);
    wn_pixels_fill(&pixels, &path, 0x000000, 1);
    assert_true(fabs(ink(&pixels) - 2.5 * hypot(28.4, 18.8)) < 0.05);
    wn_pixels_clear(&pixels);

    assert_int_equal(wn_pixels_make(&pixels, 40, 30, 0xFFFFFF, &err), WN_OK);
    wn_path_reset(&path);
    wn_path_rect(&path, -3.5f, 2.25f, 10, 60, 0);
    wn_pixels_fill(&pixels, &path, 0x000000, 0.5f);
    assert_true(fabs(ink(&pixels) - 0.5 * 6.5 * 27.75) < 0.01);
    wn_pixels_disc(&pixels, 28, 15, 5, 0x000000, 1);
    assert_true(fabs(ink(&pixels) - 0.5 * 6.5 * 27.75 - 78.54) < 1.5);
    wn_pixels_disc(&pixels, -900, 15, 5, 0x000000, 1); /* outside */
    wn_pixels_clear(&pixels);

    assert_int_equal(wn_pixels_make(&pixels, 40, 30, 0xFFFFFF, &err), WN_OK);
    wn_path_reset(&path);
    wn_path_rect(&path, 5, 5, 20, 20, 0);
    for (int i = 0; i < 4; i++) { /* the other way round: a hole */
        static const float hole[4][2] = {{10, 10}, {10, 20}, {20, 20}, {20, 10}};
        wn_path_to(&path, hole[i][0], hole[i][1]);
    }
    wn_path_close(&path);
    wn_pixels_fill(&pixels, &path, 0x000000, 1);
    assert_true(fabs(ink(&pixels) - 300) < 0.01);
    wn_path_clear(&path);
    wn_pixels_clear(&pixels);
}

static void test_letters(void **state)
{
    wn_path path = {0}, box = {0};
    (void)state;
    assert_true(wn_letters_width("i", 20) < wn_letters_width("W", 20));
    assert_true(fabsf(wn_letters_width("ab", 20) - wn_letters_width("a", 20) - wn_letters_width("b", 20)) < 1e-4f);
    assert_true(wn_letters_width("\xc3\xa9\xd0\x96", 20) > 10); /* e acute, Zhe */
    wn_letters_trace("o", 0, 0, 100, &path);
    assert_int_equal(path.contours, 2); /* the letter and its inside */
    for (size_t i = 0; i < path.len; i++) {
        assert_true(path.points[i].y <= 3 && path.points[i].y > -62); /* base line and height of small letters */
        assert_true(path.points[i].x > 0 && path.points[i].x < wn_letters_width("o", 100));
    }
    wn_path_reset(&path);
    wn_letters_trace("\xff", 0, 0, 100, &path); /* not UTF-8: a box, as for letters that are not there */
    wn_letters_trace("\xe5\x86\x99", 0, 0, 100, &box);
    assert_int_equal(path.len, box.len);
    assert_true(path.len > 3);
    assert_int_equal(wn_letters_fit("abcdef", 20, 1000), 6);
    size_t fits = wn_letters_fit("abcdef", 20, 50);
    assert_true(fits > 0 && fits < 6);
    wn_path_clear(&path);
    wn_path_clear(&box);
}

/* ---- colours, as people with and without all cones see them ---- */

static void to_lab(uint32_t colour, const double cones[3][3], double out[3])
{
    static const double to_lms[3][3] = {{0.4122214708, 0.5363325363, 0.0514459929},
                                        {0.2119034982, 0.6806995451, 0.1073969566},
                                        {0.0883024619, 0.2817188376, 0.6299787005}};
    static const double to_oklab[3][3] = {{0.2104542553, 0.7936177850, -0.0040720468},
                                          {1.9779984951, -2.4285922050, 0.4505937099},
                                          {0.0259040371, 0.7827717662, -0.8086757660}};
    double linear[3], seen[3] = {0}, lms[3] = {0};
    for (int c = 0; c < 3; c++) {
        double v = (double)(colour >> (16 - 8 * c) & 255) / 255;
        linear[c] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) seen[i] += cones[i][c] * linear[c];
        seen[i] = fmin(1, fmax(0, seen[i]));
    }
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < 3; c++) lms[i] += to_lms[i][c] * seen[c];
        lms[i] = cbrt(lms[i]);
    }
    for (int i = 0; i < 3; i++) {
        out[i] = 0;
        for (int c = 0; c < 3; c++) out[i] += to_oklab[i][c] * lms[c];
    }
}

static void test_colours_can_be_told_apart(void **state)
{
    static const double sights[3][3][3] = {
        {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
        {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
        {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
    static const double least[3] = {0.15, 0.10, 0.10};
    double before = 0;
    (void)state;
    for (int sight = 0; sight < 3; sight++)
        for (int a = 0; a < WN_COLOUR_CATEGORIES; a++)
            for (int b = 0; b < a; b++) {
                double x[3], y[3];
                to_lab(wn_colour_categories[a], sights[sight], x);
                to_lab(wn_colour_categories[b], sights[sight], y);
                double far = sqrt(pow(x[0] - y[0], 2) + pow(x[1] - y[1], 2) + pow(x[2] - y[2], 2));
                assert_true(far > least[sight]);
            }
    for (int i = 0; i <= 20; i++) { /* the ramp grows lighter evenly */
        double lab[3];
        to_lab(wn_colour_ramp((float)i / 20), sights[0], lab);
        if (i) assert_true(lab[0] - before > 0.01 && lab[0] - before < 0.06);
        before = lab[0];
    }
    assert_int_equal(wn_colour_ramp(NAN), wn_colour_ramp(0));
}

/* ---- plots ---- */

static char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void read_plot(const char *name, const wn_plot *plot, wn_buffer *out)
{
    wn_buffer_reset(out);
    assert_int_equal(wn_plot_write(path_of(name), plot, &err), WN_OK);
    assert_int_equal(wn_file_read(path_of(name), 64 << 20, out, &err), WN_OK);
}

static size_t count_text(const wn_buffer *text, const char *word)
{
    const size_t length = strlen(word);
    size_t count = 0; /* by strstr a sanitizer looks at all of the text for each word */
    for (size_t i = 0; i + length <= text->len; i++) count += memcmp(text->data + i, word, length) == 0;
    return count;
}

enum { ROWS = 400 };
static float points[ROWS * 3], numbers[ROWS];
static int32_t codes[ROWS];
static const char *names[13] = {"a", "b<&\">", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"};

static void fill(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t c = 0; c < 3; c++) points[i * 3 + c] = wn_rng_normal(&rng);
        numbers[i] = expf(2 * wn_rng_normal(&rng));
        codes[i] = (int32_t)(i % 14) - 1;
    }
}

static wn_plot colourful(size_t rows, size_t dims)
{
    return (wn_plot){.points = {points, rows, dims, 3},
                     .title = "A map",
                     .note = "of <this>",
                     .colouring = WN_PLOT_CATEGORIES,
                     .colour_title = "label",
                     .codes = codes,
                     .names = names,
                     .names_len = 13,
                     .none = "no label",
                     .width = 400};
}

/* Ten categories have colours of their own, three share one, and every dot is there. */
static void test_svg_holds_every_dot(void **state)
{
    wn_buffer svg;
    (void)state;
    fill();
    wn_buffer_init(&svg, WN_MEMORY_TEXT, 0);
    wn_plot plot = colourful(ROWS, 2);
    read_plot("m.svg", &plot, &svg);
    size_t legend = 12, rims = ROWS;
    assert_int_equal(count_text(&svg, "h0"), ROWS + rims + legend);
    assert_non_null(strstr(svg.data, ">3 others</text>"));
    assert_non_null(strstr(svg.data, ">no label</text>"));
    assert_non_null(strstr(svg.data, ">b&lt;&amp;&quot;&gt;</text>"));
    assert_non_null(strstr(svg.data, ">of &lt;this&gt;</text>"));
    assert_null(strstr(svg.data, "nan"));
    points[3 * 7] = NAN, points[3 * 9 + 1] = INFINITY;
    read_plot("m.svg", &plot, &svg);
    assert_int_equal(count_text(&svg, "h0"), 2 * (ROWS - 2) + legend);
    wn_buffer_clear(&svg);
}

/* Nothing, one, two and three points, points at one place, points without a number: a plot of each, twice the same. */
static void test_degenerate(void **state)
{
    static const char *const files[] = {"d.png", "d.svg"};
    wn_buffer first, again;
    (void)state;
    wn_buffer_init(&first, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&again, WN_MEMORY_TEXT, 0);
    for (size_t turn = 0; turn < 40; turn++) {
        const char *name = files[turn % 2];
        size_t rows = turn / 4 % 4, dims = 2 + turn / 2 % 2;
        fill();
        if (turn >= 16) rows = ROWS;
        for (size_t i = 0; i < ROWS * 3; i++) {
            if (turn >= 16 && turn < 24) points[i] = 2.5f;           /* one place */
            if (turn >= 24 && turn < 32) points[i] = NAN;            /* none */
            if (turn >= 32 && i % 3) points[i] = 0;                  /* a line */
            if (turn >= 36) points[i] *= 1e30f, numbers[i / 3] = -1; /* far away, all alike */
        }
        wn_plot plot = colourful(rows, dims);
        if (turn % 3 == 0) plot.colouring = WN_PLOT_NUMBERS, plot.numbers = numbers;
        if (turn % 3 == 1) plot.colouring = WN_PLOT_PLAIN;
        if (turn % 5 == 0)
            for (size_t i = 0; i < ROWS; i++) numbers[i] = NAN;
        read_plot(name, &plot, &first);
        read_plot(name, &plot, &again);
        assert_int_equal(first.len, again.len);
        assert_memory_equal(first.data, again.data, first.len);
        if (turn % 2 == 0) assert_memory_equal(first.data, "\x89PNG\r\n", 6);
        if (turn % 2) assert_int_equal(count_text(&first, "no points to draw"), rows == 0 || (turn >= 24 && turn < 32));
        if (turn % 2) assert_null(strstr(first.data, "nan"));
    }
    wn_buffer_clear(&first);
    wn_buffer_clear(&again);
}

/* Beyond 100,000 dots an SVG file holds a picture of them. */
static void test_very_many(void **state)
{
    size_t rows = 100001;
    float *many = wn_alloc(WN_MEMORY_MATRIX, rows, 2 * sizeof *many);
    wn_buffer svg;
    wn_rng rng;
    (void)state;
    assert_non_null(many);
    wn_rng_init(&rng, 4, 0);
    for (size_t i = 0; i < rows * 2; i++) many[i] = wn_rng_normal(&rng);
    wn_buffer_init(&svg, WN_MEMORY_TEXT, 0);
    wn_plot plot = {.points = {many, rows, 2, 2}, .width = 800};
    read_plot("many.svg", &plot, &svg);
    assert_int_equal(count_text(&svg, "data:image/png;base64,"), 1);
    plot.points.rows--;
    read_plot("many.svg", &plot, &svg);
    assert_int_equal(count_text(&svg, "h0"), rows - 1);
    assert_true(svg.len < 16 * rows);
    wn_buffer_clear(&svg);
    wn_free(many);
}

static wn_status give_picture(void *context, size_t row, unsigned char **bytes, size_t *len, wn_error *error)
{
    const wn_buffer *file = context;
    (void)error;
    if (row % 4 == 3) return WN_NOTFOUND;
    *len = row % 4 == 2 ? file->len / 2 : file->len; /* damaged */
    if (!(*bytes = wn_alloc(WN_MEMORY_IMAGE, file->len, 1))) return WN_NOMEM;
    memcpy(*bytes, file->data, file->len);
    return WN_OK;
}

/* Pictures have room, marks are all there, and rows without a picture are left out or numbered. */
static void test_pictures(void **state)
{
    wn_buffer png, svg;
    (void)state;
    fill();
    wn_buffer_init(&png, WN_MEMORY_IMAGE, 0);
    wn_buffer_init(&svg, WN_MEMORY_TEXT, 0);
    wn_plot plot = colourful(ROWS, 2);
    read_plot("p.png", &plot, &png);
    const wn_plot_mark marks[] = {{0, "first"}, {0, "the same place"}, {3, "no picture"}, {ROWS - 1, NULL}};
    plot.picture = give_picture, plot.context = &png;
    plot.marks = marks, plot.marks_len = 4;
    read_plot("p.svg", &plot, &svg);
    assert_int_equal(count_text(&svg, "<image "), 2);
    assert_int_equal(count_text(&svg, ">the same place</text>") + count_text(&svg, ">no picture</text>"), 2);
    plot.thumbnails = true;
    read_plot("p.svg", &plot, &svg);
    size_t pictures = count_text(&svg, "<image ");
    assert_true(pictures > 20 && pictures < 200);
    wn_buffer_clear(&png);
    wn_buffer_clear(&svg);
}

static void test_bad_requests(void **state)
{
    wn_plot plot = colourful(ROWS, 2);
    const wn_plot_mark mark = {ROWS, NULL};
    (void)state;
    fill();
    assert_int_equal(wn_plot_write(path_of("m.jpg"), &plot, &err), WN_INVALID);
    assert_non_null(strstr(err.message, ".png"));
    codes[5] = 13;
    assert_int_equal(wn_plot_write(path_of("m.png"), &plot, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "row 5"));
    codes[5] = 0;
    plot.marks = &mark, plot.marks_len = 1;
    assert_int_equal(wn_plot_write(path_of("m.png"), &plot, &err), WN_INVALID);
    plot.marks_len = 0, plot.width = 7000;
    assert_int_equal(wn_plot_write(path_of("m.png"), &plot, &err), WN_INVALID);
    plot.width = 0, plot.points.cols = 1;
    assert_int_equal(wn_plot_write(path_of("m.png"), &plot, &err), WN_INVALID);
    plot.points.cols = 2;
    assert_int_equal(wn_plot_write("/nowhere/at/all.png", &plot, &err), WN_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cover_is_area),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_colours_can_be_told_apart),
        cmocka_unit_test(test_svg_holds_every_dot),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_very_many),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_bad_requests),
    };
    if (!mkdtemp(folder)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const left[] = {"m.svg", "d.png", "d.svg", "many.svg", "p.png", "p.svg"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) unlink(path_of(left[i]));
    rmdir(folder);
    wn_media_shutdown();
    return failed;
}
