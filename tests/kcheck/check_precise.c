/* SPDX-License-Identifier: Apache-2.0
 *
 * Values in double, whose bits are the same at every level.
 */
#include "kcheck.h"

static void compare(kcheck *check, double found, double expected)
{
    if (found != found && expected != expected) return;
    kcheck_exact_bytes(check, &found, &expected, sizeof found, "value");
}

static void entry_l2sq(kcheck *check)
{
    static const double scales[] = {1, 1, 0.37, 0, 1e-30, -3};
    float *a = kcheck_place(check, 0, check->dim, sizeof *a), *b = kcheck_place(check, 1, check->dim, sizeof *b);
    double a_scale = scales[wn_rng_below(&check->rng, 6)], b_scale = scales[wn_rng_below(&check->rng, 6)];
    kcheck_fill_f32(check, a, check->dim);
    kcheck_fill_f32(check, b, check->dim);
    compare(check, check->now->precise.l2sq(a, a_scale, b, b_scale, check->dim),
            check->reference->precise.l2sq(a, a_scale, b, b_scale, check->dim));
}

static void entry_dot(kcheck *check)
{
    float *a = kcheck_place(check, 0, check->dim, sizeof *a), *b = kcheck_place(check, 1, check->dim, sizeof *b);
    kcheck_fill_f32(check, a, check->dim);
    kcheck_fill_f32(check, b, check->dim);
    compare(check, check->now->precise.dot(a, b, check->dim), check->reference->precise.dot(a, b, check->dim));
}

/* Tiles of the size tried, at the numbers of values that a balance of classes has. */
static void entry_dot_tiles(kcheck *check)
{
    size_t dim = 1 + check->dim % 23, count = 1 + wn_rng_below(&check->rng, 4), n = count * WN_PRECISE_TILE;
    double *a = kcheck_place(check, 0, dim, sizeof *a), *found = kcheck_place(check, 2, n, sizeof *found);
    double *expected = kcheck_place(check, 3, n, sizeof *expected);
    float *tiles = kcheck_place(check, 1, n * dim, sizeof *tiles);
    for (size_t k = 0; k < dim; k++) a[k] = (double)wn_rng_normal(&check->rng);
    kcheck_fill_f32(check, tiles, n * dim);
    check->now->precise.dot_tiles(a, tiles, dim, count, found);
    check->reference->precise.dot_tiles(a, tiles, dim, count, expected);
    for (size_t i = 0; i < n; i++) compare(check, found[i], expected[i]);
}

const kcheck_case kcheck_precise_cases[] = {KCHECK_CASE(precise, l2sq, "exact", entry_l2sq),
                                            KCHECK_CASE(precise, dot, "exact", entry_dot),
                                            KCHECK_CASE(precise, dot_tiles, "exact", entry_dot_tiles),
                                            {0}};
