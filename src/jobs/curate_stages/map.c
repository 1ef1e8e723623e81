/* SPDX-License-Identifier: Apache-2.0
 *
 * A map of all images by their two main directions.
 */
#include "jobs/curate_stage.h"

static wn_status draw_map(wn_curating *run, wn_error *err)
{
    return wn_stage_map(run->job, run->workspace, &run->selecting, run->share, err);
}

const wn_curate_stage wn_curate_stage_map = {
    .name = "map",
    .seconds = offsetof(wn_job_seconds, select),
    .run = draw_map,
};
