/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of the rows of an array, from what people keep them in: a table of paths and labels, or the folders in which
 * the files stand. Classes that are called alike get the same number in all files that are read into one book:
 *
 *     wn_row_labels *book = NULL;
 *     int64_t *labels = NULL;
 *     if (!wn_row_labels_new(&book, &err) && !wn_row_labels_read(book, "labels.csv", "paths.txt", rows, &labels, &err))
 *         use(labels);
 *     wn_free(labels);
 *     wn_row_labels_free(&book);
 */
#ifndef WINNOW_ROW_LABELS_H
#define WINNOW_ROW_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The names of classes and their numbers. */
typedef struct wn_row_labels wn_row_labels;

WN_API WN_NODISCARD wn_status wn_row_labels_new(wn_row_labels **out, wn_error *err);
WN_API void wn_row_labels_free(wn_row_labels **book);

/* The number of a class: a name that is a whole number from 0 is that number, so that tables agree with arrays of
 * numbers; other names are numbered from 2^40 on as they come. -1 for "" and where memory is short. */
WN_API int64_t wn_row_labels_number(wn_row_labels *book, const char *name, size_t len);

/* One label for each of `rows` rows, -1 = none; release with wn_free. `path` is
 * - a table (.csv, .tsv) with a column "label" or "class", whose first row may be titles. With `paths`, a file of one
 *   path a line for the rows (what 'winnow embed --out-paths' writes), its column "path" says which row is meant: the
 *   whole path, or its last parts. Without, row i of the table is row i of the array;
 * - or such a file of paths itself: the label is the name of the folder that holds the file. An image directly in the
 *   folder that was embedded has the name of that folder, where in a workspace it has no label.
 * WN_INVALID names file, line and remedy: another number of rows, a path named twice with two labels, no path that
 * fits, no column of labels. */
WN_API WN_NODISCARD wn_status wn_row_labels_read(wn_row_labels *book, const char *path, const char *paths, size_t rows,
                                                 int64_t **out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
