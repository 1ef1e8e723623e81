/* SPDX-License-Identifier: Apache-2.0
 *
 * The map of a workspace, kept as the column map.METHOD (map.METHOD.3d in three dimensions): 2 or 3 f32 a row, NaN for
 * rows that are not on it. The setting of the same name says what it was made from, and in a second line how true it
 * is.
 */
#ifndef JOBS_MAP_STAGE_H
#define JOBS_MAP_STAGE_H

#include "jobs/job.h"
#include "winnow/map_quality.h"
#include "winnow/projection.h"

enum { WN_MAP_COLUMN_BYTES = 64 };

typedef struct wn_map_stage_options {
    const char *embedding; /* column */
    const char *method, *settings;
    size_t dims; /* 0 = 2 */
    wn_index_metric metric;
    bool anew; /* also rows that are on the map move */
} wn_map_stage_options;

typedef struct wn_map_stage_result {
    int64_t rows, dim, placed; /* placed: rows put on a map that was there */
    wn_map_quality quality;
    const char *objective_name;
    double objective, share[3];
    size_t iterations;
} wn_map_stage_result;

/* Draws the map of these options, which wn_stage_draw_map has made, into a file; result->quality is told on it.
 * WN_NOTFOUND for a tag or metadata field that is not there. */
WN_NODISCARD wn_status wn_stage_plot_map(const wn_job *job, wn_workspace *workspace,
                                         const wn_map_stage_options *options, const wn_map_stage_result *result,
                                         const wn_map_plot *plot, wn_error *err);

/* The figures of the second line of the setting of a map; leaves `out` as it is when the line is another. */
void wn_map_quality_read(const char *line, wn_map_quality *out);

/* Name of the column of a map: "map.umap", "map.tsne.3d". */
void wn_map_column_name(const char *method, size_t dims, char out[WN_MAP_COLUMN_BYTES]);

/* Makes the map or brings it up to date. */
WN_NODISCARD wn_status wn_stage_draw_map(const wn_job *job, wn_workspace *workspace,
                                         const wn_map_stage_options *options, wn_map_stage_result *out, wn_error *err);

#endif
