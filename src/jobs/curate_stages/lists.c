/* SPDX-License-Identifier: Apache-2.0
 *
 * The selection in the catalogue, the lists of it, and copies of or links to the picks.
 */
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "jobs/path_list.h"
#include "winnow/memory.h"

/* A stored selection stays when it has the same picks: images may have come or gone since. */
static wn_status store_selection(wn_curating *run, wn_error *err)
{
    const wn_selection *selection = &run->selecting.selection;
    wn_pick *picks = NULL;
    size_t count = 0;
    if (run->selection) {
        WN_TRY(wn_selection_picks(run->workspace, run->selection, &picks, &count, err));
        bool same = count == selection->len;
        for (size_t i = 0; i < count && same; i++) same = picks[i].row == run->selecting.rows.rows[selection->picks[i]];
        wn_free(picks);
        if (same) return WN_OK;
    }
    return wn_selecting_store(run->workspace, &run->selecting, "selected", run->run, (int64_t)run->job->seed,
                              &run->selection, err);
}

/* Paths of the images that picks are nearest to; NULL where there is none, or it is not known. */
static wn_status name_nearest(wn_curating *run, const int64_t *rows, char ***out, wn_error *err)
{
    const wn_pick_reasons *reasons = &run->selecting.reasons;
    size_t len = run->selecting.selection.len;
    int64_t *nearest = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *nearest);
    if (!nearest) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < len; i++) {
        int64_t at = i < reasons->len ? reasons->nearest[i] : -1;
        nearest[i] = at >= 0 ? run->selecting.rows.rows[at] : rows[i];
    }
    wn_status status = wn_rows_paths(run->workspace, &run->roots, nearest, len, out, err);
    for (size_t i = 0; i < len && !status; i++) {
        if (nearest[i] != rows[i]) continue;
        wn_free((*out)[i]);
        (*out)[i] = NULL;
    }
    wn_free(nearest);
    return status;
}

static wn_status write_lists(wn_curating *run, wn_error *err)
{
    WN_TRY(store_selection(run, err));
    const wn_selection *selection = &run->selecting.selection;
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    char **paths = NULL, **nearest = NULL;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < selection->len; i++) rows[i] = run->selecting.rows.rows[selection->picks[i]];
    const wn_rows picked = {rows, selection->len};
    wn_status status = wn_rows_paths(run->workspace, &run->roots, rows, selection->len, &paths, err);
    if (!status) status = name_nearest(run, rows, &nearest, err);
    if (!status) status = wn_write_selected(run->folder, paths, selection->distances, nearest, selection->len, err);
    if (!status && options->copy)
        status = wn_stage_copy(run->job, run->workspace, &run->roots, picked, options->copy, false, run->folder, result,
                               err);
    if (!status && options->link)
        status =
            wn_stage_copy(run->job, run->workspace, &run->roots, picked, options->link, true, run->folder, result, err);
    wn_paths_clear(&nearest, selection->len);
    wn_paths_clear(&paths, selection->len);
    wn_free(rows);
    return status;
}

const wn_curate_stage wn_curate_stage_lists = {
    .name = "lists",
    .seconds = WN_CURATE_UNTIMED,
    .run = write_lists,
};
