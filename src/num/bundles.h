/* SPDX-License-Identifier: Apache-2.0
 *
 * The pull of weighted partners on a point of a map of two dimensions, from a list of half the size that partners and
 * float weights take: what is left of its time is that of reading the list. Kernels are single-threaded and allocate
 * nothing.
 */
#ifndef NUM_BUNDLES_H
#define NUM_BUNDLES_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

enum { WN_BUNDLE = 8 };

/* Partner i is base + offsets[i], its weight weights[i] times a unit of the whole list; a place without a partner has
 * offset and weight 0. */
typedef struct wn_bundle {
    uint32_t base;
    uint16_t offsets[WN_BUNDLE], weights[WN_BUNDLE];
} wn_bundle;

/* Adds to force[0 .. 1] the sum of weight / (1 + d^2) * (partner - at) over n bundles; points have two floats each. */
typedef void wn_bundles_sum(const float *points, const float *at, const wn_bundle *bundles, size_t n, float unit,
                            float *force);

/* field, signature */
#define WN_BUNDLES_MAP(X) X(student, wn_bundles_sum)

typedef struct wn_bundles_kernels {
#define X(field, signature) signature *field;
    WN_BUNDLES_MAP(X)
#undef X
} wn_bundles_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_bundles_kernels_init(wn_bundles_kernels *kernels, wn_cpu level);

#endif
