/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over the tiles: blocks of them are transformed, multiplied at each of the 36 points, and transformed back
 * while they are in the cache.
 */
#include "nn/winograd.h"

#include <assert.h>
#include <string.h>

enum {
    TILE = WN_WINOGRAD_TILE,
    WINDOW = WN_WINOGRAD_WINDOW,
    POINTS = WN_WINOGRAD_POINTS,
    CHANNELS = WN_WINOGRAD_CHANNELS,
    TAPS = 9,
    /* Panels of neighbouring points start in different sets of a cache although their sizes are powers of two. */
    GAP = CHANNELS
};

/* Tiles of a block: their panels share the second-level cache, but packed weights of many channels want more tiles to
 * be read for; a multiple of the rows that a matrix product takes at once. */
enum { BLOCK_FLOATS = 100000, BLOCK_MIN = 48, BLOCK_MAX = 192, BLOCK_STEP = 12 };

bool wn_winograd_can(const wn_conv_shape *shape)
{
    return !shape->bf16 && shape->kernel == 3 && shape->stride == 1 && !shape->depthwise &&
           shape->layout == WN_LAYOUT_TOGETHER && shape->channels_in % CHANNELS == 0 &&
           shape->channels_out % CHANNELS == 0;
}

static size_t tiles_along(size_t side)
{
    return (side + TILE - 1) / TILE;
}

bool wn_winograd_pays(const wn_conv_shape *shape, wn_cpu level)
{
    if (level < WN_CPU_AVX2 || !wn_winograd_can(shape)) return false;
    size_t covered = tiles_along(shape->side) * TILE;
    return covered * covered <= 2 * (size_t)shape->side * shape->side;
}

/* Rows of the matrix products for so many tiles. */
static size_t rows_of(size_t tiles)
{
    size_t even = (tiles + 1) / 2 * 2;
    return even < WN_WINOGRAD_ROWS ? WN_WINOGRAD_ROWS : even;
}

static size_t choose_block(const wn_winograd *w)
{
    size_t each = (size_t)POINTS * (w->channels_in + w->channels_out);
    size_t block = BLOCK_FLOATS / each / BLOCK_STEP * BLOCK_STEP;
    if (block < BLOCK_MIN) block = BLOCK_MIN;
    if (block > BLOCK_MAX) block = BLOCK_MAX;
    return block < w->tiles ? block : rows_of(w->tiles);
}

void wn_winograd_init(wn_winograd *out, wn_conv_direction direction, const wn_conv_shape *shape, wn_cpu level)
{
    assert(wn_winograd_can(shape));
    *out = (wn_winograd){.direction = direction,
                         .side = shape->side,
                         .channels_in = shape->channels_in,
                         .channels_out = shape->channels_out,
                         .tiles_side = tiles_along(shape->side)};
    out->tiles = shape->views * out->tiles_side * out->tiles_side;
    out->block = choose_block(out);
    wn_winograd_kernels_init(&out->kernels, level);
}

/* Floats from point to point: of panels of `channels`, of packed weights. */
static size_t panel_point(const wn_winograd *w, size_t channels)
{
    return w->block * channels + GAP;
}

static size_t weight_point(const wn_winograd *w)
{
    return (size_t)w->channels_in * w->channels_out + GAP;
}

size_t wn_winograd_weight_bytes(const wn_winograd *w)
{
    return POINTS * weight_point(w) * sizeof(float);
}

/* What a row of a patch that is outside the image points to. */
static size_t zero_floats(const wn_winograd *w)
{
    return (size_t)WINDOW * (w->channels_in > w->channels_out ? w->channels_in : w->channels_out);
}

size_t wn_winograd_scratch_bytes(const wn_winograd *w)
{
    size_t panels = panel_point(w, w->channels_in) + panel_point(w, w->channels_out);
    return (zero_floats(w) + POINTS * panels) * sizeof(float);
}

/* ---- weights ---- */

/* Where the weights of (k, n) lie in out x in x 3 x 3: k is the channel that is summed over. */
typedef struct order {
    size_t depth, width; /* channels k, n */
    size_t by_k, by_n;
    bool turned; /* the filter is turned round */
} order;

