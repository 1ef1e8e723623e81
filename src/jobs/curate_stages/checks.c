/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks that need no labels: images that are dark, blurred, empty, odd, or unlike all others. They change nothing
 * about the selection; the page and issues.csv tell.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/curate_stage.h"
#include "jobs/findings.h"

enum { SHOWN = 7, MOST_CHECKS = 64 };

/* Bad files and repeats have parts of the page of their own; labels and splits are the business of 'winnow check'. */
static bool is_left_out(const wn_check *check)
{
    static const char *const names[] = {"corrupt", "exact-duplicate", "near-duplicate", "non-iid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], check->name) == 0) return true;
    return check->needs & WN_CHECK_LABELS;
}

static wn_status run_checks(wn_curating *run, wn_checking *checking, wn_error *err)
{
    wn_findings found = {0};
    WN_TRY(wn_checking_load(checking, err));
    WN_TRY(wn_checking_run(checking, err));
    if (!(checking->folder = wn_text_copy(run->folder))) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(wn_checking_write_issues(checking, err));
    wn_status status = wn_checking_findings(checking, SHOWN, &found, err);
    if (!status) status = wn_findings_save(&found, run->folder, err);
    wn_findings_clear(&found);
    return status;
}

static wn_status check_images(wn_curating *run, wn_error *err)
{
    const char *names[MOST_CHECKS];
    wn_check_options options = {.paths = run->options->paths,
                                .path_count = run->options->path_count,
                                .checks = names,
                                .model = run->embedded.model};
    for (size_t i = 0; wn_check_at(i) && options.check_count < MOST_CHECKS; i++)
        if (!is_left_out(wn_check_at(i))) names[options.check_count++] = wn_check_at(i)->name;
    wn_check_job_result result = {0};
    wn_checking checking = {.job = run->job, .workspace = run->workspace, .options = &options, .out = &result};
    wn_status status = run_checks(run, &checking, err);
    if (!status) {
        run->result->checks = result.checks;
        run->result->check_count = result.check_count;
        result.checks = NULL;
    }
    if (status == WN_LIMIT) {
        wn_curating_note(run, WN_LOG_VERBOSE,
                         "the memory limit leaves no room for the checks; 'winnow check' runs them");
        status = WN_OK;
    }
    wn_checking_clear(&checking);
    wn_check_job_result_clear(&result);
    return status;
}

const wn_curate_stage wn_curate_stage_checks = {
    .name = "checks",
    .seconds = offsetof(wn_job_seconds, check),
    .run = check_images,
};
