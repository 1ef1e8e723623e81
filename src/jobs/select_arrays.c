/* SPDX-License-Identifier: Apache-2.0
 *
 * A selection config on arrays.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "jobs/config_run.h"
#include "winnow/memory.h"

/* Hands the selection and its reasons over to the result. */
static wn_status fill_result(wn_selection *selection, wn_pick_reasons *reasons, wn_select_result *out, wn_error *err)
{
    out->selected = (int64_t)selection->len;
    out->stopped = selection->stopped != 0;
    out->objective = selection->objective;
    out->radius = selection->radius;
    out->mean = selection->mean;
    out->ranked = (int64_t)reasons->len;
    out->picks = selection->picks;
    out->distances = selection->distances;
    out->nearest = reasons->nearest;
    out->objectives = reasons->labels;
    out->objective_count = reasons->label_count;
    out->values = reasons->values;
    selection->picks = NULL;
    selection->distances = NULL;
    reasons->nearest = NULL;
    reasons->labels = NULL;
    reasons->values = NULL;
    return out->picks && out->nearest ? WN_OK : wn_fail(err, WN_INTERNAL, "a selection without picks");
}

static wn_status select_rows(const wn_job *job, const wn_select_arrays_options *options, wn_rows candidates,
                             wn_select_result *out, wn_error *err)
{
    wn_config_arrays arrays = {options->scores, options->probabilities, options->labels};
    wn_config_source source = {.job = job, .embeddings = options->embeddings};
    wn_config_bounds bounds = {.candidates = candidates,
                               .preselected = options->preselected,
                               .count = options->count,
                               .at_most = options->at_most};
    wn_config_plan plan = {0};
    wn_selection selection = {0};
    wn_pick_reasons reasons = {0};
    wn_config_source_arrays(&source, &arrays);
    wn_status status = wn_config_plan_make(options->config, &source, &bounds, &plan, err);
    if (!status && !(out->explain = wn_text_copy(plan.explain.data))) status = wn_fail(err, WN_NOMEM, "out of memory");
    out->candidates = (int64_t)plan.request.candidates.len;
    if (!status && !options->explain && !job->dry_run) {
        status = wn_config_run(job, &plan, &options->embeddings, &selection, &reasons, err);
        if (!status) status = fill_result(&selection, &reasons, out, err);
    }
    wn_pick_reasons_clear(&reasons);
    wn_selection_clear(&selection);
    wn_config_plan_clear(&plan);
    return status;
}

wn_status wn_job_select_arrays(const wn_job *job, const wn_select_arrays_options *options, wn_select_result *out,
                               wn_error *err)
{
    double started = wn_clock_seconds();
    size_t rows = options->embeddings.rows;
    *out = (wn_select_result){.strategy = "coral", .rows = (int64_t)rows, .dim = (int64_t)options->embeddings.cols};
    if (options->config->plugin)
        return wn_fail(err, WN_INVALID, "%s names the strategy '%s'; on arrays give --strategy", options->config->file,
                       options->config->plugin);
    WN_TRY(wn_matrix_check_finite(&options->embeddings, "embeddings", job->pool, err));
    for (size_t i = 0; i < options->preselected.len; i++)
        if (options->preselected.data[i] < 0 || (uint64_t)options->preselected.data[i] >= rows)
            return wn_fail(err, WN_INVALID, "preselected rows: item %zu names row %lld, but there are %zu rows", i,
                           (long long)options->preselected.data[i], rows);
    int64_t *all = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "no memory for %zu rows", rows);
    for (size_t i = 0; i < rows; i++) all[i] = (int64_t)i;
    wn_status status = select_rows(job, options, (wn_rows){all, rows}, out, err);
    wn_free(all);
    out->seconds.select = out->seconds.total = wn_clock_seconds() - started;
    if (status) wn_select_result_clear(out);
    return status;
}
