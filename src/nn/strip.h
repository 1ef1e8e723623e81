/* SPDX-License-Identifier: Apache-2.0
 *
 * The element-wise work between convolutions, fused: norm statistics with pooling, norm with ReLU and residual
 * addition, and their gradients. A kernel works on a strip: 16 channels of one view over all positions, each position
 * `step` elements after the one before. Both layouts of activations are made of strips.
 *
 * The norm is used in the form t = z * scale + shift with scale = gamma / deviation and shift = beta - mean * scale.
 * The activation cuts t to [low, high]: 0 and infinity make ReLU, 0 and 6 ReLU6, two infinities none.
 */
#ifndef NN_STRIP_H
#define NN_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

enum { WN_STRIP_CHANNELS = 16 };

/* Where one strip of each tensor begins; all strips of a call have the same step. */
typedef struct wn_strip {
    size_t positions; /* of the pooled side where a kernel pools */
    size_t side;      /* positions = side * side */
    size_t step;
} wn_strip;

/* Batch norm of the 16 channels of a strip. Forward uses scale and shift; backward all of it. */
typedef struct wn_strip_norm {
    float scale[WN_STRIP_CHANNELS], shift[WN_STRIP_CHANNELS];
    float mean[WN_STRIP_CHANNELS], inverse[WN_STRIP_CHANNELS]; /* 1 / deviation */
    float by_h[WN_STRIP_CHANNELS], by_z[WN_STRIP_CHANNELS], constant[WN_STRIP_CHANNELS];
    float low[WN_STRIP_CHANNELS], high[WN_STRIP_CHANNELS];
} wn_strip_norm;

/* Two sums for each channel: of z and z * z forward, of h and h * (z - mean) backward. */
typedef struct wn_strip_sums {
    float first[WN_STRIP_CHANNELS], second[WN_STRIP_CHANNELS];
} wn_strip_sums;

/* Elements are float or bf16 by table; void * points at the first element of a strip. Below, t = z * scale + shift
 * and h = g where low < t < high, else 0. Sums are overwritten. */
typedef struct wn_strip_kernels {
    size_t element_size;
    const char *name;

    /* sums = z, z * z. */
    void (*moments)(const wn_strip *strip, const void *z, wn_strip_sums *sums);

    /* z = maximum over 2 x 2 of `full` (twice the side); which (one byte an element, 16 a position): 0..3 of the first
     * maximum in reading order, NULL = not wanted; sums = z, z * z. */
    void (*pool)(const wn_strip *strip, const void *full, void *z, uint8_t *which, wn_strip_sums *sums);

    /* a = t cut to [low, high] + skip; skip NULL = none. a may be z or skip. */
    void (*activate)(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a);

    /* sums = h, h * (z - mean). */
    void (*reduce)(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, wn_strip_sums *sums);

    /* d = h * by_h + z * by_z + constant. d may be g. */
    void (*differentiate)(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, void *d);

    /* As differentiate, but d goes to the place named by `which` in the full side, and zero to the other three. */
    void (*unpool)(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, const uint8_t *which,
                   void *full);

    /* a = max(0, t + skip), and its backward half: g = 0 where a <= 0. */
    void (*join)(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a);
    void (*mask)(const wn_strip *strip, const void *a, void *g);

    /* g += other. */
    void (*add)(const wn_strip *strip, void *g, const void *other);

    /* mean[16] = average of a over positions; and g = d[16] / positions at each position. */
    void (*average)(const wn_strip *strip, const void *a, float *mean);
    void (*spread)(const wn_strip *strip, const float *d, void *g);

    /* out[i * step + c * channel_step] = table[c][pixels[3 i + c]] for `count` pixels. */
    void (*load_pixels)(const uint8_t *pixels, size_t count, const float table[3][256], size_t step,
                        size_t channel_step, void *out);
} wn_strip_kernels;

/* Fills the table for fp32 or bf16 elements at a level; WN_CPU_C is the reference. */
void wn_strip_kernels_init(wn_strip_kernels *out, wn_cpu level, bool bf16);

/* bf16 is the upper half of a float; rounding to nearest, ties to even; NaN stays NaN. */
static inline float wn_bf16_to_f32(uint16_t half)
{
    union {
        uint32_t bits;
        float value;
    } both = {.bits = (uint32_t)half << 16};
    return both.value;
}

static inline uint16_t wn_bf16_from_f32(float value)
{
    union {
        float value;
        uint32_t bits;
    } both = {.value = value};
    if ((both.bits & 0x7FFFFFFFU) > 0x7F800000U) return (uint16_t)(both.bits >> 16 | 0x40U);
    return (uint16_t)((both.bits + 0x7FFFU + (both.bits >> 16 & 1U)) >> 16);
}

#endif
