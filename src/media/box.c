/* SPDX-License-Identifier: Apache-2.0
 *
 * Box averages, row by row.
 */
#include "media/box.h"

#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define GREATEST_FACTOR 2048 /* 255 * 2048 * 2048 fits 32 bits */

static int factor(int64_t side, int64_t needs)
{
    int64_t whole = needs > 0 ? side / needs : 1;
    return whole < 1 ? 1 : whole > GREATEST_FACTOR ? GREATEST_FACTOR : (int)whole;
}

wn_status wn_box_start(wn_box *box, wn_decoding *decoding, int width, int height, wn_error *err)
{
    int64_t needs_width, needs_height;
    wn_decoding_needs(decoding, width, height, &needs_width, &needs_height);
    *box = (wn_box){.width = width,
                    .height = height,
                    .across = factor(width, needs_width),
                    .down = factor(height, needs_height),
                    .picture = decoding->picture};
    int out_width = (width + box->across - 1) / box->across, out_height = (height + box->down - 1) / box->down;
    WN_TRY(wn_picture_resize(decoding->picture, out_width, out_height, err));
    box->sums = wn_calloc(WN_MEMORY_IMAGE, (size_t)out_width * 3, sizeof(*box->sums));
    return box->sums != NULL ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for a row of %d pixels", width);
}

/* Turns the sums into one row of the picture and clears them. */
static void finish_row(wn_box *box, int row, int rows_added)
{
    size_t out_width = (size_t)box->picture->width;
    uint8_t *out = box->picture->pixels + (size_t)row * out_width * 4;
    for (size_t x = 0; x < out_width; x++, out += 4) {
        int left = box->width - (int)x * box->across;
        uint32_t count = (uint32_t)(left < box->across ? left : box->across) * (uint32_t)rows_added;
        for (size_t c = 0; c < 3; c++) out[c] = (uint8_t)((box->sums[3 * x + c] + count / 2) / count);
        out[3] = 255;
    }
    memset(box->sums, 0, out_width * 3 * sizeof(*box->sums));
}

void wn_box_add_row(wn_box *box, int y, const uint8_t *rgbx)
{
    uint32_t *sum = box->sums;
    for (int x = 0, in_box = 0; x < box->width; x++, rgbx += 4) {
        for (int c = 0; c < 3; c++) sum[c] += rgbx[c];
        if (++in_box == box->across) {
            in_box = 0;
            sum += 3;
        }
    }
    int row = y / box->down, added = y - row * box->down + 1;
    if (added == box->down || y + 1 == box->height) finish_row(box, row, added);
}

void wn_box_clear(wn_box *box)
{
    wn_free(box->sums);
    box->sums = NULL;
}
