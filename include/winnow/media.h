/* SPDX-License-Identifier: Apache-2.0
 *
 * Images in: where they come from (folders, lists, files, tars) and what one read of one file gives.
 *
 *     wn_media_init(&err);
 *     wn_source_walk(paths, 1, NULL, NULL, keep_entry, &list, NULL, &err);   // what is there, in a fixed order
 *     wn_reader_new(NULL, NULL, &reader, &err);                              // one for each thread
 *     wn_reader_read(reader, &entry, &reading, &err);                        // facts, hashes, thumbnail, model input
 *
 * A bad file is an answer: the walk reports it as an entry with a reason, the reader returns a status and a reason;
 * neither ends the run.
 */
#ifndef WINNOW_MEDIA_H
#define WINNOW_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ process */

/* Prepares the decoding libraries; once for each process, before threads start. Calling it again does nothing. */
WN_API WN_NODISCARD wn_status wn_media_init(wn_error *err);

/* Releases them, after the last reader is freed. They cannot be started again in the same process. */
WN_API void wn_media_shutdown(void);

/* One kind of file that can be read. */
typedef struct wn_media_format {
    const char *name;            /* "jpeg", "png", ...; also wn_facts.format */
    const char *summary;         /* one line for `winnow info` */
    const char *const *suffixes; /* NULL-terminated, lower case, with the dot */
    bool available;              /* whether the libraries of this machine can decode it */
} wn_media_format;

/* Number of formats, and the i-th; static storage. Call after wn_media_init. */
WN_API size_t wn_media_format_count(void);
WN_API wn_media_format wn_media_format_at(size_t i);

/* ------------------------------------------------------------------------------------------------ sources */

/* One candidate image. All pointers are borrowed and live until the callback returns; copy what you keep, and hand
 * a struct filled with your copies to wn_reader_read later. */
typedef struct wn_entry {
    const char *path;   /* what to open, raw bytes; for a tar member the tar */
    const char *name;   /* for people and lists: relative to the root given; "TAR/MEMBER" for a tar member */
    const char *member; /* name inside the tar, or NULL for a plain file */
    uint64_t size;      /* bytes of the image */
    uint64_t offset;    /* where the bytes start in `path`: 0 for a file, the data of a member of a plain tar */
    int64_t mtime_ns;   /* of `path`, since 1970 */
    uint64_t device;    /* of `path`; sort by (device, inode, offset) to read in the order of the disk */
    uint64_t inode;
    size_t root;        /* which of the paths given */
    bool compressed;    /* member of a compressed tar: `offset` does not apply */
    const void *bytes;  /* the content, for members of compressed tars during the walk; else NULL */
    wn_status status;   /* WN_OK, or why this entry is bad without being opened */
    const char *reason; /* for status != WN_OK: one short phrase, static storage */
} wn_entry;

/* Zero-initialised = recursive, links followed, suffixes decide. */
typedef struct wn_source_options {
    bool flat;                   /* do not enter folders inside the folders given */
    bool skip_links;             /* ignore symbolic links inside folders; default: follow, cycles found */
    bool probe_all;              /* offer every regular file, whatever its suffix */
    const char *const *suffixes; /* NULL-terminated, lower case, with the dot; NULL = those of all formats */
    const char *const *exclude;  /* NULL-terminated folder names that are not entered; NULL = none. Folders whose name
                                  * ends in ".winnow" are never entered */
} wn_source_options;

/* What a walk met. */
typedef struct wn_source_counts {
    uint64_t images;  /* entries with status WN_OK */
    uint64_t bad;     /* entries with another status */
    uint64_t skipped; /* files that do not look like images: side-cars, documents, hidden files */
    uint64_t folders, tars, lists;
    uint64_t bytes; /* sum of the sizes of the images */
} wn_source_counts;

/* Receives entries in order. Anything but WN_OK ends the walk and is what the walk returns. */
typedef wn_status wn_entry_callback(void *context, const wn_entry *entry, wn_error *err);

