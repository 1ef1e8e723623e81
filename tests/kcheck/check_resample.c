/* SPDX-License-Identifier: Apache-2.0
 *
 * Weighted sums of rows and of pixels: fixed point, exactly.
 */
#include "kcheck.h"

#define MOST_TAPS 12

/* Weights that add up to WN_RESAMPLE_ONE, some of them 0. */
static void fill_weights(kcheck *check, int16_t *weights, size_t taps)
{
    uint32_t left = WN_RESAMPLE_ONE;
    for (size_t t = 0; t + 1 < taps; t++) {
        uint32_t weight = wn_rng_below(&check->rng, 4) == 0 ? 0 : wn_rng_below(&check->rng, left + 1);
        weights[t] = (int16_t)weight;
        left -= weight;
    }
    weights[taps - 1] = (int16_t)left;
}

static void entry_blend_rows(kcheck *check)
{
    size_t len = check->dim, taps = 1 + wn_rng_below(&check->rng, MOST_TAPS - 1);
    const uint8_t *rows[MOST_TAPS];
    int16_t weights[MOST_TAPS];
    for (size_t t = 0; t < taps; t++) {
        uint8_t *row = kcheck_place(check, (unsigned)(t % 10), len, 1);
        if (t < 10) kcheck_fill_bytes(check, row, len);
        rows[t] = row;
    }
    fill_weights(check, weights, taps);
    uint8_t *found = kcheck_place(check, 10, len, 1), expected[1000];
    check->now->resample.blend_rows(rows, weights, taps, len, found);
    check->reference->resample.blend_rows(rows, weights, taps, len, expected);
    kcheck_exact_bytes(check, found, expected, len, "blended");
}

static void entry_filter_row(kcheck *check)
{
    size_t taps = 4 * (1 + wn_rng_below(&check->rng, MOST_TAPS / 4)), in = check->dim + taps, pixels = check->dim;
    uint8_t *row = kcheck_place(check, 0, 4 * in, 1);
    int32_t starts[1000];
    int16_t *weights = kcheck_place(check, 1, pixels * taps, sizeof(*weights));
    uint8_t *found = kcheck_place(check, 2, 4 * pixels, 1), expected[4000];
    kcheck_fill_bytes(check, row, 4 * in);
    for (size_t x = 0; x < pixels; x++) {
        starts[x] = (int32_t)wn_rng_below(&check->rng, (uint32_t)(in - taps + 1));
        fill_weights(check, weights + x * taps, taps);
    }
    check->now->resample.filter_row(row, starts, weights, taps, pixels, found);
    check->reference->resample.filter_row(row, starts, weights, taps, pixels, expected);
    kcheck_exact_bytes(check, found, expected, 4 * pixels, "filtered");
}

const kcheck_case kcheck_resample_cases[] = {KCHECK_CASE(resample, blend_rows, "exact", entry_blend_rows),
                                             KCHECK_CASE(resample, filter_row, "exact", entry_filter_row),
                                             {0}};
