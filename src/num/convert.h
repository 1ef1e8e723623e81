/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types into one another, and facts about rows: norms, unit length, values that are not finite. Kernels are
 * single-threaded and allocate nothing; source and destination must not overlap unless the comment allows it.
 */
#ifndef NUM_CONVERT_H
#define NUM_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* n elements; bfloat16 rounds to nearest, ties to even, and NaN stays NaN (quiet). f16 is IEEE 754 binary16. */
typedef void wn_convert_f32_bf16(const float *src, size_t n, uint16_t *dst);
typedef void wn_convert_bf16_f32(const uint16_t *src, size_t n, float *dst);
typedef void wn_convert_f16_f32(const uint16_t *src, size_t n, float *dst);

/* dst = round-to-even(src * scale) cut to [-127, 127], NaN to 0, then xor `flip`: 0 for plain int8, 0x80 for the
 * unsigned form with 128 added that wn_tile_u8s8 wants. */
typedef void wn_convert_f32_s8(const float *src, size_t n, float scale, uint8_t flip, int8_t *dst);

/* out[r] = sum of squares of row r, for n rows of dim elements that are `stride` elements apart. */
typedef void wn_convert_norms_f32(const float *rows, size_t n, size_t stride, size_t dim, float *out);
typedef void wn_convert_norms_bf16(const uint16_t *rows, size_t n, size_t stride, size_t dim, float *out);
typedef void wn_convert_norms_s8(const int8_t *rows, size_t n, size_t stride, size_t dim, int32_t *out);

/* Scales each row to length 1 in place. A row whose sum of squares is 0 or not finite keeps its values. */
typedef void wn_convert_normalise(float *rows, size_t n, size_t stride, size_t dim);

/* First row that holds a NaN or an infinity; n when there is none. */
typedef size_t wn_convert_find_nonfinite(const float *rows, size_t n, size_t stride, size_t dim);

/* Greatest magnitude among the finite values, 0 when there is none: what an int8 scale is made from. */
typedef float wn_convert_max_abs(const float *src, size_t n);

/* field, signature */
#define WN_CONVERT_MAP(X)                                                                                              \
    X(f32_to_bf16, wn_convert_f32_bf16)                                                                                \
    X(bf16_to_f32, wn_convert_bf16_f32)                                                                                \
    X(f16_to_f32, wn_convert_f16_f32)                                                                                  \
    X(f32_to_s8, wn_convert_f32_s8)                                                                                    \
    X(norms_f32, wn_convert_norms_f32)                                                                                 \
    X(norms_bf16, wn_convert_norms_bf16)                                                                               \
    X(norms_s8, wn_convert_norms_s8)                                                                                   \
    X(normalise_f32, wn_convert_normalise)                                                                             \
    X(find_nonfinite, wn_convert_find_nonfinite)                                                                       \
    X(max_abs, wn_convert_max_abs)

typedef struct wn_convert_kernels {
#define X(field, signature) signature *field;
    WN_CONVERT_MAP(X)
#undef X
} wn_convert_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_convert_kernels_init(wn_convert_kernels *kernels, wn_cpu level);

#endif
