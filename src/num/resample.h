/* SPDX-License-Identifier: Apache-2.0
 *
 * Changing the size of 8-bit RGBX pictures with a triangle filter that widens when it shrinks: every source pixel
 * counts, so nothing aliases; enlarging is bilinear. (Pillow's "bilinear" and vips's "linear" reductions are the same
 * filter.) The arithmetic is 14-bit fixed point with exact sums, so every level gives the same bytes.
 */
#ifndef NUM_RESAMPLE_H
#define NUM_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"
#include "winnow/pool.h"

#define WN_RESAMPLE_ONE 16384 /* the weights of one output add up to this */

/* out[i] = round(sum over t of rows[t][i] * weights[t] / 2^14) for `len` bytes. Weights are not negative. */
typedef void wn_resample_blend_rows(const uint8_t *const *rows, const int16_t *weights, size_t taps, size_t len,
                                    uint8_t *out);

/* Pixel x of `out` = the same sum over the pixels from starts[x] of `row`, with weights[x * taps]; 4 bytes a pixel.
 * `taps` is a multiple of 4, and all pixels that it names can be read. */
typedef void wn_resample_filter_row(const uint8_t *row, const int32_t *starts, const int16_t *weights, size_t taps,
                                    size_t pixels, uint8_t *out);

/* field, signature */
#define WN_RESAMPLE_MAP(X)                                                                                             \
    X(blend_rows, wn_resample_blend_rows)                                                                              \
    X(filter_row, wn_resample_filter_row)

typedef struct wn_resample_kernels {
#define X(field, signature) signature *field;
    WN_RESAMPLE_MAP(X)
#undef X
} wn_resample_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_resample_kernels_init(wn_resample_kernels *kernels, wn_cpu level);

/* Weights for one direction. Zero-initialise. */
typedef struct wn_resample_axis {
    int in, out;
    size_t taps;      /* per output; a multiple of 4 */
    int32_t *starts;  /* out */
    int16_t *weights; /* out x taps */
    size_t starts_room, weights_room;
} wn_resample_axis;

/* Prepares in -> out pixels, both in 1..2^24; does nothing when it is prepared already. */
WN_NODISCARD wn_status wn_resample_axis_set(wn_resample_axis *axis, int in, int out, wn_error *err);
void wn_resample_axis_clear(wn_resample_axis *axis);

/* Bytes of scratch that wn_resample_rgbx needs. */
size_t wn_resample_scratch(const wn_resample_axis *across, const wn_resample_axis *down);

/* src: down->in rows of across->in pixels; dst: down->out rows of across->out pixels; rows without gaps.
 * `scratch` is aligned to 8. */
void wn_resample_rgbx(const wn_resample_kernels *kernels, const wn_resample_axis *across, const wn_resample_axis *down,
                      const uint8_t *src, uint8_t *scratch, uint8_t *dst);

/* n squares of RGB pixels (3 bytes) from side_in to side_out; equal sides are copied. */
WN_NODISCARD wn_status wn_resample_squares(const uint8_t *in, size_t n, size_t side_in, size_t side_out, wn_pool *pool,
                                           uint8_t *out, wn_error *err);

#endif
