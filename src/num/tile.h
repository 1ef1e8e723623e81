/* SPDX-License-Identifier: Apache-2.0
 *
 * Dense blocks of rows against packed columns ("centres"): dot products, squared L2 distances, and the fused
 * update of each row's nearest centre that farthest-first and k-means need. Kernels are single-threaded and allocate
 * nothing; parallelism cuts the rows, and a value does not depend on how they are cut.
 *
 * Panels. The centres are packed once, in panels of WN_TILE_WIDTH = 64; the last panel is padded. In one panel
 * the elements lie in steps of `step` dimensions (1 for f32, 2 for bf16 and s16, 4 for u8s8), the dimension padded with
 * zeros to whole steps:
 *
 *     panel[(k / step) * 64 * step + centre * step + k % step]
 *
 * so that one 64-byte line holds 16 centres of a step, and 4 lines all 64. The layout is the same at every CPU level.
 * Norms are padded with +infinity (2^30 for integers, beyond any distance), so that padding is never nearest.
 *
 * Cache use. A kernel takes rows in groups that stay in the L2 cache and runs all panels over each group, so `rows`
 * streams through the cache once for all `n` centres. Give it at least a few hundred rows and as many centres
 * as there are; a panel of 64 * dim elements should fit L1 (dim <= 128 in f32), and works from L2 beyond.
 *
 *     size_t len = wn_tile_panel_len(count, dim, 1);
 *     float *panels = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *panels);
 *     float *norms = wn_alloc(WN_MEMORY_MATRIX, wn_tile_padded(count), sizeof *norms);
 *     kernels.pack_f32(centres, stride, NULL, count, dim, panels, norms);
 *     wn_tile_f32 tile = {.rows = x, .stride = dim, .row_norms = x_norms, .m = m, .dim = dim,
 *                         .panels = panels, .panel_norms = norms, .n = count};
 *     kernels.nearest_f32(&tile, 0, best, NULL);
 */
#ifndef NUM_TILE_H
#define NUM_TILE_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

#define WN_TILE_WIDTH 64

/* m rows against n packed centres. Row i is rows + r * stride with r = index[i], or r = i when `index` is NULL; its
 * squared norm is row_norms[r], its state best[r] and arg[r]. Norms are needed by l2sq and nearest only. */
typedef struct wn_tile_f32 {
    const float *rows;
    size_t stride;         /* elements from one row to the next */
    const uint32_t *index; /* m row numbers, or NULL for 0 .. m - 1 */
    const float *row_norms;
    size_t m, dim;
    const float *panels;
    const float *panel_norms; /* wn_tile_padded(n) */
    size_t n;
} wn_tile_f32;

/* The same with bfloat16 rows and panels; the sums and norms are float32. */
typedef struct wn_tile_bf16 {
    const uint16_t *rows;
    size_t stride;
    const uint32_t *index;
    const float *row_norms;
    size_t m, dim;
    const uint16_t *panels;
    const float *panel_norms;
    size_t n;
} wn_tile_bf16;

/* Signed 16-bit rows and panels, which wn_tile_pack_bf16 packs (it moves the bits as they are); sums must fit int32. */
typedef struct wn_tile_s16 {
    const int16_t *rows;
    size_t stride;
    const uint32_t *index;
    size_t m, dim;
    const int16_t *panels;
    size_t n;
} wn_tile_s16;

/* The same in bytes. The instruction vpdpbusd multiplies unsigned by signed bytes, so signed rows are stored with
 * 128 added (byte ^ 0x80; wn_convert f32_to_s8 can write them so) and the kernel starts its sum at
 * panel_bias[c] = -zero * sum(centre c) with zero = 128, which makes the dot product that of the signed values.
 * Rows that are unsigned by nature take zero = 0. Exact while sums fit int32: dim <= 16384, or 7000 for
 * unsigned rows. */
typedef struct wn_tile_u8s8 {
    const uint8_t *rows;
    size_t stride;
    const uint32_t *index;
    const int32_t *row_norms; /* of the values without the offset */
    size_t m, dim;
    const int8_t *panels;
    const int32_t *panel_bias, *panel_norms; /* wn_tile_padded(n) each */
    size_t n;
} wn_tile_u8s8;

/* Pack n centres (row r = index[i] or i); `norms` (and `bias`) take wn_tile_padded(n) values, `norms` may be NULL. */
typedef void wn_tile_pack_f32(const float *centres, size_t stride, const uint32_t *index, size_t n, size_t dim,
                              float *panels, float *norms);
