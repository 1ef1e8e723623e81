/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of nearly one colour are counted inwards from each side, columns only where the rows above and below are not
 * frame already.
 */
#include "quality/picture_frame.h"

enum { MOST_RANGE = 24, MOST_DRIFT = 12, MOST_PERCENT = 30 };

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
static bool is_plain(line l, double *mean)
{
    int least = 255, most = 0;
    long sum = 0;
    for (size_t i = 0; i < l.len; i++) {
        int luma = luma_of(l.first + i * l.step);
        least = luma < least ? luma : least;
        most = luma > most ? luma : most;
        sum += luma;
        if (most - least > MOST_RANGE) return false;
    }
    *mean = (double)sum / (double)l.len;
    return true;
}

/* Lines of the frame on one side: the first is `l`, each next one `next` bytes on. */
static size_t count_plain(line l, ptrdiff_t next, size_t most)
{
    double outermost = 0, mean = 0;
    size_t n = 0;
    for (; n < most && is_plain(l, &mean); n++, l.first += next) {
        if (n == 0) outermost = mean;
        if (mean - outermost > MOST_DRIFT || outermost - mean > MOST_DRIFT) break;
    }
    return n;
}

bool wn_picture_frame_find(const uint8_t *rgb, size_t side, wn_picture_box *out)
{
    if (side > WN_FRAME_MOST_SIDE) return false;
    size_t row = 3 * side, most = side * MOST_PERCENT / 100;
    size_t top = count_plain((line){rgb, 3, side}, (ptrdiff_t)row, most);
    size_t bottom = count_plain((line){rgb + (side - 1) * row, 3, side}, -(ptrdiff_t)row, most);
    size_t height = side - top - bottom;
    size_t left = count_plain((line){rgb + top * row, row, height}, 3, most);
    size_t right = count_plain((line){rgb + top * row + 3 * (side - 1), row, height}, -3, most);
    *out = (wn_picture_box){left, top, side - left - right, height};
    return top + bottom + left + right > 0;
}
