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
    SIDE_TAPS = 3,
    TAPS = 9,
    PHASES = 4,
    /* Bytes: panels of neighbouring points start in different sets of a cache although their sizes are powers of two.
     */
    GAP = 64
};

/* Limits of the tiles of a block, and of what it is a multiple of, so that matrix products take their best rows. */
enum { BLOCK_MIN = 24, BLOCK_MAX = 96, BLOCK_STEP = 12 };

/* Tiles and channels from which stride 1 and stride 2 are faster than the direct algorithm (64 x 32 x 32 to 2 x 8 x 8
 * positions, 16 to 512 channels, on Zen 3): fewer tiles are not worth the packing of weights that are four, or nine,
 * times as large. */
enum { TILES_MIN = 16, STRIDED_TILES_MIN = 48, STRIDED_CHANNELS_MIN = 64 };

/* The phases of stride 2 in an order in which those that a point needs are neighbours. Output i sees the input at
 * 2 i - 1, 2 i and 2 i + 1: tap 0 and 2 belong to odd positions i - 1 and i, tap 1 to even position i. */
static const struct {
    bool y, x;
} odd[PHASES] = {{false, true}, {true, true}, {true, false}, {false, false}};

/* ---- what a shape needs ---- */

bool wn_winograd_can(const wn_conv_shape *shape)
{
    bool stride = shape->stride == 1 || (shape->stride == 2 && shape->side % 2 == 0 && !shape->late);
    return shape->kernel == SIDE_TAPS && stride && !shape->depthwise && shape->layout == WN_LAYOUT_TOGETHER &&
           shape->channels_in % CHANNELS == 0 && shape->channels_out % CHANNELS == 0;
}

static size_t tiles_along(size_t side)
{
    return (side + TILE - 1) / TILE;
}

bool wn_winograd_pays(const wn_conv_shape *shape, wn_cpu level)
{
    if (level < (shape->bf16 ? WN_CPU_AVX512BF16 : WN_CPU_AVX2) || !wn_winograd_can(shape)) return false;
    const size_t side = shape->side / shape->stride, along = tiles_along(side), tiles = shape->views * along * along;
    const size_t covered = along * TILE * along * TILE;
    if (shape->stride == 1) return tiles >= TILES_MIN && covered <= 2 * side * side;
    return tiles >= STRIDED_TILES_MIN && shape->channels_in >= STRIDED_CHANNELS_MIN &&
           shape->channels_out >= STRIDED_CHANNELS_MIN && 3 * covered <= 4 * side * side;
}

/* Rows of the matrix products for so many tiles. */
static size_t rows_of(size_t tiles)
{
    size_t even = (tiles + 1) / 2 * 2;
    return even < WN_WINOGRAD_ROWS ? WN_WINOGRAD_ROWS : even;
}

/* The weights are read once a block, the panels are written and read once a tile: so many tiles that both are alike. */
static size_t choose_block(const wn_winograd *w)
{
    size_t each = POINTS * (w->phases * w->channels_in * w->inner + w->channels_out * w->outer);
    size_t block = w->weights[POINTS] / each / BLOCK_STEP * BLOCK_STEP;
    if (block < BLOCK_MIN) block = BLOCK_MIN;
    if (block > BLOCK_MAX) block = BLOCK_MAX;
    return block < w->tiles ? block : rows_of(w->tiles);
}

/* Stride 2: filters of even rows have the middle tap alone and are zero at the points 0 and infinity; those of odd rows
 * at infinity, turned round at 0. The same goes for columns. */
static void set_phases(wn_winograd *w, size_t point)
{
    const bool turned = w->direction == WN_CONV_BACKWARD_DATA;
    const size_t odd_only = turned ? WINDOW - 1 : 0, nothing = WINDOW - 1 - odd_only;
    const size_t y = point / WINDOW, x = point % WINDOW;
    uint8_t first = 0, end = (uint8_t)w->phases;

    if (w->phases == PHASES) {
        if (y == odd_only) first = 1, end = 3;
        if (x == odd_only) end = 2;
        if (y == nothing || x == nothing) first = end = 0;
    }
    w->first[point] = first;
    w->end[point] = end;
}

