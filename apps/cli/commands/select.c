/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow select: K of N, in a workspace or on plain arrays.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../select_config.h"
#include "../select_options.h"
#include "../terminal.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/selection.h"

typedef struct select_params {
    select_values select;
    const char *embeddings, *preselected, *scores, *probabilities, *labels, *out, *out_distances;
    const char *model, *tag, *except_tag;
    const char *config, *from, *out_reasons;
    int64_t sequence_length;
    bool keep_duplicates, explain, evaluate;
    wn_reduce reduce;
} select_params;

#define AT(field) offsetof(select_params, field)

static const wn_option options[] = {
    SELECT_OPTION_ROWS(select_params, select),
    {WN_OPTION_TEXT, "embeddings", "array mode: N x dim values", AT(embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "preselected", "array mode: row numbers that count as picked already", AT(preselected), 0, 0, NULL,
     NULL, "I.npy", 0},
    {WN_OPTION_TEXT, "scores", "array mode: one score a row, the higher the more wanted", AT(scores), 0, 0, NULL, NULL,
     "S.npy", 0},
    {WN_OPTION_TEXT, "probabilities", "array mode: N x classes, what a model says of each row", AT(probabilities), 0, 0,
     NULL, NULL, "P.npy", 0},
    {WN_OPTION_TEXT, "labels", "array mode: class number of each row, -1 = not known", AT(labels), 0, 0, NULL, NULL,
     "L.npy", 0},
    {WN_OPTION_TEXT, "out", "array mode: the picks (int64, in pick order); else the paths, one a line", AT(out), 0, 0,
     NULL, NULL, "FILE", 'o'},
    {WN_OPTION_TEXT, "out-distances", "array mode: distance of each pick to the nearest earlier one (float32)",
     AT(out_distances), 0, 0, NULL, NULL, "D.npy", 0},
    {WN_OPTION_TEXT, "model", "whose embeddings: a file, or a name in the workspace (default: its newest)", AT(model),
     0, 0, NULL, NULL, "FILE|NAME", 'm'},
    REDUCE_OPTION_ROWS(select_params, reduce),
    {WN_OPTION_TEXT, "tag", "name under which the selection is kept", AT(tag), 0, 0, "selected", NULL, "NAME", 't'},
    {WN_OPTION_TEXT, "except-tag", "images with this tag count as picked already", AT(except_tag), 0, 0, NULL, NULL,
     "TAG", 0},
    {WN_OPTION_TEXT, "config", "a selection config in place of a strategy; see docs/selection-config.md", AT(config), 0,
     0, NULL, NULL, "FILE.json", 0},
    {WN_OPTION_TEXT, "from", "take the first K of a selection that was made before, by tag or number", AT(from), 0, 0,
     NULL, NULL, "TAG|N", 0},
    {WN_OPTION_BOOL, "explain", "say what would be done and what memory it takes, and do not pick", AT(explain), 0, 0,
     NULL, NULL, NULL, 0},
    {WN_OPTION_INT, "sequence-length", "pick runs of L files that follow each other in a folder, such as frames",
     AT(sequence_length), 1, 1e6, "1", NULL, "L", 0},
    {WN_OPTION_BOOL, "evaluate", "compare the picks with ten random selections of the same size", AT(evaluate), 0, 0,
     NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "out-reasons", "a table with the reason of each pick: rank, distance, nearest, objectives",
     AT(out_reasons), 0, 0, NULL, NULL, "FILE.csv", 0},
    {WN_OPTION_BOOL, "keep-duplicates", "images with the same pixels may all be picked", AT(keep_duplicates), 0, 0,
     NULL, NULL, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow select -n 200 --except-tag batch-1 --tag batch-2",
    "the next 200, different from the first batch",
    "winnow select --embeddings e.npy -n 1000 --out picks.npy --json",
    "on a plain array, figures as JSON",
    "winnow select --config coral.json --explain",
    "what a selection config would do",
    NULL,
};

static json_t *json_selection(int64_t rows, int64_t dim, const char *strategy, int64_t selected, bool stopped,
                              double objective, double radius, json_t *seconds)
{
    return json_pack("{s:I, s:I, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "rows", (json_int_t)rows, "dim", (json_int_t)dim,
                     "strategy", strategy, "selected", (json_int_t)selected, "stopped", (int)stopped, "objective",
                     json_figure(objective), "covering_radius", json_figure(radius), "seconds", seconds,
                     "peak_memory_bytes", json_peak_memory());
}

/* ---- on arrays ---- */

typedef struct arrays {
    wn_npy *embeddings, *preselected, *scores, *probabilities, *labels;
    wn_selection_request request;
    const wn_strategy *strategy;
    void *params;
    wn_selection selection;
    double read_seconds, select_seconds, write_seconds;
} arrays;

/* What is known of the rows beside their embeddings. */
static wn_status open_signals(const select_params *params, arrays *all, wn_error *err)
{
    wn_status status = WN_OK;
    if (params->scores && !(status = wn_npy_open(params->scores, &all->scores, err)))
        status = wn_npy_vector(all->scores, &all->request.scores, err);
    if (!status && params->probabilities && !(status = wn_npy_open(params->probabilities, &all->probabilities, err)))
        status = wn_npy_matrix(all->probabilities, &all->request.probabilities, err);
    if (!status && params->labels && !(status = wn_npy_open(params->labels, &all->labels, err)))
        status = wn_npy_labels(all->labels, &all->request.labels, err);
    return status;
}

static void close_arrays(arrays *all)
{
    wn_selection_clear(&all->selection);
    wn_free(all->params);
    wn_npy_close(&all->labels);
    wn_npy_close(&all->probabilities);
    wn_npy_close(&all->scores);
    wn_npy_close(&all->preselected);
    wn_npy_close(&all->embeddings);
}

static wn_status open_arrays(session *run, const select_params *params, arrays *all, wn_error *err)
{
    wn_status status;
    if ((status = wn_npy_open(params->embeddings, &all->embeddings, err))) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all->embeddings);
    uint64_t bytes = (uint64_t)shape->rows * shape->cols * sizeof(float) + wn_npy_matrix_bytes(all->embeddings);
    char need[32], limit[32];
    if (run->memory_limit && bytes >= run->memory_limit)
        return command_fail(err, WN_LIMIT, "the embeddings take %s, more than --memory-limit %s; raise the limit",
                            human_bytes(bytes, need), human_bytes(run->memory_limit, limit));
    if ((status = wn_npy_matrix(all->embeddings, &all->request.embeddings, err))) return status;
    if ((status = wn_matrix_check_finite(&all->request.embeddings, params->embeddings, run->pool, err))) return status;
    if (params->preselected) {
        if ((status = wn_npy_open(params->preselected, &all->preselected, err))) return status;
        if ((status = wn_npy_integers(all->preselected, &all->request.preselected, err))) return status;
    }
    if ((status = open_signals(params, all, err))) return status;
    all->request.seed = (uint64_t)run->common.seed;
    all->request.pool = run->pool;
    all->request.progress = &run->progress;
    if (run->memory_limit) all->request.memory_limit = run->memory_limit - bytes;
    return WN_OK;
}

/* A bad word on the command line is a usage error, whoever finds it. */
static wn_status prepare_strategy(session *run, const select_params *params, arrays *all, wn_error *err)
{
    const char *settings[SELECT_SETTINGS];
    select_values_settings(&params->select, settings);
    wn_status status = wn_job_prepare_strategy(params->select.strategy, settings, &all->strategy, &all->params, err);
    if (!status)
        status = wn_job_parse_count(params->select.count, all->request.embeddings.rows, params->select.at_most,
                                    &all->request.count, err);
    if (status == WN_INVALID) run->usage_error = true;
    return status;
}

static wn_status write_arrays(const select_params *params, arrays *all, wn_error *err)
{
    const wn_selection *selection = &all->selection;
    wn_status status = WN_OK;
    if (params->out) status = wn_npy_write_integers(params->out, selection->picks, selection->len, err);
    if (!status && params->out_distances)
        status = wn_npy_write_floats(params->out_distances, selection->distances, selection->len, err);
    return status;
}

/* The picks beside random ones. */
static wn_status evaluate_arrays(session *run, const select_params *params, const arrays *all, wn_select_result *out,
                                 wn_error *err)
{
    wn_job job = job_of(run);
    wn_status status =
        wn_job_evaluate_arrays(&job, &all->request.embeddings, (wn_rows){all->selection.picks, all->selection.len},
                               all->request.preselected, params->labels, out, err);
    if (!status) say_evidence(run, out);
    return status;
}

static wn_status finish_arrays(session *run, const select_params *params, arrays *all, wn_error *err)
{
    const wn_selection *selection = &all->selection;
    double started = now();
    char text[32];
    wn_status status = write_arrays(params, all, err);
    if (status) return status;
    all->write_seconds = now() - started;
    if (!params->out && !run->common.json)
        for (size_t i = 0; i < selection->len; i++) printf("%lld\n", (long long)selection->picks[i]);
    terminal_say(run->terminal, "  selected    %s of %zu rows, covering radius %.6g%s",
                 human_count(selection->len, text), all->request.embeddings.rows, selection->radius,
                 selection->stopped ? " (stopped by the minimum distance)" : "");
    if (params->out) terminal_say(run->terminal, "  written     %s", params->out);
    wn_select_result evidence = {0};
    if (params->evaluate && (status = evaluate_arrays(run, params, all, &evidence, err))) return status;
    if (!run->common.json) {
        wn_select_result_clear(&evidence);
        return WN_OK;
    }
    json_t *seconds = json_pack("{s:o, s:o, s:o, s:o}", "read", json_figure(all->read_seconds), "select",
                                json_figure(all->select_seconds), "write", json_figure(all->write_seconds), "total",
                                json_figure(all->read_seconds + all->select_seconds + all->write_seconds));
    json_t *object = json_selection((int64_t)all->request.embeddings.rows, (int64_t)all->request.embeddings.cols,
                                    all->strategy->name, (int64_t)selection->len, selection->stopped != 0,
                                    selection->objective, selection->radius, seconds);
    if (object) json_add_evidence(object, &evidence);
    wn_select_result_clear(&evidence);
    return json_print(object, err);
}

/* What a strategy would do, as wn_job_select tells it of a workspace. */
static wn_status explain_arrays(session *run, const arrays *all, wn_error *err)
{
    char memory[32], text[512];
    const wn_selection_request *request = &all->request;
    human_bytes(wn_select_memory(all->strategy, all->params, request), memory);
    snprintf(text, sizeof text,
             "%zu rows: %zu count as picked already\npicks %zu with %s: %s\nmemory %s beside the inputs\n",
             request->embeddings.rows, request->preselected.len, request->count, all->strategy->name,
             all->strategy->summary, memory);
    const wn_select_result result = {.explain = text};
    return print_explanation(run, &result, err);
}

static wn_status select_arrays(session *run, const select_params *params, wn_error *err)
{
    arrays all = {0};
    double started = now();
    wn_status status = open_arrays(run, params, &all, err);
    if (!status) status = prepare_strategy(run, params, &all, err);
    all.read_seconds = now() - started;
    if (status || params->explain) {
        if (!status) status = explain_arrays(run, &all, err);
        close_arrays(&all);
        return status;
    }
    started = now();
    if (!run->common.dry_run) status = wn_select(all.strategy, all.params, &all.request, &all.selection, err);
    all.select_seconds = now() - started;
    if (!status && run->common.dry_run)
        terminal_say(run->terminal, "would pick %zu of %zu rows; nothing was written (--dry-run)", all.request.count,
                     all.request.embeddings.rows);
    else if (!status)
        status = finish_arrays(run, params, &all, err);
    close_arrays(&all);
    return status;
}

/* ---- in a workspace ---- */

/* To a file; to standard output where `out` is NULL. */
static wn_status print_paths(const char *out, const wn_select_result *result, wn_error *err)
{
    FILE *to = out ? fopen(out, "we") : stdout;
    if (!to) return command_fail(err, WN_IO, "cannot write '%s'", out);
    for (int64_t i = 0; i < result->selected; i++) print_path(to, result->paths[i]);
    bool failed = ferror(to) != 0;
    if (to != stdout) failed = fclose(to) != 0 || failed;
    return failed ? command_fail(err, WN_IO, "cannot write '%s'", out ? out : "standard output") : WN_OK;
}

static void say_selected(session *run, const wn_select_result *result)
{
    char a[32], b[32], radius[48] = "";
    if (isfinite(result->radius)) snprintf(radius, sizeof radius, ", covering radius %.6g", result->radius);
    terminal_say(run->terminal, "  selected    %s of %s images%s%s", human_count((uint64_t)result->selected, a),
                 human_count((uint64_t)result->candidates, b), radius,
                 result->stopped ? " (nothing else may be picked)" : "");
}

/* In place of picks: what a dry run found without an embedding. */
static void say_foreseen(session *run, const wn_select_result *result)
{
    char a[32], b[32], what[96] = "";
    if (result->unembedded) snprintf(what, sizeof what, "%s images", human_count((uint64_t)result->unembedded, a));
    if (result->unembedded_objects) {
        size_t len = strlen(what);
        snprintf(what + len, sizeof what - len, "%s%s objects of images", len ? " and " : "",
                 human_count((uint64_t)result->unembedded_objects, a));
    }
    terminal_say(
        run->terminal,
        "would embed %s with the model '%s', and then pick %s of %s; nothing was embedded or written (--dry-run)", what,
        result->model, human_count((uint64_t)result->planned, a), human_count((uint64_t)result->candidates, b));
}

static json_t *json_select_result(const wn_select_result *result, bool dry_run)
{
    const bool foreseen = result->unembedded || result->unembedded_objects;
    json_t *object = json_selection(result->rows, result->dim, result->strategy,
                                    foreseen ? result->planned : result->selected, result->stopped, result->objective,
                                    result->radius, json_seconds(&result->seconds, "embed select total"));
    if (!object) return NULL;
    json_object_set_new(object, "workspace", json_name(result->workspace));
    if (result->model) json_object_set_new(object, "model", json_name(result->model));
    json_object_set_new(object, "tag", dry_run ? json_null() : json_name(result->tag));
    if (foreseen) {
        json_object_set_new(object, "would_embed", json_count((uint64_t)result->unembedded));
        json_object_set_new(object, "would_embed_objects", json_count((uint64_t)result->unembedded_objects));
        return object;
    }
    json_add_objectives(object, result);
    json_add_evidence(object, result);
    return object;
}

static wn_status print_selected(session *run, const select_params *params, const wn_select_result *result,
                                wn_error *err)
{
    const bool dry_run = run->common.dry_run;
    const char *out = dry_run ? NULL : params->out;
    wn_status status = WN_OK;
    say_selected(run, result);
    if (dry_run)
        terminal_say(run->terminal, "  tag         none was kept, and no file written (--dry-run)");
    else
        terminal_say(run->terminal, "  tag         %s in %s", result->tag, result->workspace);
    say_seconds(run, &result->seconds);
    say_evidence(run, result);
    if (out || !run->common.json) status = print_paths(out, result, err);
    if (!status && params->out_reasons && !dry_run) status = write_reasons(params->out_reasons, result, err);
    return status;
}

static wn_status select_in_workspace(session *run, const select_params *params, const wn_selection_config *config,
                                     wn_error *err)
{
    wn_job job = job_of(run);
    wn_select_result result;
    const char *settings[SELECT_SETTINGS];
    select_values_settings(&params->select, settings);
    wn_select_options select = {.workspace = run->common.workspace,
                                .count = params->select.count,
                                .strategy = params->select.strategy,
                                .settings = settings,
                                .model = params->model,
                                .reduce = params->reduce,
                                .tag = params->tag,
                                .except_tag = params->except_tag,
                                .at_most = params->select.at_most,
                                .keep_duplicates = params->keep_duplicates,
                                .config = config,
                                .from = params->from,
                                .sequence_length = params->sequence_length,
                                .evaluate = params->evaluate,
                                .explain = params->explain};
    wn_status status = wn_job_select(&job, &select, &result, err);
    if (status) return say_how_to_resume(run, status);
    const bool foreseen = result.unembedded || result.unembedded_objects;
    const bool explains = params->explain && !foreseen;
    if (foreseen)
        say_foreseen(run, &result);
    else
        status = explains ? print_explanation(run, &result, err) : print_selected(run, params, &result, err);
    if (!status && !explains && run->common.json) status = json_print(json_select_result(&result, job.dry_run), err);
    wn_select_result_clear(&result);
    return status;
}

/* A selection config on arrays. */
static wn_status select_arrays_by_config(session *run, const select_params *params, const wn_selection_config *config,
                                         wn_error *err)
{
    arrays all = {0};
    wn_job job = job_of(run);
    wn_select_result result = {0};
    wn_status status = open_arrays(run, params, &all, err);
    wn_select_arrays_options select = {.config = config,
                                       .embeddings = all.request.embeddings,
                                       .preselected = all.request.preselected,
                                       .count = params->select.count,
                                       .scores = params->scores,
                                       .probabilities = params->probabilities,
                                       .labels = params->labels,
                                       .at_most = params->select.at_most,
                                       .explain = params->explain};
    if (!status) status = wn_job_select_arrays(&job, &select, &result, err);
    if (!status && params->evaluate && !params->explain)
        status = wn_job_evaluate_arrays(&job, &all.request.embeddings, (wn_rows){result.picks, (size_t)result.selected},
                                        all.request.preselected, params->labels, &result, err);
    if (!status && params->explain) {
        status = print_explanation(run, &result, err);
    } else if (!status) {
        wn_selection picked = {.picks = result.picks, .distances = result.distances, .len = (size_t)result.selected};
        const bool dry_run = run->common.dry_run;
        all.selection = picked;
        if (!dry_run) status = write_arrays(params, &all, err);
        if (!status && params->out_reasons && !dry_run) status = write_reasons(params->out_reasons, &result, err);
        if (!status) status = print_array_picks(run, dry_run ? NULL : params->out, &result, err);
        if (!status && dry_run) terminal_say(run->terminal, "  nothing was written (--dry-run)");
        all.selection = (wn_selection){0};
    }
    wn_select_result_clear(&result);
    close_arrays(&all);
    return status;
}

static wn_status select_with(session *run, const select_params *params, const wn_selection_config *config,
                             wn_error *err)
{
    wn_status status = check_reduce(run, &params->reduce, params->embeddings != NULL, err);
    if (status) return status;
    if (params->embeddings && params->sequence_length > 1)
        return command_usage_error(run, err, "--sequence-length works in a workspace: arrays have no folders");
    if (params->embeddings && config) return select_arrays_by_config(run, params, config, err);
    if (params->embeddings) return select_arrays(run, params, err);
    const struct {
        const char *name, *value;
    } arrays_only[] = {{"preselected", params->preselected},
                       {"scores", params->scores},
                       {"probabilities", params->probabilities},
                       {"labels", params->labels},
                       {"out-distances", params->out_distances}};
    for (size_t i = 0; i < sizeof arrays_only / sizeof arrays_only[0]; i++)
        if (arrays_only[i].value)
            return command_usage_error(run, err, "--%s belongs to array mode: name --embeddings E.npy too",
                                       arrays_only[i].name);
    return select_in_workspace(run, params, config, err);
}

static wn_status run_select(session *run, wn_error *err)
{
    const select_params *params = run->params;
    wn_selection_config *config = NULL;
    if (!params->select.count && !params->config)
        return command_usage_error(run, err, "how many? Give -n 500, or -n 10%%");
    wn_status status = WN_OK;
    if (params->config && (status = wn_selection_config_read(params->config, &config, err)))
        run->usage_error = status == WN_INVALID;
    if (!status) status = select_values_check_config(run, &params->select, params->config, err);
    if (!status && params->select.count) status = select_values_check(run, &params->select, err);
    if (!status) status = select_with(run, params, config, err);
    wn_selection_config_free(&config);
    return status;
}

const command command_select = {
    .name = "select",
    .summary = "pick K images, or K rows of an array",
    .usage = "-n K | --config FILE.json [-w DIR | --embeddings E.npy --out PICKS.npy] [OPTIONS]",
    .details =
        "In a workspace: picks among all images that can be read, keeps the selection as a tag, and prints the paths "
        "in pick order.\n\n"
        "On arrays: reads E.npy (float16/32/64 or integers, any order), writes the row numbers of the picks. No "
        "workspace is needed.\n\n"
        "Strategies: max-herding, the default in a workspace, keeps the mean distance of all images to their nearest "
        "pick small; with predictions (winnow import) uncertainty-herding takes its place, where images count by how "
        "unsure the model is about them. farthest-first, the default on arrays and with --min-distance, takes the "
        "image that is farthest from all picks so far, which keeps the greatest distance small. random is the "
        "baseline.\n\n"
        "A selection config (--config) combines objectives: diversity, typicality, similarity, weights, balance, "
        "thresholds and quotas.\n\n"
        "--dry-run prints the picks and keeps nothing. It embeds nothing either: where images, or objects that a "
        "config "
        "asks for, have no embedding yet, it says how many would be embedded and how many picked, and prints no paths.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(select_params),
    .flags = COMMAND_WRITES,
    .run = run_select,
};
