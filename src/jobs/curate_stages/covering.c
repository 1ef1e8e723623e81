/* SPDX-License-Identifier: Apache-2.0
 *
 * How well the picks, with those of before, cover all images, beside random picks.
 */
#include "base/error.h"
#include "jobs/curate_stage.h"

static wn_status measure_covering(wn_curating *run, wn_error *err)
{
    wn_curate_result *result = run->result;
    WN_TRY(wn_stage_covering(run->job, run->workspace, &run->selecting, &run->coverings, err));
    result->covering_rows = (int64_t)run->coverings.rows;
    result->covering_selected = run->coverings.selected.radius;
    result->covering_random_mean = run->coverings.radius_mean;
    result->covering_random_std = run->coverings.radius_std;
    result->mean_selected = run->coverings.selected.mean;
    result->mean_random_mean = run->coverings.mean_mean;
    result->mean_random_std = run->coverings.mean_std;
    wn_curating_note(run, WN_LOG_VERBOSE,
                     "picked %lld of %zu images; every image is within %.3f of a pick (random picks: %.3f)",
                     (long long)result->selected, run->selecting.candidates, result->covering_selected,
                     result->covering_random_mean);
    return WN_OK;
}

static void clear_coverings(wn_curating *run)
{
    wn_select_result_clear(&run->coverings.compared);
}

const wn_curate_stage wn_curate_stage_covering = {
    .name = "covering",
    .seconds = offsetof(wn_job_seconds, select),
    .run = measure_covering,
    .clear = clear_coverings,
};
