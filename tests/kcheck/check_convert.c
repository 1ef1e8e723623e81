/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions (exact, over bit patterns of every kind) and facts about rows.
 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

#include "num/bf16.h"

enum { ROWS = 9 };

/* Any 32 bits as a float now and then, so that every exponent, NaN payload and rounding case comes up. */
static float *fill_any(kcheck *check, unsigned slot, size_t n)
{
    float *values = kcheck_place(check, slot, n, sizeof *values);
    kcheck_fill_f32(check, values, n);
    for (size_t i = 0; i < n && check->data == KCHECK_NORMAL; i++) {
        uint32_t bits = wn_rng_u32(&check->rng);
        if (wn_rng_below(&check->rng, 2)) memcpy(&values[i], &bits, sizeof bits);
        if (wn_rng_below(&check->rng, 8) == 0) {
            bits = (bits & 0xffff0000u) | 0x8000u; /* half way between two bfloat16 */
            memcpy(&values[i], &bits, sizeof bits);
        }
    }
    return values;
}

static void entry_f32_to_bf16(kcheck *check)
{
    size_t n = check->dim;
    float *src = fill_any(check, 0, n);
    uint16_t *found = kcheck_place(check, 1, n, sizeof *found), *expected = kcheck_place(check, 2, n, sizeof *expected);
    check->now->convert.f32_to_bf16(src, n, found);
    check->reference->convert.f32_to_bf16(src, n, expected);
    kcheck_exact_bytes(check, found, expected, n * sizeof *found, "bf16");
}

static void check_widen(kcheck *check, wn_convert_f16_f32 *now, wn_convert_f16_f32 *reference)
{
    size_t n = check->dim;
    uint16_t *src = kcheck_place(check, 0, n, sizeof *src);
    float *found = kcheck_place(check, 1, n, sizeof *found), *expected = kcheck_place(check, 2, n, sizeof *expected);
    for (size_t i = 0; i < n; i++) src[i] = (uint16_t)wn_rng_u32(&check->rng);
    now(src, n, found);
    reference(src, n, expected);
    kcheck_exact_f32(check, found, expected, n, "f32");
}

static void entry_bf16_to_f32(kcheck *check)
{
    check_widen(check, check->now->convert.bf16_to_f32, check->reference->convert.bf16_to_f32);
}

static void entry_f16_to_f32(kcheck *check)
{
    check_widen(check, check->now->convert.f16_to_f32, check->reference->convert.f16_to_f32);
}

static void entry_f32_to_s8(kcheck *check)
{
    static const float scales[] = {1.0f, 40.0f, 0.5f, 1e30f};
    size_t n = check->dim;
    float scale = scales[wn_rng_below(&check->rng, 4)], *src = fill_any(check, 0, n);
    uint8_t flip = wn_rng_below(&check->rng, 2) ? 0x80 : 0;
    int8_t *found = kcheck_place(check, 1, n, 1), *expected = kcheck_place(check, 2, n, 1);
    for (size_t i = 0; i < n; i += 3) src[i] = (float)wn_rng_below(&check->rng, 300) - 150.5f; /* ties */
    check->now->convert.f32_to_s8(src, n, scale, flip, found);
    check->reference->convert.f32_to_s8(src, n, scale, flip, expected);
    kcheck_exact_bytes(check, found, expected, n, "s8");
}

/* Rows for the four kernels that look at them. */
typedef struct scene {
    size_t n, stride, len;
} scene;

static scene draw_scene(kcheck *check)
{
    scene s = {.n = 1 + wn_rng_below(&check->rng, ROWS), .stride = check->dim + wn_rng_below(&check->rng, 3)};
    s.len = (s.n - 1) * s.stride + check->dim;
    return s;
}

static void check_norms(kcheck *check, const scene *s, const float *found, const float *expected)
{
    for (size_t r = 0; r < s->n; r++) {
        kcheck_reduction(check, found[r], (double)expected[r], (double)expected[r], "norm", r);
    }
}

static void entry_norms_f32(kcheck *check)
{
    scene s = draw_scene(check);
    float *rows = kcheck_place(check, 0, s.len, sizeof *rows), *found = kcheck_place(check, 1, s.n, sizeof *found);
    float expected[ROWS];
    kcheck_fill_f32(check, rows, s.len);
    check->now->convert.norms_f32(rows, s.n, s.stride, check->dim, found);
    check->reference->convert.norms_f32(rows, s.n, s.stride, check->dim, expected);
    check_norms(check, &s, found, expected);
}

