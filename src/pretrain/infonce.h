/* SPDX-License-Identifier: Apache-2.0
 *
 * InfoNCE (van den Oord et al. 2018) between two sets of rows: which of the keys belongs to a query. With
 * s = q.k / temperature and t(r) the key of query r, the loss is the mean over r of log sum_k exp(s_rk) - s_rt.
 */
#ifndef PRETRAIN_INFONCE_H
#define PRETRAIN_INFONCE_H

#include <stddef.h>

#include "num/tile.h"
#include "winnow/pool.h"

/* m queries and n keys of `dim` numbers. Without `own`, key r belongs to query r (n >= m); with it (m x dim) the key of
 * query r is row r of `own`, and all n keys (0 allowed) are others'. */
typedef struct wn_infonce {
    const float *queries, *keys, *own;
    size_t m, n, dim;
    double temperature;
    double weight; /* of the loss in the gradients */
    const wn_tile_kernels *kernels;
    wn_pool *pool;
    float *scratch; /* wn_infonce_scratch(m, n, dim) floats */
} wn_infonce;

size_t wn_infonce_scratch(size_t m, size_t n, size_t dim);

/* The loss. Adds weight times its gradient by the queries to dqueries (m x dim) and by the keys to dkeys (n x dim);
 * either may be NULL. Keys in `own` get no gradient. */
double wn_infonce_loss(const wn_infonce *task, float *dqueries, float *dkeys);

/* A ring of rows that a method keeps from step to step, in 16 + capacity * dim floats that start as zeros. */
typedef struct wn_row_ring {
    float *memory, *rows; /* rows: the first `len` are filled */
    size_t capacity, dim, len;
} wn_row_ring;

size_t wn_row_ring_floats(size_t capacity, size_t dim);
wn_row_ring wn_row_ring_open(float *memory, size_t capacity, size_t dim);

/* Puts n rows in, over the oldest ones; of more than `capacity` the last ones stay. */
void wn_row_ring_push(wn_row_ring *ring, const float *rows, size_t n);

#endif
