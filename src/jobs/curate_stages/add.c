/* SPDX-License-Identifier: Apache-2.0
 *
 * What is new under the paths goes into the workspace; then the rows that this run is about.
 */
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "jobs/open_model.h"
#include "winnow/memory.h"

/* Without paths all sources take part, but for those that are not there now: nobody can open a pick of theirs. */
static wn_status drop_missing(wn_curating *run, wn_error *err)
{
    wn_roots *roots = &run->roots;
    size_t kept = 0, all = roots->len;
    for (size_t i = 0; i < all; i++) {
        const char *kind;
        wn_error ignored;
        if (wn_root_kind(roots->items[i].path, &kind, &ignored) == WN_OK)
            roots->items[kept++] = roots->items[i];
        else
            wn_curating_note(run, WN_LOG_WARNING,
                             "'%s' is not there any more; its images are left out. Mount it again, or add the folder "
                             "under its new name",
                             roots->items[i].path);
    }
    roots->len = kept;
    roots->all = roots->all && kept == all;
    return kept || !all ? WN_OK
                        : wn_fail(err, WN_NOTFOUND,
                                  "none of the %zu sources of the workspace is there any more; mount them again, or "
                                  "name the folder that has the images now: winnow curate FOLDER -w %s",
                                  all, wn_workspace_path(run->workspace));
}

static wn_status add_paths(wn_curating *run, wn_error *err)
{
    const wn_curate_options *options = run->options;
    wn_curate_result *result = run->result;
    int64_t side = 0;
    WN_TRY(wn_model_wants_side(run->workspace, options->model, &side, err));
    if (options->path_count) {
        wn_add_options add = {.paths = options->paths,
                              .path_count = options->path_count,
                              .input_side = options->input_side ? options->input_side : side};
        wn_add_result added = {0};
        WN_TRY(wn_stage_add(run->job, run->workspace, &add, &added, err));
        result->found = added.found;
        result->readable = added.readable;
        result->bad = added.bad;
        result->seconds.scan = added.seconds.scan;
        result->seconds.read = added.seconds.read;
        wn_curating_note(
            run, WN_LOG_VERBOSE, "found %llu files: %llu new, %llu changed, %llu known, %llu gone; %llu cannot be read",
            (unsigned long long)added.found, (unsigned long long)added.added, (unsigned long long)added.changed,
            (unsigned long long)added.unchanged, (unsigned long long)added.gone, (unsigned long long)added.bad);
    } else {
        wn_workspace_counts counts;
        WN_TRY(wn_workspace_count(run->workspace, &counts, err));
        result->readable = (uint64_t)counts.ok;
        result->bad = (uint64_t)counts.bad;
        result->found = result->readable + result->bad;
    }
    WN_TRY(wn_roots_load(run->workspace, options->paths, options->path_count, WN_ROOTS_KNOWN, &run->roots, err));
    if (!options->path_count) WN_TRY(drop_missing(run, err));
    WN_TRY(wn_rows_load(run->workspace, &run->roots, &run->rows, err));
    WN_TRY(wn_write_bad_files(run->workspace, &run->roots, run->folder, err));
    if (run->rows.len == 0)
        return wn_fail(err, WN_NOTFOUND, "none of the %llu files found is a readable image; the reasons are in %s",
                       (unsigned long long)result->found, result->bad_list);
    return WN_OK;
}

static void clear_rows(wn_curating *run)
{
    wn_roots_clear(&run->roots);
    wn_free(run->rows.rows);
}

const wn_curate_stage wn_curate_stage_add = {
    .name = "add",
    .seconds = WN_CURATE_UNTIMED,
    .run = add_paths,
    .clear = clear_rows,
};