void wn_winograd_init(wn_winograd *out, wn_conv_direction direction, const wn_conv_shape *shape, wn_cpu level)
{
    assert(wn_winograd_can(shape));
    *out = (wn_winograd){.direction = direction,
                         .side = shape->side / shape->stride,
                         .channels_in = shape->channels_in,
                         .channels_out = shape->channels_out,
                         .step = shape->stride,
                         .phases = shape->stride == 1 ? 1 : PHASES};
    wn_winograd_kernels_init(&out->kernels, level, shape->bf16);
    out->inner = direction == WN_CONV_BACKWARD_DATA ? sizeof(float) : out->kernels.element;
    out->outer = direction == WN_CONV_FORWARD ? sizeof(float) : out->kernels.element;
    out->packed = direction == WN_CONV_BACKWARD_WEIGHTS ? sizeof(float) : out->kernels.element;
    out->tiles_side = tiles_along(out->side);
    out->tiles = shape->views * out->tiles_side * out->tiles_side;
    for (size_t p = 0; p < POINTS; p++) {
        set_phases(out, p);
        size_t phases = (size_t)(out->end[p] - out->first[p]);
        out->weights[p + 1] = out->weights[p] + phases * out->channels_in * out->channels_out * out->packed + GAP;
    }
    out->block = choose_block(out);
}

/* Bytes from point to point of panels of `channels` numbers of `size` bytes. */
static size_t panel_point(const wn_winograd *w, size_t channels, size_t size)
{
    return w->block * channels * size + GAP;
}

/* Channels of the input with its phases. */
static size_t inner_channels(const wn_winograd *w)
{
    return w->phases * w->channels_in;
}

size_t wn_winograd_weight_bytes(const wn_winograd *w)
{
    return w->weights[POINTS];
}

/* Bytes that a row of a patch that is outside the image points to. */
static size_t zero_bytes(const wn_winograd *w)
{
    size_t in = w->step * w->channels_in;
    return WINDOW * (in > w->channels_out ? in : w->channels_out) * w->kernels.element;
}

size_t wn_winograd_scratch_bytes(const wn_winograd *w)
{
    size_t panels = panel_point(w, inner_channels(w), w->inner) + panel_point(w, w->channels_out, w->outer);
    return zero_bytes(w) + POINTS * panels;
}

/* ---- weights ---- */

/* The filters of 16 channels n of one phase, for all channels k: where they lie among the plain weights, and, in bytes,
 * among the packed ones of each point that is not zero. Packed are blocks of 16 n, in each depth x 16; the phases
 * belong to the channels of the input: to k, or to n when those are the result. */
typedef struct filters {
    size_t plain, by_k, by_n; /* the first filter; floats to the next k, the next n */
    size_t depth;             /* channels k */
    size_t count, points[POINTS], packed[POINTS];
} filters;

static filters filters_of(const wn_winograd *w, size_t phase, size_t n)
{
    const size_t in = w->channels_in, out = w->channels_out;
    const bool data = w->direction == WN_CONV_BACKWARD_DATA;
    filters f = {.by_k = TAPS, .by_n = TAPS * in, .depth = in};
    if (data) f = (filters){.by_k = TAPS * in, .by_n = TAPS, .depth = out};
    f.plain = n * f.by_n;
    for (size_t p = 0; p < POINTS; p++) {
        if (phase < w->first[p] || phase >= w->end[p]) continue;
        size_t before = (phase - w->first[p]) * in, depth = (size_t)(w->end[p] - w->first[p]) * in;
        f.points[f.count] = p;
        f.packed[f.count++] = w->weights[p] + (data ? (before + n) * out : n * depth + before * CHANNELS) * w->packed;
    }
    return f;
}

/* The tap of the convolution that is tap t of a phase along one side; SIDE_TAPS: none. */
static size_t tap_of(const wn_winograd *w, bool is_odd, size_t t)
{
    if (w->phases == 1) return t;
    if (is_odd) return t == 0 ? 0 : t == 1 ? 2 : SIDE_TAPS;
    return t == 1 ? 1 : SIDE_TAPS;
}

