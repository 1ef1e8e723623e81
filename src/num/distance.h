/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances of vectors: dot product and squared L2, for one pair and for one query against many rows, in
 * float32, bfloat16 (held in uint16_t), int8 and uint8. Kernels are single-threaded, allocate nothing, and read
 * exactly `dim` elements of each vector; no alignment beyond that of the element is needed.
 *
 *     wn_distance_kernels kernels;
 *     wn_distance_kernels_init(&kernels, wn_cpu_level());
 *     float d = kernels.l2sq_f32(a, b, dim);
 *
 * Accuracy: the C reference adds in double. The fast levels add in float32 in a fixed order that depends on `dim`
 * alone, so a value does not change with the position of the row. Integer results are exact; |result| must fit
 * int32, which holds for dim <= 32767.
 */
#ifndef NUM_DISTANCE_H
#define NUM_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

/* One pair of `dim` elements. */
typedef float wn_pair_f32(const float *a, const float *b, size_t dim);
typedef float wn_pair_bf16(const uint16_t *a, const uint16_t *b, size_t dim);
typedef int32_t wn_pair_s8(const int8_t *a, const int8_t *b, size_t dim);
typedef int32_t wn_pair_u8(const uint8_t *a, const uint8_t *b, size_t dim);

/* out[i] = value of (query, rows + r * stride) for i < n, where r = index[i], or r = i when `index` is NULL. */
typedef void wn_query_f32(const float *query, const float *rows, size_t stride, const uint32_t *index, size_t n,
                          size_t dim, float *out);
typedef void wn_query_bf16(const uint16_t *query, const uint16_t *rows, size_t stride, const uint32_t *index, size_t n,
                           size_t dim, float *out);
typedef void wn_query_s8(const int8_t *query, const int8_t *rows, size_t stride, const uint32_t *index, size_t n,
                         size_t dim, int32_t *out);
typedef void wn_query_u8(const uint8_t *query, const uint8_t *rows, size_t stride, const uint32_t *index, size_t n,
                         size_t dim, int32_t *out);

/* field, signature */
#define WN_DISTANCE_MAP(X)                                                                                             \
    X(dot_f32, wn_pair_f32)                                                                                            \
    X(l2sq_f32, wn_pair_f32)                                                                                           \
    X(dot_rows_f32, wn_query_f32)                                                                                      \
    X(l2sq_rows_f32, wn_query_f32)                                                                                     \
    X(dot_bf16, wn_pair_bf16)                                                                                          \
    X(l2sq_bf16, wn_pair_bf16)                                                                                         \
    X(dot_rows_bf16, wn_query_bf16)                                                                                    \
    X(l2sq_rows_bf16, wn_query_bf16)                                                                                   \
    X(dot_s8, wn_pair_s8)                                                                                              \
    X(l2sq_s8, wn_pair_s8)                                                                                             \
    X(dot_rows_s8, wn_query_s8)                                                                                        \
    X(l2sq_rows_s8, wn_query_s8)                                                                                       \
    X(dot_u8, wn_pair_u8)                                                                                              \
    X(l2sq_u8, wn_pair_u8)                                                                                             \
    X(dot_rows_u8, wn_query_u8)                                                                                        \
    X(l2sq_rows_u8, wn_query_u8)

typedef struct wn_distance_kernels {
#define X(field, signature) signature *field;
    WN_DISTANCE_MAP(X)
#undef X
} wn_distance_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_distance_kernels_init(wn_distance_kernels *kernels, wn_cpu level);

#endif
