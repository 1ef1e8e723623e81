/* SPDX-License-Identifier: Apache-2.0
 *
 * An index of rows that is made once, kept in a file, mapped and asked: the nearest rows of a few queries in
 * milliseconds, where wn_neighbours_find answers for many at once. The file (docs/formats/index.md) holds the rows in
 * bytes and in the order of a kind, not the rows themselves: the caller gives those again when the file is opened, and
 * they decide which of the candidates are nearest. The file can be deleted at any time and is made again.
 *
 *     wn_index *index = NULL;
 *     wn_index_options options = {.stamp = "e.npy", .pool = pool};
 *     if (!wn_index_build(&embeddings, &options, &index, &err)) status = wn_index_save(index, "e.index", &err);
 *     wn_index_close(&index);
 *     ...
 *     if (!wn_index_open("e.index", &embeddings, "e.npy", &index, &err))
 *         status = wn_index_search(index, &(wn_index_query){.queries = q, .k = 20, .pool = pool}, &found, &err);
 */
#ifndef WINNOW_INDEX_FILE_H
#define WINNOW_INDEX_FILE_H

#include "winnow/index.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wn_index wn_index;

/* Bytes of a stamp with the zero at its end. */
#define WN_INDEX_STAMP_MAX 112

/* How an index is made. Zero-initialise, then set; pointers are borrowed for the call. */
typedef struct wn_index_options {
    const wn_index_kind *kind; /* NULL = wn_index_kind_choose */
    wn_index_metric metric;
    uint64_t seed;
    uint64_t memory_limit; /* bytes that may be allocated beside the embeddings; 0 = no limit */
    const char *stamp;     /* says what the embeddings are; opening compares it. NULL = "" */
    wn_pool *pool;
} wn_index_options;

/* What an index is. */
typedef struct wn_index_info {
    const wn_index_kind *kind;
    wn_index_metric metric;
    size_t rows, dim;
    size_t finite;   /* rows that take part: those with finite values */
    size_t distinct; /* of these the ones that differ, which is what is searched */
    size_t trained;  /* of the distinct ones those that kind and bytes were fitted to; the others were added */
    size_t cells;    /* 0 = all rows are compared with a query */
    uint64_t bytes;  /* of the file */
    char stamp[WN_INDEX_STAMP_MAX];
} wn_index_info;

/* Makes an index of the rows of a matrix, which is borrowed until the index is closed. Rows with values that are not
 * finite are left out. The same input gives the same file for any number of threads. WN_INVALID: no rows or
 * dimensions, or a stamp that is too long. WN_UNSUPPORTED: more than 4,096 dimensions or 2^31 rows. WN_LIMIT: does not
 * fit memory_limit. */
WN_API WN_NODISCARD wn_status wn_index_build(const wn_matrix *embeddings, const wn_index_options *options,
                                             wn_index **out, wn_error *err);

/* Takes in rows that were added at the end of the embeddings: `embeddings` has the rows of the index, in the same
 * values, and more. Rows in bytes stay as they are, and new ones go to the cells that are there; when there are as
 * many new rows as the index was fitted to, or they lie far outside, all is fitted anew. On failure the index is as
 * before. */
WN_API WN_NODISCARD wn_status wn_index_add(wn_index *index, const wn_matrix *embeddings, wn_pool *pool, wn_error *err);

/* Writes the file, complete or not at all. */
WN_API WN_NODISCARD wn_status wn_index_save(const wn_index *index, const char *path, wn_error *err);

/* Maps a file; `embeddings`, which is borrowed until close, may have more rows than the index. What a search needs is
 * checked when it is first read. WN_NOTFOUND; WN_VERSION: of another version of winnow; WN_CORRUPT: damaged or cut
 * off; WN_INVALID: of other embeddings, or `stamp` (NULL = any) differs. The message tells that the file can be
 * deleted. */
WN_API WN_NODISCARD wn_status wn_index_open(const char *path, const wn_matrix *embeddings, const char *stamp,
                                            wn_index **out, wn_error *err);
WN_API void wn_index_close(wn_index **index);

/* What a file says of itself, without its embeddings; all of it is checked. Fails as wn_index_open does. */
WN_API WN_NODISCARD wn_status wn_index_inspect(const char *path, wn_index_info *out, wn_error *err);
WN_API const wn_index_info *wn_index_describe(const wn_index *index);

/* What is looked for. Zero-initialise, then set. */
typedef struct wn_index_query {
    wn_matrix queries; /* finite, with the dimensions of the index */
    size_t k;          /* at least 1 */
    double recall;     /* share of the true neighbours that is asked for; 0 = 0.98; 1 = all, from every row */
    wn_pool *pool;
} wn_index_query;

/* The k nearest rows of the index for each query, as wn_neighbours_find gives them; `recall` in the result is what the
 * search reaches for rows of the embeddings, measured on a sample when the index was made. One search of an index at
 * a time. WN_CORRUPT: a block of the file does not match its checksum. */
WN_API WN_NODISCARD wn_status wn_index_search(wn_index *index, const wn_index_query *query, wn_neighbours *out,
                                              wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
