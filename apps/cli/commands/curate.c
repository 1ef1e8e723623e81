/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow curate: everything from a folder to a selection and a report.
 */
#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../select_options.h"
#include "../terminal.h"
#include "../train_options.h"

typedef struct curate_params {
    select_values select;
    train_values train;
    const char *config, *model, *except_tag, *copy, *link;
    int64_t input_side;
    bool keep_duplicates, since_last;
    wn_reduce reduce;
} curate_params;

#define AT(field) offsetof(curate_params, field)

static const wn_option options[] = {
    SELECT_OPTION_ROWS(curate_params, select),
    {WN_OPTION_TEXT, "config", "a selection config in place of a strategy; see docs/selection-config.md", AT(config), 0,
     0, NULL, NULL, "FILE", 0},
    {WN_OPTION_TEXT, "model",
     "model: a file, a name in the workspace, or default (default: the workspace's newest, else the built-in one)",
     AT(model), 0, 0, NULL, NULL, "FILE|NAME", 'm'},
    REDUCE_OPTION_ROWS(curate_params, reduce),
    TRAIN_OPTION_ROWS(curate_params, train, "train-minutes", "train-epochs", "train-steps", "train-method",
                      "train-network", "train-fixed-plan", NULL),
    {WN_OPTION_TEXT, "except-tag", "images with this tag count as picked already", AT(except_tag), 0, 0, NULL, NULL,
     "TAG", 0},
    {WN_OPTION_BOOL, "since-last", "pick among what is new since the last run, against all that runs picked before",
     AT(since_last), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "copy", "copy the picks into this folder; nothing there is replaced", AT(copy), 0, 0, NULL, NULL,
     "DIR", 0},
    {WN_OPTION_TEXT, "link", "make symbolic links to the picks in this folder", AT(link), 0, 0, NULL, NULL, "DIR", 0},
    {WN_OPTION_INT, "input-side", "side of the pictures that models look at, in pixels; 0 = by the size of the images",
     AT(input_side), 0, 256, "0", NULL, "N", 0},
    {WN_OPTION_BOOL, "keep-duplicates", "images with the same pixels may all be picked", AT(keep_duplicates), 0, 0,
     NULL, NULL, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow curate photos/ -n 500",
    "pick 500 with the built-in model, write the report",
    "winnow curate photos/ -n 500 --train-minutes 15",
    "adapt the model to these photos first",
    "winnow curate photos/ -n 10% --model m.wnm --copy picked/",
    "use a model, pick a tenth, copy the files",
    "winnow curate photos/ --config coral.json",
    "pick by a selection config: scores, balance, thresholds",
    "winnow curate photos/ more.tar -n 300 --min-distance 0.4",
    "two sources; stop when all others look like a pick",
    NULL,
};

/* The checks that found something, as "12 blur, 3 dark". */
static void say_issues(terminal *talk, const wn_curate_result *result)
{
    char line[400] = "", count[32];
    size_t len = 0;
    for (size_t i = 0; i < result->check_count && len < sizeof line; i++) {
        const wn_check_summary *check = &result->checks[i];
        if (check->issues > 0)
            len += (size_t)snprintf(line + len, sizeof line - len, "%s%s %s", len ? ", " : "",
                                    human_count((uint64_t)check->issues, count), check->name);
    }
    if (len) terminal_say(talk, "  checks      %s", line);
}

static void say_result(session *run, const wn_curate_result *result)
{
    char a[32], b[32], c[32];
    terminal *talk = run->terminal;
    terminal_say(talk, "  found       %s files: %s readable, %s bad", human_count(result->found, a),
                 human_count(result->readable, b), human_count(result->bad, c));
    terminal_say(talk, "  duplicates  %s exact, %s near", human_count(result->exact_duplicates, a),
                 human_count(result->near_duplicates, b));
    terminal_say(talk, "  model       %s%s, %lld dimensions", result->model,
                 result->trained ? " (trained on these images now)" : "", (long long)result->dim);
    terminal_say(talk,
                 "  selected    %s images; an image is at most %.3f from a pick (chance: %.3f), %.3f on average "
                 "(chance: %.3f)",
                 human_count((uint64_t)result->selected, a), result->covering_selected, result->covering_random_mean,
                 result->mean_selected, result->mean_random_mean);
    if (result->copied || result->copies_found)
        terminal_say(talk, "  placed      %s files, %s were there", human_count(result->copied, a),
                     human_count(result->copies_found, b));
    say_issues(talk, result);
    terminal_say(talk, "  written     %s", result->list);
    terminal_say(talk, "              %s", result->csv);
    if (result->bad) terminal_say(talk, "              %s", result->bad_list);
    if (result->exact_duplicates + result->near_duplicates) terminal_say(talk, "              %s", result->duplicates);
    terminal_say(talk, "              %s", result->report);
    say_seconds(run, &result->seconds);
}

static json_t *json_result(const wn_curate_result *result)
{
    json_t *covering = json_pack(
        "{s:I, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "rows", (json_int_t)result->covering_rows, "selected",
        json_figure(result->covering_selected), "random_mean", json_figure(result->covering_random_mean), "random_std",
        json_figure(result->covering_random_std), "mean", "selected", json_figure(result->mean_selected), "random_mean",
        json_figure(result->mean_random_mean), "random_std", json_figure(result->mean_random_std));
    json_t *files = json_pack("{s:o, s:o, s:o, s:o, s:o}", "list", json_name(result->list), "csv",
                              json_name(result->csv), "bad", json_name(result->bad_list), "duplicates",
                              json_name(result->duplicates), "report", json_name(result->report));
    json_t *issues = json_object();
    for (size_t i = 0; i < result->check_count; i++)
        if (!result->checks[i].left_out)
            json_object_set_new(issues, result->checks[i].name, json_integer((json_int_t)result->checks[i].issues));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
                     "workspace", json_name(result->workspace), "run", json_name(result->run), "found",
                     json_count(result->found), "readable", json_count(result->readable), "bad",
                     json_count(result->bad), "exact_duplicates", json_count(result->exact_duplicates),
                     "near_duplicates", json_count(result->near_duplicates), "embedded", (json_int_t)result->embedded,
                     "model", json_name(result->model), "trained", (int)result->trained, "dim", (json_int_t)result->dim,
                     "selected", (json_int_t)result->selected, "covering", covering, "issues", issues, "files", files,
                     "seconds", json_seconds(&result->seconds, "scan read train embed check select report total"),
                     "peak_memory_bytes", json_peak_memory());
}

