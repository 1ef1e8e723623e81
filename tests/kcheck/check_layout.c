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
    const wn_layout_law law = {.a = 1.577f, .b = 0.895f, .limit = 4};
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

enum { PARTS_MOST = 3 };

/* Up to three parts of the list; what comes after its end names points and has no effect. */
static size_t divide(kcheck *check, wn_layout_part *parts)
{
    static const float factors[PARTS_MOST] = {20, -2, 20000}, shifts[PARTS_MOST] = {11, 2, 10001};
    size_t n_parts = wn_rng_below(&check->rng, PARTS_MOST + 1), left = check->dim;
    for (size_t i = 0; i < n_parts; i++) {
        size_t n = i + 1 < n_parts ? wn_rng_below(&check->rng, (uint32_t)left + 1) : left;
        parts[i] = (wn_layout_part){n, factors[i], shifts[i]};
        left -= n;
    }
    return n_parts;
}

/* A term of these laws is below 1/4; what is left is rounding. */
static void compare_parts(kcheck *check, size_t stride, const float *found, const float *expected)
{
    double terms = (double)(check->dim + 1) / 4;
    check->comparisons += stride;
    for (size_t c = 0; c < stride; c++)
        if (!(fabs((double)found[c] - (double)expected[c]) <= 1e-6 * terms))
            kcheck_fail(check, "force[%zu] is %.9g, expected %.9g", c, (double)found[c], (double)expected[c]);
}

#define DEFINE_CHECK_PARTS(field, index)                                                                               \
    static void check_##field(kcheck *check)                                                                           \
    {                                                                                                                  \
        wn_layout_part parts[PARTS_MOST];                                                                              \
        size_t stride = wn_rng_below(&check->rng, 2) ? 4 : 2, n = check->dim + WN_LAYOUT_SLACK;                        \
        size_t n_parts = divide(check, parts);                                                                         \
        float *points = kcheck_place(check, 0, POINTS * stride, sizeof *points);                                       \
        index *partners = kcheck_place(check, 1, n, sizeof *partners);                                                 \
        float *at = kcheck_place(check, 2, stride, sizeof *at),                                                        \
              *found = kcheck_place(check, 3, stride, sizeof *found);                                                  \
        float expected[4] = {0};                                                                                       \
        kcheck_fill_f32(check, points, POINTS *stride);                                                                \
        for (size_t i = 0; stride == 4 && i < POINTS; i++) points[i * 4 + 3] = 0;                                      \
        memcpy(at, points + wn_rng_below(&check->rng, POINTS) * stride, stride * sizeof *at);                          \
        for (size_t i = 0; i < n; i++) partners[i] = (index)wn_rng_below(&check->rng, POINTS);                         \
        memset(found, 0, stride * sizeof *found);                                                                      \
        check->now->layout.field(points, stride, at, partners, parts, n_parts, found);                                 \
        if (check->data == KCHECK_SPECIALS) return;                                                                    \
        check->reference->layout.field(points, stride, at, partners, parts, n_parts, expected);                        \
        compare_parts(check, stride, found, expected);                                                                 \
    }
DEFINE_CHECK_PARTS(parts_u16, uint16_t)
DEFINE_CHECK_PARTS(parts_u32, uint32_t)

#define X(field, signature)                                                                                            \
    static void check_##field(kcheck *check)                                                                           \
    {                                                                                                                  \
        check_sum(check, check->now->layout.field, check->reference->layout.field);                                    \
    }
WN_LAYOUT_SUMS(X)
#undef X

const kcheck_case kcheck_layout_cases[] = {
#define X(field, signature) KCHECK_CASE(layout, field, "series", check_##field),
    WN_LAYOUT_MAP(X)
#undef X
        {0},
};