/* The same of both sides, as places in a filter; TAPS: none. */
static void list_taps(const wn_winograd *w, size_t phase, size_t taps[TAPS])
{
    for (size_t t = 0; t < TAPS; t++) {
        size_t at = w->direction == WN_CONV_BACKWARD_DATA ? TAPS - 1 - t : t;
        size_t y = tap_of(w, odd[phase].y, at / SIDE_TAPS), x = tap_of(w, odd[phase].x, at % SIDE_TAPS);
        taps[t] = y < SIDE_TAPS && x < SIDE_TAPS ? y * SIDE_TAPS + x : TAPS;
    }
}

/* Bytes of a row of the packed weights, whatever its numbers; lines that are written or read next: there are too many
 * streams of them for the processor to see. */
enum { LINE = 64, AHEAD = 4 * LINE };

/* The form of row r among rows of which some share 32 bits. */
static wn_winograd_form form_of(const wn_winograd *w, size_t r)
{
    if (w->kernels.together == 1) return WN_WINOGRAD_ROW;
    return r % 2 == 0 ? WN_WINOGRAD_FIRST : WN_WINOGRAD_SECOND;
}

static void pack_points(const filters *f, const char points[POINTS][LINE], char *packed)
{
    for (size_t i = 0; i < f->count; i++) {
        char *to = packed + f->packed[i];
        __builtin_prefetch(to + AHEAD, 1);
        memcpy(to, points[f->points[i]], LINE);
    }
}

void wn_winograd_pack(const wn_winograd *w, const float *plain, void *packed)
{
    const size_t width = w->direction == WN_CONV_BACKWARD_DATA ? w->channels_in : w->channels_out;
    const size_t together = w->kernels.together;
    float filter[TAPS][CHANNELS] = {{0}};
    char points[POINTS][LINE];
    wn_winograd_place place = {.panel = points[0], .point = LINE};
    size_t taps[TAPS];

    assert(w->direction != WN_CONV_BACKWARD_WEIGHTS);
    for (size_t i = 0; i < w->phases * width; i += CHANNELS) {
        const filters f = filters_of(w, i / width, i % width);
        list_taps(w, i / width, taps);
        for (size_t k = 0; k < f.depth; k++) {
            const float *from = plain + f.plain + k * f.by_k;
            for (size_t t = 0; t < TAPS; t++) {
                for (size_t lane = 0; lane < CHANNELS; lane++)
                    filter[t][lane] = taps[t] < TAPS ? from[lane * f.by_n + taps[t]] : 0;
            }
            place.form = form_of(w, k);
            w->kernels.filter((const float(*)[CHANNELS])filter, &place);
            if (k % together == together - 1)
                pack_points(&f, (const char(*)[LINE])points, (char *)packed + k / together * LINE);
        }
    }
}

/* The packed gradient: of each phase, 16 channels n and 16 channels k a block of 16 x 16 sums for each point of the
 * phase, all of them in one piece, which is how they are read. */
enum { SUMS = CHANNELS * CHANNELS };

/* Points below `end` that need a phase. */
static size_t count_points(const wn_winograd *w, size_t phase, size_t end)
{
    size_t count = 0;
    for (size_t p = 0; p < end; p++) count += phase >= w->first[p] && phase < w->end[p];
    return count;
}

/* Floats of the packed gradient before a phase. */
static size_t gradient_begin(const wn_winograd *w, size_t phase)
{
    size_t points = 0;
    for (size_t f = 0; f < phase; f++) points += count_points(w, f, POINTS);
    return points * w->channels_in * w->channels_out;
}

