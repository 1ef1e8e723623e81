/* SPDX-License-Identifier: Apache-2.0
 *
 * Gains of coverage: the same bits at every level. Values are finite, as those of a table are; a rise may be without
 * limit.
 */
#include <math.h>
#include <string.h>

#include "kcheck.h"

enum { RISES = 11 };

static void entry_lower(kcheck *check)
{
    size_t n = check->dim, first = n / 5, count = wn_rng_below(&check->rng, RISES) + 1;
    float *values = kcheck_place(check, 0, n * count, sizeof(*values));
    double *found = kcheck_place(check, 1, n, sizeof(*found)), expected[1000];
    wn_cover_rise rises[RISES];
    if (check->data == KCHECK_SPECIALS) return;
    kcheck_fill_f32(check, values, n * count);
    for (size_t i = 0; i < count; i++) {
        float old = wn_rng_range(&check->rng, 0, 1);
        rises[i] = (wn_cover_rise){.values = values + i * n,
                                   .old = old,
                                   .now = wn_rng_below(&check->rng, 4) ? old + 0.3f : INFINITY,
                                   .weight = (double)wn_rng_range(&check->rng, -2, 2)};
    }
    for (size_t c = 0; c < n; c++) found[c] = (double)wn_rng_normal(&check->rng);
    memcpy(expected, found, n * sizeof(*found));
    check->now->cover.lower(rises, count, first, n - first, found);
    check->reference->cover.lower(rises, count, first, n - first, expected);
    kcheck_exact_bytes(check, found, expected, n * sizeof(*found), "gains");
}

static void entry_lower_s16(kcheck *check)
{
    size_t n = check->dim, first = n / 5, count = wn_rng_below(&check->rng, RISES) + 1;
    int16_t *values = kcheck_place(check, 0, n * count, sizeof(*values));
    int32_t *found = kcheck_place(check, 1, n, sizeof(*found)), expected[1000];
    wn_cover_step steps[RISES];
    kcheck_fill_bytes(check, values, n * count * sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        int old = wn_rng_below(&check->rng, 4) ? (int)wn_rng_below(&check->rng, 32768) : 0;
        int now = wn_rng_below(&check->rng, 4) ? old + (32767 - old) / 3 : 32767;
        steps[i] = (wn_cover_step){.values = values + i * n, .old = (int16_t)old, .now = (int16_t)now};
    }
    for (size_t c = 0; c < n; c++) found[c] = (int32_t)(wn_rng_u32(&check->rng) >> 2);
    memcpy(expected, found, n * sizeof(*found));
    check->now->cover.lower_s16(steps, count, first, n - first, found);
    check->reference->cover.lower_s16(steps, count, first, n - first, expected);
    kcheck_exact_s32(check, found, expected, n, "sums");
}

const kcheck_case kcheck_cover_cases[] = {
    KCHECK_CASE(cover, lower, "exact", entry_lower), KCHECK_CASE(cover, lower_s16, "exact", entry_lower_s16), {0}};
