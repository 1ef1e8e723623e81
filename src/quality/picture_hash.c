/* SPDX-License-Identifier: Apache-2.0
 *
 * The signs of the 16 x 16 lowest coefficients of a cosine transform. Mirroring a picture negates the odd
 * coefficients along that side, and exchanging rows and columns exchanges u and v, so every turn of a hash is a mask
 * and a transposition of its bits. A part of a picture has cosines of its own width and height.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/hamming.h"
#include "quality/picture_frame.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

enum { LOW = 16, MOST_SIDE = 1024, LEAST_FILL = 30 /* percent */ };

#define LEAST_DEVIATION 2.0 /* levels of luma */

struct wn_picture_hasher {
    size_t side;
    float *cosines; /* side x LOW */
};

/* A part of a picture, and the cosines of its columns and rows, LOW each. */
typedef struct part {
    const uint8_t *rgb; /* its first pixel */
    size_t width, height, stride;
    const float *across, *down;
} part;

static void make_cosines(size_t side, float *out)
{
    for (size_t x = 0; x < side; x++) {
        for (size_t u = 0; u < LOW; u++)
            out[x * LOW + u] = (float)cos(acos(-1) * (double)((2 * x + 1) * u) / (double)(2 * side));
    }
}

wn_status wn_picture_hasher_new(size_t side, wn_picture_hasher **out, wn_error *err)
{
    *out = NULL;
    if (side < LOW || side > MOST_SIDE)
        return wn_fail(err, WN_INVALID, "pictures of %zu x %zu cannot be hashed; sides go from %d to %d", side, side,
                       LOW, MOST_SIDE);
    wn_picture_hasher *hasher = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof *hasher);
    if (!hasher || !(hasher->cosines = wn_alloc(WN_MEMORY_GENERAL, side * LOW, sizeof *hasher->cosines))) {
        wn_free(hasher);
        return wn_fail(err, WN_NOMEM, "no memory to hash pictures");
    }
    hasher->side = side;
    make_cosines(side, hasher->cosines);
    *out = hasher;
    return WN_OK;
}

void wn_picture_hasher_free(wn_picture_hasher **hasher)
{
    if (*hasher) wn_free((*hasher)->cosines);
    wn_free(*hasher);
    *hasher = NULL;
}

/* The LOW coefficients of one row of luma; adds to its sums. */
static void transform_row(const part *p, size_t y, float out[LOW], double *sum, double *squares)
{
    const uint8_t *rgb = p->rgb + y * p->stride;
    float sums[2] = {0};
    for (size_t u = 0; u < LOW; u++) out[u] = 0;
    for (size_t x = 0; x < p->width; x++, rgb += 3) {
        float luma = 0.299f * (float)rgb[0] + 0.587f * (float)rgb[1] + 0.114f * (float)rgb[2];
        const float *cosines = p->across + x * LOW;
        sums[0] += luma;
        sums[1] += luma * luma;
        for (size_t u = 0; u < LOW; u++) out[u] += luma * cosines[u];
    }
    *sum += (double)sums[0];
    *squares += (double)sums[1];
}

