/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow add: what is new under some paths goes into the workspace.
 */
#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"

typedef struct add_params {
    int64_t input_side;
} add_params;

static const wn_option options[] = {
    {WN_OPTION_INT, "input-side", "side of the pictures kept for models, in pixels; 0 = by the size of the images",
     offsetof(add_params, input_side), 0, 256, "0", NULL, "N", 0},
    {0},
};

static const char *const examples[] = {
    "winnow add photos/",
    "index a folder into photos.winnow",
    "winnow add monday.tar list.txt -w week.winnow",
    "index a tar and a list of files",
    "winnow add photos/ --dry-run",
    "count what is new",
    NULL,
};

static void say_result(session *run, const wn_add_result *result)
{
    char a[32], b[32], c[32];
    terminal_say(run->terminal, "  found       %s files: %s readable, %s bad", human_count(result->found, a),
                 human_count(result->readable, b), human_count(result->bad, c));
    terminal_say(run->terminal, "  new         %s, changed %s", human_count(result->added, a),
                 human_count(result->changed, b));
    say_bad_files(run, &result->bad_paths);
    if (result->gone) terminal_say(run->terminal, "  gone        %s", human_count(result->gone, a));
    if (result->skipped)
        terminal_say(run->terminal, "  passed over %s files that are no images", human_count(result->skipped, a));
    if (run->common.dry_run)
        terminal_say(run->terminal, "  nothing was written (--dry-run)");
    else
        terminal_say(run->terminal, "  workspace   %s", result->workspace);
    say_seconds(run, &result->seconds);
}

static wn_status run_add(session *run, wn_error *err)
{
    const add_params *params = run->params;
    wn_job job = job_of(run);
    wn_add_result result;
    wn_add_options add = {.workspace = run->common.workspace,
                          .paths = run->paths,
                          .path_count = run->path_count,
                          .input_side = params->input_side};
    wn_status status = check_input_side(run, params->input_side, err);
    if (status) return status;
    status = wn_job_add(&job, &add, &result, err);
    if (status) return say_how_to_resume(run, status);
    say_result(run, &result);
    if (run->common.json)
        status =
            json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "workspace",
                                 json_name(result.workspace), "found", json_count(result.found), "readable",
                                 json_count(result.readable), "bad", json_count(result.bad), "bad_files",
                                 json_bad_files(&result.bad_paths), "new", json_count(result.added), "changed",
                                 json_count(result.changed), "unchanged", json_count(result.unchanged), "gone",
                                 json_count(result.gone), "seconds", json_seconds(&result.seconds, "scan read total"),
                                 "peak_memory_bytes", json_peak_memory()),
                       err);
    wn_add_result_clear(&result);
    return status;
}

const command command_add = {
    .name = "add",
    .summary = "index new and changed images of folders, lists, tars and files",
    .usage = "PATH... [OPTIONS]",
    .details =
        "Reads each new or changed image once and keeps its facts (size, format, camera, brightness, sharpness ...), "
        "its "
        "hashes, a thumbnail and the small picture that models look at. Files that are known and unchanged are not "
        "opened again, so adding a folder a second time takes seconds.\n\n"
        "A PATH is a folder (searched with all folders inside), a list of files (.txt, .lst, .csv: one path a line), a "
        "tar (also compressed), or one image. Files that cannot be read are counted and remembered with the reason. "
        "The first are named, with -v or --json all. They do not stop the run; with --strict it ends with an error.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(add_params),
    .flags = COMMAND_WRITES | COMMAND_READS,
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run_add,
};
