/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops around a tile kernel, shared as text by the files of each instruction set: everything here is static and
 * always inlined, so that each file compiles it for its own level.
 *
 * Rows are taken in groups that stay in the L2 cache; all panels run over a group, and within a panel 6 rows at a
 * time meet the 64 centres. `dot` writes that 6 x 64 block (float or int32) to `block`, `use` turns it into results.
 * A last group of fewer than 6 rows repeats its last row; `use` looks at `count` rows only. Each value is summed over
 * the dimension in one fixed order, hence does not depend on where its row and its centre stand.
 */
#ifndef NUM_X86_TILE_WALK_H
#define NUM_X86_TILE_WALK_H

#include "num/tile.h"

#define TILE_ROWS        6
#define TILE_GROUP_BYTES (256 * 1024)
#define TILE_INLINE      static inline __attribute__((always_inline))

/* One type-less tile; `element` and `step` are in bytes and elements. */
typedef struct tile_job {
    const unsigned char *rows;
    size_t stride, element, step;
    const uint32_t *index;
    size_t m, dim;
    const unsigned char *panels;
    size_t n;
} tile_job;

/* Where a 6 x 64 block lies: `count` rows from position `first` of the tile, numbered row[], and centres from `column`.
 */
typedef struct tile_place {
    size_t first, count, column;
    size_t row[TILE_ROWS];
} tile_place;

typedef union tile_block {
    float f32[TILE_ROWS][WN_TILE_WIDTH];
    int32_t s32[TILE_ROWS][WN_TILE_WIDTH];
} __attribute__((aligned(64))) tile_block;

typedef void tile_dot(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                      tile_block *block);
typedef void tile_use(const void *context, const tile_place *place, const tile_block *block);

#define TILE_JOB(tile, element_step)                                                                                   \
    (&(tile_job){.rows = (const unsigned char *)(tile)->rows,                                                          \
                 .stride = (tile)->stride,                                                                             \
                 .element = sizeof *(tile)->rows,                                                                      \
                 .step = (element_step),                                                                               \
                 .index = (tile)->index,                                                                               \
                 .m = (tile)->m,                                                                                       \
                 .dim = (tile)->dim,                                                                                   \
                 .panels = (const unsigned char *)(tile)->panels,                                                      \
                 .n = (tile)->n})

/* The incomplete last step of each row, padded with zeros: `bytes` is the length of a row. */
TILE_INLINE void tile_last_steps(const unsigned char *const rows[TILE_ROWS], size_t bytes,
                                 unsigned char last[TILE_ROWS][4])
{
    for (size_t r = 0; r < TILE_ROWS; r++) {
        for (size_t i = 0; i < 4; i++) last[r][i] = i < bytes % 4 ? rows[r][bytes / 4 * 4 + i] : 0;
    }
}

TILE_INLINE void tile_place_rows(const tile_job *job, size_t first, size_t end, tile_place *place,
                                 const unsigned char *rows[TILE_ROWS])
{
    place->first = first;
    place->count = end - first < TILE_ROWS ? end - first : TILE_ROWS;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        size_t position = first + (r < place->count ? r : place->count - 1);
        place->row[r] = job->index ? job->index[position] : position;
        rows[r] = job->rows + place->row[r] * job->stride * job->element;
    }
}

TILE_INLINE void tile_walk(const tile_job *job, tile_dot *dot, tile_use *use, const void *context)
{
    const unsigned char *rows[TILE_ROWS];
    tile_place place;
    tile_block block;
    size_t panel_bytes = (job->dim + job->step - 1) / job->step * job->step * WN_TILE_WIDTH * job->element;
    size_t group = TILE_GROUP_BYTES / (job->dim * job->element + 1) / TILE_ROWS * TILE_ROWS;
    if (group < 8 * TILE_ROWS) group = 8 * TILE_ROWS;
    for (size_t start = 0; start < job->m; start += group) {
        size_t end = job->m - start < group ? job->m : start + group;
        for (place.column = 0; place.column < job->n; place.column += WN_TILE_WIDTH) {
            const unsigned char *panel = job->panels + place.column / WN_TILE_WIDTH * panel_bytes;
            for (size_t first = start; first < end; first += TILE_ROWS) {
                tile_place_rows(job, first, end, &place, rows);
                dot(rows, job->dim, panel, &block);
                use(context, &place, &block);
            }
        }
    }
}

/* What the uses need besides the block. `bias` is NULL for floats. */
typedef struct tile_use_context {
    const void *row_norms, *panel_norms, *bias;
    void *out; /* or best */
    uint32_t *arg;
    size_t n, out_stride;
    uint32_t first;
} tile_use_context;

/* The three entries of one element type over a product function; the contexts differ only in the bias. */
#define TILE_DEFINE(type, isa, value, block, step, product, panel_bias_of)                                             \
    static void dot_##type##_##isa(const wn_tile_##type *tile, value *out, size_t out_stride)                          \
    {                                                                                                                  \
        tile_use_context use = {.bias = panel_bias_of(tile), .out = out, .n = tile->n, .out_stride = out_stride};      \
        tile_walk(TILE_JOB(tile, step), product, tile_store_##block, &use);                                            \
    }                                                                                                                  \
    static void l2sq_##type##_##isa(const wn_tile_##type *tile, value *out, size_t out_stride)                         \
    {                                                                                                                  \
        tile_use_context use = {.row_norms = tile->row_norms,                                                          \
                                .panel_norms = tile->panel_norms,                                                      \
                                .bias = panel_bias_of(tile),                                                           \
                                .out = out,                                                                            \
                                .n = tile->n,                                                                          \
                                .out_stride = out_stride};                                                             \
        tile_walk(TILE_JOB(tile, step), product, tile_l2sq_##block, &use);                                             \
    }                                                                                                                  \
    static void nearest_##type##_##isa(const wn_tile_##type *tile, uint32_t first, value *best, uint32_t *arg)         \
    {                                                                                                                  \
        tile_use_context use = {.row_norms = tile->row_norms,                                                          \
                                .panel_norms = tile->panel_norms,                                                      \
                                .bias = panel_bias_of(tile),                                                           \
                                .out = best,                                                                           \
                                .arg = arg,                                                                            \
                                .n = tile->n,                                                                          \
                                .first = first};                                                                       \
        tile_walk(TILE_JOB(tile, step), product, tile_nearest_##block, &use);                                          \
    }
#define TILE_NO_BIAS(tile) NULL
#define TILE_BIAS(tile)    (tile)->panel_bias

#endif