static order order_of(const wn_winograd *w)
{
    size_t in = w->channels_in, out = w->channels_out;
    if (w->direction == WN_CONV_BACKWARD_DATA)
        return (order){.depth = out, .width = in, .by_k = TAPS * in, .by_n = TAPS, .turned = true};
    return (order){.depth = in, .width = out, .by_k = TAPS, .by_n = TAPS * in};
}

void wn_winograd_pack(const wn_winograd *w, const float *plain, float *packed)
{
    assert(w->direction != WN_CONV_BACKWARD_WEIGHTS);
    const order o = order_of(w);
    const size_t point = weight_point(w);
    float filter[TAPS][CHANNELS];

    for (size_t n = 0; n < o.width; n += CHANNELS) {
        for (size_t k = 0; k < o.depth; k++, packed += CHANNELS) {
            const float *from = plain + k * o.by_k + n * o.by_n;
            for (size_t lane = 0; lane < CHANNELS; lane++) {
                for (size_t t = 0; t < TAPS; t++) filter[o.turned ? TAPS - 1 - t : t][lane] = from[lane * o.by_n + t];
            }
            w->kernels.filter((const float(*)[CHANNELS])filter, packed, point);
        }
    }
}

void wn_winograd_unpack(const wn_winograd *w, const float *packed, float *plain)
{
    assert(w->direction == WN_CONV_BACKWARD_WEIGHTS);
    const order o = order_of(w);
    const size_t point = weight_point(w);
    float filter[TAPS][CHANNELS];

    for (size_t n = 0; n < o.width; n += CHANNELS) {
        for (size_t k = 0; k < o.depth; k++, packed += CHANNELS) {
            float *to = plain + k * o.by_k + n * o.by_n;
            w->kernels.unfilter(packed, point, filter);
            for (size_t lane = 0; lane < CHANNELS; lane++) {
                for (size_t t = 0; t < TAPS; t++) to[lane * o.by_n + t] = filter[t][lane];
            }
        }
    }
}

/* ---- tiles ---- */

/* The number of a tile: view, row and column of tiles. */
typedef struct position {
    size_t view, y, x;
} position;

static position position_of(const wn_winograd *w, size_t tile)
{
    size_t row = tile / w->tiles_side;
    return (position){row / w->tiles_side, row % w->tiles_side, tile % w->tiles_side};
}

/* The `size` x `size` positions of an activation from (y, x) on, which may be -1. */
static wn_winograd_patch patch_of(const wn_winograd *w, const float *activation, size_t channels, const float *zeros,
                                  position at, ptrdiff_t before, size_t size)
{
    const ptrdiff_t side = (ptrdiff_t)w->side;
    ptrdiff_t y0 = (ptrdiff_t)(at.y * TILE) - before, x0 = (ptrdiff_t)(at.x * TILE) - before, first = x0 < 0 ? 0 : x0;
    const float *view = activation + at.view * w->side * w->side * channels;
    wn_winograd_patch patch = {.whole = true};

    for (ptrdiff_t i = 0; i < (ptrdiff_t)size; i++) {
        ptrdiff_t y = y0 + i, x = x0 + i;
        bool inside = x >= 0 && x < side;
        patch.rows[i] = y >= 0 && y < side ? view + (size_t)(y * side + first) * channels : zeros;
        patch.columns[i] = inside ? (size_t)(x - first) * channels : 0;
        patch.masks[i] = inside ? UINT32_MAX : 0;
        patch.whole = patch.whole && inside;
    }
    return patch;
}

