/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the import of annotations: images of a file to rows of the workspace, rows to columns.
 */
#ifndef JOBS_IMPORT_H
#define JOBS_IMPORT_H

#include "jobs/job.h"
#include "winnow/annotation.h"
#include "winnow/annotation_records.h"

/* Which row each image of a set is. Release with wn_matching_clear. */
typedef struct wn_matching {
    int64_t *rows;             /* one an image of the set; -1 = none */
    int64_t *heads;            /* one a row of the workspace: an image of it, -1 = none; */
    int64_t *next;             /* one an image: another image of the same row, later in the file */
    int32_t *widths, *heights; /* one a row */
    size_t row_count;
    size_t matched, unmatched, ambiguous; /* images */
    size_t covered;                       /* rows that have at least one */
} wn_matching;

/* Matches by path: the same file; else a sample whose path ends with the path in the set; else the same file name where
 * it is the only one on both sides; the same ways without suffix. A path that names another file that exists beside the
 * annotations is not matched. `path` is where the set was read from, `strip` (may be NULL) a beginning of the paths in
 * it to leave out. What is not matched is listed among the problems of the set. */
WN_NODISCARD wn_status wn_match_images(wn_workspace *workspace, wn_annotations *set, const char *path,
                                       const char *strip, wn_matching *out, wn_error *err);
void wn_matching_clear(wn_matching *matching);

/* Tells the set the sizes of its images, where the file did not, and lists those that disagree. `dropped` receives the
 * number of items left out. */
WN_NODISCARD wn_status wn_match_sizes(wn_annotations *set, const wn_matching *matching, size_t *dropped, wn_error *err);

/* Writes the columns of a set that was begun. */
WN_NODISCARD wn_status wn_import_columns(wn_workspace *workspace, int64_t id, wn_annotation_role role,
                                         const wn_annotations *set, const wn_matching *matching, wn_error *err);

/* "NAME=FACTOR,..." as one factor a category in a new array; NULL for NULL. */
WN_NODISCARD wn_status wn_import_parse_weights(const wn_annotations *set, const char *text, float **out, wn_error *err);

/* Writes the scores of a set of predictions; `weights` may be NULL. `count` receives how many scorers gave some. */
WN_NODISCARD wn_status wn_import_scores(wn_workspace *workspace, int64_t id, const wn_annotations *set,
                                        const wn_matching *matching, const float *weights, wn_pool *pool, size_t *count,
                                        wn_error *err);

#endif
