/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels, predictions and metadata in a workspace. A set is what one import gave, known by its role and name. Its items
 * (labels, boxes, masks) stand in the catalogue; what selection and checks read by the million stands in columns.
 *
 *     int64_t *labels = ...;                                    // one for each of `rows`
 *     status = wn_labels_load(workspace, "voc", rows, labels, &err);          // -1 = none
 *     status = wn_scores_load(workspace, "yolo-v8", "entropy", rows, scores, &err);  // NaN = none
 *
 * Lists come in one block, strings included, released with wn_free.
 */
#ifndef WINNOW_ANNOTATION_RECORDS_H
#define WINNOW_ANNOTATION_RECORDS_H

#include <stdint.h>

#include "winnow/annotation.h"
#include "winnow/column.h"
#include "winnow/matrix.h"
#include "winnow/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wn_annotation_set_record {
    int64_t id; /* set by the store */
    wn_annotation_role role;
    wn_annotation_task task;
    const char *name;   /* unique within its role */
    const char *format; /* of the file */
    const char *path;   /* where it came from */
    int64_t created_at; /* set by the store */
    int64_t images;     /* rows that it says something about */
    int64_t items;
} wn_annotation_set_record;

/* All sets by role, then by name. */
WN_API WN_NODISCARD wn_status wn_annotation_set_list(wn_workspace *workspace, wn_annotation_set_record **out,
                                                     size_t *count, wn_error *err);

/* One set by role and name; `name` NULL = the only one of that role, or the newest. WN_NOTFOUND with the names that
 * there are. */
WN_API WN_NODISCARD wn_status wn_annotation_set_find(wn_workspace *workspace, wn_annotation_role role, const char *name,
                                                     wn_annotation_set_record **out, wn_error *err);

WN_API WN_NODISCARD wn_status wn_annotation_set_remove(wn_workspace *workspace, wn_annotation_role role,
                                                       const char *name, wn_error *err);

/* The categories of a set, in the order of probabilities and distributions. */
WN_API WN_NODISCARD wn_status wn_annotation_set_categories(wn_workspace *workspace, int64_t set,
                                                           wn_annotation_category **out, size_t *count, wn_error *err);

/* One item as it stands in the catalogue. Pointers live until the visitor returns. */
typedef struct wn_annotation_record {
    int64_t row;
    int32_t category;                                 /* index into the categories; -1 = none */
    uint32_t flags;                                   /* WN_ITEM_... */
    float box[4];                                     /* x, y, width, height in pixels, with WN_ITEM_BOX */
    float score;                                      /* NaN = none */
    const float *probabilities, *keypoints, *polygon; /* as in wn_annotation_item; NULL = none */
    size_t probability_count, keypoint_count, polygon_count;
    const uint32_t *mask;
    size_t mask_count;
    int32_t mask_width, mask_height; /* 0 = as the image */
} wn_annotation_record;

typedef wn_status wn_annotation_visit(void *context, const wn_annotation_record *item);

/* Visits the items of a set in row order: of one row, or of all for row -1. A status other than WN_OK ends the walk and
 * is returned. */
WN_API WN_NODISCARD wn_status wn_annotation_set_visit(wn_workspace *workspace, int64_t set, int64_t row,
                                                      wn_annotation_visit *visit, void *context, wn_error *err);

/* --- Values, one for each of some rows ---------------------------------------------------------------------------- */

/* The category of each row in a set of classification labels; -1 = none. A row with several labels has its first. `set`
 * NULL as for find. WN_INVALID for a set of boxes or masks. */
WN_API WN_NODISCARD wn_status wn_labels_load(wn_workspace *workspace, const char *set, wn_rows rows, int64_t *out,
                                             wn_error *err);

/* The names of the scores of a prediction task, sorted, in one block (wn_free). `task` NULL as for find. */
WN_API WN_NODISCARD wn_status wn_scores_list(wn_workspace *workspace, const char *task, const char ***names,
                                             size_t *count, wn_error *err);

/* A score of a prediction task ("entropy", "object_frequency"; winnow/scorer.h lists them); NaN = none. WN_NOTFOUND
 * names the scores that the task has. */
WN_API WN_NODISCARD wn_status wn_scores_load(wn_workspace *workspace, const char *task, const char *score, wn_rows rows,
                                             float *out, wn_error *err);

