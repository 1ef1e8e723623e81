/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of images: each gives every image a score from 0 (worst) to 1 and says which ones are issues. A check is one
 * row of a table; its options are declared once and serve the command line, JSON and help.
 *
 *     const wn_check *check = wn_check_find("dark");
 *     void *params = wn_alloc(WN_MEMORY_GENERAL, 1, check->params_size);
 *     wn_check_input input = {.rows = n, .luminance = luminance, .contrast = contrast};
 *     wn_check_result result = {0};
 *     if (!wn_options_init(check->options, params, &err) && !wn_check_run(check, params, &input, &result, &err)) ...
 *     wn_check_result_clear(&result);
 */
#ifndef WINNOW_CHECK_H
#define WINNOW_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What checks read, one value a row unless stated; NULL = not known. Facts are those of winnow/media.h. All pointers
 * are borrowed. */
typedef struct wn_check_input {
    size_t rows;
    const uint8_t *damaged; /* 1 = the file cannot be read any more */
    const int32_t *width, *height;
    const float *luminance, *contrast, *sharpness, *signal_to_noise, *uniform_row_ratio;
    const float *mean, *deviation;             /* rows x 3 */
    const uint8_t *byte_hashes, *pixel_hashes; /* rows x 16 */
    const uint64_t *picture_hashes;            /* rows x 4, winnow/duplicates.h; 4 zeros = none */
    const uint64_t *inner_hashes;              /* rows x 4, without the frames; 4 zeros = none */
    const int64_t *neighbours;                 /* rows x k nearest other rows, nearest first, -1 = none */
    const float *distances;                    /* rows x k, cosine */
    size_t k;
    const int64_t *labels; /* class numbers from 0; negative = no label */
    size_t classes;
    wn_matrix embeddings; /* rows x dim, finite; no data = not known. Rows without neighbours are not looked at */
    wn_pool *pool;
    const wn_progress *progress;
} wn_check_input;

/* What a check needs from the input. */
enum {
    WN_CHECK_FILES = 1,     /* damaged */
    WN_CHECK_SIZES = 2,     /* width, height */
    WN_CHECK_LIGHT = 4,     /* luminance, contrast */
    WN_CHECK_DETAIL = 8,    /* sharpness, signal_to_noise, uniform_row_ratio */
    WN_CHECK_COLOUR = 16,   /* mean, deviation */
    WN_CHECK_HASHES = 32,   /* byte_hashes, pixel_hashes */
    WN_CHECK_PICTURES = 64, /* picture_hashes */
    WN_CHECK_GRAPH = 128,   /* neighbours, distances */
    WN_CHECK_LABELS = 256   /* labels, classes */
};

/* The answer. Release with wn_check_result_clear. */
typedef struct wn_check_result {
    size_t rows, issues;
    float *scores;     /* 0 worst to 1; NaN = not measured */
    uint8_t *is_issue; /* 1 = an issue */
    int64_t *evidence; /* the row that speaks for it (the one repeated, the nearest neighbour), -1 = none; NULL for
                        * checks that have none */
    float *distances;  /* to that row; with `evidence` */
    double threshold;  /* scores below it are issues; NaN where the check decides in another way */
    double figure;     /* of all rows, what wn_check.figure names; NaN where it names none */
} wn_check_result;
WN_API void wn_check_result_clear(wn_check_result *result);

typedef struct wn_check {
    const char *name;    /* "odd-size"; the issue is called odd_size in files */
    const char *summary; /* what an issue is, one line, no full stop */
    unsigned needs;
    bool evidence;      /* fills evidence and distances */
    const char *figure; /* a number about all rows: "p-value"; NULL = none */
    const wn_option *options;
    size_t params_size;
    /* Fills scores, is_issue, threshold and, where declared, evidence and distances, which are allocated already. */
    wn_status (*run)(const void *params, const wn_check_input *input, wn_check_result *out, wn_error *err);
} wn_check;

/* The table: index 0, 1, ... in the order of the list; NULL beyond the last. */
WN_API const wn_check *wn_check_at(size_t index);

/* The check of that name; NULL when there is none. */
WN_API const wn_check *wn_check_find(const char *name);

/* The flags above that the input can serve. */
WN_API unsigned wn_check_known(const wn_check_input *input);

/* Runs the check. WN_INVALID: the input lacks what it needs, a neighbour beyond the rows. */
WN_API WN_NODISCARD wn_status wn_check_run(const wn_check *check, const void *params, const wn_check_input *input,
                                           wn_check_result *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
