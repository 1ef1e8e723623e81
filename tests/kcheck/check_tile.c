/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles: packing (exact), dot products and squared distances (every value, nothing outside the n columns, the same bits
 * wherever a row and a centre stand), and the update of the nearest centre (ties go to the earlier one).
 */
#include "kcheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/bf16.h"

enum { UNTOUCHED = 0x5a5a5a5a };

/* Sizes of one trial; the big dimensions get fewer rows and centres, to keep the program quick. */
typedef struct trial {
    size_t m, n, stride, out_stride;
    uint32_t *index;
} trial;

static trial draw_trial(kcheck *check)
{
    uint32_t rows = check->dim > 97 ? 8 : 14, centres = check->dim > 97 ? 70 : 140;
    trial t = {.m = 1 + wn_rng_below(&check->rng, rows), .n = 1 + wn_rng_below(&check->rng, centres)};
    t.stride = check->dim + wn_rng_below(&check->rng, 3);
    t.out_stride = t.n + wn_rng_below(&check->rng, 3);
    if (wn_rng_below(&check->rng, 2)) {
        t.index = kcheck_place(check, 2, t.m, sizeof *t.index);
        for (size_t i = 0; i < t.m; i++) t.index[i] = (uint32_t)((i * 5 + 3) % t.m);
        if (t.m % 5 == 0) t.index = NULL; /* the numbers would repeat */
    }
    return t;
}

static float same_f32(float value)
{
    return value;
}

static void fill_sentinel(void *out, size_t n)
{
    uint32_t *words = out;
    for (size_t i = 0; i < n; i++) words[i] = UNTOUCHED;
}

/* The gap between two rows of the output. */
static void check_gaps(kcheck *check, const trial *t, const void *out)
{
    const uint32_t *words = out;
    for (size_t i = 0; i + 1 < t->m; i++) {
        for (size_t c = t->n; c < t->out_stride; c++) {
            if (words[i * t->out_stride + c] != UNTOUCHED) kcheck_fail(check, "wrote column %zu of %zu", c, t->n);
        }
    }
}

#define DEFINE_SCENE(type, element, pack, fill, pack_call)                                                             \
    static wn_tile_##type scene_##type(kcheck *check, const trial *t)                                                  \
    {                                                                                                                  \
        size_t len = (t->m - 1) * t->stride + check->dim, centre_len = (t->n - 1) * t->stride + check->dim;            \
        element *rows = kcheck_place(check, 0, len, sizeof *rows);                                                     \
        wn_tile_##type tile = {                                                                                        \
            .rows = (void *)rows, .stride = t->stride, .index = t->index, .m = t->m, .dim = check->dim, .n = t->n};    \
        element *centres = kcheck_place(check, 1, centre_len, sizeof *centres);                                        \
        fill(check, rows, len);                                                                                        \
        fill(check, centres, centre_len);                                                                              \
        /* a row that is a centre: the distance is nothing but rounding */                                             \
        memcpy(rows, centres + (t->n - 1) * t->stride, check->dim * sizeof *rows);                                     \
        pack_call;                                                                                                     \
        return tile;                                                                                                   \
    }

#define PANELS(slot, step) kcheck_place(check, slot, wn_tile_panel_len(t->n, check->dim, step), sizeof *centres)
#define NORMS(slot)        kcheck_place(check, slot, wn_tile_padded(t->n), sizeof(float))
#define FLOAT_PACK(type, element, step)                                                                                \
    element *panels = PANELS(3, step);                                                                                 \
    float *norms = NORMS(4), *row_norms = kcheck_place(check, 5, t->m, sizeof *row_norms);                             \
    check->reference->tile.pack_##type(centres, t->stride, NULL, t->n, check->dim, panels, norms);                     \
    check->reference->convert.norms_##type(rows, t->m, t->stride, check->dim, row_norms);                              \
    tile.panels = panels;                                                                                              \
    tile.panel_norms = norms;                                                                                          \
    tile.row_norms = row_norms

/* Signed values with 128 added. */
static void row_norms_u8(const uint8_t *rows, const trial *t, size_t dim, int32_t *norms)
{
    for (size_t i = 0; i < t->m; i++) {
        norms[i] = 0;
        for (size_t k = 0; k < dim; k++) {
            int32_t value = rows[i * t->stride + k] - 128;
            norms[i] += value * value;
        }
    }
}

