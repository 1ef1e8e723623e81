/* SPDX-License-Identifier: Apache-2.0
 *
 * Another number of picks from a selection that is stored: its ranking says which come next, so nothing is picked anew.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "jobs/job.h"
#include "winnow/memory.h"

/* The newest selection of that tag, or the one of that number. */
static wn_status find_selection(wn_workspace *workspace, const char *wanted, wn_selection_record **list,
                                const wn_selection_record **out, wn_error *err)
{
    size_t count = 0;
    int64_t id = 0;
    const char *names[65] = {0};
    size_t named = 0;
    *out = NULL;
    WN_TRY(wn_selection_list(workspace, list, &count, err));
    bool numbered = wn_text_to_int(wanted, &id);
    for (size_t i = 0; i < count; i++) {
        const wn_selection_record *record = *list + i;
        if (strcmp(record->tag, wanted) == 0 || (numbered && record->id == id && !*out)) *out = record;
        if (named < 64) names[named++] = record->tag;
    }
    if (*out) return WN_OK;
    const char *near = wn_nearest_word(wanted, names);
    return wn_fail(err, WN_NOTFOUND, "there is no selection '%s' in %s%s%s%s", wanted, wn_workspace_path(workspace),
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static wn_status store(wn_workspace *workspace, const wn_selection_record *from, const char *tag,
                       const char *objectives, const wn_ranked *ranked, size_t all, size_t count, wn_error *err)
{
    int64_t id = 0;
    wn_pick *picks = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *picks);
    if (!picks) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        picks[i] = (wn_pick){.row = ranked[i].row, .distance = ranked[i].distance, .score = NAN};
    wn_selection_record record = {
        .tag = tag, .strategy = from->strategy, .k = (int64_t)count, .seed = from->seed, .config = from->config};
    wn_status status = wn_selection_add(workspace, &record, picks, count, &id, err);
    if (!status) status = wn_ranking_add(workspace, id, objectives, ranked, all, err);
    wn_free(picks);
    return status;
}

static wn_status fill(wn_workspace *workspace, const wn_roots *roots, const wn_ranked *ranked, size_t count,
                      wn_select_result *out, wn_error *err)
{
    out->picks = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *out->picks);
    out->distances = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *out->distances);
    out->nearest = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *out->nearest);
    if (!out->picks || !out->distances || !out->nearest) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        out->picks[i] = ranked[i].row;
        out->distances[i] = ranked[i].distance;
        out->nearest[i] = ranked[i].nearest;
    }
    WN_TRY(wn_rows_paths(workspace, roots, out->picks, count, &out->paths, err));
    out->selected = (int64_t)count;
    out->objective = out->radius = out->mean = NAN;
    return WN_OK;
}

wn_status wn_select_from(const wn_job *job, wn_workspace *workspace, const wn_select_options *options,
                         wn_select_result *out, wn_error *err)
{
    wn_selection_record *list = NULL;
    const wn_selection_record *from = NULL;
    wn_ranked *ranked = NULL;
    char *objectives = NULL;
    size_t all = 0, count = 0;
    wn_roots roots = {0};
    const char *tag = options->tag ? options->tag : "selected";
    wn_status status = find_selection(workspace, options->from, &list, &from, err);
    if (!status) status = wn_ranking_get(workspace, from->id, &objectives, &ranked, &all, err);
    if (!status) status = wn_count_parse(options->count, all, 0, true, &count, err);
    size_t wanted = 0;
    if (!status) status = wn_count_parse(options->count, SIZE_MAX / 2, 0, true, &wanted, err);
    if (!status && strchr(options->count, '%') == NULL && wanted > all && !options->at_most)
        status = wn_fail(err, WN_INVALID,
                         "the selection '%s' ranks %zu images; for %zu select anew with a greater number, or add "
                         "--at-most",
                         options->from, all, wanted);
    if (!status) status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err);
    if (!status && !job->dry_run) status = store(workspace, from, tag, objectives, ranked, all, count, err);
    if (!status) status = fill(workspace, &roots, ranked, count, out, err);
    out->strategy = "from";
    out->rows = out->candidates = out->ranked = (int64_t)all;
    if (!status && !(out->tag = wn_text_copy(tag))) status = wn_fail(err, WN_NOMEM, "out of memory");
    wn_roots_clear(&roots);
    wn_free(ranked);
    wn_free(objectives);
    wn_free(list);
    return status;
}
