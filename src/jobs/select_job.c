/* SPDX-License-Identifier: Apache-2.0
 *
 * select: a selection among all images of a workspace, kept as a tag.
 */
#include "jobs/config_names.h"
#include "jobs/find_model.h"
#include "jobs/job.h"

#include <math.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

/* Paths of the nearest rows. */
static wn_status name_nearest(wn_workspace *workspace, const wn_roots *roots, wn_select_result *out, wn_error *err)
{
    size_t len = (size_t)out->selected;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < len; i++) rows[i] = out->nearest[i] >= 0 ? out->nearest[i] : out->picks[i];
    wn_status status = wn_rows_paths(workspace, roots, rows, len, &out->nearest_paths, err);
    for (size_t i = 0; i < len && !status; i++) {
        if (out->nearest[i] >= 0) continue;
        wn_free(out->nearest_paths[i]);
        out->nearest_paths[i] = NULL;
    }
    wn_free(rows);
    return status;
}

/* The reasons of the picks. */
static wn_status fill_reasons(wn_selecting *selecting, wn_select_result *out, wn_error *err)
{
    wn_pick_reasons *reasons = &selecting->reasons;
    size_t len = selecting->selection.len;
    out->explain = selecting->explain;
    selecting->explain = NULL;
    out->ranked = (int64_t)reasons->len;
    if (!(out->nearest = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *out->nearest)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < len; i++) {
        int64_t at = i < reasons->len ? reasons->nearest[i] : -1;
        out->nearest[i] = at >= 0 && selecting->rows.rows ? selecting->rows.rows[at] : at;
    }
    out->objectives = reasons->labels;
    out->objective_count = reasons->label_count;
    out->values = reasons->values;
    reasons->labels = NULL;
    reasons->values = NULL;
    reasons->label_count = 0;
    return WN_OK;
}

/* What a dry run would embed, and how many it would pick then. */
static void fill_foreseen(const wn_selecting *selecting, const wn_embedded *embedded, wn_select_result *out)
{
    out->strategy = selecting->strategy->name;
    out->rows = (int64_t)selecting->rows.len;
    out->dim = (int64_t)selecting->dim;
    out->candidates = (int64_t)selecting->candidates;
    out->objective = out->radius = out->mean = NAN;
    out->unembedded = embedded->missing;
    out->unembedded_objects = (int64_t)selecting->missing_objects;
    out->planned = selecting->count < selecting->candidates ? (int64_t)selecting->count : out->candidates;
}

static wn_status fill_result(wn_selecting *selecting, wn_workspace *workspace, const wn_roots *roots,
                             wn_select_result *out, wn_error *err)
{
    const wn_selection *selection = &selecting->selection;
    out->strategy = selecting->strategy->name;
    out->rows = (int64_t)selecting->rows.len;
    out->dim = (int64_t)selecting->dim;
    out->candidates = (int64_t)selecting->candidates;
    out->stopped = selection->stopped != 0;
    out->objective = selection->objective;
    out->radius = selection->radius;
    out->mean = selection->mean;
    out->picks = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *out->picks);
    out->distances = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *out->distances);
    if (!out->picks || !out->distances) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < selection->len; i++) {
        out->picks[i] = selecting->rows.rows[selection->picks[i]];
        out->distances[i] = selection->distances[i];
    }
    WN_TRY(wn_rows_paths(workspace, roots, out->picks, selection->len, &out->paths, err));
    out->selected = (int64_t)selection->len;
    WN_TRY(fill_reasons(selecting, out, err));
    return name_nearest(workspace, roots, out, err);
}

static wn_status select_in(const wn_job *job, wn_workspace *workspace, const wn_select_options *options,
                           wn_select_result *out, wn_error *err)
{
    wn_status status;
    char *name = NULL, *file = NULL;
    int64_t id;
    wn_roots roots = {0};
    wn_embedded embedded = {0};
    wn_selecting selecting = {0};
    const char *tag = options->tag ? options->tag : "selected";
    double started = wn_clock_seconds();
    if (options->config && (status = wn_config_check_names(workspace, options->config, err))) goto done;
    if ((status = wn_find_model(workspace, options->model, &name, &file, err))) goto done;
    if ((status = wn_stage_embed(job, workspace, name, file, &options->reduce, &embedded, err))) goto done;
    out->seconds.embed = wn_clock_seconds() - started;
    started = wn_clock_seconds();
    if ((status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err))) goto done;
    if ((status = wn_stage_select(job, workspace, options, &roots, NULL, &embedded, &selecting, err))) goto done;
    const bool unready = selecting.unready;
    if (!job->dry_run && !options->explain &&
        (status = wn_selecting_store(workspace, &selecting, tag, 0, (int64_t)job->seed, &id, err)))
        goto done;
    if (options->evaluate && !options->explain && !unready &&
        (status = wn_stage_evidence(job, workspace, &selecting, (wn_rows){0}, out, err)))
        goto done;
    if (unready) fill_foreseen(&selecting, &embedded, out);
    if (!unready && (status = fill_result(&selecting, workspace, &roots, out, err))) goto done;
    out->seconds.select = wn_clock_seconds() - started;
    out->model = embedded.model;
    embedded.model = NULL;
    if (!(out->tag = wn_text_copy(tag))) status = wn_fail(err, WN_NOMEM, "out of memory");
done:
    wn_selecting_clear(&selecting);
    wn_embedded_clear(&embedded);
    wn_roots_clear(&roots);
    wn_free(name);
    wn_free(file);
    return status;
}

wn_status wn_job_select(const wn_job *job, const wn_select_options *options, wn_select_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    double started = wn_clock_seconds();
    *out = (wn_select_result){0};
    const wn_workspace_mode mode = job->dry_run ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE;
    WN_TRY(wn_job_open_workspace(job, options->workspace, NULL, 0, mode, &workspace, &out->workspace, err));
    wn_status status = options->from ? wn_select_from(job, workspace, options, out, err)
                                     : select_in(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_select_result_clear(out);
    return status;
}

void wn_select_result_clear(wn_select_result *result)
{
    wn_paths_clear(&result->paths, (size_t)result->selected);
    wn_free(result->workspace);
    wn_free(result->model);
    wn_free(result->tag);
    wn_free(result->picks);
    wn_free(result->distances);
    for (size_t i = 0; i < result->objective_count && result->objectives; i++) wn_free(result->objectives[i]);
    wn_free(result->objectives);
    wn_free(result->values);
    wn_paths_clear(&result->nearest_paths, (size_t)result->selected);
    wn_free(result->nearest);
    wn_free(result->explain);
    wn_evidence_clear(&result->evidence);
    for (size_t i = 0; i < result->class_name_count; i++) wn_free(result->class_names[i]);
    wn_free(result->class_names);
    *result = (wn_select_result){0};
}
