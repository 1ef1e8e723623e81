/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow train: a model from unlabelled images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "../train_options.h"

typedef struct train_params {
    train_values train;
    const char *name, *out, *teacher;
    bool list_methods;
} train_params;

static const wn_option options[] = {
    TRAIN_OPTION_ROWS(train_params, train, "minutes", "epochs", "steps", "method", "network", "fixed-plan", "10"),
    TRAIN_MORE_OPTION_ROWS(train_params, train),
    {WN_OPTION_TEXT, "teacher",
     "for --method distill: a model, as of embed, that embeds the images first, or its embeddings of them, one row "
     "each",
     offsetof(train_params, teacher), 0, 0, NULL, NULL, "MODEL|E.npy", 0},
    {WN_OPTION_TEXT, "name", "name of the model in the workspace (default: trained, trained-2, ...)",
     offsetof(train_params, name), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_TEXT, "out", "also write the model to this file", offsetof(train_params, out), 0, 0, NULL, NULL, "FILE",
     'o'},
    {WN_OPTION_BOOL, "list-methods",
     "print the training methods, when to use which, and their --method-options; do nothing else",
     offsetof(train_params, list_methods), 0, 0, NULL, NULL, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow train photos/ --minutes 60",
    "learn from a folder for an hour",
    "winnow train photos/ --out photos.wnm",
    "keep the model as a file for other folders",
    "winnow train photos/ --method distill --teacher dinov2-small",
    "learn to give what another model gives, in 128 numbers and faster",
    "winnow train --list-methods",
    "which training methods there are, when to use which, and the settings of each",
    "winnow train photos/ --method dcl --method-options temperature=0.2",
    "change a setting of the method",
    NULL,
};

static wn_status print_json(const wn_train_job_result *result, wn_error *err)
{
    const wn_train_result *training = &result->training;
    return json_print(json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o}", "workspace",
                                json_name(result->workspace), "model", json_name(result->model), "file",
                                json_name(result->file), "images", (json_int_t)result->images, "dim",
                                (json_int_t)result->dim, "steps", (json_int_t)training->plan.steps, "batch",
                                (json_int_t)training->plan.batch, "epochs", json_figure(training->plan.epochs), "loss",
                                json_figure(training->loss), "images_per_second",
                                json_figure(training->images_per_second), "collapsed", (int)training->collapsed,
                                "seconds", json_seconds(&result->seconds, "scan read embed train total"),
                                "peak_memory_bytes", json_peak_memory()),
                      err);
}

static bool has_range(const wn_option *row)
{
    return row->type == WN_OPTION_INT || row->type == WN_OPTION_REAL;
}

/* Numbers as numbers, what is none as it would be typed. */
static json_t *json_initial(const wn_option *row)
{
    if (!row->initial) return json_null();
    return has_range(row) ? json_figure(strtod(row->initial, NULL)) : json_string(row->initial);
}

static json_t *json_method_options(const wn_option *rows)
{
    json_t *list = json_array();
    for (const wn_option *row = rows; row->type != WN_OPTION_END; row++)
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o, s:s}", "name", row->name, "default", json_initial(row),
                                        "least", has_range(row) ? json_figure(row->low) : json_null(), "most",
                                        has_range(row) ? json_figure(row->high) : json_null(), "help", row->help));
    return list;
}

static void print_method_options(const wn_option *rows)
{
    for (const wn_option *row = rows; row->type != WN_OPTION_END; row++) {
        char setting[64];
        (void)snprintf(setting, sizeof setting, "%s=%s", row->name, row->initial ? row->initial : "");
        printf("           %-24s %s", setting, row->help);
        if (has_range(row)) printf(" (%g to %g)", row->low, row->high);
        printf("\n");
    }
}

static wn_status list_methods(const session *run, wn_error *err)
{
    const char *name, *summary;
    json_t *list = json_array();
    for (size_t i = 0; wn_train_get_method(i, &name, &summary); i++) {
        const char *advice = wn_train_get_method_advice(i);
        const wn_option *rows = wn_train_get_method_options(i);
        if (!run->common.json) {
            printf("%-10s %s\n           %s\n", name, summary, advice);
            print_method_options(rows);
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "name", name, "summary", summary, "advice",
                                              advice, "options", json_method_options(rows)));
    }
    if (run->common.json) return json_print(json_pack("{s:o}", "methods", list), err);
    json_decref(list);
    return WN_OK;
}

static wn_status run_train(session *run, wn_error *err)
{
    const train_params *params = run->params;
    wn_job job = job_of(run);
    wn_train_params train;
    wn_train_job_result result;
    char text[32], rate[32];
    if (params->list_methods) return list_methods(run, err);
    wn_status status = train_values_apply(&params->train, &train, err);
    if (status) {
        run->usage_error = status == WN_INVALID;
        return status;
    }
    if (params->teacher && (!train.method || strcmp(train.method, "distill") != 0))
        return command_usage_error(run, err, "--teacher belongs to --method distill");
    wn_train_job_options options_of_job = {.workspace = run->common.workspace,
                                           .paths = run->paths,
                                           .path_count = run->path_count,
                                           .name = params->name,
                                           .copy_to = params->out,
                                           .teacher = params->teacher,
                                           .train = &train};
    status = wn_job_train(&job, &options_of_job, &result, err);
    if (status) return say_how_to_resume(run, status);
    terminal_say(run->terminal, "  model       %s, %lld dimensions, in %s", result.model, (long long)result.dim,
                 params->out ? params->out : result.file);
    terminal_say(run->terminal, "  trained on  %s images, %lld steps of %lld, loss %.3f, %s images/s",
                 human_count((uint64_t)result.images, text), (long long)result.training.plan.steps,
                 (long long)result.training.plan.batch, result.training.loss,
                 human_count((uint64_t)result.training.images_per_second, rate));
    say_seconds(run, &result.seconds);
    if (run->common.json) status = print_json(&result, err);
    wn_train_job_result_clear(&result);
    return status;
}

const command command_train = {
    .name = "train",
    .summary = "learn an embedding from images without labels",
    .usage = "[PATH...] [--minutes M] [--out FILE] [OPTIONS]",
    .details =
        "Trains a small network by self-supervision: two views of one image shall be near to each other, views of "
        "different images far. The result is one model file that turns an image into 128 numbers, of which the first "
        "32 "
        "and the first 64 can be used alone.\n\n"
        "With paths, they are added to the workspace first and the training looks at them alone; without, at "
        "everything "
        "in the workspace. A training that was stopped goes on where it was when the same command is given again.\n\n"
        "--method distill learns from --teacher MODEL: the model embeds the images first, from the pictures that the "
        "workspace keeps, and the workspace keeps what it gives, so that it is not done again. Where the teacher looks "
        "at larger pictures than the student, 'winnow add PATH --input-side 224' beforehand keeps them as large.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(train_params),
    .most_paths = SIZE_MAX,
    .run = run_train,
};
