/* SPDX-License-Identifier: Apache-2.0
 *
 * The page, and the figures from which it can be made again.
 */
#include "base/clock.h"
#include "base/error.h"
#include "jobs/curate_stage.h"
#include "winnow/memory.h"

static void describe(const wn_curating *run, wn_buffer *roots, wn_buffer *random, wn_buffer *evidence)
{
    for (size_t i = 0; i < run->roots.len; i++) {
        const wn_root *root = &run->roots.items[i];
        wn_buffer_format(roots, "%s%lld %s", i ? "\n" : "", (long long)root->source,
                         root->typed ? root->typed : root->path);
    }
    for (size_t i = 0; i < run->coverings.compared.evidence.sets; i++) {
        const wn_report_covering *set = &run->coverings.random[i];
        wn_buffer_format(random, "%s%.7g %.7g %.7g", i ? " " : "", set->radius, set->percentile95, set->mean);
    }
    wn_evidence_write(&run->coverings.compared.evidence, evidence);
}

/* The last part of a path, with what follows it. */
static const char *title_of(const char *path)
{
    const char *title = path;
    for (const char *at = path; *at; at++)
        if (at[0] == '/' && at[1] && at[1] != '/') title = at + 1;
    return title;
}

static wn_status draw_page(wn_curating *run, wn_error *err)
{
    const wn_curate_result *result = run->result;
    const wn_job_seconds *seconds = &result->seconds;
    wn_buffer roots, random, evidence;
    wn_buffer_init(&roots, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&random, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&evidence, WN_MEMORY_TEXT, 0);
    describe(run, &roots, &random, &evidence);
    const char *first = run->roots.items[0].typed ? run->roots.items[0].typed : run->roots.items[0].path;
    wn_run_figures figures = {
        .title = title_of(first),
        .model = run->embedded.model,
        .model_file = run->model_file,
        .strategy = run->selecting.strategy->name,
        .command = run->job->command,
        .earlier_tag = run->options->except_tag,
        .roots = roots.len ? roots.data : "",
        .random = random.len ? random.data : "",
        .evidence = evidence.len ? evidence.data : "",
        .trained = result->trained,
        .created = wn_clock_unix(),
        .selection = run->selection,
        .found = (int64_t)result->found,
        .readable = (int64_t)result->readable,
        .bad = (int64_t)result->bad,
        .exact_duplicates = (int64_t)result->exact_duplicates,
        .near_duplicates = (int64_t)result->near_duplicates,
        .dim = result->dim,
        .seed = (int64_t)run->job->seed,
        .peak_memory = (int64_t)wn_memory_process_peak(),
        .covering_rows = run->coverings.rows < run->rows.len ? (int64_t)run->coverings.rows : 0,
        .radius = run->coverings.selected.radius,
        .percentile95 = run->coverings.selected.percentile95,
        .mean = run->coverings.selected.mean,
        .share_x = run->share[0],
        .share_y = run->share[1],
        .scan = seconds->scan,
        .read = seconds->read,
        .train = seconds->train,
        .embed = seconds->embed,
        .check = seconds->check,
        .select = seconds->select,
        .total = wn_clock_seconds() - run->started,
    };
    wn_status status =
        roots.status || random.status || evidence.status ? wn_fail(err, WN_NOMEM, "out of memory") : WN_OK;
    if (!status) status = wn_run_figures_save(&figures, run->folder, err);
    if (!status) status = wn_stage_report(run->job, run->workspace, &figures, run->folder, err);
    wn_buffer_clear(&roots);
    wn_buffer_clear(&random);
    wn_buffer_clear(&evidence);
    return status;
}

const wn_curate_stage wn_curate_stage_page = {
    .name = "page",
    .seconds = offsetof(wn_job_seconds, report),
    .run = draw_page,
};
