/* SPDX-License-Identifier: Apache-2.0
 *
 * The threshold filter: positions and their number, exactly. The output has room for n, as the contract says.
 */
#include "kcheck.h"

#include <math.h>

static void compare(kcheck *check, size_t found, const uint32_t *out, size_t expected, const uint32_t *expected_out)
{
    int32_t counts[2] = {(int32_t)found, (int32_t)expected};
    kcheck_exact_s32(check, counts, counts + 1, 1, "count");
    if (found == expected) {
        kcheck_exact_s32(check, (const int32_t *)out, (const int32_t *)expected_out, found, "position");
    }
}

static void entry_filter_f32(kcheck *check)
{
    static const float thresholds[] = {0.0f, 1.0f, -0.0f, INFINITY, -INFINITY, NAN, 3.0f};
    size_t n = check->dim;
    float *distances = kcheck_place(check, 0, n, sizeof *distances);
    float threshold = thresholds[wn_rng_below(&check->rng, 7)];
    uint32_t *found = kcheck_place(check, 1, n, sizeof *found), expected[1000];
    kcheck_fill_f32(check, distances, n);
    size_t count = check->now->topk.filter_f32(distances, n, threshold, found);
    compare(check, count, found, check->reference->topk.filter_f32(distances, n, threshold, expected), expected);
}

static void entry_filter_s32(kcheck *check)
{
    static const int32_t thresholds[] = {0, INT32_MAX, INT32_MIN, 50};
    size_t n = check->dim;
    int32_t *distances = kcheck_place(check, 0, n, sizeof *distances),
            threshold = thresholds[wn_rng_below(&check->rng, 4)];
    uint32_t *found = kcheck_place(check, 1, n, sizeof *found), expected[1000];
    for (size_t i = 0; i < n; i++) {
        distances[i] = wn_rng_below(&check->rng, 2) ? (int32_t)wn_rng_u32(&check->rng) : threshold;
    }
    size_t count = check->now->topk.filter_s32(distances, n, threshold, found);
    compare(check, count, found, check->reference->topk.filter_s32(distances, n, threshold, expected), expected);
}

const kcheck_case kcheck_topk_cases[] = {KCHECK_CASE(topk, filter_f32, "exact", entry_filter_f32),
                                         KCHECK_CASE(topk, filter_s32, "exact", entry_filter_s32),
                                         {0}};