#define BYTE_PACK                                                                                                      \
    int8_t *panels = PANELS(3, 4);                                                                                     \
    int32_t *bias = NORMS(6), *norms = NORMS(4), *row_norms = kcheck_place(check, 5, t->m, sizeof *row_norms);         \
    check->reference->tile.pack_s8(centres, t->stride, NULL, t->n, check->dim, 128, panels, bias, norms);              \
    row_norms_u8((const uint8_t *)rows, t, check->dim, row_norms);                                                     \
    tile.panels = panels;                                                                                              \
    tile.panel_bias = bias;                                                                                            \
    tile.panel_norms = norms;                                                                                          \
    tile.row_norms = row_norms

DEFINE_SCENE(f32, float, f32, kcheck_fill_f32, FLOAT_PACK(f32, float, 1))
DEFINE_SCENE(bf16, uint16_t, bf16, kcheck_fill_bf16, FLOAT_PACK(bf16, uint16_t, 2))
DEFINE_SCENE(u8s8, int8_t, s8, kcheck_fill_bytes, BYTE_PACK)

/* The centre that slot 1 still holds. */
static const void *centre_of(const kcheck *check, const trial *t, size_t c, size_t size)
{
    const char *centres = kcheck_place(check, 1, (t->n - 1) * t->stride + check->dim, size);
    return centres + c * t->stride * size;
}

