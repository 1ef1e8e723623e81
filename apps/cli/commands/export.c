/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow export: images with labels or predictions for other tools.
 */
#include <stdio.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/annotation.h"

typedef struct export_params {
    const char *format, *tag, *labels, *predictions;
    bool relative, bare, scores, metadata;
} export_params;

#define AT(field) offsetof(export_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "format", "list, csv, coco, yolo, voc, lightly, label-studio or cvat-manifest", AT(format), 0, 0,
     "list", NULL, "NAME", 0},
    {WN_OPTION_TEXT, "tag", "only the images with this tag (default: all)", AT(tag), 0, 0, NULL, NULL, "TAG", 0},
    {WN_OPTION_TEXT, "labels", "set of labels to write (default: the newest)", AT(labels), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_TEXT, "predictions", "set of predictions to write instead of labels", AT(predictions), 0, 0, NULL, NULL,
     "NAME", 0},
    {WN_OPTION_BOOL, "scores", "a CSV table of all scores of the predictions (default: the newest) instead", AT(scores),
     0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_BOOL, "metadata", "a CSV table of all metadata instead, imported and measured", AT(metadata), 0, 0, NULL,
     NULL, NULL, 0},
    {WN_OPTION_BOOL, "relative", "paths below the folder that was added (always so in yolo, voc and lightly)",
     AT(relative), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_BOOL, "bare", "images alone, without labels", AT(bare), 0, 0, NULL, NULL, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow export picked.txt --tag selected",
    "the paths of the images that were selected",
    "winnow export tasks.json --tag selected --format label-studio --predictions yolo-v8",
    "tasks for labelling, with the boxes of a model to start from",
    "winnow export labels/ --format yolo",
    "the newest labels as YOLO files",
    "winnow export scores.csv --scores --predictions yolo-v8",
    "how uncertain a model is about each image, by every score that there is",
    NULL,
};

static wn_status run_export(session *run, wn_error *err)
{
    const export_params *params = run->params;
    char a[32], b[32];
    wn_job job = job_of(run);
    wn_export_options export = {.workspace = run->common.workspace,
                                .format = params->format,
                                .out = run->paths[0],
                                .tag = params->tag,
                                .role = params->predictions ? WN_ROLE_PREDICTIONS : WN_ROLE_LABELS,
                                .scores = params->scores,
                                .metadata = params->metadata,
                                .set = params->predictions ? params->predictions : params->labels,
                                .relative = params->relative,
                                .bare = params->bare};
    wn_export_result result;
    if (params->predictions && params->labels)
        return command_usage_error(run, err, "name --labels or --predictions, not both");
    wn_status status = wn_job_export(&job, &export, &result, err);
    if (status) return status;
    if (params->scores || params->metadata)
        terminal_say(run->terminal, "  exported    %s images with %s columns%s%s to %s",
                     human_count((uint64_t)result.images, a), human_count((uint64_t)result.columns, b),
                     result.set ? " of " : "", result.set ? result.set : "", run->paths[0]);
    else
        terminal_say(run->terminal, "  exported    %s images with %s items of %s to %s",
                     human_count((uint64_t)result.images, a), human_count((uint64_t)result.items, b),
                     result.set ? result.set : "no set", run->paths[0]);
    if (run->common.dry_run) terminal_say(run->terminal, "nothing was written (--dry-run)");
    if (run->common.json)
        status = json_print(json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:{s:o}}", "workspace",
                                      json_name(result.workspace), "format",
                                      params->scores || params->metadata ? "csv" : params->format, "out",
                                      json_name(run->paths[0]), "set", result.set ? json_name(result.set) : json_null(),
                                      "images", (json_int_t)result.images, "items", (json_int_t)result.items, "columns",
                                      (json_int_t)result.columns, "seconds", "total", json_figure(result.seconds)),
                            err);
    wn_export_result_clear(&result);
    return status;
}

const command command_export = {
    .name = "export",
    .summary = "images with labels or predictions for other tools",
    .usage = "OUT [--format NAME] [--tag TAG] [OPTIONS]",
    .details =
        "Writes a list of paths, a CSV table, COCO, YOLO, Pascal VOC or Lightly files, Label Studio tasks, or a CVAT "
        "manifest. OUT is a file, or a folder for yolo, voc and lightly. What winnow import reads of these files is "
        "what was exported.\n\n"
        "With --scores or --metadata, a CSV table of them: a row for each image and a column for each score or field, "
        "empty where an image has none. 'winnow import OUT --as metadata' reads it.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(export_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 1,
    .run = run_export,
};
