/* SPDX-License-Identifier: Apache-2.0
 *
 * Repeated images, and whether the count can be met, before the long work. A strict run ends here when files are bad.
 */
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "winnow/memory.h"

/* Duplicates, and whether the count can be met, before the long work. */
static wn_status check_images(wn_curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    size_t count, repeats;
    if (options->except_tag) {
        /* A stored selection may have replaced this very tag. */
        wn_status found = run->selection ? wn_earlier_rows_load(run->folder, &run->earlier, err) : WN_NOTFOUND;
        if (found == WN_NOTFOUND)
            found = wn_earlier_rows_keep(run->workspace, options->except_tag, run->folder, &run->earlier, err);
        if (found) return found;
    }
    if (options->since_last) {
        WN_TRY(wn_curating_picked(run, &run->earlier, err));
        WN_TRY(wn_earlier_rows_write(&run->earlier, run->folder, err));
    }
    WN_TRY(wn_stage_duplicates(run->job, run->workspace, &run->rows, &run->alike, err));
    WN_TRY(wn_write_duplicates(run->workspace, &run->roots, &run->alike, run->folder, err));
    run->result->exact_duplicates = run->alike.exact;
    run->result->near_duplicates = run->alike.near;
    wn_curating_note(run, WN_LOG_VERBOSE, "%zu images repeat the pixels of another, %zu nearly", run->alike.exact,
                     run->alike.near);
    repeats = options->keep_duplicates ? 0 : run->alike.exact;
    if (!options->config) /* which also says who may be picked */
        WN_TRY(wn_count_parse(options->count, run->rows.len - repeats, repeats, options->at_most || options->since_last,
                              &count, err));
    if (run->job->strict && run->result->bad)
        return wn_fail(err, WN_CORRUPT, "%llu files are bad, and --strict was given; they are listed in %s",
                       (unsigned long long)run->result->bad, run->result->bad_list);
    return WN_OK;
}

static void clear_duplicates(wn_curating *run)
{
    wn_free(run->alike.pairs);
    wn_free(run->earlier.rows);
}

const wn_curate_stage wn_curate_stage_duplicates = {
    .name = "duplicates",
    .seconds = offsetof(wn_job_seconds, check),
    .run = check_images,
    .clear = clear_duplicates,
};