static void entry_norms_bf16(kcheck *check)
{
    scene s = draw_scene(check);
    uint16_t *rows = kcheck_place(check, 0, s.len, sizeof *rows);
    float *found = kcheck_place(check, 1, s.n, sizeof *found), expected[ROWS];
    kcheck_fill_bf16(check, rows, s.len);
    check->now->convert.norms_bf16(rows, s.n, s.stride, check->dim, found);
    check->reference->convert.norms_bf16(rows, s.n, s.stride, check->dim, expected);
    check_norms(check, &s, found, expected);
}

static void entry_norms_s8(kcheck *check)
{
    scene s = draw_scene(check);
    int8_t *rows = kcheck_place(check, 0, s.len, 1);
    int32_t *found = kcheck_place(check, 1, s.n, sizeof *found), expected[ROWS];
    kcheck_fill_bytes(check, rows, s.len);
    check->now->convert.norms_s8(rows, s.n, s.stride, check->dim, found);
    check->reference->convert.norms_s8(rows, s.n, s.stride, check->dim, expected);
    kcheck_exact_s32(check, found, expected, s.n, "norm");
}

/* The length is a float sum in the fast levels: one relative bound for every element. */
static void entry_normalise_f32(kcheck *check)
{
    scene s = draw_scene(check);
    float *rows = kcheck_place(check, 0, s.len, sizeof *rows),
          *expected = kcheck_place(check, 1, s.len, sizeof *expected);
    kcheck_data data = check->data;
    kcheck_fill_f32(check, rows, s.len);
    if (wn_rng_below(&check->rng, 4) == 0) memset(rows, 0, check->dim * sizeof *rows);
    memcpy(expected, rows, s.len * sizeof *rows);
    check->now->convert.normalise_f32(rows, s.n, s.stride, check->dim);
    check->reference->convert.normalise_f32(expected, s.n, s.stride, check->dim);
    if (data == KCHECK_INTEGERS) check->data = KCHECK_NORMAL; /* quotients are not exact */
    for (size_t i = 0; i < s.len; i++) {
        double value = (double)expected[i];
        kcheck_reduction(check, rows[i], value, fabs(value), "element", i);
    }
    check->data = data;
}

static void entry_find_nonfinite(kcheck *check)
{
    scene s = draw_scene(check);
    float *rows = kcheck_place(check, 0, s.len, sizeof *rows);
    kcheck_fill_f32(check, rows, s.len);
    if (check->data == KCHECK_NORMAL) rows[wn_rng_below(&check->rng, (uint32_t)s.len)] = -INFINITY;
    if (check->data == KCHECK_INTEGERS) rows[s.len - 1] = NAN;
    int32_t found = (int32_t)check->now->convert.find_nonfinite(rows, s.n, s.stride, check->dim);
    int32_t expected = (int32_t)check->reference->convert.find_nonfinite(rows, s.n, s.stride, check->dim);
    kcheck_exact_s32(check, &found, &expected, 1, "row");
}

static void entry_max_abs(kcheck *check)
{
    float *src = fill_any(check, 0, check->dim);
    float found = check->now->convert.max_abs(src, check->dim);
    float expected = check->reference->convert.max_abs(src, check->dim);
    kcheck_exact_f32(check, &found, &expected, 1, "maximum");
}

const kcheck_case kcheck_convert_cases[] = {KCHECK_CASE(convert, f32_to_bf16, "exact", entry_f32_to_bf16),
                                            KCHECK_CASE(convert, bf16_to_f32, "exact", entry_bf16_to_f32),
                                            KCHECK_CASE(convert, f16_to_f32, "exact", entry_f16_to_f32),
                                            KCHECK_CASE(convert, f32_to_s8, "exact", entry_f32_to_s8),
                                            KCHECK_CASE(convert, norms_f32, "reduction", entry_norms_f32),
                                            KCHECK_CASE(convert, norms_bf16, "reduction", entry_norms_bf16),
                                            KCHECK_CASE(convert, norms_s8, "exact", entry_norms_s8),
                                            KCHECK_CASE(convert, normalise_f32, "reduction", entry_normalise_f32),
                                            KCHECK_CASE(convert, find_nonfinite, "exact", entry_find_nonfinite),
                                            KCHECK_CASE(convert, max_abs, "exact", entry_max_abs),
                                            {0}};
