/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the check job: what is known of the images, which ones repeat others, and the files that say so.
 */
#ifndef JOBS_CHECK_H
#define JOBS_CHECK_H

#include "jobs/mask_pairs.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/boxes.h"
#include "winnow/check.h"
#include "winnow/labels.h"
#include "winnow/quality.h"

/* One image, by position in the list of rows. */
typedef struct wn_check_image {
    char *path;       /* as shown */
    uint64_t bytes;   /* of the file */
    int64_t captured; /* WN_CAPTURED_UNKNOWN */
    int32_t split;    /* which part of the data it belongs to; -1 = none */
    bool labelled;    /* some imported label speaks of it; known where there are repeats */
    int32_t folder; /* number of the folder that it lies in, by name: the class, where folders are classes; -1 = none */
} wn_check_image;

/* Labels of whole images, and what was found of them. */
typedef struct wn_check_labels {
    int64_t *values; /* per image; -1 = none; NULL = the workspace has none */
    wn_annotation_category *names;
    size_t classes;
    wn_label_evidence found; /* empty while they were not checked */
} wn_check_labels;

/* Boxes, and what was found of them; empty while they were not checked. */
typedef struct wn_check_boxes {
    wn_annotation_category *names, *predicted; /* classes of the labels, and of the predictions */
    size_t classes, predicted_count;
    wn_box *labels, *predictions; /* the class of a prediction that no label has is `classes` + its number */
    size_t *label_starts, *prediction_starts;
    wn_box_request request;
    wn_box_scores found;
} wn_check_boxes;

/* Masks, and what was found of them; empty while they were not checked. */
typedef struct wn_check_masks {
    wn_mask_judging judging;
    size_t *places;      /* of the pairs among the rows */
    uint8_t *marks;      /* rows: 1 = has labels, 2 = has predictions */
    uint8_t mark;        /* that is being set */
    char **files;        /* rows: of the folder of predictions; NULL = they were imported */
    wn_buffer strangers; /* char *: files of the folder that no image has, or several */
    size_t stranger_count;
    wn_annotation_category *given, *predicted;
    wn_buffer names; /* const char *: of the classes, NULL = none told */
    size_t names_len;
} wn_check_masks;

typedef struct wn_checking {
    const wn_job *job;
    wn_workspace *workspace;
    const wn_check_options *options;
    wn_check_job_result *out;
    wn_roots roots;
    wn_row_list rows;
    wn_check_image *images;
    char **splits; /* names */
    size_t split_count;
    void *columns[24]; /* whose pointers are in `input` */
    size_t column_count;
    uint64_t *hashes; /* of a dry run that made some: of the pictures of all rows of the workspace, two each */
    wn_check_input input;
    wn_vectors vectors; /* what input.embeddings shows, where every row has one */
    wn_check_labels labels;
    wn_check_boxes boxes;
    wn_check_masks masks;
    const wn_check **checks; /* those that run */
    wn_check_result *results;
    size_t count;
    uint32_t *leaders; /* per image: the one that leads its group of repeats, itself when it is alone */
    float *distances;  /* to the leader */
    char *folder;      /* of the run */
} wn_checking;

/* Facts, hashes and neighbours of the rows; picture hashes that are missing and wanted are made from the model inputs
 * and kept as a column, or in memory alone in a dry run. Without an embedding the neighbours are left out. */
WN_NODISCARD wn_status wn_checking_load(wn_checking *checking, wn_error *err);
void wn_checking_clear(wn_checking *checking);

/* Whether a check of that name runs: it was asked for, or all are. */
bool wn_checking_wants(const wn_checking *checking, const char *name);

/* Runs the checks of the table that are asked for, and that the workspace can serve: results, and a summary of each. */
WN_NODISCARD wn_status wn_checking_run(wn_checking *checking, wn_error *err);

/* Gives each image its split: by the tags of the options, else by a folder called train, val or test. */
WN_NODISCARD wn_status wn_checking_split(wn_checking *checking, wn_error *err);

/* The newest labels of whole images; none is no failure. */
WN_NODISCARD wn_status wn_checking_load_labels(wn_checking *checking, wn_error *err);

/* Checks them and adds a result; `summary` says how many, or why it was left out. */
WN_NODISCARD wn_status wn_checking_labels(wn_checking *checking, wn_check_summary *summary, wn_error *err);

/* The same for the newest labelled boxes against the newest predicted ones. */
WN_NODISCARD wn_status wn_checking_boxes(wn_checking *checking, wn_check_summary *summary, wn_error *err);
void wn_checking_boxes_clear(wn_check_boxes *boxes);

/* The same for the newest labelled masks against the newest predicted ones, or those of the folder of the options. */
WN_NODISCARD wn_status wn_checking_masks(wn_checking *checking, wn_check_summary *summary, wn_error *err);
WN_NODISCARD wn_status wn_checking_write_masks(const wn_checking *checking, wn_error *err);
void wn_checking_masks_clear(wn_checking *checking);

/* Leaders from the results of the two duplicate checks. */
WN_NODISCARD wn_status wn_checking_group(wn_checking *checking, wn_error *err);

/* The member of each group that should be kept: `keep` has one byte an image, 1 also for those that are alone. */
void wn_checking_choose(const wn_checking *checking, uint8_t *keep);

/* Writes issues.csv into the folder of the run: whether each image is an issue, and its score, for each check. */
WN_NODISCARD wn_status wn_checking_write_issues(const wn_checking *checking, wn_error *err);

/* Writes all CSV files into the folder of the run and counts the leaks. */
WN_NODISCARD wn_status wn_checking_write(wn_checking *checking, wn_error *err);

/* Writes the page that shows what was found. */
WN_NODISCARD wn_status wn_checking_report(wn_checking *checking, wn_error *err);

#endif
