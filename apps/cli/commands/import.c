/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow import: labels, predictions and metadata of other tools.
 */
#include <stdio.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/annotation.h"

typedef struct import_params {
    int role, box;
    const char *format, *name, *task, *column, *names, *reference, *paths, *strip, *weights, *ignore;
} import_params;

#define AT(field) offsetof(import_params, field)

static const char *const role_words[] = {"labels", "predictions", "metadata", NULL};
static const char *const box_words[] = {"auto", "xywh", "xyxy", NULL};

static const wn_option options[] = {
    {WN_OPTION_CHOICE, "as", "what the file holds", AT(role), 0, 0, "labels", role_words, NULL, 0},
    {WN_OPTION_TEXT, "format", "how it is written (default: found out)", AT(format), 0, 0, "auto", NULL, "NAME", 0},
    {WN_OPTION_TEXT, "name", "name of the set in the workspace (default: as the file is called)", AT(name), 0, 0, NULL,
     NULL, "NAME", 0},
    {WN_OPTION_TEXT, "task", "one task of a Lightly folder (default: all)", AT(task), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_TEXT, "column", "title of the label column of a table", AT(column), 0, 0, NULL, NULL, "TITLE", 0},
    {WN_OPTION_TEXT, "names", "names of the classes, one a line, where the file has numbers", AT(names), 0, 0, NULL,
     NULL, "FILE", 0},
    {WN_OPTION_TEXT, "reference", "COCO annotations that a result file refers to", AT(reference), 0, 0, NULL, NULL,
     "FILE", 0},
    {WN_OPTION_TEXT, "paths", "paths of the images of an array, one a line", AT(paths), 0, 0, NULL, NULL, "FILE", 0},
    {WN_OPTION_TEXT, "strip", "beginning of the paths in the file to leave out", AT(strip), 0, 0, NULL, NULL, "PREFIX",
     0},
    {WN_OPTION_TEXT, "class-weights", "factors of the scores of objects by their class: person=2,car=0.5", AT(weights),
     0, 0, NULL, NULL, "LIST", 0},
    {WN_OPTION_TEXT, "ignore", "values of PNG masks that are no class, as 0,255; or none (default: 255)", AT(ignore), 0,
     0, NULL, NULL, "VALUES", 0},
    {WN_OPTION_CHOICE, "box", "how boxes of tables and JSON Lines are written", AT(box), 0, 0, "auto", box_words, NULL,
     0},
    {0},
};

static const char *const examples[] = {
    "winnow import instances_train.json",
    "boxes and masks of a COCO file as labels",
    "winnow import results.json --as predictions --reference instances_val.json",
    "what a model found, as a COCO result file",
    "winnow import .lightly/predictions --as predictions",
    "all prediction tasks of a Lightly folder",
    "winnow import weather.csv --as metadata",
    "every column of a table but the path as a metadata field",
    NULL,
};

static void say_set(session *run, const wn_import_set *set)
{
    char a[32], b[32], c[32];
    if (run->params && ((const import_params *)run->params)->role == WN_ROLE_METADATA) {
        terminal_say(run->terminal, "  %-10s  %s fields for %s images (%s)", set->name,
                     human_count((uint64_t)set->fields, a), human_count((uint64_t)set->rows, b), set->format);
    } else
        terminal_say(run->terminal, "  %-10s  %s %s in %s %s for %s %s (%s, %s)", set->name,
                     human_count((uint64_t)set->items, a), set->items == 1 ? "item" : "items",
                     human_count((uint64_t)set->categories, b), set->categories == 1 ? "category" : "categories",
                     human_count((uint64_t)set->rows, c), set->rows == 1 ? "image" : "images", set->format, set->task);
    if (set->unmatched || set->ambiguous)
        terminal_say(run->terminal, "  unmatched   %s of %s images are not in the workspace, %s could be several",
                     human_count((uint64_t)set->unmatched, a), human_count((uint64_t)set->images, b),
                     human_count((uint64_t)set->ambiguous, c));
    if (set->dropped)
        terminal_say(run->terminal, "  left out    %s items that make no sense",
                     human_count((uint64_t)set->dropped, a));
    if (run->params && ((const import_params *)run->params)->role == WN_ROLE_LABELS && set->confident)
        terminal_say(
            run->terminal,
            "  note        %s items have a confidence; '--as predictions' keeps them as predictions, with scores",
            human_count((uint64_t)set->confident, a));
    for (size_t i = 0; i < set->shown_count; i++) terminal_say(run->terminal, "  problem     %s", set->shown[i]);
    if ((size_t)set->problems > set->shown_count)
        terminal_say(run->terminal, "  problem     ... and %s more",
                     human_count((uint64_t)set->problems - set->shown_count, a));
}