/* The filters of channels k .. k + 15 of one phase, each of 16 channels n. */
static void unpack_block(const wn_winograd *w, const filters *f, const size_t taps[TAPS], const float *sums, float *to)
{
    float points[POINTS][CHANNELS] = {{0}}, filter[TAPS][CHANNELS];
    for (size_t k = 0; k < CHANNELS; k++, to += f->by_k) {
        for (size_t i = 0; i < f->count; i++) {
            const float *from = sums + i * SUMS + k * CHANNELS;
            __builtin_prefetch(from + f->count * SUMS); /* of the next block */
            memcpy(points[f->points[i]], from, sizeof points[0]);
        }
        w->kernels.unfilter(points[0], filter);
        for (size_t t = 0; t < TAPS; t++) {
            for (size_t lane = 0; taps[t] < TAPS && lane < CHANNELS; lane++)
                to[lane * f->by_n + taps[t]] = filter[t][lane];
        }
    }
}

void wn_winograd_unpack(const wn_winograd *w, const void *packed, float *plain)
{
    const float *sums = packed;
    size_t taps[TAPS];

    assert(w->direction == WN_CONV_BACKWARD_WEIGHTS);
    for (size_t i = 0; i < w->phases * w->channels_out; i += CHANNELS) {
        const filters f = filters_of(w, i / w->channels_out, i % w->channels_out);
        list_taps(w, i / w->channels_out, taps);
        for (size_t k = 0; k < f.depth; k += CHANNELS, sums += f.count * SUMS)
            unpack_block(w, &f, taps, sums, plain + f.plain + k * f.by_k);
    }
}

/* ---- tiles ---- */

/* An activation, or one phase of it: position (y, x) of a view is `step` y and x positions of memory from its first. */
typedef struct surface {
    char *values;
    size_t channels, position; /* numbers and bytes of a position */
    size_t step;
} surface;

static surface surface_of(const wn_winograd *w, void *values, size_t channels)
{
    return (surface){values, channels, channels * w->kernels.element, 1};
}

static surface phase_of(const wn_winograd *w, void *inner, size_t phase)
{
    surface s = surface_of(w, inner, w->channels_in);
    size_t y = w->step == 2 && odd[phase].y, x = w->step == 2 && odd[phase].x;
    s.values += (y * w->step * w->side + x) * s.position;
    s.step = w->step;
    return s;
}

static char *position_at(const wn_winograd *w, const surface *s, size_t view, size_t y, size_t x)
{
    const size_t side = s->step * w->side;
    return s->values + ((view * side + s->step * y) * side + s->step * x) * s->position;
}

/* The number of a tile: view, row and column of tiles. */
typedef struct place_of_tile {
    size_t view, y, x;
} place_of_tile;

static place_of_tile place_tile(const wn_winograd *w, size_t tile)
{
    size_t row = tile / w->tiles_side;
    return (place_of_tile){row / w->tiles_side, row % w->tiles_side, tile % w->tiles_side};
}

/* A tile, or the window around it. */
static wn_winograd_patch patch_of(const wn_winograd *w, const surface *s, bool window, const char *zeros, size_t tile)
{
    const ptrdiff_t side = (ptrdiff_t)w->side, size = window ? WINDOW : TILE;
    place_of_tile at = place_tile(w, tile);
    ptrdiff_t y0 = (ptrdiff_t)(at.y * TILE) - window, x0 = (ptrdiff_t)(at.x * TILE) - window, first = x0 < 0 ? 0 : x0;
    wn_winograd_patch patch = {.whole = true};

    for (ptrdiff_t i = 0; i < size; i++) {
        ptrdiff_t y = y0 + i, x = x0 + i;
        bool inside = x >= 0 && x < side;
        patch.rows[i] = y >= 0 && y < side ? position_at(w, s, at.view, (size_t)y, (size_t)first) : zeros;
        patch.columns[i] = inside ? (size_t)(x - first) * s->step * s->position : 0;
        patch.masks[i] = inside ? UINT32_MAX : 0;
        patch.whole = patch.whole && inside;
    }
    return patch;
}

/* The panels of all points of an array in the scratch memory. */
typedef struct panels {
    char *first;
    size_t size, point; /* bytes of a number, from point to point */
} panels;

static panels panels_at(const wn_winograd *w, char *first, size_t channels, size_t size)
{
    return (panels){first, size, panel_point(w, channels, size)};
}