#define DEFINE_FLOAT(type, element, load)                                                                              \
    static double terms_##type(const kcheck *check, const trial *t, const wn_tile_##type *tile, size_t i, size_t c,    \
                               bool squared)                                                                           \
    {                                                                                                                  \
        size_t row = t->index ? t->index[i] : i;                                                                       \
        const element *a = tile->rows + row * t->stride, *b = centre_of(check, t, c, sizeof *b);                       \
        double total = 0;                                                                                              \
        for (size_t k = 0; k < check->dim; k++) total += fabs((double)load(a[k]) * (double)load(b[k]));                \
        return squared ? (double)tile->row_norms[row] + (double)tile->panel_norms[c] + 2 * total : total;              \
    }                                                                                                                  \
    /* One row alone with the centres from `from` on must give the same bits. */                                       \
    static void check_place_##type(kcheck *check, const trial *t, const wn_tile_##type *tile, const float *out,        \
                                   wn_tile_out_##type *now)                                                            \
    {                                                                                                                  \
        size_t i = wn_rng_below(&check->rng, (uint32_t)t->m), from = wn_rng_below(&check->rng, (uint32_t)t->n);        \
        uint32_t row = t->index ? t->index[i] : (uint32_t)i;                                                           \
        wn_tile_##type one = *tile;                                                                                    \
        element *panels = kcheck_place(check, 7, wn_tile_panel_len(t->n, check->dim, 2), sizeof *panels);              \
        float *norms = kcheck_place(check, 8, wn_tile_padded(t->n), sizeof *norms), found[140];                        \
        check->reference->tile.pack_##type(centre_of(check, t, from, sizeof *panels), t->stride, NULL, t->n - from,    \
                                           check->dim, panels, norms);                                                 \
        one.panels = panels;                                                                                           \
        one.panel_norms = norms;                                                                                       \
        one.n = t->n - from;                                                                                           \
        one.m = 1;                                                                                                     \
        one.index = &row;                                                                                              \
        now(&one, found, one.n);                                                                                       \
        kcheck_exact_f32(check, found, out + i * t->out_stride + from, one.n, "alone");                                \
    }                                                                                                                  \
    static void check_out_##type(kcheck *check, wn_tile_out_##type *now, wn_tile_out_##type *reference, bool squared)  \
    {                                                                                                                  \
        trial t = draw_trial(check);                                                                                   \
        wn_tile_##type tile = scene_##type(check, &t);                                                                 \
        size_t len = (t.m - 1) * t.out_stride + t.n;                                                                   \
        float *found = kcheck_place(check, 9, len, sizeof *found);                                                     \
        float *expected = kcheck_place(check, 10, len, sizeof *expected);                                              \
        fill_sentinel(found, len);                                                                                     \
        now(&tile, found, t.out_stride);                                                                               \
        reference(&tile, expected, t.out_stride);                                                                      \
        for (size_t i = 0; i < t.m; i++) {                                                                             \
            for (size_t c = 0; c < t.n; c++) {                                                                         \
                size_t at = i * t.out_stride + c;                                                                      \
                if (squared && found[at] < 0) kcheck_fail(check, "value[%zu] is negative", at);                        \
                kcheck_reduction(check, found[at], (double)expected[at],                                               \
                                 terms_##type(check, &t, &tile, i, c, squared), "value", at);                          \
            }                                                                                                          \
        }                                                                                                              \
        check_gaps(check, &t, found);                                                                                  \
        check_place_##type(check, &t, &tile, found, now);                                                              \
    }                                                                                                                  \
    static void check_nearest_##type(kcheck *check, wn_tile_nearest_##type *now, wn_tile_nearest_##type *reference)    \
    {                                                                                                                  \
        trial t = draw_trial(check);                                                                                   \
        wn_tile_##type tile = scene_##type(check, &t);                                                                 \
        bool wants_arg = wn_rng_below(&check->rng, 3) > 0;                                                             \
        float *found = kcheck_place(check, 9, t.m, sizeof *found), expected[14], all[140];                             \
        uint32_t *arg = wants_arg ? kcheck_place(check, 10, t.m, sizeof *arg) : NULL, expected_arg[14];                \
        for (size_t i = 0; i < t.m; i++) {                                                                             \
            found[i] = expected[i] = wn_rng_below(&check->rng, 2) ? INFINITY : (float)check->dim;                      \
            expected_arg[i] = UNTOUCHED;                                                                               \
        }                                                                                                              \
        if (wants_arg) fill_sentinel(arg, t.m);                                                                        \
        now(&tile, 1000, found, arg);                                                                                  \
        reference(&tile, 1000, expected, expected_arg);                                                                \
        for (size_t i = 0; i < t.m; i++) {                                                                             \
            uint32_t row = t.index ? t.index[i] : (uint32_t)i;                                                         \
            double most = 0;                                                                                           \
            for (size_t c = 0; c < t.n; c++) {                                                                         \
                double terms = terms_##type(check, &t, &tile, i, c, true);                                             \
                if (isfinite(terms) && terms > most) most = terms;                                                     \
            }                                                                                                          \
            if (found[row] < 0) kcheck_fail(check, "best[%u] is negative", row);                                       \
            kcheck_reduction(check, found[row], (double)expected[row], most, "best", row);                             \
            if (!wants_arg || arg[row] == expected_arg[row]) continue;                                                 \
            if (check->data == KCHECK_INTEGERS || arg[row] - 1000 >= t.n) {                                            \
                kcheck_fail(check, "arg[%u] is %u, expected %u", row, arg[row], expected_arg[row]);                    \
                continue;                                                                                              \
            }                                                                                                          \
            wn_tile_##type one = tile;                                                                                 \
            one.m = 1;                                                                                                 \
            one.index = &row;                                                                                          \
            check->reference->tile.l2sq_##type(&one, all, t.n);                                                        \
            kcheck_reduction(check, all[arg[row] - 1000], (double)expected[row], most, "value of arg", row);           \
        }                                                                                                              \
    }

DEFINE_FLOAT(f32, float, same_f32)
DEFINE_FLOAT(bf16, uint16_t, wn_bf16_to_float)

static void check_out_u8s8(kcheck *check, wn_tile_out_u8s8 *now, wn_tile_out_u8s8 *reference, bool squared)
{
    trial t = draw_trial(check);
    wn_tile_u8s8 tile = scene_u8s8(check, &t);
    size_t len = (t.m - 1) * t.out_stride + t.n;
    int32_t *found = kcheck_place(check, 9, len, sizeof *found);
    int32_t *expected = kcheck_place(check, 10, len, sizeof *expected);
    (void)squared;
    fill_sentinel(found, len);
    fill_sentinel(expected, len);
    now(&tile, found, t.out_stride);
    reference(&tile, expected, t.out_stride);
    kcheck_exact_s32(check, found, expected, len, "value");
}

/* Sums that do not fit wrap around, at every level. */
static void entry_dot_s16(kcheck *check)
{
    trial t = draw_trial(check);
    size_t len = (t.m - 1) * t.stride + check->dim, centre_len = (t.n - 1) * t.stride + check->dim;
    size_t out_len = (t.m - 1) * t.out_stride + t.n;
    int16_t *rows = kcheck_place(check, 0, len, sizeof *rows);
    uint16_t *centres = kcheck_place(check, 1, centre_len, sizeof *centres);
    uint16_t *panels = kcheck_place(check, 3, wn_tile_panel_len(t.n, check->dim, 2), sizeof *panels);
    int32_t *found = kcheck_place(check, 9, out_len, sizeof *found);
    int32_t *expected = kcheck_place(check, 10, out_len, sizeof *expected);
    wn_tile_s16 tile = {.rows = rows, .stride = t.stride, .index = t.index, .m = t.m, .dim = check->dim, .n = t.n};
    kcheck_fill_bytes(check, rows, len * sizeof *rows);
    kcheck_fill_bytes(check, centres, centre_len * sizeof *centres);
    check->reference->tile.pack_bf16(centres, t.stride, NULL, t.n, check->dim, panels, NULL);
    tile.panels = (const int16_t *)panels;
    fill_sentinel(found, out_len);
    fill_sentinel(expected, out_len);
    check->now->tile.dot_s16(&tile, found, t.out_stride);
    check->reference->tile.dot_s16(&tile, expected, t.out_stride);
    kcheck_exact_s32(check, found, expected, out_len, "value");
}

static void check_nearest_u8s8(kcheck *check, wn_tile_nearest_u8s8 *now, wn_tile_nearest_u8s8 *reference)
{
    trial t = draw_trial(check);
    wn_tile_u8s8 tile = scene_u8s8(check, &t);
    int32_t *found = kcheck_place(check, 9, t.m, sizeof *found), expected[14], expected_arg[14];
    uint32_t *arg = wn_rng_below(&check->rng, 3) ? kcheck_place(check, 10, t.m, sizeof *arg) : NULL;
    for (size_t i = 0; i < t.m; i++) {
        found[i] = expected[i] = wn_rng_below(&check->rng, 2) ? INT32_MAX : (int32_t)check->dim * 5000;
    }
    fill_sentinel(expected_arg, t.m);
    if (arg) fill_sentinel(arg, t.m);
    now(&tile, 1000, found, arg);
    reference(&tile, 1000, expected, (uint32_t *)expected_arg);
    kcheck_exact_s32(check, found, expected, t.m, "best");
    if (arg) kcheck_exact_s32(check, (const int32_t *)arg, expected_arg, t.m, "arg");
}

static int compare_hits(const void *a, const void *b)
{
    const wn_tile_hit *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->centre > y->centre) - (x->centre < y->centre);
}