/* How much of each class is in each row: the probabilities of a classification, the sum over the objects of a detection
 * of their class probabilities (1 for the category of an object without). rows.len x *classes in a new array (wn_free),
 * NaN in rows without predictions. `role` chooses a set of predictions, or of labels. */
WN_API WN_NODISCARD wn_status wn_distribution_load(wn_workspace *workspace, wn_annotation_role role, const char *set,
                                                   wn_rows rows, float **out, size_t *classes, wn_error *err);

/* How many objects of each category are in each row; as wn_distribution_load. */
WN_API WN_NODISCARD wn_status wn_counts_load(wn_workspace *workspace, wn_annotation_role role, const char *set,
                                             wn_rows rows, float **out, size_t *classes, wn_error *err);

/* A metadata field, and how it is stored. */
typedef struct wn_metadata_record {
    const char *name;
    bool numeric; /* else words */
    int64_t set;  /* 0 = measured by winnow itself ("lightly.sharpness", "lightly.width", ...) */
    const char *column;
} wn_metadata_record;

/* All fields, imported ones first, by name; of fields with one name the newest. */
WN_API WN_NODISCARD wn_status wn_metadata_list(wn_workspace *workspace, wn_metadata_record **out, size_t *count,
                                               wn_error *err);

/* A numeric field as numbers, NaN = missing. WN_INVALID for a field of words; WN_NOTFOUND names the nearest field. */
WN_API WN_NODISCARD wn_status wn_metadata_load_numbers(wn_workspace *workspace, const char *name, wn_rows rows,
                                                       float *out, wn_error *err);

/* Any field as codes 0 .. *word_count - 1 of its sorted words, -1 = missing; numbers become words. The words come in
 * one block (wn_free). */
WN_API WN_NODISCARD wn_status wn_metadata_load_codes(wn_workspace *workspace, const char *name, wn_rows rows,
                                                     int32_t *out, const char ***words, size_t *word_count,
                                                     wn_error *err);

/* The imported fields alone, and the words of one, as wn_metadata_list and wn_metadata_load_codes need them. */
WN_API WN_NODISCARD wn_status wn_annotation_list_fields(wn_workspace *workspace, wn_metadata_record **out,
                                                        size_t *count, wn_error *err);
WN_API WN_NODISCARD wn_status wn_annotation_set_list_words(wn_workspace *workspace, int64_t set, const char *name,
                                                           const char ***words, size_t *count, wn_error *err);

/* Rows of a column of `width` values of WN_COLUMN_F32 or _I32; rows that the column lacks get NaN or 0. */
WN_API WN_NODISCARD wn_status wn_annotation_values(wn_workspace *workspace, const char *column, wn_column_type type,
                                                   size_t width, wn_rows rows, void *out, wn_error *err);

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* Writes a set that is not seen yet: record, categories and items. `rows` has the row of each image, -1 = leave the
 * image out; dropped items are left out too. Probabilities of a classification are not stored with the items, they
 * belong into a column. `id` receives the number for the next calls. */
WN_API WN_NODISCARD wn_status wn_annotation_set_begin(wn_workspace *workspace, const wn_annotation_set_record *record,
                                                      const wn_annotations *set, const int64_t *rows, int64_t *id,
                                                      wn_error *err);

/* Gives `count` rows of a column, from row `first`, in `out`. */
typedef wn_status wn_annotation_fill(void *context, int64_t first, size_t count, void *out, wn_error *err);

/* Writes a column of it: kind "label" (i32, category + 1), "distribution", "count" (f32, one value a category),
 * "score", "number" (f32) or "code" (i32, code + 1); `rows` rows, asked for in blocks. `name` is "" where a set has one
 * such column only. */
WN_API WN_NODISCARD wn_status wn_annotation_set_column(wn_workspace *workspace, int64_t id, const char *kind,
                                                       const char *name, wn_column_type type, size_t width,
                                                       wn_annotation_fill *fill, void *context, size_t rows,
                                                       wn_error *err);

/* The words of a field of codes. */
WN_API WN_NODISCARD wn_status wn_annotation_set_words(wn_workspace *workspace, int64_t id, const char *name,
                                                      const char *const *words, size_t count, wn_error *err);

/* Puts it in the place of the set of the same role and name in one step. What a killed import left is removed. */
WN_API WN_NODISCARD wn_status wn_annotation_set_end(wn_workspace *workspace, int64_t id, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
