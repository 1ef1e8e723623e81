/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of nearly one colour are counted inwards from each side, columns only where the rows above and below are not
 * frame already.
 */
#include "quality/picture_frame.h"

#include <math.h>

enum { MOST_PERCENT = 30 };

/* How much luma may differ along a line, and between the means of lines. */
typedef struct plainness {
    int range, drift;
} plainness;

static const plainness of_frame = {24, 12}, of_ground = {12, 6};

/* Pixels `step` bytes apart. */
typedef struct line {
    const uint8_t *first;
    size_t step, len;
} line;

static int luma_of(const uint8_t *rgb)
{
    return (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8;
}

/* Whether a line is of nearly one colour, and its mean. */
static bool is_plain(line l, int range, double *mean)
{
    int least = 255, most = 0;
    long sum = 0;
    for (size_t i = 0; i < l.len; i++) {
        int luma = luma_of(l.first + i * l.step);
        least = luma < least ? luma : least;
        most = luma > most ? luma : most;
        sum += luma;
        if (most - least > range) return false;
    }
    *mean = (double)sum / (double)l.len;
    return true;
}

/* Lines of the frame on one side: the first is `l`, each next one `next` bytes on. */
static size_t count_plain(line l, ptrdiff_t next, size_t most, plainness plain)
{
    double outermost = 0, mean = 0;
    size_t n = 0;
    for (; n < most && is_plain(l, plain.range, &mean); n++, l.first += next) {
        if (n == 0) outermost = mean;
        if (fabs(mean - outermost) > plain.drift) break;
    }
    return n;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* What is left without lines that are plain, at most `most` of them on a side. */
static wn_picture_box surround(const uint8_t *rgb, size_t side, size_t most, plainness plain)
{
    const ptrdiff_t row = (ptrdiff_t)(3 * side);
    const uint8_t *last = rgb + (side - 1) * 3 * side;
    size_t top = count_plain((line){rgb, 3, side}, row, most, plain);
    size_t bottom = count_plain((line){last, 3, side}, -row, least_of(most, side - top), plain);
    size_t height = side - top - bottom;
    if (height == 0) return (wn_picture_box){0, top, 0, 0};
    const uint8_t *first = rgb + top * 3 * side, *right_most = first + 3 * (side - 1);
    size_t left = count_plain((line){first, 3 * side, height}, 3, most, plain);
    size_t right = count_plain((line){right_most, 3 * side, height}, -3, least_of(most, side - left), plain);
    return (wn_picture_box){left, top, side - left - right, height};
}

bool wn_picture_frame_find(const uint8_t *rgb, size_t side, wn_picture_box *out)
{
    if (side > WN_FRAME_MOST_SIDE) return false;
    *out = surround(rgb, side, side * MOST_PERCENT / 100, of_frame);
    return out->width < side || out->height < side;
}

wn_picture_box wn_picture_ground_find(const uint8_t *rgb, size_t side)
{
    return side > WN_FRAME_MOST_SIDE ? (wn_picture_box){0, 0, side, side} : surround(rgb, side, side, of_ground);
}
