/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow tag: named sets of images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"

typedef struct tag_params {
    const char *paths, *selection, *label, *labels;
} tag_params;

#define AT(field) offsetof(tag_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "paths", "create: the images named in a file, one a line", AT(paths), 0, 0, NULL, NULL, "FILE", 0},
    {WN_OPTION_TEXT, "selection", "create: the picks of a selection, by number or 'last'", AT(selection), 0, 0, NULL,
     NULL, "N", 0},
    {WN_OPTION_TEXT, "label", "create: the images with this class", AT(label), 0, 0, NULL, NULL, "CLASS", 0},
    {WN_OPTION_TEXT, "labels", "the set of labels that --label is about (default: the newest)", AT(labels), 0, 0, NULL,
     NULL, "NAME", 0},
    {0},
};

static const char *const examples[] = {
    "winnow tag list",
    "all tags with their number of images",
    "winnow tag create batch-1 --paths batch1.txt",
    "a tag from a list of paths",
    "winnow tag subtract rest pool batch-1",
    "rest = the images of pool that are not in batch-1",
    "winnow tag undo",
    "takes the last change of a tag back",
    NULL,
};

static const struct action {
    const char *word;
    wn_tag_action action;
    size_t least, most; /* words behind it */
} actions[] = {
    {"list", WN_TAG_LIST, 0, 0},
    {"show", WN_TAG_SHOW, 1, 1},
    {"create", WN_TAG_CREATE, 1, 1},
    {"union", WN_TAG_UNION, 3, 64},
    {"intersect", WN_TAG_INTERSECT, 3, 64},
    {"subtract", WN_TAG_SUBTRACT, 3, 64},
    {"delete", WN_TAG_DELETE, 1, 1},
    {"undo", WN_TAG_UNDO, 0, 0},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

static wn_status find_action(session *run, const struct action **out, wn_error *err)
{
    const char *names[ACTIONS + 1] = {0}, *word = run->path_count ? run->paths[0] : "list";
    size_t behind = run->path_count ? run->path_count - 1 : 0;
    for (size_t i = 0; i < ACTIONS; i++) {
        names[i] = actions[i].word;
        if (strcmp(actions[i].word, word) != 0) continue;
        *out = &actions[i];
        if (behind >= actions[i].least && behind <= actions[i].most) return WN_OK;
        return command_usage_error(run, err, "'winnow tag %s' takes %s", word,
                                   actions[i].least == 0   ? "no names"
                                   : actions[i].least == 1 ? "the name of one tag"
                                                           : "the name of the new tag and at least two tags");
    }
    const char *near = wn_nearest_word(word, names);
    return command_usage_error(run, err, "there is no 'winnow tag %s'%s%s%s", word, near ? "; did you mean '" : "",
                               near ? near : "", near ? "'?" : "");
}

static wn_status read_selection(session *run, const char *text, int64_t *out, wn_error *err)
{
    char *end = NULL;
    *out = 0;
    if (!text) return WN_OK;
    *out = strcmp(text, "last") == 0 ? -1 : strtoll(text, &end, 10);
    if (*out == -1 || (*out > 0 && !*end)) return WN_OK;
    return command_usage_error(run, err, "--selection '%s': a number from 1, or 'last'", text);
}

static wn_status print_json(session *run, const char *action, const wn_tag_result *result, wn_error *err)
{
    json_t *tags = json_array(), *paths = json_array();
    for (size_t i = 0; i < result->tag_count; i++)
        json_array_append_new(tags, json_pack("{s:o, s:I, s:I}", "name", json_name(result->tags[i].name), "images",
                                              (json_int_t)result->tags[i].rows, "created_at",
                                              (json_int_t)result->tags[i].created_at));
    for (int64_t i = 0; result->paths && i < result->rows; i++)
        json_array_append_new(paths, json_name(result->paths[i]));
    return json_print(json_pack("{s:o, s:s, s:o, s:b, s:I, s:I, s:b, s:o, s:o}", "workspace",
                                json_name(result->workspace), "action", action, "name",
                                result->name ? json_name(result->name) : json_null(), "gone", (int)result->gone,
                                "images", (json_int_t)result->rows, "unmatched", (json_int_t)result->unmatched,
                                "dry_run", (int)run->common.dry_run, "tags", tags, "paths", paths),
                      err);
}

static void print_text(session *run, const wn_tag_result *result)
{
    char a[32];
    for (size_t i = 0; i < result->tag_count; i++)
        printf("%s: %s images\n", human_text(result->tags[i].name), human_count((uint64_t)result->tags[i].rows, a));
    for (int64_t i = 0; result->paths && i < result->rows; i++) print_path(stdout, result->paths[i]);
    if (!result->name || result->paths) return;
    if (result->gone) {
        terminal_say(run->terminal, "  tag         %s is gone ('winnow tag undo' takes it back)", result->name);
    } else
        terminal_say(run->terminal, "  tag         %s: %s images", result->name,
                     human_count((uint64_t)result->rows, a));
    if (result->unmatched)
        terminal_say(run->terminal, "  unmatched   %s paths are no image of the workspace",
                     human_count((uint64_t)result->unmatched, a));
    if (run->common.dry_run) terminal_say(run->terminal, "nothing was written (--dry-run)");
}

static wn_status run_tag(session *run, wn_error *err)
{
    const tag_params *params = run->params;
    const struct action *action = NULL;
    wn_job job = job_of(run);
    wn_tag_options tag = {.workspace = run->common.workspace,
                          .paths = params->paths,
                          .label = params->label,
                          .label_set = params->labels};
    wn_tag_result result;
    wn_status status = find_action(run, &action, err);
    if (!status) status = read_selection(run, params->selection, &tag.selection, err);
    if (status) return status;
    if (action->action == WN_TAG_CREATE && !params->paths && !params->selection && !params->label)
        return command_usage_error(run, err, "name --paths FILE, --selection N or --label CLASS");
    tag.action = action->action;
    if (run->path_count > 1) {
        tag.name = run->paths[1];
        tag.from = run->paths + 2;
        tag.from_count = run->path_count - 2;
    }
    if ((status = wn_job_tag(&job, &tag, &result, err))) return status;
    if (run->common.json) {
        status = print_json(run, action->word, &result, err);
    } else
        print_text(run, &result);
    wn_tag_result_clear(&result);
    return status;
}

const command command_tag = {
    .name = "tag",
    .summary = "named sets of images: list, make, combine, take back",
    .usage = "list | show TAG | create TAG --paths FILE | union|intersect|subtract NEW TAG TAG... | delete TAG | undo",
    .details =
        "Selections are tags, and tags say what was picked already ('winnow select --except-tag TAG'). create makes "
        "one from a list of paths, the picks of a selection, or the images of a class; union, intersect and "
        "subtract make one from others; delete removes one. Every change, also one that another command made, can be "
        "taken back with undo, the newest first.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(tag_params),
    .flags = COMMAND_WRITES,
    .most_paths = 66,
    .run = run_tag,
};
