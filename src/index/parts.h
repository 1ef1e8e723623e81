/* SPDX-License-Identifier: Apache-2.0
 *
 * What an index that is kept consists of: a head of numbers and a list of arrays, which lie in memory of their own or
 * in a mapped file. The same list makes, writes, reads and releases them.
 */
#ifndef INDEX_PARTS_H
#define INDEX_PARTS_H

#include "base/file.h"
#include "index/distinct.h"
#include "index/scan.h"
#include "winnow/index_file.h"

/* id, type of an element; in the order of the file. First what is checked when the file is opened. MEMBERS and STARTS
 * are empty where all rows differ, MEAN for ip, SCALES unless the metric is cosine, CENTRES .. CURVE without cells. */
#define WN_INDEX_PART_MAP(X)                                                                                           \
    X(MEAN, double)      /* dim; empty for ip */                                                                       \
    X(ROTATION, float)   /* panels of dim x dim */                                                                     \
    X(FIRSTS, uint32_t)  /* row of each slot */                                                                        \
    X(MEMBERS, uint32_t) /* rows by slot, where rows repeat */                                                         \
    X(STARTS, uint32_t)  /* slots + 1: of each slot in MEMBERS */                                                      \
    X(BEGINS, uint32_t)  /* first position of each block */                                                            \
    X(LENS, uint32_t)    /* rows of each block */                                                                      \
    X(FACTS, double)     /* greatest error and length of each block */                                                 \
    X(CENTRES, int8_t)   /* of the cells, in panels */                                                                 \
    X(CENTRE_BIAS, int32_t)                                                                                            \
    X(CENTRE_NORMS, int32_t)                                                                                           \
    X(FIRST_BLOCK, uint32_t) /* cells + 1 */                                                                           \
    X(CURVE, float)          /* recall of the nearest 1, 2, ... cells */                                               \
    X(SUMS, uint64_t)        /* checksum of what follows, of each block */                                             \
    /* for each position, checked block by block */                                                                    \
    X(SLOTS, uint32_t)                                                                                                 \
    X(NORMS, int32_t)                                                                                                  \
    X(ERRORS, float)                                                                                                   \
    X(LENGTHS, float)                                                                                                  \
    X(SCALES, double)                                                                                                  \
    X(SCORES, int32_t) /* where sums start */                                                                          \
    X(PANELS, int8_t)

typedef enum wn_index_part {
#define X(id, type) WN_INDEX_PART_##id,
    WN_INDEX_PART_MAP(X)
#undef X
        WN_INDEX_PART_COUNT
} wn_index_part;

/* The numbers that say how long the arrays are. */
typedef struct wn_index_shape {
    wn_index_metric metric;
    size_t rows, dim, padded;
    size_t slots, positions, blocks, cells, members; /* members: 0 where all rows differ */
} wn_index_shape;

struct wn_index {
    wn_index_info info;
    wn_index_shape shape;
    wn_bytes_form form; /* mean and panels are parts */
    uint64_t seed;
    uint32_t curve_k;
    void *parts[WN_INDEX_PART_COUNT]; /* of the map, or to be released */
    wn_matrix embeddings;
    wn_index_rows from; /* the slots */
    wn_scan_side side;  /* of the parts */
    wn_file_map map;    /* data NULL: the parts are memory */
    char *path;         /* of the map */
    uint8_t *checked;   /* one a block; NULL without a map */
};

/* Bytes of a part. Does not overflow for fewer than 2^32 positions and 2^13 dimensions. */
uint64_t wn_index_part_bytes(const wn_index_shape *shape, wn_index_part part);

/* Points form, from and side at the parts. */
void wn_index_bind(wn_index *index);

/* Makes a part of the length that the shape says, from a copy of `from` (NULL = not filled). False: no memory. */
bool wn_index_copy_part(wn_index *index, wn_index_part part, const void *from);

/* The cell of each slot. */
void wn_index_list_cells(const wn_index *index, uint32_t *cell_of);

/* Fills an index that has its embeddings, rows, metric, dim, seed and kind. */
WN_NODISCARD wn_status wn_index_make(wn_index *index, wn_pool *pool, wn_error *err);

/* Compares blocks of a mapped index with their checksums, once each; of memory there is nothing to check. */
WN_NODISCARD wn_status wn_index_check_block(wn_index *index, size_t block, wn_error *err);
WN_NODISCARD wn_status wn_index_check_all(wn_index *index, wn_error *err);

/* All blocks, and that each slot is in one of them. */
WN_NODISCARD wn_status wn_index_check_slots(wn_index *index, wn_error *err);

/* Releases all but the struct, which is zeroed. */
void wn_index_release(wn_index *index);

/* Checksum of what the index has of a block. */
uint64_t wn_index_block_sum(const wn_index *index, size_t block);

/* The values of some rows, so that other embeddings are noticed. */
uint64_t wn_index_probe(const wn_matrix *embeddings, size_t rows);

/* Fills the arrays of an index that has its form, from distinct rows, their bytes (which are taken over) and a layout;
 * all but the curve. */
struct wn_index_layout;
WN_NODISCARD wn_status wn_index_assemble(wn_index *index, const wn_distinct *distinct, wn_bytes *bytes,
                                         const struct wn_index_layout *layout, wn_pool *pool, wn_error *err);

/* Measures how many of the nearest cells hold the neighbours of a sample of the rows. */
WN_NODISCARD wn_status wn_index_measure(wn_index *index, wn_pool *pool, wn_error *err);

/* The distinct rows among those that are finite. */
WN_NODISCARD wn_status wn_index_distinct(const wn_matrix *embeddings, wn_pool *pool, wn_distinct *out, wn_error *err);

/* Cells by rising distance of their centre from `query` of coded queries (for ip by falling product). `values` has room
 * for the cells' centres, `keys` for the cells. The first `wanted` keys are sorted; the number of the cell is their
 * lower half. */
void wn_index_rank_cells(const wn_index *index, const wn_bytes *queries, size_t query, size_t wanted, int32_t *values,
                         uint64_t *keys);

#endif
