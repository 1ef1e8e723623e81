/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the search: the vector that is looked for, the rows that may be found, the sheet.
 */
#ifndef JOBS_SEARCH_H
#define JOBS_SEARCH_H

#include <math.h>

#include "jobs/job.h"
#include "num/distance.h"

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

/* 1 - cosine of a row and the query, which has length 1; 1 for a row of zeros, NaN for one that is not finite. */
static inline float wn_search_distance(const wn_distance_kernels *kernels, const float *row,
                                       const wn_search_query *query)
{
    double square = (double)kernels->dot_f32(row, row, query->dim);
    double product = (double)kernels->dot_f32(row, query->vector, query->dim);
    return isfinite(square) ? (float)(1 - (square > 0 ? product / sqrt(square) : 0)) : NAN;
}

/* Takes the best `wanted` of some rows (rising; NULL = 0 .. len - 1) whose file is there and that were not asked with,
 * equals by row. Rows with a distance of NaN are not there. */
WN_NODISCARD wn_status wn_search_take_best(wn_workspace *workspace, const wn_search_query *query, const int64_t *rows,
                                           const float *distances, size_t len, bool farthest, size_t wanted,
                                           wn_search_result *out, wn_error *err);

/* Answers from the index that is kept of the column; *served is false where there is none, or where it does not tell
 * enough, and all rows are to be compared. */
WN_NODISCARD wn_status wn_search_by_index(const wn_job *job, wn_workspace *workspace, wn_column *column,
                                          const wn_search_query *query, size_t wanted, bool *served,
                                          wn_search_result *out, wn_error *err);

/* One byte for each of `rows` rows: whether all conditions of `where` hold. NULL (no conditions) allows all. */
WN_NODISCARD wn_status wn_search_filter(wn_workspace *workspace, const char *where, size_t rows, uint8_t **out,
                                        wn_error *err);

/* Before a search: the sheet, if one is asked for, is a .png and none of the images that are looked for. WN_INVALID. */
WN_NODISCARD wn_status wn_search_sheet_check(const wn_search_options *options, wn_error *err);

/* Draws the thumbnails of the results into a PNG file. WN_INVALID: it is one of the results itself. */
WN_NODISCARD wn_status wn_search_sheet(wn_workspace *workspace, const wn_search_result *result, const char *path,
                                       wn_error *err);

#endif
