/* SPDX-License-Identifier: Apache-2.0
 *
 * The strategy picks; rows picked by earlier runs count where they were asked for.
 */
#include "base/error.h"
#include "jobs/curate_stage.h"

static wn_status select_images(wn_curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    wn_select_options select = {.count = options->count,
                                .strategy = options->strategy,
                                .settings = options->settings,
                                .config = options->config,
                                .except_tag = options->except_tag,
                                .at_most = options->at_most || options->since_last,
                                .first_row = run->first_row,
                                .keep_duplicates = options->keep_duplicates};
    WN_TRY(wn_stage_select(run->job, run->workspace, &select, &run->roots, &run->earlier, &run->embedded,
                           &run->selecting, err));
    result->selected = (int64_t)run->selecting.selection.len;
    if (run->selecting.selection.stopped)
        wn_curating_note(run, WN_LOG_INFO,
                         "stopped at %lld picks: every other image is nearer to a pick than the minimum distance",
                         (long long)result->selected);
    return WN_OK;
}

static void clear_selecting(wn_curating *run)
{
    wn_selecting_clear(&run->selecting);
}

const wn_curate_stage wn_curate_stage_select = {
    .name = "select",
    .seconds = offsetof(wn_job_seconds, select),
    .run = select_images,
    .clear = clear_selecting,
};
