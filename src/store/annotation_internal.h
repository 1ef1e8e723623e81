/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files about sets of annotations share.
 */
#ifndef STORE_ANNOTATION_INTERNAL_H
#define STORE_ANNOTATION_INTERNAL_H

#include "store/internal.h"
#include "winnow/annotation_records.h"

/* A column of a set. */
typedef struct wn_annotation_column {
    const char *kind, *name, *column;
} wn_annotation_column;

WN_NODISCARD wn_status wn_annotation_column_list(wn_workspace *workspace, int64_t set, wn_annotation_column **out,
                                                 size_t *count, wn_error *err);

/* The column of that kind and name in one new string; WN_NOTFOUND, without a message of use, when there is none. */
WN_NODISCARD wn_status wn_annotation_column_find(wn_workspace *workspace, int64_t set, const char *kind,
                                                 const char *name, char **column, wn_error *err);

#endif
