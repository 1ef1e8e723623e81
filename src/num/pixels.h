/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over 8-bit pixels, row by row, that image facts are made of. All results are exact integers; `n` is at most
 * 16384 in one call, so that 32-bit lanes cannot overflow.
 */
#ifndef NUM_PIXELS_H
#define NUM_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* out[i] = (38 R + 75 G + 15 B + 64) >> 7: Rec. 601 luma in 1/128. */
typedef void wn_pixels_luma(const uint8_t *rgbx, size_t n, uint8_t *out);

/* Adds the sums and the sums of squares of the four channels. */
typedef void wn_pixels_moments(const uint8_t *rgbx, size_t n, uint64_t sum[4], uint64_t squares[4]);

/* Greatest difference between two pixels of the row within one of R, G, B; 0 for n = 0. */
typedef unsigned wn_pixels_spread(const uint8_t *rgbx, size_t n);

/* For the inner pixels i = 1 .. n - 2: adds l = above + below + left + right - 4 * centre and l * l. */
typedef void wn_pixels_laplacian(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n, int64_t *sum,
                                 int64_t *squares);

/* For the inner pixels: the sum of |v|, v = the 3 x 3 mask (1 -2 1, -2 4 -2, 1 -2 1) of Immerkaer (1996), which
 * is blind to planes and edges. */
typedef uint64_t wn_pixels_roughness(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n);

/* field, signature */
#define WN_PIXELS_MAP(X)                                                                                               \
    X(luma, wn_pixels_luma)                                                                                            \
    X(moments, wn_pixels_moments)                                                                                      \
    X(spread, wn_pixels_spread)                                                                                        \
    X(laplacian, wn_pixels_laplacian)                                                                                  \
    X(roughness, wn_pixels_roughness)

typedef struct wn_pixels_kernels {
#define X(field, signature) signature *field;
    WN_PIXELS_MAP(X)
#undef X
} wn_pixels_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_pixels_kernels_init(wn_pixels_kernels *kernels, wn_cpu level);

#endif
