/* SPDX-License-Identifier: Apache-2.0
 *
 * The report: one HTML page that holds everything it shows, so that it can be mailed, archived, read without a
 * network and printed. This module takes arrays and callbacks and writes one file; it knows no catalogue, no
 * other path and no decoder. The page stays below `max_bytes` whatever the number of images.
 *
 * Rows are those of the workspace: every array named "one entry per row" is indexed by row, and every list holds
 * rows. Text may be any bytes (file names are): the page escapes it.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "winnow/map_quality.h"
#include "winnow/progress.h"
#include "winnow/status.h"

/* Facts that the page draws as histograms: name, title, unit, logarithmic axis. */
#define WN_REPORT_FACT_MAP(X)                                                                                          \
    X(WIDTH, "Width", "pixels", 1)                                                                                     \
    X(HEIGHT, "Height", "pixels", 1)                                                                                   \
    X(ASPECT, "Shape", "width over height", 1)                                                                         \
    X(LUMINANCE, "Brightness", "mean; 0 is black, 100 white", 0)                                                       \
    X(CONTRAST, "Contrast", "deviation of the brightness", 0)                                                          \
    X(SHARPNESS, "Sharpness", "below about 5 looks blurred", 1)                                                        \
    X(SIGNAL_TO_NOISE, "Signal to noise", "higher is cleaner", 1)                                                      \
    X(FILE_BYTES, "File size", "bytes", 1)                                                                             \
    X(CAPTURE_TIME, "Time of capture", "", 0)

/* CAPTURE_TIME is in seconds since 1970. */
typedef enum wn_report_fact {
#define X(name, title, unit, logarithmic) WN_REPORT_FACT_##name,
    WN_REPORT_FACT_MAP(X)
#undef X
        WN_REPORT_FACT_COUNT
} wn_report_fact;

/* How two files are alike. */
typedef enum wn_report_alike {
    WN_REPORT_ALIKE_BYTES,  /* the same bytes */
    WN_REPORT_ALIKE_PIXELS, /* the same pixels in another file */
    WN_REPORT_ALIKE_NEAR    /* nearly the same picture */
} wn_report_alike;

/* `to` repeats `from`. Pairs with the same `from` are shown as one group. `distance` is 0 for equal files. */
typedef struct wn_report_duplicate {
    int64_t from, to;
    float distance;
    wn_report_alike alike;
} wn_report_duplicate;

/* One image that a check found: `other` is the image that speaks for it (-1 = none), `distance` how far that one is. */
typedef struct wn_report_finding {
    int64_t row, other;
    float score, distance;
} wn_report_finding;

/* One check: its findings, worst first (as many as are to be shown), and the number of all. */
typedef struct wn_report_check {
    const char *name, *summary; /* "blur", "edges are soft everywhere" */
    const char *left_out;       /* why it did not run; NULL = it did */
    uint64_t issues;
    const wn_report_finding *findings;
    size_t findings_len;
} wn_report_check;

/* A group of images on the map, by the image that stands for it. */
typedef struct wn_report_group {
    int64_t row;
    uint64_t size;
} wn_report_group;

/* A file that could not be used. */
typedef struct wn_report_bad {
    const char *name, *reason;
} wn_report_bad;

/* How far images lie from the nearest image of a selection: the greatest distance, the 95th percentile, the mean.
 * NAN = not known. */
typedef struct wn_report_covering {
    double radius, percentile95, mean;
} wn_report_covering;

/* Another figure of the selection beside those of random ones, from 0 up: "coverage", "duplicate pairs" or "entropy" of
 * the classes of `of`; other names are shown as they are. */
typedef struct wn_report_evidence {
    const char *name, *of; /* of: NULL = the images */
    bool less_is_more;     /* the smaller the better */
    double selected;
    const double *random;
    size_t random_len;
} wn_report_evidence;

/* One point of the training log. */
typedef struct wn_report_loss {
    double images; /* seen so far */
    double seconds, loss;
    double spread; /* of the embedding (wn_train_result.embedding_std), 0 = one point; NaN = not known */
} wn_report_loss;

