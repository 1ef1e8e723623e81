/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the store share: the handle, transactions that span the catalogue, columns and thumbnails, and the
 * writing end of a column.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "base/buffer.h"
#include "store/column_file.h"
#include "store/database.h"
#include "winnow/workspace.h"

/* --- Writing end of a column: appends to the file and keeps the checksums that the catalogue does not have yet --- */

typedef struct wn_column_sink {
    wn_column_layout layout; /* info.rows = committed */
    char *path;
    int fd;
    unsigned char *block; /* bytes of the last block, as far as it is filled */
    int64_t rows;         /* written, committed or not */
    int64_t first_block;  /* of `checksums` */
    wn_buffer checksums;  /* uint64_t each, of the blocks completed since the last commit */
    bool dirty;           /* written since the last commit */
} wn_column_sink;

/* A new, empty file. */
WN_NODISCARD wn_status wn_column_sink_create(const char *workspace, const wn_column_layout *layout,
                                             wn_column_sink **out, wn_error *err);
/* The live column of that name: cuts what was not committed and checks the last block. */
WN_NODISCARD wn_status wn_column_sink_open(wn_workspace *workspace, const char *name, wn_column_sink **out,
                                           wn_error *err);
/* Appends rows to the file; `values` NULL = missing values. */
WN_NODISCARD wn_status wn_column_sink_add(wn_column_sink *sink, const void *values, size_t count, wn_error *err);
/* Writes row count and checksums into the catalogue; inside a transaction. */
WN_NODISCARD wn_status wn_column_sink_record(wn_column_sink *sink, wn_database *database, wn_error *err);
/* Waits until the file is on the disk. */
WN_NODISCARD wn_status wn_column_sink_flush(wn_column_sink *sink, wn_error *err);
/* The transaction was committed. */
void wn_column_sink_settle(wn_column_sink *sink);
void wn_column_sink_close(wn_column_sink **sink);

/* --- Thumbnails ------------------------------------------------------------------------------------------------- */

/* A row of the column that says where the thumbnail of a sample is. len 0 = it has none. */
typedef struct wn_thumb_place {
    int64_t place; /* pack << 40 | offset of the record in the pack */
    int64_t len;   /* of the encoded image */
} wn_thumb_place;
#define WN_THUMB_COLUMN "store.thumbs"

typedef struct wn_thumb_store {
    wn_column *index; /* reading: snapshot, reopened when a row lies beyond it */
    int read_fd;      /* of read_pack */
    int64_t read_pack;
    int write_fd; /* of write_pack, -1 = none */
    int64_t write_pack;
    uint64_t bytes, committed; /* of the pack being written */
    uint64_t pack_limit;       /* begin a new pack beyond */
} wn_thumb_store;

/* Appends the thumbnails of samples first_row... and their places; inside a transaction. */
WN_NODISCARD wn_status wn_thumbs_append(wn_workspace *workspace, int64_t first_row, const wn_sample_thumb *thumbs,
                                        size_t count, wn_error *err);
WN_NODISCARD wn_status wn_thumbs_flush(wn_workspace *workspace, wn_error *err);
void wn_thumbs_settle(wn_workspace *workspace, bool committed);
void wn_thumbs_close(wn_workspace *workspace);

/* Reads and checks the record at a place; `bytes` is wn_free'd by the caller. */
WN_NODISCARD wn_status wn_thumb_read(wn_workspace *workspace, int64_t row, wn_thumb_place place, unsigned char **bytes,
                                     wn_error *err);

/* --- The handle and its transactions ---------------------------------------------------------------------------- */

struct wn_workspace {
    char *path;
    wn_workspace_mode mode;
    bool unsynced;
    int lock; /* -1 = not held */
    wn_database database;
    wn_column_sink **sinks; /* open writing ends */
    size_t sink_count;
    wn_thumb_store thumbs;
};

/* WN_INVALID for a handle that was opened for reading. */
WN_NODISCARD wn_status wn_store_require_writer(const wn_workspace *workspace, wn_error *err);

/* Begins; end flushes files and commits when `status` is WN_OK, else takes everything back. Returns the first
 * failure. */
WN_NODISCARD wn_status wn_store_begin(wn_workspace *workspace, wn_error *err);
WN_NODISCARD wn_status wn_store_end(wn_workspace *workspace, wn_status status, wn_error *err);

/* The cached writing end of a column; forget closes it. */
WN_NODISCARD wn_status wn_store_sink(wn_workspace *workspace, const char *name, wn_column_sink **out, wn_error *err);
void wn_store_forget_sink(wn_workspace *workspace, const char *name);

/* The live column of that name, from the catalogue alone. */
WN_NODISCARD wn_status wn_store_find_column(wn_workspace *workspace, const char *name, wn_column_layout *out,
                                            wn_error *err);

/* Appends to a column inside a transaction; `first` and padding as in wn_column_append. */
WN_NODISCARD wn_status wn_store_append_column(wn_workspace *workspace, const char *name, int64_t first,
                                              const void *values, size_t count, wn_error *err);

/* fsync of WORKSPACE/FOLDER, so that a new file in it outlives a power loss. */
WN_NODISCARD wn_status wn_store_sync_folder(const wn_workspace *workspace, const char *folder, wn_error *err);

/* --- Recovery (writers, at open) -------------------------------------------------------------------------------- */

/* Puts right what a killed writer left: runs said to be running, half-written columns, files nobody lists; forgets
 * columns whose file was deleted. */
WN_NODISCARD wn_status wn_store_recover(wn_workspace *workspace, wn_error *err);

#endif