/* Where the rows of tiles begin whose channels begin at c. */
static char *channels_at(const wn_winograd *w, const panels *p, size_t point, size_t c)
{
    return p->first + point * p->point + c * w->block * p->size;
}

/* Row t of the panels of channels from c on; summed: rows are summed over. */
static wn_winograd_place place_of(const wn_winograd *w, const panels *p, size_t c, size_t t, bool summed)
{
    const size_t row = CHANNELS * p->size, together = summed ? w->kernels.together : 1;
    return (wn_winograd_place){.panel = channels_at(w, p, 0, c) + t / together * together * row,
                               .point = p->point,
                               .block = w->block * row,
                               .form = summed ? form_of(w, t) : WN_WINOGRAD_ROW};
}

/* Tiles [begin, begin + count) of an activation, or the windows around them, to the panels of channels from c on. */
static void spread_tiles(const wn_winograd *w, const surface *s, bool windows, const char *zeros, size_t begin,
                         size_t count, const panels *to, size_t c)
{
    const bool summed = w->direction == WN_CONV_BACKWARD_WEIGHTS;
    wn_winograd_patch patch, next = patch_of(w, s, windows, zeros, begin);
    for (size_t t = 0; t < count; t++) {
        patch = next;
        if (t + 1 < count) next = patch_of(w, s, windows, zeros, begin + t + 1);
        wn_winograd_place place = place_of(w, to, c, t, summed);
        (windows ? w->kernels.input : w->kernels.gradient)(&patch, &next, s->channels, &place);
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static wn_winograd_target target_of(const wn_winograd *w, const surface *s, size_t tile)
{
    place_of_tile at = place_tile(w, tile);
    const size_t y = at.y * TILE, x = at.x * TILE, step = s->step * s->position;
    return (wn_winograd_target){.first = position_at(w, s, at.view, y, x),
                                .row_step = s->step * w->side * step,
                                .column_step = step,
                                .rows = least(w->side - y, TILE),
                                .columns = least(w->side - x, TILE)};
}

static void gather_tiles(const wn_winograd *w, const surface *s, size_t begin, size_t count, const panels *from,
                         size_t c)
{
    wn_winograd_target target, next = target_of(w, s, begin);
    for (size_t t = 0; t < count; t++) {
        target = next;
        if (t + 1 < count) next = target_of(w, s, begin + t + 1);
        wn_winograd_place place = place_of(w, from, c, t, false);
        w->kernels.output(&place, s->channels, &target, &next);
    }
}

/* Rows of a panel beyond its tiles. */
static void clear_rows(const wn_winograd *w, const panels *p, size_t channels, size_t begin, size_t end)
{
    for (size_t point = 0; point < POINTS && begin < end; point++) {
        for (size_t c = 0; c < channels; c += CHANNELS)
            memset(channels_at(w, p, point, c) + begin * CHANNELS * p->size, 0, (end - begin) * CHANNELS * p->size);
    }
}

/* The arrays of a run besides the weights, in its scratch memory: panels of the input with its phases and of the
 * output.
 */
typedef struct arrays {
    const char *zeros;
    panels inner, outer;
} arrays;

static arrays arrays_of(const wn_winograd *w, char *scratch)
{
    arrays a = {.zeros = scratch, .inner = panels_at(w, scratch + zero_bytes(w), inner_channels(w), w->inner)};
    a.outer = panels_at(w, a.inner.first + POINTS * a.inner.point, w->channels_out, w->outer);
    memset(scratch, 0, zero_bytes(w));
    return a;
}

static void spread_inner(const wn_winograd *w, void *inner, size_t begin, size_t count, const arrays *to)
{
    for (size_t phase = 0; phase < w->phases; phase++) {
        surface s = phase_of(w, inner, phase);
        spread_tiles(w, &s, true, to->zeros, begin, count, &to->inner, phase * w->channels_in);
    }
}

/* The channels of the input that a point needs, and where their panel begins. */
static size_t inner_of(const wn_winograd *w, const arrays *a, size_t point, char **panel)
{
    *panel = channels_at(w, &a->inner, point, w->first[point] * w->channels_in);
    return (size_t)(w->end[point] - w->first[point]) * w->channels_in;
}

static void run_forward(const wn_winograd *w, void *inner, const char *packed, void *outer, const arrays *to)
{
    const surface s = surface_of(w, outer, w->channels_out);
    char *from;
    if (w->phases > 1) memset(to->outer.first, 0, POINTS * to->outer.point);
    for (size_t begin = 0; begin < w->tiles; begin += w->block) {
        size_t count = least(w->block, w->tiles - begin), rows = rows_of(count);
        spread_inner(w, inner, begin, count, to);
        clear_rows(w, &to->inner, inner_channels(w), count, rows);
        for (size_t p = 0; p < POINTS; p++) {
            size_t depth = inner_of(w, to, p, &from);
            float *sums = (float *)(void *)channels_at(w, &to->outer, p, 0);
            if (depth > 0)
                w->kernels.multiply(from, packed + w->weights[p], sums, w->block, rows, depth, w->channels_out);
        }
        gather_tiles(w, &s, begin, count, &to->outer, 0);
    }
}

static void run_data(const wn_winograd *w, void *inner, const char *packed, void *outer, const arrays *to)
{
    const surface s = surface_of(w, outer, w->channels_out);
    char *sums;
    if (w->phases > 1) memset(to->inner.first, 0, POINTS * to->inner.point);
    for (size_t begin = 0; begin < w->tiles; begin += w->block) {
        size_t count = least(w->block, w->tiles - begin), rows = rows_of(count);
        spread_tiles(w, &s, true, to->zeros, begin, count, &to->outer, 0);
        clear_rows(w, &to->outer, w->channels_out, count, rows);
        for (size_t p = 0; p < POINTS; p++) {
            size_t width = inner_of(w, to, p, &sums);
            w->kernels.multiply(channels_at(w, &to->outer, p, 0), packed + w->weights[p], (float *)(void *)sums,
                                w->block, rows, w->channels_out, width);
        }
        for (size_t phase = 0; phase < w->phases; phase++) {
            surface part = phase_of(w, inner, phase);
            gather_tiles(w, &part, begin, count, &to->inner, phase * w->channels_in);
        }
    }
}

/* The products of one point, summed over the tiles. */
static void accumulate_point(const wn_winograd *w, size_t point, size_t count, const arrays *to, float *packed,
                             bool add)
{
    for (size_t phase = w->first[point]; phase < w->end[point]; phase++) {
        const size_t step = count_points(w, phase, POINTS) * SUMS;
        float *sums = packed + gradient_begin(w, phase) + count_points(w, phase, point) * SUMS;
        w->kernels.accumulate(channels_at(w, &to->inner, point, phase * w->channels_in),
                              channels_at(w, &to->outer, point, 0), sums, step, w->block, count, w->channels_in,
                              w->channels_out, add);
    }
}

static void run_weights(const wn_winograd *w, void *inner, void *outer, float *packed, const arrays *to)
{
    const surface s = surface_of(w, outer, w->channels_out);
    for (size_t begin = 0; begin < w->tiles; begin += w->block) {
        size_t count = least(w->block, w->tiles - begin);
        spread_inner(w, inner, begin, count, to);
        spread_tiles(w, &s, false, to->zeros, begin, count, &to->outer, 0);
        for (size_t p = 0; p < POINTS; p++) accumulate_point(w, p, count, to, packed, begin > 0);
    }
}

void wn_winograd_run(const wn_winograd *w, void *inner, void *packed, void *outer, void *scratch)
{
    const arrays to = arrays_of(w, scratch);
    switch (w->direction) {
    case WN_CONV_FORWARD:
        run_forward(w, inner, packed, outer, &to);
        break;
    case WN_CONV_BACKWARD_DATA:
        run_data(w, inner, packed, outer, &to);
        break;
    case WN_CONV_BACKWARD_WEIGHTS:
        run_weights(w, inner, outer, packed, &to);
        break;
    }
}
