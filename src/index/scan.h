/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of rows against blocks of rows, in bytes, with a list of candidates for each row. A pass over two blocks
 * serves the rows of both. Whatever is dropped is proved to be no neighbour by the bounds of bytes.h, and what is left
 * at the end is ranked by exact values; so the lists are the exact nearest rows among those that a row was compared
 * with, whatever the order of the passes and the number of threads. Where not all neighbours are asked for, bytes alone
 * may decide what is dropped.
 */
#ifndef INDEX_SCAN_H
#define INDEX_SCAN_H

#include "index/bytes.h"

/* Rows of one block at most; blocks begin at multiples of WN_TILE_WIDTH. */
enum { WN_SCAN_BLOCK = 1024 };

/* Rows in the order of the scan. A position without a row has slot UINT32_MAX. */
typedef struct wn_scan_side {
    wn_bytes bytes;
    const wn_index_rows *from;
    uint32_t *slots; /* per position */
    size_t positions;
    uint32_t *begins, *lens; /* per block */
    wn_bytes_block *facts;
    size_t blocks;
    float *copy;     /* the rows themselves in this order, or NULL */
    int8_t *panels;  /* of points: the bytes packed for tiles */
    int32_t *starts; /* of points: where sums start */
} wn_scan_side;

/* Takes over `bytes` (in slot order) and puts them into the order of the blocks that sizes[0 .. blocks - 1] cut `order`
 * (all slots, each once) into; block sizes are at most WN_SCAN_BLOCK. With `packed` the side can be scanned against,
 * with `copied` ranking reads the rows in scan order. Release with wn_scan_side_clear. */
WN_NODISCARD wn_status wn_scan_side_make(const wn_bytes_form *form, wn_bytes *bytes, const wn_index_rows *from,
                                         const uint32_t *order, const uint32_t *sizes, size_t blocks, bool packed,
                                         bool copied, wn_pool *pool, wn_scan_side *out, wn_error *err);
void wn_scan_side_clear(wn_scan_side *side);

/* Adds to sizes[count ..] the sizes of blocks that `rows` rows are cut into, full ones unless those are fewer than
 * `least_blocks`; returns the new count. */
size_t wn_scan_cut(size_t rows, size_t least_blocks, uint32_t *sizes, size_t count);

/* A side of queries in the order they have. */
WN_NODISCARD wn_status wn_scan_queries_make(const wn_bytes_form *form, const wn_index_rows *rows, wn_pool *pool,
                                            wn_scan_side *out, wn_error *err);

/* A side of few queries, each a block of its own. Takes over `bytes`, which are those of `rows`. */
WN_NODISCARD wn_status wn_scan_singles_make(wn_bytes *bytes, const wn_index_rows *rows, wn_scan_side *out,
                                            wn_error *err);

/* Two blocks; `both`: both are of the points, and the rows of b get candidates too. */
typedef struct wn_scan_pair {
    uint32_t a, b;
    bool both;
} wn_scan_pair;

typedef struct wn_scan wn_scan;

/* Empty lists of k for the rows of `queries`, which may be `points`. Everything is borrowed. With `by_bytes` nothing is
 * proved: somewhat more than k are kept by their nearness in bytes, and the k nearest of those are the answer; the
 * distances are exact. */
WN_NODISCARD wn_status wn_scan_new(const wn_index_task *task, const wn_bytes_form *form, wn_scan_side *points,
                                   wn_scan_side *queries, bool by_bytes, wn_scan **out, wn_error *err);
void wn_scan_free(wn_scan **scan);

/* Compares the blocks of each pair (a of the queries, b of the points). No block may have its lists touched by two of
 * the pairs, since they run at the same time. */
void wn_scan_run(wn_scan *scan, const wn_scan_pair *pairs, size_t count);

/* The same for each block a = 0 .. queries->blocks - 1 of the queries with the `count` blocks of points in
 * near[a * count ..], UINT32_MAX = none; near NULL = all blocks of the points. */
void wn_scan_run_lists(wn_scan *scan, const uint32_t *near, size_t count);

/* Ranks what is left and writes the lists into the task's. Every query must have met at least k points. */
void wn_scan_finish(wn_scan *scan);

/* Bytes for the lists of that many rows, and of each worker. */
uint64_t wn_scan_list_memory(size_t k);
uint64_t wn_scan_worker_memory(void);

#endif
