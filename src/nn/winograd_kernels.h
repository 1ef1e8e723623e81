/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016, arXiv:1509.09308) over the points 0, +-sqrt(1/2),
 * +-sqrt(2) and infinity, whose fp32 error is half that of the customary 0, +-1, +-2. With d a window of 6 x 6, g a
 * filter and y a tile of 4 x 4:
 *
 *     y = A' ((G g G') . (B' d B)) A          forward, and backward by data with the filter turned round
 *     dg = G' ((B' d B) . (A dy A')) G        backward by weights, the adjoint of the above
 *
 * where . is the product point by point of the 36 points. Summed over tiles or channels it is 36 matrix products.
 *
 * Numbers: activations and the operands of the products are fp32, or bf16; transforms, products and sums are fp32.
 *
 * Panels: what has C channels at T tiles lies as C / 16 blocks of T x 16 numbers, one such panel for each point. Packed
 * filters lie as N / 16 blocks of K x 16: K channels that are summed over, N that result. In bf16 two rows that are
 * summed over share 32 bits, the first of them the lower half: two channels k of packed filters, two tiles of panels
 * that `accumulate` takes.
 */
#ifndef NN_WINOGRAD_KERNELS_H
#define NN_WINOGRAD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/cpu.h"

enum {
    WN_WINOGRAD_TILE = 4,
    WN_WINOGRAD_WINDOW = 6,
    WN_WINOGRAD_POINTS = 36,
    WN_WINOGRAD_CHANNELS = 16, /* of a block */
    WN_WINOGRAD_ROWS = 4       /* matrix products take an even number of rows, at least so many */
};

/* Where the positions of a window (6 x 6) or of a tile (4 x 4) of one view lie: the channels of position (y, x) begin
 * at rows[y] + columns[x]. What lies outside the image reads as 0: for rows by pointing to zeros, for columns by a mask
 * of no bits, while `columns` stays within the row. */
typedef struct wn_winograd_patch {
    const char *rows[WN_WINOGRAD_WINDOW];
    size_t columns[WN_WINOGRAD_WINDOW]; /* bytes */
    uint32_t masks[WN_WINOGRAD_WINDOW]; /* all bits or none */
    bool whole;                         /* no column is outside */
} wn_winograd_patch;

/* A tile to write: the part of rows x columns positions that is inside the image. */
typedef struct wn_winograd_target {
    char *first;
    size_t row_step, column_step; /* bytes */
    size_t rows, columns;
} wn_winograd_target;

/* How operands are written: a row of 16 numbers; or, for those that share 32 bits, the first of two rows, whose fellow
 * is set to 0, and then the second. fp32 knows rows alone. */
typedef enum wn_winograd_form { WN_WINOGRAD_ROW, WN_WINOGRAD_FIRST, WN_WINOGRAD_SECOND } wn_winograd_form;

/* The row of one tile in the panels of 36 points: its channels c .. c + 15 of point p are at panel + p * point + c / 16
 * * block. */
typedef struct wn_winograd_place {
    char *panel;
    size_t point, block; /* bytes */
    wn_winograd_form form;
} wn_winograd_place;

typedef struct wn_winograd_kernels {
    const char *name; /* "winograd:avx2" */
    size_t element;   /* bytes of a number of an activation and of an operand: 4, or 2 for bf16 */
    size_t together;  /* rows that share 32 bits: 1, or 2 for bf16 */
    /* place = B' patch B of a window. `next` is the patch of the next call: memory may fetch it meanwhile. */
    void (*input)(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                  const wn_winograd_place *place);
    /* place = A patch A' of a tile. */
    void (*gradient)(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                     const wn_winograd_place *place);
    /* target = A' place A, of a place of fp32 sums. */
    void (*output)(const wn_winograd_place *place, size_t channels, const wn_winograd_target *target,
                   const wn_winograd_target *next);
    /* 16 filters at once: place = G filter G' of filter[tap][lane]. */
    void (*filter)(const float filter[9][WN_WINOGRAD_CHANNELS], const wn_winograd_place *place);
    /* The adjoint: filter = G' points G, of points[36][16]. */
    void (*unfilter)(const float *points, float filter[9][WN_WINOGRAD_CHANNELS]);
    /* For one point: c (panel of sums, rows x cols) = a (panel, rows x depth) b (packed filters, depth x cols). `block`
     * is the tiles of a block of a and c, rows <= block. */
    void (*multiply)(const void *a, const void *b, float *c, size_t block, size_t rows, size_t depth, size_t cols);
    /* For one point: c (channels_a x channels_b) = a' b, or += with `add`; a and b panels of `rows` tiles, their blocks
     * of `block` tiles. For each 16 channels of b and within these for each 16 of a, c has 16 x 16 sums, `step` floats
     * from the next. */
    void (*accumulate)(const void *a, const void *b, float *c, size_t step, size_t block, size_t rows,
                       size_t channels_a, size_t channels_b, bool add);
} wn_winograd_kernels;

/* Fills the table for a CPU level. */
void wn_winograd_kernels_init(wn_winograd_kernels *out, wn_cpu level, bool bf16);

#endif