/* A line of "how this was made", or a file: `value` is shown as it is. */
typedef struct wn_report_line {
    const char *name, *value;
} wn_report_line;

typedef struct wn_report_stage {
    const char *name;
    double seconds;
} wn_report_stage;

/* Everything the page shows. Zero-initialise; a part whose array is NULL or empty is left out or said to be
 * absent. All memory is the caller's and is only read. */
typedef struct wn_report {
    /* What it is about. */
    const char *title;          /* NULL = "Selection"; for example the name of the folder */
    const char *const *sources; /* the paths given */
    size_t sources_len;
    int64_t created;                            /* seconds since 1970; 0 = not shown, for reproducible pages */
    uint64_t found, readable, exact_duplicates; /* files */

    /* The embedding. */
    const char *model;  /* name; NULL = none */
    bool model_trained; /* by this run, on these images */
    size_t dim;

    /* One entry per row. */
    size_t rows;
    const float *map_x, *map_y;    /* coordinates, NAN = not on the map; NULL = no map */
    const char *map_method;        /* "PCA", "UMAP" */
    wn_map_quality map_quality;    /* how true it is; sampled 0 = not said */
    const wn_report_group *groups; /* groups that the map shows, largest first; NULL = none */
    size_t groups_len;
    double map_share[2];                      /* share of the variance on each axis, 0 = not said */
    const float *facts[WN_REPORT_FACT_COUNT]; /* NAN = not known; NULL = not measured */

    /* The selection. */
    const char *strategy;       /* "farthest-first" */
    const int64_t *picks;       /* in order of choice */
    const float *pick_distance; /* to the nearest earlier pick; NAN for the first; NULL = not known */
    size_t picks_len;
    const int64_t *earlier; /* chosen before this run */
    size_t earlier_len;
    wn_report_covering covering;               /* of this selection; used when random_len > 0 */
    uint64_t covering_rows;                    /* measured on a sample of so many; 0 = on all rows */
    const wn_report_covering *random_covering; /* of random selections of the same size */
    size_t random_len;
    const wn_report_evidence *evidence; /* what else was compared with random selections */
    size_t evidence_len;

    const wn_report_loss *losses; /* in order */
    size_t losses_len;

    const wn_report_duplicate *duplicates; /* in any order; the page shows the closest */
    size_t duplicates_len;
    uint64_t duplicate_count; /* of all pairs, when the array holds only some; 0 = duplicates_len */

    const wn_report_check *checks; /* NULL = none were run */
    size_t checks_len;

    const wn_report_bad *bad;
    size_t bad_len;
    uint64_t bad_count; /* of all bad files, when the array holds only some; 0 = bad_len */

    const wn_report_stage *stages;
    size_t stages_len;
    double seconds;             /* of the whole run; 0 = the sum of the stages */
    uint64_t peak_memory_bytes; /* 0 = not shown */

    const char *command;         /* as typed, for repeating it */
    const wn_report_line *lines; /* options, seed, versions, processor ... */
    size_t lines_len;
    const wn_report_line *files; /* other files of the run: what it is, and its path relative to the page */
    size_t files_len;

    /* Called from the writing thread with `context`. `name` adds the file name of a row (as the user would find it) to
     * the empty buffer; required. `thumb` adds the encoded thumbnail (JPEG, PNG or WebP) of a row to the empty
     * buffer; adding nothing means that there is none; may be NULL. */
    void *context;
    wn_status (*name)(void *context, int64_t row, wn_buffer *out);
    wn_status (*thumb)(void *context, int64_t row, wn_buffer *out);

    size_t max_bytes; /* of the page; 0 = 12 MB, at least 1 MB */
} wn_report;

/* Writes the page, whole or not at all. The same data give the same bytes. `progress` may be NULL. WN_IO or
 * WN_NOSPACE when the file cannot be written, WN_INVALID for rows out of range, WN_CANCELLED. */
WN_NODISCARD wn_status wn_report_write(const char *path, const wn_report *report, const wn_progress *progress,
                                       wn_error *err);

#endif
