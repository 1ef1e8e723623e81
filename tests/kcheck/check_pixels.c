/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over pixels: exact integers. Besides random bytes, rows of 0 and 255 reach the ends of every range.
 */
#include "kcheck.h"

#include <string.h>

/* Random bytes, one value, or only the two extremes, by check->data. */
static uint8_t *fill_row(kcheck *check, unsigned slot, size_t bytes)
{
    uint8_t *row = kcheck_place(check, slot, bytes, 1);
    for (size_t i = 0; i < bytes; i++) {
        uint32_t random = wn_rng_u32(&check->rng);
        row[i] = (uint8_t)(check->data == KCHECK_ZEROS       ? 255
                           : check->data == KCHECK_DENORMALS ? random % 2 * 255
                                                             : random);
    }
    return row;
}

static void entry_luma(kcheck *check)
{
    size_t n = check->dim;
    const uint8_t *rgbx = fill_row(check, 0, 4 * n);
    uint8_t *found = kcheck_place(check, 1, n, 1), expected[1000];
    check->now->pixels.luma(rgbx, n, found);
    check->reference->pixels.luma(rgbx, n, expected);
    kcheck_exact_bytes(check, found, expected, n, "luma");
}

static void entry_moments(kcheck *check)
{
    const uint8_t *rgbx = fill_row(check, 0, 4 * check->dim);
    uint64_t found[8] = {1, 2, 3, 4, 5, 6, 7, 8}, expected[8];
    memcpy(expected, found, sizeof(found));
    check->now->pixels.moments(rgbx, check->dim, found, found + 4);
    check->reference->pixels.moments(rgbx, check->dim, expected, expected + 4);
    kcheck_exact_bytes(check, found, expected, sizeof(found), "sums");
}

static void entry_spread(kcheck *check)
{
    const uint8_t *rgbx = fill_row(check, 0, 4 * check->dim);
    int32_t found = (int32_t)check->now->pixels.spread(rgbx, check->dim);
    int32_t expected = (int32_t)check->reference->pixels.spread(rgbx, check->dim);
    kcheck_exact_s32(check, &found, &expected, 1, "spread");
}

static void entry_laplacian(kcheck *check)
{
    size_t n = check->dim;
    const uint8_t *above = fill_row(check, 0, n), *row = fill_row(check, 1, n), *below = fill_row(check, 2, n);
    int64_t found[2] = {-7, 9}, expected[2] = {-7, 9};
    check->now->pixels.laplacian(above, row, below, n, &found[0], &found[1]);
    check->reference->pixels.laplacian(above, row, below, n, &expected[0], &expected[1]);
    kcheck_exact_bytes(check, found, expected, sizeof(found), "sums");
}

static void entry_roughness(kcheck *check)
{
    size_t n = check->dim;
    const uint8_t *above = fill_row(check, 0, n), *row = fill_row(check, 1, n), *below = fill_row(check, 2, n);
    uint64_t found = check->now->pixels.roughness(above, row, below, n);
    uint64_t expected = check->reference->pixels.roughness(above, row, below, n);
    kcheck_exact_bytes(check, &found, &expected, sizeof(found), "sum");
}

const kcheck_case kcheck_pixels_cases[] = {
    KCHECK_CASE(pixels, luma, "exact", entry_luma),           KCHECK_CASE(pixels, moments, "exact", entry_moments),
    KCHECK_CASE(pixels, spread, "exact", entry_spread),       KCHECK_CASE(pixels, laplacian, "exact", entry_laplacian),
    KCHECK_CASE(pixels, roughness, "exact", entry_roughness), {0}};
