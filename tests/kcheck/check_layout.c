/* SPDX-License-Identifier: Apache-2.0
 *
 * Forces of a map: `dim` partners among 23 points, in two and three dimensions, with and without weights. Powers and
 * logarithms are series, so a sum may be off by 4e-6 of its terms, and by the rounding of 1 + d^2.
 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

enum { POINTS = 23 };

static void check_sum(kcheck *check, wn_layout_sum *now, wn_layout_sum *reference)
{
    const wn_layout_law law = {.a = 1.577f, .b = 0.895f, .shift = 11, .limit = 4};
    size_t stride = wn_rng_below(&check->rng, 2) ? 4 : 2, n = check->dim;
    float *points = kcheck_place(check, 0, POINTS * stride, sizeof *points);
    uint32_t *partners = kcheck_place(check, 1, n, sizeof *partners);
    float *weights = wn_rng_below(&check->rng, 2) ? kcheck_place(check, 2, n, sizeof *weights) : NULL;
    float *at = kcheck_place(check, 3, stride, sizeof *at), *found = kcheck_place(check, 4, stride, sizeof *found);
    double expected[4] = {0}, terms[4] = {0}, weight = 0;
    kcheck_fill_f32(check, points, POINTS * stride);
    if (weights) kcheck_fill_f32(check, weights, n);
    for (size_t i = 0; stride == 4 && i < POINTS; i++) points[i * 4 + 3] = 0;
    memcpy(at, points + wn_rng_below(&check->rng, POINTS) * stride, stride * sizeof *at); /* may be its own partner */
    for (size_t i = 0; i < n; i++) partners[i] = wn_rng_below(&check->rng, POINTS);
    memset(found, 0, stride * sizeof *found);
    now(&law, points, stride, at, partners, weights, n, found);
    if (check->data == KCHECK_SPECIALS) return; /* a map never holds a NaN; nothing beyond the arrays is read */
    for (size_t i = 0; i < n; i++) {
        float term[4] = {0};
        reference(&law, points, stride, at, partners + i, weights ? weights + i : NULL, 1, term);
        for (size_t c = 0; c < stride; c++) expected[c] += (double)term[c], terms[c] += fabs((double)term[c]);
        weight += weights ? fabs((double)weights[i]) : 1;
    }
    check->comparisons += stride;
    for (size_t c = 0; c < stride; c++)
        if (!(fabs((double)found[c] - expected[c]) <= 4e-6 * terms[c] + 2e-7 * weight + 1e-30))
            kcheck_fail(check, "force[%zu] is %.9g, expected %.9g", c, (double)found[c], expected[c]);
}

#define X(field, signature)                                                                                            \
    static void check_##field(kcheck *check)                                                                           \
    {                                                                                                                  \
        check_sum(check, check->now->layout.field, check->reference->layout.field);                                    \
    }
WN_LAYOUT_MAP(X)
#undef X

const kcheck_case kcheck_layout_cases[] = {
#define X(field, signature) KCHECK_CASE(layout, field, "series", check_##field),
    WN_LAYOUT_MAP(X)
#undef X
        {0},
};