/* Limits around the scores that random bytes give, so that rows and centres have none, some or all hits. */
static void entry_hits_u8s8(kcheck *check)
{
    trial t = draw_trial(check);
    wn_tile_u8s8 tile = scene_u8s8(check, &t);
    int32_t *row_least = kcheck_place(check, 9, t.m, sizeof *row_least);
    int32_t *row_shift = kcheck_place(check, 10, t.m, sizeof *row_shift);
    int32_t *centre_least = kcheck_place(check, 11, wn_tile_padded(t.n), sizeof *centre_least);
    wn_tile_hit *found = calloc(t.m * t.n, sizeof *found), *expected = calloc(t.m * t.n, sizeof *expected);
    wn_tile_wanted wanted = {row_least, row_shift, centre_least};
    int32_t spread = (int32_t)check->dim * 20000;
    for (size_t i = 0; i < t.m; i++) {
        row_least[i] = (int32_t)wn_rng_below(&check->rng, (uint32_t)spread) - spread / 4;
        row_shift[i] = (int32_t)wn_rng_below(&check->rng, 1000) - 500;
    }
    for (size_t c = 0; c < wn_tile_padded(t.n); c++)
        centre_least[c] = (int32_t)wn_rng_below(&check->rng, (uint32_t)spread) - spread / 4;
    size_t count = check->now->tile.hits_u8s8(&tile, &wanted, found);
    size_t wants = check->reference->tile.hits_u8s8(&tile, &wanted, expected);
    int32_t counts[2] = {(int32_t)count, (int32_t)wants};
    kcheck_exact_s32(check, counts, counts + 1, 1, "hits");
    qsort(found, count, sizeof *found, compare_hits);
    qsort(expected, wants, sizeof *expected, compare_hits);
    if (count == wants) kcheck_exact_bytes(check, found, expected, count * sizeof *found, "hit");
    free(found);
    free(expected);
}

