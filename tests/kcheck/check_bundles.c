/* SPDX-License-Identifier: Apache-2.0
 *
 * The pull of `dim` bundles on one of 23 points. A sum may be off by 4e-6 of its terms.
 */
#include "kcheck.h"

#include <math.h>

enum { POINTS = 23 };

static void check_student(kcheck *check)
{
    size_t n = check->dim;
    float *points = kcheck_place(check, 0, (size_t)POINTS * 2, sizeof *points),
          *at = kcheck_place(check, 1, 2, sizeof *at);
    wn_bundle *bundles = kcheck_place(check, 2, n, sizeof *bundles);
    float found[2] = {0}, expected[2] = {0}, unit = 1e-5f;
    double weight = 0, reach = 0;
    kcheck_fill_f32(check, points, (size_t)POINTS * 2);
    kcheck_fill_f32(check, at, 2);
    for (size_t b = 0; b < n; b++) {
        bundles[b].base = wn_rng_below(&check->rng, POINTS);
        for (size_t i = 0; i < WN_BUNDLE; i++) {
            bundles[b].offsets[i] = (uint16_t)wn_rng_below(&check->rng, POINTS - bundles[b].base);
            bundles[b].weights[i] = (uint16_t)wn_rng_below(&check->rng, 65536);
            weight += (double)bundles[b].weights[i] * (double)unit;
        }
    }
    check->now->bundles.student(points, at, bundles, n, unit, found);
    if (check->data == KCHECK_SPECIALS) return; /* a map never holds a NaN; nothing beyond the arrays is read */
    check->reference->bundles.student(points, at, bundles, n, unit, expected);
    for (size_t i = 0; i < (size_t)POINTS * 2; i++)
        reach = fmax(reach, fabs((double)points[i]) + fabs((double)at[i % 2]));
    check->comparisons += 2;
    for (size_t c = 0; c < 2; c++)
        if (!(fabs((double)found[c] - (double)expected[c]) <= 4e-6 * weight * fmin(reach, 1) + 1e-30))
            kcheck_fail(check, "force[%zu] is %.9g, expected %.9g", c, (double)found[c], (double)expected[c]);
}

#define X(field, signature) KCHECK_CASE(bundles, field, "series", check_##field),
const kcheck_case kcheck_bundles_cases[] = {WN_BUNDLES_MAP(X){0}};
#undef X
