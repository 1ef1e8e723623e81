/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels against their C reference, at every level of this machine. Each family's file has one function per kernel
 * kind, which places its inputs between unmapped pages, runs both and compares by the kernel's error family:
 *
 *   exact      integers, indices, conversions: equal bits (a NaN equals a NaN)
 *   reduction  float sums: |difference| <= relative error * sum of |terms|; exact for small integers, whose sums are
 *              exact in any order
 *   series     functions by series: the error that the family's file states
 */
#ifndef KCHECK_H
#define KCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "num/bundles.h"
#include "num/convert.h"
#include "num/cover.h"
#include "num/distance.h"
#include "num/fft.h"
#include "num/hamming.h"
#include "num/layout.h"
#include "num/pixels.h"
#include "num/precise.h"
#include "num/resample.h"
#include "num/splines.h"
#include "num/tile.h"
#include "num/topk.h"

/* The tables of one level. */
typedef struct kcheck_tables {
    wn_distance_kernels distance;
    wn_tile_kernels tile;
    wn_convert_kernels convert;
    wn_topk_kernels topk;
    wn_precise_kernels precise;
    wn_pixels_kernels pixels;
    wn_resample_kernels resample;
    wn_hamming_kernels hamming;
    wn_layout_kernels layout;
    wn_fft_kernels fft;
    wn_bundles_kernels bundles;
    wn_splines_kernels splines;
    wn_cover_kernels cover;
} kcheck_tables;

typedef enum kcheck_data {
    KCHECK_NORMAL,
    KCHECK_INTEGERS, /* -3 .. 3: sums are exact, ties are many */
    KCHECK_ZEROS,
    KCHECK_DENORMALS,
    KCHECK_SPECIALS, /* normal with some NaN, +inf, -inf, -0 */
    KCHECK_DATA_COUNT
} kcheck_data;

typedef struct kcheck_case kcheck_case;

typedef struct kcheck {
    const kcheck_tables *now, *reference;
    const kcheck_case *kernel;
    wn_cpu level;
    wn_rng rng;
    size_t dim;
    kcheck_data data;
    /* 0: blocks end at an unmapped page; s > 0: they start s - 1 elements behind one. */
    size_t start;
    size_t failures, comparisons;
} kcheck;

typedef void kcheck_function(kcheck *check);

/* One kernel: `offset` is that of its pointer in kcheck_tables; `check` runs once for each size, data and start. */
struct kcheck_case {
    const char *name, *errors;
    size_t offset;
    kcheck_function *check;
};

/* Tables of cases, each ended by a row without name. */
extern const kcheck_case kcheck_distance_cases[];
extern const kcheck_case kcheck_tile_cases[];
extern const kcheck_case kcheck_convert_cases[];
extern const kcheck_case kcheck_topk_cases[];
extern const kcheck_case kcheck_precise_cases[];
extern const kcheck_case kcheck_pixels_cases[];
extern const kcheck_case kcheck_resample_cases[];
extern const kcheck_case kcheck_hamming_cases[];
extern const kcheck_case kcheck_layout_cases[];
extern const kcheck_case kcheck_fft_cases[];
extern const kcheck_case kcheck_bundles_cases[];
extern const kcheck_case kcheck_splines_cases[];
extern const kcheck_case kcheck_cover_cases[];

#define KCHECK_CASE(family, kernel, error_family, function)                                                            \
    {                                                                                                                  \
#family "." #kernel, error_family, offsetof(kcheck_tables, family.kernel), function                            \
    }

/* Room for count * size bytes in slot 0 .. 11, placed by check->start; at most 4 MiB. Its content is left over. */
void *kcheck_place(const kcheck *check, unsigned slot, size_t count, size_t size);

/* Fill with check->data. */
void kcheck_fill_f32(kcheck *check, float *values, size_t n);
void kcheck_fill_bf16(kcheck *check, uint16_t *values, size_t n);
void kcheck_fill_bytes(kcheck *check, void *values, size_t n);

/* Reports a failure of the kernel under test. */
void kcheck_fail(kcheck *check, const char *format, ...) WN_PRINTF(2, 3);

/* Compare by error family; `what` and `at` name the place. `terms` is the sum of |terms| behind `expected`. */
void kcheck_reduction(kcheck *check, float found, double expected, double terms, const char *what, size_t at);
void kcheck_exact_f32(kcheck *check, const float *found, const float *expected, size_t n, const char *what);
void kcheck_exact_s32(kcheck *check, const int32_t *found, const int32_t *expected, size_t n, const char *what);
void kcheck_exact_bytes(kcheck *check, const void *found, const void *expected, size_t bytes, const char *what);

#endif
