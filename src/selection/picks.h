/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows picked so far, in the three forms in which others are compared with them: values for exact distances, codes
 * for one row against a few picks, and packed panels of 64 for many rows against many picks.
 */
#ifndef SELECTION_PICKS_H
#define SELECTION_PICKS_H

#include "num/distance.h"
#include "num/tile.h"
#include "num/topk.h"
#include "selection/coarse.h"

typedef struct wn_picks {
    const wn_coarse *coarse;
    size_t len, capacity, packed; /* picks below `packed` stand in panels */
    float *values;                /* capacity x dim */
    double *scales;               /* what the values are multiplied by */
    uint8_t *codes;               /* capacity x stride */
    float *errors;                /* capacity; error_max is the greatest */
    float error_max;
    int8_t *panels;        /* padded capacity x stride */
    int32_t *bias, *norms; /* padded capacity */
    int8_t *signed_codes;  /* WN_TILE_WIDTH x stride, to pack from */
    float *row;            /* dim, to encode with */
    wn_tile_kernels tile;
    wn_distance_kernels distance;
    wn_topk_kernels topk;
} wn_picks;

uint64_t wn_picks_bytes(size_t capacity, size_t dim);

WN_NODISCARD wn_status wn_picks_new(const wn_coarse *coarse, size_t capacity, wn_picks **out, wn_error *err);
void wn_picks_free(wn_picks **picks);

/* Adds a row of the matrix; there must be room. */
void wn_picks_add(wn_picks *picks, size_t row);

/* Forgets all picks. */
void wn_picks_reset(wn_picks *picks);

/* Brings the panels up to date; the functions on panels below need it. */
void wn_picks_pack(wn_picks *picks);

/* For n codes: best[i] and arg[i] of the picks from `panel` on (best starts beyond every distance). */
void wn_picks_nearest(const wn_picks *picks, size_t panel, const uint8_t *codes, const int32_t *norms, size_t n,
                      int32_t *best, uint32_t *arg);

enum { WN_PICKS_BLOCK = 512 }; /* picks whose integers are looked at together; whole panels */

/* For m codes: the integer squares of n picks from `first` on (which begins a panel; n <= WN_PICKS_BLOCK), in rows of
 * WN_PICKS_BLOCK. */
void wn_picks_squares(const wn_picks *picks, const uint8_t *codes, const int32_t *norms, size_t m, size_t first,
                      size_t n, int32_t *squares);

/* One row to be compared exactly: its values, scale, code and error. */
typedef struct wn_probe {
    const float *values;
    double scale;
    const uint8_t *code;
    float error;
} wn_probe;

/* The least of `bound` and the exact squared distances of the picks first .. first + n - 1, given their integer squares
 * (n <= WN_PICKS_BLOCK). Only picks that can be nearer than `bound` are computed. `hits` has room for n. */
double wn_picks_refine(const wn_picks *picks, const wn_probe *probe, const int32_t *squares, size_t first, size_t n,
                       double bound, uint32_t *hits);

/* The same for the picks from .. len - 1, integers included; `squares` and `hits` have room for WN_PICKS_BLOCK. */
double wn_picks_refine_from(const wn_picks *picks, const wn_probe *probe, size_t from, double bound, int32_t *squares,
                            uint32_t *hits);

#endif
