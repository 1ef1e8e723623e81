/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow report: the page of a run, drawn again.
 */
#include <stdio.h>

#include "../human.h"
#include "../job_setup.h"
#include "winnow/memory.h"

typedef struct report_params {
    int64_t run;
} report_params;

static const wn_option options[] = {
    {WN_OPTION_INT, "run", "number of the run; 0 = the last that finished", offsetof(report_params, run), 0, 1e9, "0",
     NULL, "N", 0},
    {0},
};

static const char *const examples[] = {
    "winnow report",
    "draw the last report of the workspace here again",
    "xdg-open \"$(winnow report)\"",
    "and look at it",
    NULL,
};

static wn_status run_report(session *run, wn_error *err)
{
    const report_params *params = run->params;
    wn_job job = job_of(run);
    char *path = NULL;
    wn_status status = wn_job_report(&job, run->common.workspace, params->run, &path, err);
    if (status) return status;
    if (run->common.json)
        status = json_print(json_pack("{s:o}", "report", json_name(path)), err);
    else
        print_path(stdout, path);
    wn_free(path);
    return status;
}

const command command_report = {
    .name = "report",
    .summary = "draw the page of a run again",
    .usage = "[-w DIR] [--run N] [OPTIONS]",
    .details = "Writes report.html of a finished curate run again, from what the workspace holds, and prints its path. "
               "The page holds everything it shows: it needs no network and can be mailed and printed.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(report_params),
    .run = run_report,
};