/* Panels of the tiles [begin, begin + count) of an activation: of windows around them, or of the tiles themselves. */
static void spread_tiles(const wn_winograd *w, bool windows, const float *activation, size_t channels,
                         const float *zeros, size_t begin, size_t count, float *panel)
{
    const ptrdiff_t before = windows ? 1 : 0;
    const size_t size = windows ? WINDOW : TILE;
    wn_winograd_place place = {.point = panel_point(w, channels), .block = w->block * CHANNELS};
    wn_winograd_patch patch, next = patch_of(w, activation, channels, zeros, position_of(w, begin), before, size);
    for (size_t t = 0; t < count; t++) {
        patch = next;
        if (t + 1 < count)
            next = patch_of(w, activation, channels, zeros, position_of(w, begin + t + 1), before, size);
        place.panel = panel + t * CHANNELS;
        (windows ? w->kernels.input : w->kernels.gradient)(&patch, &next, channels, &place);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static wn_winograd_target target_of(const wn_winograd *w, float *activation, size_t channels, position at)
{
    const size_t side = w->side, y = at.y * TILE, x = at.x * TILE;
    return (wn_winograd_target){.first = activation + ((at.view * side + y) * side + x) * channels,
                                .row_step = side * channels,
                                .column_step = channels,
                                .rows = least(side - y, TILE),
                                .columns = least(side - x, TILE)};
}

static void gather_tiles(const wn_winograd *w, float *panel, size_t channels, size_t begin, size_t count,
                         float *activation)
{
    wn_winograd_place place = {.point = panel_point(w, channels), .block = w->block * CHANNELS};
    wn_winograd_target target, next = target_of(w, activation, channels, position_of(w, begin));
    for (size_t t = 0; t < count; t++) {
        target = next;
        if (t + 1 < count) next = target_of(w, activation, channels, position_of(w, begin + t + 1));
        place.panel = panel + t * CHANNELS;
        w->kernels.output(&place, channels, &target, &next);
    }
}

/* Rows of a panel beyond its tiles. */
static void clear_rows(const wn_winograd *w, float *panel, size_t channels, size_t begin, size_t end)
{
    for (size_t p = 0; p < POINTS && begin < end; p++) {
        for (size_t c = 0; c < channels / CHANNELS; c++)
            memset(panel + p * panel_point(w, channels) + (c * w->block + begin) * CHANNELS, 0,
                   (end - begin) * CHANNELS * sizeof *panel);
    }
}

/* from (an activation of `depth` channels) to `to` (of `width`). */
static void run_data(const wn_winograd *w, const float *from, size_t depth, const float *packed, float *to,
                     size_t width, float *scratch)
{
    const float *zeros = scratch;
    float *in = scratch + zero_floats(w), *out = in + POINTS * panel_point(w, depth);
    for (size_t begin = 0; begin < w->tiles; begin += w->block) {
        size_t count = least(w->block, w->tiles - begin), rows = rows_of(count);
        spread_tiles(w, true, from, depth, zeros, begin, count, in);
        clear_rows(w, in, depth, count, rows);
        for (size_t p = 0; p < POINTS; p++)
            w->kernels.multiply(in + p * panel_point(w, depth), packed + p * weight_point(w),
                                out + p * panel_point(w, width), w->block * CHANNELS, rows, depth, width);
        gather_tiles(w, out, width, begin, count, to);
    }
}

static void run_weights(const wn_winograd *w, const float *inner, const float *outer, float *packed, float *scratch)
{
    const size_t in = w->channels_in, out = w->channels_out;
    const float *zeros = scratch;
    float *windows = scratch + zero_floats(w), *tiles = windows + POINTS * panel_point(w, in);
    for (size_t begin = 0; begin < w->tiles; begin += w->block) {
        size_t count = least(w->block, w->tiles - begin);
        spread_tiles(w, true, inner, in, zeros, begin, count, windows);
        spread_tiles(w, false, outer, out, zeros, begin, count, tiles);
        for (size_t p = 0; p < POINTS; p++)
            w->kernels.accumulate(windows + p * panel_point(w, in), tiles + p * panel_point(w, out),
                                  packed + p * weight_point(w), w->block * CHANNELS, count, in, out, begin > 0);
    }
}

void wn_winograd_run(const wn_winograd *w, float *inner, float *packed, float *outer, float *scratch)
{
    memset(scratch, 0, zero_floats(w) * sizeof *scratch);
    switch (w->direction) {
    case WN_CONV_FORWARD:
        run_data(w, inner, w->channels_in, packed, outer, w->channels_out, scratch);
        break;
    case WN_CONV_BACKWARD_DATA:
        run_data(w, outer, w->channels_out, packed, inner, w->channels_in, scratch);
        break;
    case WN_CONV_BACKWARD_WEIGHTS:
        run_weights(w, inner, outer, packed, scratch);
        break;
    }
}
