/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the search: the vector that is looked for, the rows that may be found, the sheet.
 */
#ifndef JOBS_SEARCH_H
#define JOBS_SEARCH_H

#include "jobs/job.h"

/* What is looked for. */
typedef struct wn_search_query {
    float *vector; /* dim, of length 1; NULL = nothing in particular */
    size_t dim;
    int64_t *rows; /* the samples it was made from, which are not found again */
    size_t row_count, row_room;
} wn_search_query;

/* The mean of what is wanted less the mean of what is not, each embedding scaled to length 1 first. WN_INVALID where
 * they cancel out. Release with wn_search_query_clear. */
WN_NODISCARD wn_status wn_search_query_make(const wn_job *job, wn_workspace *workspace,
                                            const wn_search_options *options, const char *model_file, wn_column *column,
                                            wn_search_query *out, wn_error *err);
void wn_search_query_clear(wn_search_query *query);

/* One byte for each of `rows` rows: whether all conditions of `where` hold. NULL (no conditions) allows all. */
WN_NODISCARD wn_status wn_search_filter(wn_workspace *workspace, const char *where, size_t rows, uint8_t **out,
                                        wn_error *err);

/* Draws the thumbnails of the results into a PNG file. */
WN_NODISCARD wn_status wn_search_sheet(wn_workspace *workspace, const wn_search_result *result, const char *path,
                                       wn_error *err);

#endif
