/* SPDX-License-Identifier: Apache-2.0
 *
 * Changed copies, pixel by pixel; recompression goes block by block, and only its quantisation is done.
 */
#include "quality/picture_change.h"

#include <math.h>

enum { BLOCK = 8, JPEG_QUALITY = 45, RESIZE_NUMERATOR = 3, RESIZE_DENOMINATOR = 5 };

static uint8_t cut_to_byte(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

/* Channel c of the picture at a place between pixels. */
static double sample_at(const uint8_t *rgb, size_t side, double x, double y, size_t c)
{
    double most = (double)(side - 1);
    x = x < 0 ? 0 : x > most ? most : x;
    y = y < 0 ? 0 : y > most ? most : y;
    size_t x0 = (size_t)x, y0 = (size_t)y, x1 = x0 + (x0 + 1 < side), y1 = y0 + (y0 + 1 < side);
    double fx = x - (double)x0, fy = y - (double)y0;
    double top = (1 - fx) * rgb[3 * (y0 * side + x0) + c] + fx * rgb[3 * (y0 * side + x1) + c];
    double bottom = (1 - fx) * rgb[3 * (y1 * side + x0) + c] + fx * rgb[3 * (y1 * side + x1) + c];
    return (1 - fy) * top + fy * bottom;
}

/* Value of one channel of the changed copy at (x, y). */
static double change_value(wn_picture_change change, const uint8_t *rgb, size_t side, size_t x, size_t y, size_t c,
                           wn_rng *rng)
{
    const uint8_t *pixel = rgb + 3 * (y * side + x);
    double last = (double)(side - 1), u = (double)x, v = (double)y, sum = 0;
    switch (change) {
    case WN_PICTURE_BRIGHT:
        return 1.3 * pixel[c] + 8;
    case WN_PICTURE_DARK:
        return 0.6 * pixel[c];
    case WN_PICTURE_SOFT:
        for (int dy = -1; dy <= 1; dy++) {
            for (int dx = -1; dx <= 1; dx++) sum += sample_at(rgb, side, u + dx, v + dy, c);
        }
        return sum / 9;
    case WN_PICTURE_NOISY:
        return pixel[c] + 6 * (double)wn_rng_normal(rng);
    case WN_PICTURE_GREY:
        return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    case WN_PICTURE_MIRRORED:
        return rgb[3 * (y * side + side - 1 - x) + c];
    case WN_PICTURE_TURNED:
        return rgb[3 * (x * side + side - 1 - y) + c];
    case WN_PICTURE_FRAMED:
        u = (u - 0.05 * last) / 0.9;
        v = (v - 0.05 * last) / 0.9;
        return u < 0 || v < 0 || u > last || v > last ? 0 : sample_at(rgb, side, u, v, c);
    case WN_PICTURE_CUT:
        return sample_at(rgb, side, 0.07 * last + 0.9 * u, 0.04 * last + 0.9 * v, c);
    case WN_PICTURE_RECOMPRESSED:
    case WN_PICTURE_RESIZED:
    case WN_PICTURE_CHANGE_COUNT:
        break;
    }
    return pixel[c];
}

/* ---- recompressed ---- */

/* The tables of annex K of the standard (ITU-T T.81), for quality 50. */
static const uint8_t steps_of_luma[BLOCK * BLOCK] = {
    16, 11,  10,  16, 24, 40, 51, 61, 12,  12,  14,  19,  26, 58, 60, 55,  14,  13,  16,  24, 40, 57,
    69, 56,  14,  17, 22, 29, 51, 87, 80,  62,  18,  22,  37, 56, 68, 109, 103, 77,  24,  35, 55, 64,
    81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,  112, 100, 103, 99};
static const uint8_t steps_of_colour[BLOCK * BLOCK] = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
                                                       24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
                                                       99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                                       99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

static void fill_cosines(double cosines[BLOCK][BLOCK])
{
    for (int u = 0; u < BLOCK; u++) {
        for (int x = 0; x < BLOCK; x++)
            cosines[u][x] = (u ? 0.5 : sqrt(0.125)) * cos(acos(-1) * (2 * x + 1) * u / (2 * BLOCK));
    }
}

/* out = C in C', or C' in C; C is orthogonal, so the one undoes the other. */
static void transform(double cosines[BLOCK][BLOCK], bool back, double block[BLOCK * BLOCK])
{
    double half[BLOCK * BLOCK];
    for (int pass = 0; pass < 2; pass++) { /* each pass transforms the rows and turns the block */
        const double *from = pass ? half : block;
        double *to = pass ? block : half;
        for (int row = 0; row < BLOCK; row++) {
            for (int u = 0; u < BLOCK; u++) {
                double sum = 0;
                for (int x = 0; x < BLOCK; x++) sum += (back ? cosines[x][u] : cosines[u][x]) * from[row * BLOCK + x];
                to[u * BLOCK + row] = sum;
            }
        }
    }
}

static void quantise(double cosines[BLOCK][BLOCK], const uint8_t *steps, double block[BLOCK * BLOCK])
{
    transform(cosines, false, block);
    for (int i = 0; i < BLOCK * BLOCK; i++) {
        double step = floor((steps[i] * (5000.0 / JPEG_QUALITY) + 50) / 100); /* below 50, as libjpeg scales them */
        block[i] = step * rint(block[i] / step);
    }
    transform(cosines, true, block);
}

/* One block at (left, top); beyond the edge its last pixels repeat. */
static void recompress_block(double cosines[BLOCK][BLOCK], const uint8_t *rgb, size_t side, size_t left, size_t top,
                             uint8_t *copy)
{
    double luma[BLOCK * BLOCK], blue[BLOCK * BLOCK], red[BLOCK * BLOCK];
    for (size_t i = 0; i < BLOCK * BLOCK; i++) {
        size_t x = left + i % BLOCK, y = top + i / BLOCK;
        const uint8_t *p = rgb + 3 * ((y < side ? y : side - 1) * side + (x < side ? x : side - 1));
        double l = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
        luma[i] = l - 128;
        blue[i] = (p[2] - l) / 1.772;
        red[i] = (p[0] - l) / 1.402;
    }
    quantise(cosines, steps_of_luma, luma);
    quantise(cosines, steps_of_colour, blue);
    quantise(cosines, steps_of_colour, red);
    for (size_t i = 0; i < BLOCK * BLOCK; i++) {
        size_t x = left + i % BLOCK, y = top + i / BLOCK;
        if (x >= side || y >= side) continue;
        uint8_t *p = copy + 3 * (y * side + x);
        double l = luma[i] + 128;
        p[0] = cut_to_byte(l + 1.402 * red[i]);
        p[1] = cut_to_byte(l - 0.344136 * blue[i] - 0.714136 * red[i]);
        p[2] = cut_to_byte(l + 1.772 * blue[i]);
    }
}

static void recompress(const uint8_t *rgb, size_t side, uint8_t *copy)
{
    double cosines[BLOCK][BLOCK];
    fill_cosines(cosines);
    for (size_t top = 0; top < side; top += BLOCK) {
        for (size_t left = 0; left < side; left += BLOCK) recompress_block(cosines, rgb, side, left, top, copy);
    }
}

/* ---- resized ---- */

/* Squeezed from one side to another: each pixel is the mean of nine samples of its area. */
static void squeeze(const uint8_t *rgb, size_t side, size_t smaller, uint8_t *out)
{
    double ratio = (double)side / (double)smaller;
    for (size_t p = 0; p < 3 * smaller * smaller; p++) {
        double x = (double)(p / 3 % smaller), y = (double)(p / 3 / smaller), sum = 0;
        for (int i = 0; i < 9; i++)
            sum += sample_at(rgb, side, (x + (1 + 2 * (i % 3)) / 6.0) * ratio - 0.5,
                             (y + (1 + 2 * (i / 3)) / 6.0) * ratio - 0.5, p % 3);
        out[p] = cut_to_byte(sum / 9);
    }
}

static void resize(const uint8_t *rgb, size_t side, uint8_t *copy, uint8_t *scratch)
{
    size_t smaller = (side * RESIZE_NUMERATOR + RESIZE_DENOMINATOR - 1) / RESIZE_DENOMINATOR;
    double ratio = (double)smaller / (double)side;
    squeeze(rgb, side, smaller, scratch);
    for (size_t p = 0; p < 3 * side * side; p++) {
        double x = (double)(p / 3 % side), y = (double)(p / 3 / side);
        copy[p] = cut_to_byte(sample_at(scratch, smaller, (x + 0.5) * ratio - 0.5, (y + 0.5) * ratio - 0.5, p % 3));
    }
}

void wn_picture_change_make(wn_picture_change change, const uint8_t *rgb, size_t side, wn_rng *rng, uint8_t *copy,
                            uint8_t *scratch)
{
    if (change == WN_PICTURE_RECOMPRESSED) {
        recompress(rgb, side, copy);
    } else if (change == WN_PICTURE_RESIZED) {
        resize(rgb, side, copy, scratch);
    } else {
        for (size_t p = 0; p < 3 * side * side; p++)
            copy[p] = cut_to_byte(change_value(change, rgb, side, p / 3 % side, p / 3 / side, p % 3, rng));
    }
}