static wn_status curate_with(session *run, const wn_selection_config *config, wn_error *err)
{
    const curate_params *params = run->params;
    wn_job job = job_of(run);
    wn_train_params train;
    wn_curate_result result;
    const char *settings[SELECT_SETTINGS];
    wn_status status = params->select.count ? select_values_check(run, &params->select, err) : WN_OK;
    if (status) return status;
    if ((status = check_reduce(run, &params->reduce, false, err))) return status;
    if ((status = check_input_side(run, params->input_side, err))) return status;
    status = train_values_apply(&params->train, &train, err);
    if (status) {
        run->usage_error = status == WN_INVALID;
        return status;
    }
    select_values_settings(&params->select, settings);
    wn_curate_options curate = {.workspace = run->common.workspace,
                                .paths = run->paths,
                                .path_count = run->path_count,
                                .count = params->select.count,
                                .strategy = params->select.strategy,
                                .settings = settings,
                                .config = config,
                                .model = params->model,
                                .reduce = params->reduce,
                                .train = train_values_given(&params->train) ? &train : NULL,
                                .except_tag = params->except_tag,
                                .copy = params->copy,
                                .link = params->link,
                                .input_side = params->input_side,
                                .since_last = params->since_last,
                                .at_most = params->select.at_most,
                                .keep_duplicates = params->keep_duplicates};
    status = wn_job_curate(&job, &curate, &result, err);
    if (status) return say_how_to_resume(run, status);
    if (result.nothing_new)
        terminal_say(run->terminal, "  nothing new since the last run: %llu images are known, and none was picked",
                     (unsigned long long)result.readable);
    else if (!job.dry_run)
        say_result(run, &result);
    json_t *object = run->common.json ? json_result(&result) : NULL;
    if (object && params->since_last) json_object_set_new(object, "nothing_new", json_boolean(result.nothing_new));
    if (run->common.json) status = json_print(object, err);
    wn_curate_result_clear(&result);
    return status;
}

static wn_status run_curate(session *run, wn_error *err)
{
    const curate_params *params = run->params;
    wn_selection_config *config = NULL;
    if (!params->select.count && !params->config)
        return command_usage_error(run, err, "how many images? Give -n 500, or -n 10%%");
    wn_status status = select_values_check_config(run, &params->select, params->config, err);
    if (!status && params->config && (status = wn_selection_config_read(params->config, &config, err)))
        run->usage_error = status == WN_INVALID;
    if (!status) status = curate_with(run, config, err);
    wn_selection_config_free(&config);
    return status;
}

const command command_curate = {
    .name = "curate",
    .summary = "the whole way: pick the images of a folder worth labelling, with a report",
    .usage = "PATH... -n K | --config FILE.json [OPTIONS]",
    .details =
        "Reads the images, embeds them with the built-in model (or --model, or one that --train-minutes adapts to "
        "them), finds duplicates, and picks K images so that every image has a pick near to it and no two picks say "
        "the same. Images with the same pixels count once. Without PATH it works on what the workspace holds.\n\n"
        "With predictions in the workspace (winnow import) images count by how unsure the model is about them: the "
        "picks are those that unsure images are near to. --strategy names another way, --config any mix of ways.\n\n"
        "The work is kept in a workspace (-w; default NAME.winnow in this folder). Each run has a folder there:\n\n"
        "  selected.txt     the picks, one path a line, best first\n"
        "  selected.csv     path,rank,distance,nearest: the nearest earlier pick\n"
        "  bad_files.csv    path,reason: files that could not be read\n"
        "  duplicates.csv   from,to,distance: 0 = the same pixels\n"
        "  issues.csv       blur, darkness, outliers and other checks of every image\n"
        "  report.html      one page that shows all of it, readable offline\n"
        "  config.json, log.txt\n\n"
        "A run that was stopped, by Ctrl-C or by a power cut, is finished by the same command. The same command after "
        "the end reads only what is new and makes the next run.\n\n"
        "--since-last picks among what is new only, and far from all that earlier runs picked: the next batch. A "
        "scheduler can run it again and again; with nothing new it says so and makes no run.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(curate_params),
    .flags = COMMAND_READS | COMMAND_WRITES,
    .most_paths = SIZE_MAX,
    .run = run_curate,
};
