/* SPDX-License-Identifier: Apache-2.0
 *
 * Forces between the points of a map: the sum, over a list of partners, of weight * law(d^2) * (partner - point), where
 * d is their distance. Kernels are single-threaded, allocate nothing, and add in an order that depends on n alone.
 *
 * Points of two dimensions lie two floats apart; points of three lie four apart, the fourth always 0.
 */
#ifndef NUM_LAYOUT_H
#define NUM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* What the laws need; unused fields are ignored. */
typedef struct wn_layout_law {
    float a, b;  /* of 1 / (1 + a d^2b), the likeness of two points on a UMAP map */
    float limit; /* `pull` and `push` cut each component of a term to [-limit, limit] before it is weighted */
} wn_layout_law;

/* Adds the sum over i < n to force[0 .. stride). `stride` is 2 or 4, `points` has stride floats for every partner,
 * `weights` NULL means 1 each.
 *   student  1 / (1 + d^2)
 *   pull     2 a b d^(2b-2) / (1 + a d^2b)            gradient of -log likeness
 *   push     2 b / ((0.001 + d^2) (1 + a d^2b))       minus the gradient of -log(1 - likeness), kept finite
 *   log_sum  adds weight * ln(1 + d^2) to force[0] alone */
typedef void wn_layout_sum(const wn_layout_law *law, const float *points, size_t stride, const float *at,
                           const uint32_t *partners, const float *weights, size_t n, float *force);

/* Parts of one list that lie one after another, each with a law of its own: factor / (shift + d^2)^2. */
typedef struct wn_layout_part {
    size_t n;
    float factor, shift;
} wn_layout_part;

/* Kernels of parts read up to so many partners past the end of their list, whose values are those of some points. */
enum { WN_LAYOUT_SLACK = 15 };

/* Adds the sum over all partners of n_parts parts to force[0 .. stride). Most of the time goes to the reading of
 * lists, so these have no weights (who counts twice is named twice), and for at most 65,536 points take two bytes each.
 */
typedef void wn_layout_parts_u16(const float *points, size_t stride, const float *at, const uint16_t *partners,
                                 const wn_layout_part *parts, size_t n_parts, float *force);
typedef void wn_layout_parts_u32(const float *points, size_t stride, const float *at, const uint32_t *partners,
                                 const wn_layout_part *parts, size_t n_parts, float *force);

/* field, signature */
#define WN_LAYOUT_SUMS(X)                                                                                              \
    X(student, wn_layout_sum)                                                                                          \
    X(pull, wn_layout_sum)                                                                                             \
    X(push, wn_layout_sum)                                                                                             \
    X(log_sum, wn_layout_sum)
#define WN_LAYOUT_PARTS(X)                                                                                             \
    X(parts_u16, wn_layout_parts_u16)                                                                                  \
    X(parts_u32, wn_layout_parts_u32)
#define WN_LAYOUT_MAP(X) WN_LAYOUT_SUMS(X) WN_LAYOUT_PARTS(X)

typedef struct wn_layout_kernels {
#define X(field, signature) signature *field;
    WN_LAYOUT_MAP(X)
#undef X
} wn_layout_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_layout_kernels_init(wn_layout_kernels *kernels, wn_cpu level);

#endif
