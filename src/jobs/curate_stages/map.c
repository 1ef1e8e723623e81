/* SPDX-License-Identifier: Apache-2.0
 *
 * A map of all images: by UMAP, or by the two main directions where the memory limit leaves no room for more.
 */
#include "jobs/curate_stage.h"
#include "jobs/map_stage.h"

static wn_status draw_map(wn_curating *run, wn_error *err)
{
    wn_map_stage_options options = {.embedding = run->embedded.column, .method = "umap"};
    wn_map_stage_result drawn;
    wn_status status = wn_stage_draw_map(run->job, run->workspace, &options, &drawn, err);
    if (status == WN_LIMIT) {
        options.method = "pca";
        status = wn_stage_draw_map(run->job, run->workspace, &options, &drawn, err);
    }
    run->share[0] = drawn.share[0];
    run->share[1] = drawn.share[1];
    return status;
}

const wn_curate_stage wn_curate_stage_map = {
    .name = "map",
    .seconds = offsetof(wn_job_seconds, map),
    .run = draw_map,
};
