/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check labels on folders of masks and predictions.
 */
#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"

static wn_status print_figures(const session *run, const wn_mask_check_result *found, wn_error *err)
{
    const check_params *params = run->params;
    return json_print(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:o}, s:o}", "task", "segmentation",
                                "images", (json_int_t)found->images, "classes", (json_int_t)found->classes,
                                "image_issues", (json_int_t)found->image_issues, "issues", (json_int_t)found->pixels,
                                "estimated_errors", (json_int_t)found->estimate, "problems",
                                (json_int_t)found->problems, "out", params->out ? json_name(params->out) : json_null(),
                                "seconds", "total", json_figure(found->seconds), "peak_memory_bytes",
                                json_peak_memory()),
                      err);
}

static void say_found(session *run, const wn_mask_check_result *found)
{
    char a[32], b[32], c[32];
    for (int i = 0; i < 5 && found->shown[i]; i++) terminal_say(run->terminal, "  problem     %s", found->shown[i]);
    if (found->problems > 5)
        terminal_say(run->terminal, "  problem     ... and %s more", human_count((uint64_t)found->problems - 5, a));
    terminal_say(run->terminal, "  masks       %s pixels are issues; about %s labels are wrong",
                 human_count((uint64_t)found->pixels, a), human_count((uint64_t)found->estimate, b));
    terminal_say(run->terminal, "  images      %s of %s score below 0.1", human_count((uint64_t)found->image_issues, a),
                 human_count((uint64_t)found->images, c));
}

wn_status check_mask_folders(session *run, wn_error *err)
{
    const check_params *params = run->params;
    wn_job job = job_of(run);
    wn_mask_check_options options = {.labels = params->labels,
                                     .predictions = params->probabilities,
                                     .ignore = params->ignore,
                                     .out = params->out,
                                     .out_issues = params->out_issues,
                                     .out_mended = params->out_suggested};
    wn_mask_check_result found;
    if (params->method || params->filter)
        return command_usage_error(run, err, "masks have one score and one rule: leave out --method and --filter");
    wn_status status = wn_job_check_masks(&job, &options, &found, err);
    if (status) return status;
    say_found(run, &found);
    if (run->common.dry_run) terminal_say(run->terminal, "  nothing was written (--dry-run)");
    if (run->common.json) status = print_figures(run, &found, err);
    wn_mask_check_result_clear(&found);
    return status;
}