/* Visits the images under `paths`: folders, list files (.txt .lst .csv: one path a line, relative to the list),
 * tars (.tar .tar.gz .tgz .tar.zst .tar.bz2 .tar.xz), single files. The order depends only on the paths and the names:
 * roots as given, each folder's names in byte order, files and folders together; list and tar members in their order.
 *
 * Inside folders, lists and tars a file is offered when its suffix is one of `suffixes`, or when it has none and its
 * first bytes are those of an image. A file named as a root is always offered. An entry that looks like an image but
 * cannot be one (empty, a folder called x.jpg, a link to nowhere or in a circle, a device, not readable) is reported
 * with status and reason.
 *
 * `options`, `progress` (stage "scan"), `counts` may be NULL. Fails with WN_NOTFOUND when a root does not exist, with
 * WN_INVALID when it is nothing that can hold images, with WN_CANCELLED, or with the callback's status. */
WN_API WN_NODISCARD wn_status wn_source_walk(const char *const *paths, size_t path_count,
                                             const wn_source_options *options, const wn_progress *progress,
                                             wn_entry_callback *callback, void *context, wn_source_counts *counts,
                                             wn_error *err);

/* The bytes of an entry, in a new block released with wn_free; WN_LIMIT above `max_bytes`. A member of a compressed
 * tar whose `bytes` is NULL is found by decompressing from the start: right, but slow. */
WN_API WN_NODISCARD wn_status wn_entry_load(const wn_entry *entry, uint64_t max_bytes, void **bytes, size_t *len,
                                            wn_error *err);

/* ------------------------------------------------------------------------------------------------ reading */

/* Bounds on one file; a zero field means the default. A file beyond them is bad with WN_LIMIT. */
typedef struct wn_read_limits {
    uint64_t pixels;  /* width x height in the header; default 2^30, so 30,000 x 30,000 passes */
    uint64_t bytes;   /* size of the file; default 512 MiB */
    uint64_t memory;  /* what a decoder may hold, for files that cannot be streamed; default 1 GiB */
    double seconds;   /* time for decoding: over when that much has passed and the process has had as much processor
                       * time for each of its readers, or when ten times that much has passed; default 20 */
    unsigned readers; /* that run at the same time in this process; default 1 */
} wn_read_limits;

/* What to make; a zero field means the default. */
typedef struct wn_read_request {
    int thumb_side;    /* longer side of the thumbnail, 16..1024; default 256; -1 = no thumbnail. Never
                        * enlarged; up to 1/16 smaller where the decoder's own scale comes that near */
    int thumb_quality; /* JPEG quality 1..100; default 80 */
    int input_side;    /* side of the model input, 8..512; default 64; -1 = none */
} wn_read_request;

/* The longer side, in pixels, of the picture that the quality facts are measured on (up to 1/16 less where the
 * decoder's own scale comes that near; smaller images as they are), so
 * that values of a phone snapshot and of a 50-megapixel photo compare. */
#define WN_FACTS_SIDE 256

/* What is known about one image. Pixel facts are of the 8-bit sRGB picture, oriented as it is meant to be seen, alpha
 * flattened on white, first frame, reduced to WN_FACTS_SIDE by area averaging. Luma is 0.299 R + 0.587 G + 0.114 B on
 * the 0..255 values. */