static void hash_part(const part *p, uint64_t out[WN_PICTURE_WORDS])
{
    float values[LOW][LOW] = {{0}}, row[LOW];
    double sum = 0, squares = 0, count = (double)p->width * (double)p->height;
    for (size_t y = 0; y < p->height; y++) {
        transform_row(p, y, row, &sum, &squares);
        const float *cosines = p->down + y * LOW;
        for (size_t v = 0; v < LOW; v++) {
            for (size_t u = 0; u < LOW; u++) values[v][u] += cosines[v] * row[u];
        }
    }
    memset(out, 0, WN_PICTURE_WORDS * sizeof *out);
    if (squares / count - sum / count * (sum / count) < LEAST_DEVIATION * LEAST_DEVIATION) return;
    for (size_t bit = 1; bit < WN_PICTURE_BITS; bit++) {
        if (values[bit / LOW][bit % LOW] > 0) out[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

/* Whether what the ground leaves fills enough of a box to tell it from another on the same ground. */
static bool fills(const wn_picture_box *inner, size_t width, size_t height)
{
    return inner->width * inner->height * 100 >= width * height * LEAST_FILL;
}

void wn_picture_hash(const wn_picture_hasher *hasher, const uint8_t *rgb, uint64_t out[WN_PICTURE_WORDS])
{
    size_t side = hasher->side;
    part whole = {rgb, side, side, 3 * side, hasher->cosines, hasher->cosines};
    const wn_picture_box inner = wn_picture_ground_find(rgb, side);
    memset(out, 0, WN_PICTURE_WORDS * sizeof *out);
    if (fills(&inner, side, side)) hash_part(&whole, out);
}

void wn_picture_hash_inside(const wn_picture_hasher *hasher, const uint8_t *rgb, uint64_t out[WN_PICTURE_WORDS])
{
    float across[WN_FRAME_MOST_SIDE * LOW], down[WN_FRAME_MOST_SIDE * LOW];
    wn_picture_box box, least;
    size_t side = hasher->side;
    memset(out, 0, WN_PICTURE_WORDS * sizeof *out);
    if (!wn_picture_frame_find(rgb, side, &box)) return;
    least = wn_picture_ground_find(rgb, side);
    if (!fills(&least, side, side)) { /* a rest of the ground would be an edge that all have */
        if (least.width < LOW || least.height < LOW) return;
        box = least;
    }
    part inner = {rgb + 3 * (box.top * side + box.left), box.width, box.height, 3 * side, across, down};
    make_cosines(box.width, across);
    make_cosines(box.height, down);
    hash_part(&inner, out);
}

/* Exchanges bit (v, u) with bit (u, v): blocks of 1, 2, 4 and 8 rows in turn (Warren, Hacker's Delight, 7-3). */
static void transpose(uint16_t rows[LOW])
{
    static const uint16_t masks[4] = {0x5555, 0x3333, 0x0f0f, 0x00ff};
    for (unsigned step = 0; step < 4; step++) {
        unsigned width = 1u << step;
        for (unsigned i = 0; i < LOW; i++) {
            if (i & width) continue;
            unsigned low = rows[i], high = rows[i + width], mask = masks[step];
            unsigned changed = (low >> width ^ high) & mask;
            rows[i] = (uint16_t)(low ^ changed << width);
            rows[i + width] = (uint16_t)(high ^ changed);
        }
    }
}

void wn_picture_hash_turn(const uint64_t hash[WN_PICTURE_WORDS], unsigned turn, uint64_t out[WN_PICTURE_WORDS])
{
    uint16_t rows[LOW];
    memcpy(out, hash, WN_PICTURE_WORDS * sizeof *out);
    if (turn & 4) {
        for (size_t v = 0; v < LOW; v++) rows[v] = (uint16_t)(hash[v / 4] >> 16 * (v % 4));
        transpose(rows);
        for (size_t w = 0; w < WN_PICTURE_WORDS; w++) {
            out[w] = 0;
            for (size_t i = 0; i < 4; i++) out[w] |= (uint64_t)rows[4 * w + i] << 16 * i;
        }
    }
    for (size_t w = 0; w < WN_PICTURE_WORDS; w++) {
        if (turn & 1) out[w] ^= 0xaaaaaaaaaaaaaaaau; /* odd u */
        if (turn & 2) out[w] ^= 0xffff0000ffff0000u; /* odd v */
    }
}

unsigned wn_picture_hash_bits(const uint64_t a[WN_PICTURE_WORDS], const uint64_t b[WN_PICTURE_WORDS], unsigned *turn)
{
    unsigned least = WN_PICTURE_BITS + 1;
    for (unsigned i = 0; i < WN_PICTURE_TURNS; i++) {
        uint64_t turned[WN_PICTURE_WORDS];
        unsigned bits = 0;
        wn_picture_hash_turn(a, i, turned);
        for (size_t w = 0; w < WN_PICTURE_WORDS; w++) bits += wn_count_bits(turned[w] ^ b[w]);
        if (bits >= least) continue;
        least = bits;
        if (turn) *turn = i;
    }
    return least;
}