typedef void wn_tile_pack_bf16(const uint16_t *centres, size_t stride, const uint32_t *index, size_t n, size_t dim,
                               uint16_t *panels, float *norms);
typedef void wn_tile_pack_s8(const int8_t *centres, size_t stride, const uint32_t *index, size_t n, size_t dim,
                             int32_t zero, int8_t *panels, int32_t *bias, int32_t *norms);

/* out[i * out_stride + c] for i < m, c < n; nothing is written beyond column n. Squared distances are
 * |x|^2 + |c|^2 - 2 x.c, never below 0: their error is that of the norms (a few ulp of |x|^2), not relative. */
typedef void wn_tile_out_f32(const wn_tile_f32 *tile, float *out, size_t out_stride);
typedef void wn_tile_out_bf16(const wn_tile_bf16 *tile, float *out, size_t out_stride);
typedef void wn_tile_out_s16(const wn_tile_s16 *tile, int32_t *out, size_t out_stride);
typedef void wn_tile_out_u8s8(const wn_tile_u8s8 *tile, int32_t *out, size_t out_stride);

/* best[r] = min(best[r], least squared distance to the n centres). Where it falls, arg[r] = first + c (`arg` may be
 * NULL). Equal distances keep the earlier centre; a NaN distance changes nothing. */
typedef void wn_tile_nearest_f32(const wn_tile_f32 *tile, uint32_t first, float *best, uint32_t *arg);
typedef void wn_tile_nearest_bf16(const wn_tile_bf16 *tile, uint32_t first, float *best, uint32_t *arg);
typedef void wn_tile_nearest_u8s8(const wn_tile_u8s8 *tile, uint32_t first, int32_t *best, uint32_t *arg);

/* A search for pairs that are near. Row i and centre c have the score panel_bias[c] + rows[i].panel[c] (with a bias
 * that also takes off half the squared norm of the centre, the score falls as the distance grows) and are a hit when
 *
 *     score >= min(row_least[i], centre_least[c] + row_shift[i])
 *
 * so that one pass serves the lists of the rows and those of the centres. Sums must fit int32. Positions i count from
 * the first row of the tile, with and without an index; norms are not used. */
typedef struct wn_tile_wanted {
    const int32_t *row_least, *row_shift; /* m */
    const int32_t *centre_least;          /* wn_tile_padded(n) */
} wn_tile_wanted;

typedef struct wn_tile_hit {
    uint32_t row, centre;
    int32_t score;
} wn_tile_hit;

/* Writes the hits, in no promised order, to `hits` (room for m * n) and returns how many there are. */
typedef size_t wn_tile_hits_u8s8(const wn_tile_u8s8 *tile, const wn_tile_wanted *wanted, wn_tile_hit *hits);

/* field, signature */
#define WN_TILE_MAP(X)                                                                                                 \
    X(pack_f32, wn_tile_pack_f32)                                                                                      \
    X(dot_f32, wn_tile_out_f32)                                                                                        \
    X(l2sq_f32, wn_tile_out_f32)                                                                                       \
    X(nearest_f32, wn_tile_nearest_f32)                                                                                \
    X(pack_bf16, wn_tile_pack_bf16)                                                                                    \
    X(dot_bf16, wn_tile_out_bf16)                                                                                      \
    X(l2sq_bf16, wn_tile_out_bf16)                                                                                     \
    X(nearest_bf16, wn_tile_nearest_bf16)                                                                              \
    X(dot_s16, wn_tile_out_s16)                                                                                        \
    X(pack_s8, wn_tile_pack_s8)                                                                                        \
    X(dot_u8s8, wn_tile_out_u8s8)                                                                                      \
    X(l2sq_u8s8, wn_tile_out_u8s8)                                                                                     \
    X(nearest_u8s8, wn_tile_nearest_u8s8)                                                                              \
    X(hits_u8s8, wn_tile_hits_u8s8)

typedef struct wn_tile_kernels {
#define X(field, signature) signature *field;
    WN_TILE_MAP(X)
#undef X
} wn_tile_kernels;

/* Fills the table for `level`, which must not be above wn_cpu_detect(). */
void wn_tile_kernels_init(wn_tile_kernels *kernels, wn_cpu level);

/* n rounded up to whole panels. */
static inline size_t wn_tile_padded(size_t n)
{
    return (n + WN_TILE_WIDTH - 1) / WN_TILE_WIDTH * WN_TILE_WIDTH;
}

/* Elements that the panels of n centres take. */
static inline size_t wn_tile_panel_len(size_t n, size_t dim, size_t step)
{
    return wn_tile_padded(n) * ((dim + step - 1) / step * step);
}

#endif
