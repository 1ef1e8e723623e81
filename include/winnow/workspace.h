/* SPDX-License-Identifier: Apache-2.0
 *
 * The workspace NAME.winnow: everything winnow knows about a set of images. One folder with a catalogue (SQLite),
 * columns, thumbnails, models and runs (docs/formats/workspace.md). One process writes, any number read.
 *
 *     wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .command = "winnow add photos"};
 *     wn_workspace *workspace = NULL;
 *     if (wn_workspace_open("photos.winnow", &options, &workspace, &err) != WN_OK) ...
 *     status = wn_workspace_append(workspace, &batch, &first_row, &err);
 *     wn_workspace_close(&workspace);
 *
 * A handle is for one thread at a time (wn_column_read alone may be called from several threads).
 * Records of runs, models, selections and tags: winnow/catalog.h. Columns: winnow/column.h.
 */
#ifndef WINNOW_WORKSPACE_H
#define WINNOW_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/column.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wn_workspace_mode {
    WN_WORKSPACE_READ,  /* must exist; never waits for a writer */
    WN_WORKSPACE_WRITE, /* must exist; the one writer */
    WN_WORKSPACE_CREATE /* as WRITE, made when it does not exist */
} wn_workspace_mode;

typedef struct wn_workspace_options {
    wn_workspace_mode mode;
    const char *command; /* shown to whoever finds the workspace busy; NULL = "winnow" */
    size_t cache_bytes;  /* SQLite page cache; 0 = 8 MB */
    bool unsynced;       /* do not wait for the disk at commits: safe against kill, not against power loss */
} wn_workspace_options;

/* Opens; `options` NULL = read. WN_NOTFOUND: no workspace there; WN_INVALID: the folder is something else;
 * WN_BUSY: another writer, named in the message; WN_VERSION: made by a newer winnow; WN_CORRUPT: damaged
 * catalogue. An older workspace is upgraded, also when it is opened for reading. A writer also puts right what
 * a killed one left behind. */
WN_API WN_NODISCARD wn_status wn_workspace_open(const char *path, const wn_workspace_options *options,
                                                wn_workspace **out, wn_error *err);
WN_API void wn_workspace_close(wn_workspace **workspace);

/* The path given to open. Lives as long as the handle. */
WN_API const char *wn_workspace_path(const wn_workspace *workspace);

/* Number of schema migrations this library knows, which is the version of the workspaces it writes. */
WN_API int wn_workspace_schema_version(void);

/* --- Sources and samples ------------------------------------------------------------------------------------- */

/* Where samples come from. `path` is raw bytes ended by 0, as the system gives it. */
typedef struct wn_source {
    int64_t id;
    const char *kind; /* "folder", "list", "file", "tar", ... */
    const char *path;
} wn_source;

/* Gives the id of the source of that kind and path, adding it if new. Writers only. */
WN_API WN_NODISCARD wn_status wn_workspace_add_source(wn_workspace *workspace, const char *kind, const char *path,
                                                      int64_t *id, wn_error *err);

/* All sources by id in one block, strings included; release with wn_free. */
WN_API WN_NODISCARD wn_status wn_workspace_list_sources(wn_workspace *workspace, wn_source **out, size_t *count,
                                                        wn_error *err);

typedef enum wn_sample_status {
    WN_SAMPLE_OK = 0,
    WN_SAMPLE_GONE = 1 /* its file vanished, changed (a newer row has the new content), or became unreadable */
} wn_sample_status;

#define WN_CAPTURED_UNKNOWN INT64_MIN

/* One image that could be read. `row` is dense, never changes and is never reused. */
typedef struct wn_sample {
    int64_t row; /* set by the store */
    int64_t source;
    const char *name; /* path relative to the source, or member of a tar; any bytes, not only UTF-8 */
    size_t name_len;
    uint64_t size;    /* bytes of the file */
    int64_t mtime_ns; /* modification time, nanoseconds since 1970 */
    wn_sample_status status;
    int32_t width, height; /* of the upright image */
    const char *format;    /* "jpeg", "png", ...; NULL = not known */
    int64_t captured_at;   /* seconds since 1970 as the camera's clock showed it; WN_CAPTURED_UNKNOWN */
    const char *camera;    /* NULL = not known */
} wn_sample;

/* One file that could not be read; remembered so that it is tried again only when it changes. */
typedef struct wn_bad_file {
    int64_t source;
    const char *name;
    size_t name_len;
    uint64_t size;
    int64_t mtime_ns;
    const char *reason;
} wn_bad_file;

/* Rows of one column for the samples of a batch: `samples` x width values. The column must exist. */
typedef struct wn_sample_column {
    const char *name;
    const void *values;
} wn_sample_column;

typedef struct wn_sample_thumb {
    const void *bytes; /* an encoded image, or NULL */
    size_t len;
} wn_sample_thumb;

/* All that a step of reading found, written in one transaction: all of it is in the workspace afterwards, or none.
 * 256 to 2,000 samples are a good size. Any of the four parts may be empty. */
typedef struct wn_sample_batch {
    const wn_sample *samples;
    size_t sample_count;
    const wn_sample_column *columns;
    size_t column_count;
    const wn_sample_thumb *thumbs; /* one for each sample, or NULL */
    const wn_bad_file *bad;
    size_t bad_count;
    const int64_t *gone; /* rows whose file vanished or changed; the row of a changed file goes here */
    size_t gone_count;
} wn_sample_batch;