#define DEFINE_PACK(type, element, fill, step, now_call, reference_call, extra)                                        \
    static void entry_pack_##type(kcheck *check)                                                                       \
    {                                                                                                                  \
        trial t = draw_trial(check);                                                                                   \
        size_t len = (t.n - 1) * t.stride + check->dim, panel_len = wn_tile_panel_len(t.n, check->dim, step);          \
        size_t padded = wn_tile_padded(t.n);                                                                           \
        element *centres = kcheck_place(check, 1, len, sizeof *centres);                                               \
        uint32_t *index = wn_rng_below(&check->rng, 2) ? kcheck_place(check, 2, t.n, sizeof *index) : NULL;            \
        element *found = kcheck_place(check, 3, panel_len, sizeof *found);                                             \
        element *expected = kcheck_place(check, 4, panel_len, sizeof *expected);                                       \
        void *norms = kcheck_place(check, 5, padded, 4), *expected_norms = kcheck_place(check, 6, padded, 4);          \
        void *bias = kcheck_place(check, 7, padded, 4), *expected_bias = kcheck_place(check, 8, padded, 4);            \
        fill(check, centres, len);                                                                                     \
        for (size_t i = 0; index && i < t.n; i++) index[i] = wn_rng_below(&check->rng, (uint32_t)t.n);                 \
        (void)bias;                                                                                                    \
        (void)expected_bias;                                                                                           \
        now_call;                                                                                                      \
        reference_call;                                                                                                \
        kcheck_exact_bytes(check, found, expected, panel_len * sizeof *found, "panel");                                \
        extra;                                                                                                         \
    }
#define FLOAT_NORMS                                                                                                    \
    for (size_t c = 0; c < padded; c++) {                                                                              \
        double expected_norm = (double)((float *)expected_norms)[c];                                                   \
        kcheck_reduction(check, ((float *)norms)[c], expected_norm, expected_norm, "norm", c);                         \
    }
#define BYTE_NORMS                                                                                                     \
    kcheck_exact_s32(check, norms, expected_norms, padded, "norm");                                                    \
    kcheck_exact_s32(check, bias, expected_bias, padded, "bias")
#define PACK(which, type, panels, ...)                                                                                 \
    check->which->tile.pack_##type(centres, t.stride, index, t.n, check->dim, __VA_ARGS__)

DEFINE_PACK(f32, float, kcheck_fill_f32, 1, PACK(now, f32, found, found, norms),
            PACK(reference, f32, expected, expected, expected_norms), FLOAT_NORMS)
DEFINE_PACK(bf16, uint16_t, kcheck_fill_bf16, 2, PACK(now, bf16, found, found, norms),
            PACK(reference, bf16, expected, expected, expected_norms), FLOAT_NORMS)
DEFINE_PACK(s8, int8_t, kcheck_fill_bytes, 4, PACK(now, s8, found, 128, found, bias, norms),
            PACK(reference, s8, expected, 128, expected, expected_bias, expected_norms), BYTE_NORMS)

#define DEFINE_ENTRIES(type)                                                                                           \
    static void entry_dot_##type(kcheck *check)                                                                        \
    {                                                                                                                  \
        check_out_##type(check, check->now->tile.dot_##type, check->reference->tile.dot_##type, false);                \
    }                                                                                                                  \
    static void entry_l2sq_##type(kcheck *check)                                                                       \
    {                                                                                                                  \
        check_out_##type(check, check->now->tile.l2sq_##type, check->reference->tile.l2sq_##type, true);               \
    }                                                                                                                  \
    static void entry_nearest_##type(kcheck *check)                                                                    \
    {                                                                                                                  \
        check_nearest_##type(check, check->now->tile.nearest_##type, check->reference->tile.nearest_##type);           \
    }

DEFINE_ENTRIES(f32)
DEFINE_ENTRIES(bf16)
DEFINE_ENTRIES(u8s8)

#define ENTRIES(type, errors)                                                                                          \
    KCHECK_CASE(tile, dot_##type, errors, entry_dot_##type),                                                           \
        KCHECK_CASE(tile, l2sq_##type, errors, entry_l2sq_##type),                                                     \
        KCHECK_CASE(tile, nearest_##type, errors, entry_nearest_##type)

const kcheck_case kcheck_tile_cases[] = {KCHECK_CASE(tile, pack_f32, "exact, norms reduction", entry_pack_f32),
                                         ENTRIES(f32, "reduction"),
                                         KCHECK_CASE(tile, pack_bf16, "exact, norms reduction", entry_pack_bf16),
                                         ENTRIES(bf16, "reduction"),
                                         KCHECK_CASE(tile, dot_s16, "exact", entry_dot_s16),
                                         KCHECK_CASE(tile, pack_s8, "exact", entry_pack_s8),
                                         ENTRIES(u8s8, "exact"),
                                         KCHECK_CASE(tile, hits_u8s8, "exact", entry_hits_u8s8),
                                         {0}};
