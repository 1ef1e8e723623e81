/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of export share: which images are written, and their paths.
 */
#ifndef JOBS_EXPORT_H
#define JOBS_EXPORT_H

#include "interop/annotation_builder.h"
#include "jobs/import.h"

typedef struct wn_exporting {
    const wn_export_options *options;
    const wn_annotation_writer *writer;
    wn_workspace *workspace;
    wn_annotation_builder builder;
    wn_roots roots;
    int64_t *images; /* one a row: its image, -1 = not to be written */
    int64_t row_count;
    bool relative;
    wn_export_result *out;
    wn_error *err;
} wn_exporting;

/* Fills `images`: 0 for the rows that may be written, -1 for the others. */
WN_NODISCARD wn_status wn_export_choose_rows(wn_exporting *run, wn_error *err);

/* The path to write, a new string; NULL when memory is short. */
char *wn_export_path(const wn_exporting *run, const wn_sample *sample);

/* Whether a table fits what else was asked for. */
WN_NODISCARD wn_status wn_export_table_check(const wn_export_options *options, wn_error *err);

/* Scores and metadata as a table, one row an image. */
WN_NODISCARD wn_status wn_export_table(wn_exporting *run, bool dry_run, wn_error *err);

#endif
