/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow status: what a workspace holds and what is missing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../human.h"
#include "../job_setup.h"

static void print_text(const wn_status_result *result)
{
    char a[32], b[32], c[32];
    printf("workspace  %s (%s on disk)\n", human_text(result->workspace), human_bytes(result->bytes, a));
    printf("images     %s readable, %s bad files, %s gone\n", human_count((uint64_t)result->readable, a),
           human_count((uint64_t)result->bad, b), human_count((uint64_t)result->gone, c));
    for (size_t i = 0; i < result->source_count; i++)
        printf("%s  %s\n", i ? "         " : "sources  ", human_text(result->sources[i]));
    int64_t rows = result->readable + result->gone;
    for (size_t i = 0; i < result->model_count; i++) {
        const wn_status_model *model = &result->models[i];
        int64_t missing = rows > model->embedded ? rows - model->embedded : 0;
        printf("%s  %s: %lld dimensions, %s\n", i ? "         " : "models   ", human_text(model->name),
               (long long)model->dim,
               missing == 0 ? "all images embedded" : "not all images embedded; 'winnow embed' does the rest");
    }
    if (result->model_count == 0) printf("models     none yet; 'winnow train' or 'winnow curate' makes one\n");
    for (size_t i = 0; i < result->tag_count; i++)
        printf("%s  %s: %s images\n", i ? "         " : "tags     ", human_text(result->tags[i]),
               human_count((uint64_t)result->tag_rows[i], a));
    for (size_t i = 0; i < result->set_count; i++) {
        const wn_status_set *set = &result->sets[i];
        const char *title = strcmp(set->role, "predictions") == 0 ? "predicted" : set->role;
        printf("%-9s  %s: ", i && set->role == result->sets[i - 1].role ? "" : title, human_text(set->name));
        if (set->items) printf("%s, %s items for ", set->task, human_count((uint64_t)set->items, a));
        printf("%s images\n", human_count((uint64_t)set->images, b));
    }
    for (size_t i = 0; i < result->run_count; i++) {
        const wn_status_run *run = &result->runs[i];
        char when[32] = "";
        time_t started = (time_t)run->started_at;
        struct tm parts;
        if (localtime_r(&started, &parts)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &parts);
        printf("%s  %lld %s, %s, %s\n", i ? "         " : "runs     ", (long long)run->id, run->command, when,
               run->state);
    }
}

static json_t *json_lists(const wn_status_result *result)
{
    json_t *sources = json_array(), *models = json_array(), *runs = json_array(), *tags = json_object(),
           *sets = json_array();
    for (size_t i = 0; i < result->source_count; i++) json_array_append_new(sources, json_name(result->sources[i]));
    for (size_t i = 0; i < result->model_count; i++)
        json_array_append_new(models, json_pack("{s:o, s:I, s:I}", "name", json_name(result->models[i].name), "dim",
                                                (json_int_t)result->models[i].dim, "embedded",
                                                (json_int_t)result->models[i].embedded));
    for (size_t i = 0; i < result->run_count; i++)
        json_array_append_new(runs, json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)result->runs[i].id,
                                              "command", result->runs[i].command, "state", result->runs[i].state,
                                              "started_at", (json_int_t)result->runs[i].started_at, "finished_at",
                                              (json_int_t)result->runs[i].finished_at));
    for (size_t i = 0; i < result->tag_count; i++)
        json_object_set_new(tags, result->tags[i], json_integer((json_int_t)result->tag_rows[i]));
    for (size_t i = 0; i < result->set_count; i++)
        json_array_append_new(sets, json_pack("{s:s, s:o, s:s, s:I, s:I}", "role", result->sets[i].role, "name",
                                              json_name(result->sets[i].name), "task", result->sets[i].task, "images",
                                              (json_int_t)result->sets[i].images, "items",
                                              (json_int_t)result->sets[i].items));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "sources", sources, "models", models, "runs", runs, "tags", tags,
                     "sets", sets);
}

static wn_status run_status(session *run, wn_error *err)
{
    wn_status_result result;
    wn_status status = wn_job_status(run->common.workspace, &result, err);
    if (status) return status;
    if (run->common.json) {
        json_t *lists = json_lists(&result);
        json_t *object =
            json_pack("{s:o, s:I, s:I, s:I, s:I, s:o}", "workspace", json_name(result.workspace), "readable",
                      (json_int_t)result.readable, "bad", (json_int_t)result.bad, "gone", (json_int_t)result.gone,
                      "input_side", (json_int_t)result.input_side, "bytes", json_count(result.bytes));
        if (object && lists) json_object_update(object, lists);
        json_decref(lists);
        status = json_print(object, err);
    } else
        print_text(&result);
    wn_status_result_clear(&result);
    return status;
}

static const char *const examples[] = {
    "winnow status",
    "the workspace of this folder",
    "winnow status -w photos.winnow --json",
    "the same for a program",
    NULL,
};

const command command_status = {
    .name = "status",
    .summary = "what a workspace holds and what is missing",
    .usage = "[-w DIR] [OPTIONS]",
    .details = "Prints the sources, images, models, tags, labels, predictions, metadata and runs of a workspace. It "
               "only reads, and works while another winnow writes.",
    .examples = examples,
    .flags = COMMAND_PLAIN,
    .run = run_status,
};
