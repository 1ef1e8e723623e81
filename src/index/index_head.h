/* SPDX-License-Identifier: Apache-2.0
 *
 * The first page of an index file (docs/formats/index.md): fixed-width fields, little-endian, without gaps.
 */
#ifndef INDEX_INDEX_HEAD_H
#define INDEX_INDEX_HEAD_H

#include "index/parts.h"

#define WN_INDEX_MAGIC "WNINDEX"

enum { WN_INDEX_VERSION = 1, WN_INDEX_HEAD_BYTES = 4096, WN_INDEX_ALIGNMENT = 64, WN_INDEX_KIND_MAX = 16 };

typedef struct wn_index_section {
    uint64_t offset, bytes;
    uint64_t checksum; /* 0 for what is checked block by block */
} wn_index_section;

typedef struct wn_index_head {
    char magic[8];
    uint32_t version, head_bytes;
    uint64_t file_bytes;
    char kind[WN_INDEX_KIND_MAX];
    uint32_t metric, dim;
    uint64_t rows, slots, positions, members, trained;
    uint32_t blocks, cells;
    double scale;
    float step;
    uint32_t curve_k;
    uint64_t seed, probe;
    char stamp[WN_INDEX_STAMP_MAX];
    wn_index_section sections[WN_INDEX_PART_COUNT];
} wn_index_head;

/* Where the checksum of the page before it is. */
enum { WN_INDEX_HEAD_SUM = WN_INDEX_HEAD_BYTES - 8 };

_Static_assert(sizeof(wn_index_head) == 240 + 24 * WN_INDEX_PART_COUNT, "the head has no gaps");
_Static_assert(sizeof(wn_index_head) <= WN_INDEX_HEAD_SUM, "the head fits its page");
_Static_assert(WN_INDEX_PART_SUMS == 13 && WN_INDEX_PART_COUNT == 21, "parts are numbered as in the file");

#endif
