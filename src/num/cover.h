/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left to gain from rows when columns of a table are covered better: the inner loop of coverage over a table.
 */
#ifndef NUM_COVER_H
#define NUM_COVER_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* A column that is covered by `now`, not by `old` any more; values[c] is how well row c would cover it. */
typedef struct wn_cover_rise {
    const float *values;
    float old, now;
    double weight;
} wn_cover_rise;

/* gains[c] -= weight * (min(max(values[c], old), now) - old) for rows first <= c < first + n and each of the rises, in
 * their order. In double, with product and differences rounded each, so all levels give the same bits. */
typedef void wn_cover_lower(const wn_cover_rise *rises, size_t count, size_t first, size_t n, double *gains);

/* The same in integers, of weight 1; old <= now, neither below 0. */
typedef struct wn_cover_step {
    const int16_t *values;
    int16_t old, now;
} wn_cover_step;

/* sums[c] -= min(max(values[c], old), now) - old for rows first <= c < first + n and each of the steps. */
typedef void wn_cover_lower_s16(const wn_cover_step *steps, size_t count, size_t first, size_t n, int32_t *sums);

/* field, signature */
#define WN_COVER_MAP(X)                                                                                                \
    X(lower, wn_cover_lower)                                                                                           \
    X(lower_s16, wn_cover_lower_s16)

typedef struct wn_cover_kernels {
#define X(field, signature) signature *field;
    WN_COVER_MAP(X)
#undef X
} wn_cover_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_cover_kernels_init(wn_cover_kernels *kernels, wn_cpu level);

#endif
