/* SPDX-License-Identifier: Apache-2.0
 *
 * The k smallest of a stream of (distance, id), for many rows at once, ties broken by the smaller id. The order in
 * which values come does not matter. Each row has room for a few times k keys: a kernel passes on only what is not
 * above the row's running threshold, and when the room is full the k smallest are kept (quickselect).
 *
 *     wn_topk *topk;
 *     wn_topk_new(rows, k, level, &topk, err);
 *     wn_topk_push_f32(topk, row, distances, NULL, n, first_id);      any number of times
 *     found = wn_topk_take_f32(topk, row, distances_out, ids_out);    sorted
 *
 * Different rows may be pushed by different threads. One object takes f32 or s32 distances, not both.
 */
#ifndef NUM_TOPK_H
#define NUM_TOPK_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"
#include "winnow/status.h"

/* Writes the positions i < n with distances[i] <= threshold, ascending, to `out` (room for n) and returns how many.
 * A NaN never passes. */
typedef size_t wn_topk_filter_f32(const float *distances, size_t n, float threshold, uint32_t *out);
typedef size_t wn_topk_filter_s32(const int32_t *distances, size_t n, int32_t threshold, uint32_t *out);

/* field, signature */
#define WN_TOPK_MAP(X)                                                                                                 \
    X(filter_f32, wn_topk_filter_f32)                                                                                  \
    X(filter_s32, wn_topk_filter_s32)

typedef struct wn_topk_kernels {
#define X(field, signature) signature *field;
    WN_TOPK_MAP(X)
#undef X
} wn_topk_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_topk_kernels_init(wn_topk_kernels *kernels, wn_cpu level);

typedef struct wn_topk wn_topk;

/* Empty lists for `rows` rows, k > 0. Takes about rows * (2 k + 72) * 8 bytes. */
WN_NODISCARD wn_status wn_topk_new(size_t rows, size_t k, wn_cpu level, wn_topk **out, wn_error *err);

/* Releases it and clears the pointer; NULL inside is allowed. */
void wn_topk_free(wn_topk **topk);

/* Offers n distances to one row. Their ids are ids[i], or first_id + i when `ids` is NULL. NaN is passed over. An id
 * that is offered twice counts twice. */
void wn_topk_push_f32(wn_topk *topk, size_t row, const float *distances, const uint32_t *ids, size_t n,
                      uint32_t first_id);
void wn_topk_push_s32(wn_topk *topk, size_t row, const int32_t *distances, const uint32_t *ids, size_t n,
                      uint32_t first_id);

/* A value that no later distance of this row may exceed and still count: the k-th smallest so far or above it;
 * +infinity (INT32_MAX) while fewer than k came. For callers that can skip work. */
float wn_topk_threshold_f32(const wn_topk *topk, size_t row);
int32_t wn_topk_threshold_s32(const wn_topk *topk, size_t row);

/* Writes the k smallest of one row in ascending order (room for k each, either may be NULL), returns how many there
 * are (fewer than k when fewer came), and keeps the row usable. */
size_t wn_topk_take_f32(wn_topk *topk, size_t row, float *distances, uint32_t *ids);
size_t wn_topk_take_s32(wn_topk *topk, size_t row, int32_t *distances, uint32_t *ids);

/* Empties all rows. */
void wn_topk_reset(wn_topk *topk);

#endif