typedef struct wn_facts {
    int64_t width, height; /* at full size, as displayed (after orientation) */
    int channels;          /* in the file: 1 grey, 2 grey + alpha, 3, 4 */
    int bits;              /* per channel in the file */
    bool alpha;
    bool suffix_wrong;  /* the name says another format than the content */
    bool warnings;      /* decoded completely, but the decoder complained */
    int orientation;    /* EXIF 1..8; 1 when absent */
    int64_t frames;     /* 1, or the number of frames or pages where the decoder tells */
    const char *format; /* static storage; "jpeg", "png", ... */
    uint64_t file_bytes;
    char captured[32];        /* EXIF capture time "2023-05-14T09:30:00", camera's clock; "" when absent */
    int64_t captured_unix;    /* the same read as UTC (or with the EXIF offset where given); 0 when absent */
    char make[48], model[48]; /* of the camera, printable UTF-8, "" when absent */
    uint8_t byte_hash[16];    /* XXH3-128 of the file, canonical order */
    uint8_t pixel_hash[16];   /* XXH3-128 of (width, height, RGB) as decoded at reduced scale, oriented: equal for files
                               * that differ in metadata only. Comparable between readers with the same request */
    uint64_t phash;           /* 64-bit DCT hash: sign against the median of the 8 x 8 lowest coefficients of the
                               * 32 x 32 luma picture, those below 1 as 0, the first in the highest bit (Zauner
                               * 2010) */
    float aspect;             /* width / height */
    float luminance;          /* mean luma, 0..100 */
    float contrast;           /* standard deviation of luma, same scale, 0..50 */
    float sharpness;       /* standard deviation of the 4-neighbour Laplacian of luma in grey levels, >= 0; below about
                            * 5 a photo looks blurred */
    float signal_to_noise; /* mean luma over the noise estimate of Immerkaer (1996), floored at 0.1 grey level */
    float mean[3];         /* of R, G, B, 0..255 */
    float deviation[3];    /* standard deviation of R, G, B */
    float
        uniform_row_ratio; /* share of rows in which no channel varies by more than 4: stripes of broken frames, 0..1 */
} wn_facts;

/* The result of one read. Pointers belong to the reader and live until its next call. */
typedef struct wn_reading {
    wn_facts facts;
    const uint8_t *thumb; /* a JPEG file; NULL when not asked for */
    size_t thumb_len;
    int thumb_width, thumb_height;
    const uint8_t
        *input; /* input_side x input_side x RGB, the whole picture squeezed to a square; NULL when not asked for */
    int input_side;
    bool memory_short; /* failed with WN_LIMIT because of limits->bytes or limits->memory */
} wn_reading;

/* Scratch memory of one thread. */
typedef struct wn_reader wn_reader;

/* `limits` and `request` may be NULL for the defaults. WN_INVALID when a field is out of range. */
WN_API WN_NODISCARD wn_status wn_reader_new(const wn_read_limits *limits, const wn_read_request *request,
                                            wn_reader **out, wn_error *err);
WN_API void wn_reader_free(wn_reader **reader);

/* Reads one entry once and decodes it once. On failure the status and `err->message` say why the file is bad, in one
 * phrase without its path, fit for a list of bad files ("truncated JPEG: data end at 61 % of the picture");
 * out->facts then holds what was learned before (file_bytes, byte_hash, format, width, height; the rest is zero).
 *
 * WN_CORRUPT damaged, truncated or not an image; WN_UNSUPPORTED an image that no decoder here reads; WN_LIMIT over a
 * limit; WN_NOTFOUND, WN_IO the file vanished, shrank or cannot be read; WN_NOMEM. An entry whose own status is
 * not WN_OK gives that status and reason back. */
WN_API WN_NODISCARD wn_status wn_reader_read(wn_reader *reader, const wn_entry *entry, wn_reading *out, wn_error *err);

/* The same for bytes in memory; `name` gives the suffix for facts.suffix_wrong and may be NULL. */
WN_API WN_NODISCARD wn_status wn_reader_read_bytes(wn_reader *reader, const void *bytes, size_t len, const char *name,
                                                   wn_reading *out, wn_error *err);

/* Only the facts that the header tells: format, width and height as displayed, channels, bits, alpha, frames, EXIF. Of
 * a large file only the beginning is read where that is enough. Statuses as above; damage behind the header is not
 * found. */
WN_API WN_NODISCARD wn_status wn_reader_probe(wn_reader *reader, const wn_entry *entry, wn_facts *out, wn_error *err);

/* An upper estimate of the memory that one reader holds for ordinary photos, for memory plans, in bytes. */
WN_API uint64_t wn_reader_memory(const wn_read_request *request);

#ifdef __cplusplus
}
#endif
#endif
