/* SPDX-License-Identifier: Apache-2.0
 *
 * report: the page of a finished run once more.
 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "jobs/curate.h"
#include "winnow/memory.h"

wn_status wn_job_report(const wn_job *job, const char *workspace_path, int64_t wanted, char **out, wn_error *err)
{
    wn_status status;
    wn_workspace *workspace = NULL;
    wn_run_record *records = NULL;
    wn_run_figures figures = {0};
    char *path = NULL, *folder = NULL, name[32];
    size_t count = 0;
    int64_t run = 0;
    *out = NULL;
    WN_TRY(wn_job_open_workspace(job, workspace_path, NULL, 0, WN_WORKSPACE_READ, &workspace, &path, err));
    if ((status = wn_run_list(workspace, &records, &count, err))) goto done;
    for (size_t i = 0; i < count; i++)
        if (strcmp(records[i].command, "curate") == 0 && strcmp(records[i].state, "done") == 0 &&
            (!wanted || records[i].id == wanted))
            run = records[i].id;
    if (!run) {
        status = wanted ? wn_fail(err, WN_NOTFOUND, "run %lld is no finished curate run; 'winnow status' lists them",
                                  (long long)wanted)
                        : wn_fail(err, WN_NOTFOUND, "no curate run has finished in this workspace yet");
        goto done;
    }
    snprintf(name, sizeof name, "runs/%04lld", (long long)run);
    folder = wn_path_join(path, name);
    if (!folder || !(*out = wn_path_join(folder, "report.html"))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    if ((status = wn_run_figures_load(folder, &figures, err))) goto done;
    status = wn_stage_report(job, workspace, &figures, folder, err);
    wn_run_figures_clear(&figures);
done:
    if (status) {
        wn_free(*out);
        *out = NULL;
    }
    wn_free(folder);
    wn_free(path);
    wn_free(records);
    wn_workspace_close(&workspace);
    return status;
}
