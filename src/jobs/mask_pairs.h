/* SPDX-License-Identifier: Apache-2.0
 *
 * Given masks against predicted ones, pair by pair: each from a file, or from a set of the workspace. A pair that
 * cannot be read, or whose two sides do not fit, gets a problem and takes no part; the others do.
 */
#ifndef JOBS_MASK_PAIRS_H
#define JOBS_MASK_PAIRS_H

#include <pthread.h>

#include "interop/mask_png.h"
#include "jobs/job.h"
#include "winnow/annotation_records.h"
#include "winnow/segmentation.h"

/* The pixels of one image that are issues, of one given class, and whose likeliest class is one other. */
typedef struct wn_mask_issue {
    int32_t label, suggested;
    int32_t x, y, width, height; /* where they lie */
    uint32_t pixels;
    float score; /* mean probability of the given class */
} wn_mask_issue;

typedef struct wn_mask_pair {
    const char *name; /* of the image, for lists and files */
    int32_t width, height;
    int64_t row;       /* of the workspace */
    const char *given; /* PNG file; NULL = items of the row */
    const char *file;  /* predicted classes (.png, .npy) or probabilities (.npy); NULL = items of the row */
    wn_buffer issues;  /* wn_mask_issue */
    wn_buffer runs;    /* uint32_t: run lengths of the pixels that are issues, others first */
    char *problem;     /* why it takes no part; NULL = it does */
    char *picture;     /* name of the pictures that are written of it, without ".png", that no other pair has */
} wn_mask_pair;

/* A set of a workspace whose items are masks. */
typedef struct wn_mask_set {
    int64_t id;
    int32_t *classes; /* class number of each category */
    size_t count;
} wn_mask_set;

/* Zero-initialise, then set. */
typedef struct wn_mask_judging {
    const wn_job *job;
    wn_mask_pair *pairs;
    size_t count, classes;
    const char *const *names; /* classes; NULL = their numbers */
    wn_mask_ignored ignored;  /* values of PNG files */
    wn_workspace *workspace;  /* of the sets; NULL without */
    wn_mask_set labels, predictions;
    const char *issue_folder, *mended_folder; /* PNG files of the issues and of mended masks; NULL = none are written */
    pthread_mutex_t turn;                     /* of the workspace */
    wn_segmentation_issues found;             /* the answer */
} wn_mask_judging;

/* Class of each pixel of the given mask, -1 = none. */
WN_NODISCARD wn_status wn_mask_pair_labels(wn_mask_judging *judging, const wn_mask_pair *pair, int32_t *out,
                                           wn_error *err);

/* Fills a digest, whose labels are there, from the predictions. */
WN_NODISCARD wn_status wn_mask_pair_predictions(wn_mask_judging *judging, const wn_mask_pair *pair,
                                                wn_mask_digest *digest, wn_error *err);

/* How many classes the file of a pair tells apart: planes of an array, 256 or 65,534 values of a picture; 0 where it
 * cannot be read, or is an array of a number of planes that no mask has: that is the problem of the pair then. */
WN_NODISCARD wn_status wn_mask_file_classes(wn_mask_pair *pair, size_t *classes, wn_error *err);

/* Judges all pairs. */
WN_NODISCARD wn_status wn_mask_pairs_judge(wn_mask_judging *judging, wn_error *err);

/* Writes mask_issues.csv, mask_health.csv and mask_problems.csv into a folder. */
WN_NODISCARD wn_status wn_mask_lists_write(const wn_mask_judging *judging, const char *folder, wn_error *err);

/* Names the pictures of all pairs without a problem; wn_mask_pairs_judge does it first. */
WN_NODISCARD wn_status wn_mask_pictures_name(wn_mask_judging *judging, wn_error *err);

/* Writes a picture of the issues of each image that has some into a folder: 255, else 0. */
WN_NODISCARD wn_status wn_mask_pictures_write(const wn_mask_judging *judging, const char *folder, wn_error *err);

/* Writes masks.csv: size, score and number of issues of each pair. */
WN_NODISCARD wn_status wn_mask_scores_write(const wn_mask_judging *judging, const char *folder, wn_error *err);

/* Whether an image is an issue: its score is below WN_MASK_THRESHOLD and a pixel is. */
#define WN_MASK_THRESHOLD 0.1
bool wn_mask_pair_is_issue(const wn_mask_judging *judging, size_t pair);

/* Releases the answer, issues, problems and names of the pairs, and the classes of the sets; not the pairs. */
void wn_mask_judging_clear(wn_mask_judging *judging);

#endif
