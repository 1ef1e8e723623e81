/* SPDX-License-Identifier: Apache-2.0
 *
 * Splines on a grid: `dim` of 23 points. Weights are polynomials in float32, so what a point gives or reads may be off
 * by 1e-6 of its terms.
 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

enum { POINTS = 23, NODES = 16, PLACES = NODES * NODES + WN_SPLINE_PAD };

static const wn_spline_grid grid = {NODES, {-2.5f, -2}, 2.5f};

static const uint32_t *draw_rows(kcheck *check, float *points)
{
    uint32_t *rows = kcheck_place(check, 1, check->dim, sizeof *rows);
    kcheck_fill_f32(check, points, (size_t)POINTS * 2);
    for (size_t i = 0; i < (size_t)POINTS * 2 && check->data != KCHECK_SPECIALS; i++)
        points[i] = fminf(3, fmaxf(-2, points[i])); /* within the grid, where no weight is above 1 */
    for (size_t i = 0; i < check->dim; i++) rows[i] = wn_rng_below(&check->rng, POINTS);
    return rows;
}

static void compare(kcheck *check, float found, float expected, double terms, const char *what, size_t at)
{
    check->comparisons++;
    if (!(fabs((double)found - (double)expected) <= 4e-6 * terms + 1e-30))
        kcheck_fail(check, "%s[%zu] is %.9g, expected %.9g", what, at, (double)found, (double)expected);
}

static void check_spread(kcheck *check)
{
    float *points = kcheck_place(check, 0, (size_t)POINTS * 2, sizeof *points);
    float *found = kcheck_place(check, 2, PLACES, sizeof *found), expected[PLACES] = {0};
    const uint32_t *rows = draw_rows(check, points);
    memset(found, 0, PLACES * sizeof *found);
    check->now->splines.spread(&grid, points, rows, check->dim, found);
    if (check->data == KCHECK_SPECIALS) return; /* a map never holds a NaN; nothing beyond the arrays is written */
    check->reference->splines.spread(&grid, points, rows, check->dim, expected);
    for (size_t i = 0; i < PLACES; i++) compare(check, found[i], expected[i], (double)check->dim, "charge", i);
}

static void check_gather(kcheck *check)
{
    enum { FIELDS = WN_SPLINE_FIELDS };
    float *points = kcheck_place(check, 0, (size_t)POINTS * 2, sizeof *points);
    float *values = kcheck_place(check, 2, (size_t)FIELDS * NODES * NODES + WN_SPLINE_PAD, sizeof *values);
    float *found = kcheck_place(check, 3, (size_t)POINTS * 2, sizeof *found), expected[POINTS * 2] = {0}, most = 0;
    const float *fields[FIELDS];
    const uint32_t *rows = draw_rows(check, points);
    kcheck_fill_f32(check, values, (size_t)FIELDS * NODES * NODES + WN_SPLINE_PAD);
    for (size_t f = 0; f < FIELDS; f++) fields[f] = values + f * NODES * NODES;
    memset(found, 0, (size_t)POINTS * 2 * sizeof *found);
    double sum = check->now->splines.gather(&grid, points, rows, check->dim, fields, found);
    if (check->data == KCHECK_SPECIALS) return;
    double wanted = check->reference->splines.gather(&grid, points, rows, check->dim, fields, expected);
    for (size_t i = 0; i < (size_t)FIELDS * NODES * NODES; i++) most = fmaxf(most, fabsf(values[i]));
    for (size_t i = 0; i < (size_t)POINTS * 2; i++) compare(check, found[i], expected[i], (double)most, "force", i);
    compare(check, (float)sum, (float)wanted, (double)check->dim * (double)most, "sum", 0);
}

#define X(field, signature) KCHECK_CASE(splines, field, "series", check_##field),
const kcheck_case kcheck_splines_cases[] = {WN_SPLINES_MAP(X){0}};
#undef X