/* Appends and commits. `first_row` (may be NULL) receives the row of samples[0]; the others follow. A sample removes
 * the bad-file entry of the same name. On failure the workspace is as before; WN_NOSPACE names file and bytes. */
WN_API WN_NODISCARD wn_status wn_workspace_append(wn_workspace *workspace, const wn_sample_batch *batch,
                                                  int64_t *first_row, wn_error *err);

typedef struct wn_workspace_counts {
    int64_t rows; /* rows ever given out = one past the last row */
    int64_t ok, gone, bad;
} wn_workspace_counts;
WN_API WN_NODISCARD wn_status wn_workspace_count(wn_workspace *workspace, wn_workspace_counts *out, wn_error *err);

/* Receives one sample or bad file; strings live until it returns. A status other than WN_OK ends the walk and is
 * returned (the visitor fills its own error). */
typedef wn_status wn_sample_visit(void *context, const wn_sample *sample);
typedef wn_status wn_bad_file_visit(void *context, const wn_bad_file *file);

/* Visits rows [first, first + count) in order, gone ones included. The visitor must not use the workspace for writing.
 */
WN_API WN_NODISCARD wn_status wn_workspace_visit_samples(wn_workspace *workspace, int64_t first, int64_t count,
                                                         wn_sample_visit *visit, void *context, wn_error *err);

/* Visits bad files ordered by source and name bytes. */
WN_API WN_NODISCARD wn_status wn_workspace_visit_bad(wn_workspace *workspace, wn_bad_file_visit *visit, void *context,
                                                     wn_error *err);

/* One sample in one block, strings included; release with wn_free. WN_NOTFOUND for a row that does not exist. */
WN_API WN_NODISCARD wn_status wn_workspace_get_sample(wn_workspace *workspace, int64_t row, wn_sample **out,
                                                      wn_error *err);

/* --- What is known already ------------------------------------------------------------------------------------ */

/* A table in memory of all files that are known, to tell new, changed, unchanged and vanished ones apart. */
typedef struct wn_known_files wn_known_files;

typedef struct wn_known_file {
    int64_t row; /* -1 for a bad file */
    int64_t source;
    const char *name; /* name_len bytes and a zero byte */
    uint32_t name_len;
    bool seen; /* set by wn_known_files_check */
    uint64_t size;
    int64_t mtime_ns;
} wn_known_file;

typedef enum wn_known_state {
    WN_KNOWN_NEW,       /* never seen */
    WN_KNOWN_CHANGED,   /* size or mtime differ; `file` is what is known: put its row (if not -1) into batch.gone */
    WN_KNOWN_UNCHANGED, /* nothing to do */
    WN_KNOWN_REPEATED   /* the same file was checked before in this table */
} wn_known_state;

/* Loads the known files of one source, or of all for source -1: all rows with status ok and all bad files. About 60
 * bytes a file plus the name. Release with wn_known_files_free. */
WN_API WN_NODISCARD wn_status wn_workspace_load_known(wn_workspace *workspace, int64_t source, wn_known_files **out,
                                                      wn_error *err);
WN_API void wn_known_files_free(wn_known_files **known);

/* Compares a file that was found now with what is known, and marks it as seen. `file` (may be NULL) receives the known
 * entry, or NULL for a new one; it is valid until the next call. */
WN_API wn_known_state wn_known_files_check(wn_known_files *known, int64_t source, const char *name, size_t name_len,
                                           uint64_t size, int64_t mtime_ns, const wn_known_file **file);

/* The entries that were loaded: samples by row, then bad files. Those not `seen` after a complete scan of their source
 * vanished: their rows go into batch.gone, and bad ones to wn_workspace_forget_bad. */
WN_API const wn_known_file *wn_known_files_entries(const wn_known_files *known, size_t *count);

/* Drops bad-file entries by source and name, `count` of them. Writers only. */
WN_API WN_NODISCARD wn_status wn_workspace_forget_bad(wn_workspace *workspace, const wn_known_file *const *files,
                                                      size_t count, wn_error *err);

/* --- Thumbnails ----------------------------------------------------------------------------------------------- */

/* The encoded thumbnail of a row in one block, released with wn_free; WN_NOTFOUND when the row has none,
 * WN_CORRUPT when its bytes do not match their checksum. */
WN_API WN_NODISCARD wn_status wn_workspace_thumb(wn_workspace *workspace, int64_t row, unsigned char **bytes,
                                                 size_t *len, wn_error *err);

/* --- Checking ------------------------------------------------------------------------------------------------- */

typedef struct wn_workspace_findings {
    size_t columns, blocks, thumbs; /* checked */
    size_t damaged;                 /* findings reported through `found` */
} wn_workspace_findings;

/* Receives one finding: a sentence that names what is damaged and the remedy. */
typedef void wn_finding_visit(void *context, const char *finding);

/* Checks everything: catalogue, every block of every column, every thumbnail. Damage is reported through `found`
 * (may be NULL) and counted, not a failure of the call. */
WN_API WN_NODISCARD wn_status wn_workspace_check(wn_workspace *workspace, wn_finding_visit *found, void *context,
                                                 const wn_progress *progress, wn_workspace_findings *out,
                                                 wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
