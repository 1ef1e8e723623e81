/* SPDX-License-Identifier: Apache-2.0
 *
 * curate: the stages in a row. Each stage skips what is done, so a run that was killed is finished by the same command,
 * in the same run folder, with the same result.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/config_names.h"
#include "jobs/curate_stage.h"
#include "winnow/memory.h"

#define X(name) extern const wn_curate_stage wn_curate_stage_##name;
#include "jobs/curate_stages.def"
#undef X

static const wn_curate_stage *const stages[] = {
#define X(name) &wn_curate_stage_##name,
#include "jobs/curate_stages.def"
#undef X
};
#define STAGE_COUNT (sizeof stages / sizeof stages[0])

static wn_status name_files(wn_curating *run, wn_error *err)
{
    wn_curate_result *result = run->result;
    const struct {
        char **out;
        const char *name;
    } files[] = {{&result->list, "selected.txt"},
                 {&result->csv, "selected.csv"},
                 {&result->bad_list, "bad_files.csv"},
                 {&result->duplicates, "duplicates.csv"},
                 {&result->report, "report.html"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!(*files[i].out = wn_path_join(run->folder, files[i].name))) return wn_fail(err, WN_NOMEM, "out of memory");
    if (!(result->run = wn_text_copy(run->folder))) return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

static wn_status run_stages(wn_curating *run, wn_error *err)
{
    WN_TRY(name_files(run, err));
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        double started = wn_clock_seconds();
        WN_TRY(stages[i]->run(run, err));
        if (stages[i]->seconds == WN_CURATE_UNTIMED) continue;
        *(double *)((char *)&run->result->seconds + stages[i]->seconds) += wn_clock_seconds() - started;
    }
    return WN_OK;
}

static void clear_stages(wn_curating *run)
{
    for (size_t i = STAGE_COUNT; i-- > 0;)
        if (stages[i]->clear) stages[i]->clear(run);
}

/* What a run would begin with. */
static wn_status try_run(const wn_job *job, const wn_curate_options *options, wn_curate_result *out, wn_error *err)
{
    size_t count;
    wn_add_result added = {0};
    wn_add_options add = {.workspace = options->workspace, .paths = options->paths, .path_count = options->path_count};
    WN_TRY(wn_job_add(job, &add, &added, err));
    out->found = added.found;
    out->readable = added.readable;
    out->bad = added.bad;
    out->workspace = added.workspace;
    out->seconds.scan = added.seconds.scan;
    const char *wanted = options->count;
    char text[32];
    if (!wanted && options->config) WN_TRY(wn_config_count(options->config, text, sizeof text, &wanted, err));
    if (!wanted || strcmp(wanted, "0") == 0)
        count = wanted ? 0 : (size_t)added.readable;
    else
        WN_TRY(wn_count_parse(wanted, (size_t)added.readable, 0, options->at_most, &count, err));
    out->selected = (int64_t)count;
    wn_log(WN_LOG_INFO,
           "would read %" PRIu64 " new or changed files of %" PRIu64 ", and pick %zu; nothing was written (--dry-run)",
           added.added + added.changed, added.found, count);
    return WN_OK;
}

wn_status wn_job_curate(const wn_job *job, const wn_curate_options *options, wn_curate_result *out, wn_error *err)
{
    wn_status status;
    const wn_strategy *strategy;
    void *params = NULL;
    wn_curating run = {.job = job, .options = options, .result = out, .started = wn_clock_seconds()};
    *out = (wn_curate_result){.covering_selected = NAN,
                              .covering_random_mean = NAN,
                              .covering_random_std = NAN,
                              .mean_selected = NAN,
                              .mean_random_mean = NAN,
                              .mean_random_std = NAN};
    /* What can be wrong is found before anything is written. */
    for (size_t i = 0; i < options->path_count; i++) {
        const char *kind;
        WN_TRY(wn_root_kind(options->paths[i], &kind, err));
    }
    if (job->dry_run && !options->path_count)
        return wn_fail(err, WN_INVALID, "--dry-run needs the paths: there is nothing new to find without them");
    WN_TRY(wn_job_check_input_side(options->input_side, err));
    size_t ignored;
    if (options->count || !options->config) WN_TRY(wn_count_parse(options->count, SIZE_MAX, 0, true, &ignored, err));
    if (options->config && (options->strategy || (options->settings && options->settings[0])))
        return wn_fail(err, WN_INVALID, "%s says what picks; leave the strategy and its settings out",
                       options->config->file);
    if (options->since_last && options->except_tag)
        return wn_fail(err, WN_INVALID, "--since-last counts all earlier picks already; leave --except-tag out");
    WN_TRY(wn_job_prepare_strategy(options->strategy, options->settings, &strategy, &params, err));
    wn_free(params);
    if (options->config)
        WN_TRY(wn_config_check_names_early(job, options->workspace, options->paths, options->path_count,
                                           options->config, err));
    if (job->dry_run) {
        status = try_run(job, options, out, err);
        if (status) wn_curate_result_clear(out);
        return status;
    }

    wn_buffer_init(&run.config, WN_MEMORY_TEXT, 0);
    status = wn_job_open_workspace(job, options->workspace, options->paths, options->path_count,
                                   options->path_count ? WN_WORKSPACE_CREATE : WN_WORKSPACE_WRITE, &run.workspace,
                                   &out->workspace, err);
    bool nothing = false;
    if (!status && options->since_last) status = wn_curating_look(&run, &nothing, err);
    if (!status && !nothing) status = wn_curating_begin(&run, err);
    out->nothing_new = nothing;
    if (!status && !nothing) {
        status = run_stages(&run, err);
        status = wn_curating_end(&run, status, err);
    }
    clear_stages(&run);
    wn_buffer_clear(&run.config);
    wn_free(run.folder);
    wn_workspace_close(&run.workspace);
    out->seconds.total = wn_clock_seconds() - run.started;
    if (status) wn_curate_result_clear(out);
    return status;
}

void wn_curate_result_clear(wn_curate_result *result)
{
    wn_free(result->workspace);
    wn_free(result->run);
    wn_free(result->model);
    wn_free(result->list);
    wn_free(result->csv);
    wn_free(result->bad_list);
    wn_free(result->duplicates);
    wn_free(result->report);
    wn_free(result->checks);
    *result = (wn_curate_result){0};
}