static json_t *json_set(const wn_import_set *set)
{
    return json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
                     json_name(set->name), "task", set->task, "format", set->format, "images", (json_int_t)set->images,
                     "matched", (json_int_t)set->matched, "unmatched", (json_int_t)set->unmatched, "ambiguous",
                     (json_int_t)set->ambiguous, "rows", (json_int_t)set->rows, "items", (json_int_t)set->items,
                     "confident", (json_int_t)set->confident, "dropped", (json_int_t)set->dropped, "categories",
                     (json_int_t)set->categories, "fields", (json_int_t)set->fields, "scores", (json_int_t)set->scores,
                     "problems", (json_int_t)set->problems);
}

static wn_status print_json(const session *run, const wn_import_result *result, wn_error *err)
{
    const import_params *params = run->params;
    json_t *sets = json_array();
    for (size_t i = 0; i < result->set_count; i++) json_array_append_new(sets, json_set(&result->sets[i]));
    return json_print(json_pack("{s:o, s:s, s:b, s:o, s:o, s:{s:o}, s:o}", "workspace", json_name(result->workspace),
                                "role", role_words[params->role], "dry_run", (int)run->common.dry_run, "sets", sets,
                                "problems", result->problems ? json_name(result->problems) : json_null(), "seconds",
                                "total", json_figure(result->seconds), "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status run_import(session *run, wn_error *err)
{
    const import_params *params = run->params;
    wn_job job = job_of(run);
    wn_annotation_options reader = {.format = params->format,
                                    .task = params->task,
                                    .column = params->column,
                                    .names = params->names,
                                    .reference = params->reference,
                                    .ignore = params->ignore,
                                    .box = params->box ? box_words[params->box] : NULL};
    wn_import_options import = {.workspace = run->common.workspace,
                                .path = run->paths[0],
                                .role = (wn_annotation_role)params->role,
                                .name = params->name,
                                .reader = &reader,
                                .paths = params->paths,
                                .class_weights = params->weights,
                                .strip = params->strip};
    wn_import_result result;
    wn_status status = wn_job_import(&job, &import, &result, err);
    if (status) return status;
    for (size_t i = 0; i < result.set_count; i++) say_set(run, &result.sets[i]);
    if (result.problems) terminal_say(run->terminal, "  problems    %s", result.problems);
    if (run->common.dry_run) terminal_say(run->terminal, "nothing was written (--dry-run)");
    if (run->common.json) status = print_json(run, &result, err);
    wn_import_result_clear(&result);
    return status;
}

const command command_import = {
    .name = "import",
    .summary = "labels, predictions and metadata of other tools",
    .usage = "PATH [--as labels|predictions|metadata] [OPTIONS]",
    .details =
        "Reads class folders, CSV, COCO, Pascal VOC, YOLO, Lightly predictions and metadata, JSON Lines, .npy "
        "arrays and PNG masks, "
        "and keeps what they say about the images of the workspace. Importing again under the same name replaces.\n\n"
        "Images are found by their path: the same file; else the image whose path ends with the path in the file; else "
        "the same file name where it is the only one on both sides. What is not found, and entries that make no sense, "
        "are left out, counted, and listed with file, line and reason in import_problems.csv of the run.\n\n"
        "Predictions get their scores (uncertainty, object frequency and the others) at import.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(import_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 1,
    .run = run_import,
};
