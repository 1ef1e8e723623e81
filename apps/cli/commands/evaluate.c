/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow evaluate: how good an embedding is. One kind of evaluation is a row of the table at the end.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../evaluate_input.h"
#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../terminal.h"
#include "winnow/evaluate.h"

#define AT(field) offsetof(evaluate_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "train", "embeddings with known labels; for geometry and overlap simply the embeddings", AT(train),
     0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "train-labels", "their labels: whole numbers (.npy), or a table of labels (.csv)",
     AT(train_labels), 0, 0, NULL, NULL, "L.npy|L.csv", 0},
    {WN_OPTION_TEXT, "train-paths", "a path a row, for the rows of L.csv; alone: the folder of each file is its label",
     AT(train_paths), 0, 0, NULL, NULL, "PATHS.txt", 0},
    {WN_OPTION_TEXT, "test", "embeddings to judge (without: knn leaves one out, linear takes five folds)", AT(test), 0,
     0, NULL, NULL, "F.npy", 0},
    {WN_OPTION_TEXT, "test-labels", "their labels", AT(test_labels), 0, 0, NULL, NULL, "M.npy|M.csv", 0},
    {WN_OPTION_TEXT, "test-paths", "their paths", AT(test_paths), 0, 0, NULL, NULL, "PATHS.txt", 0},
    {WN_OPTION_TEXT, "with",
     "overlap: another embedding of the same images, an array or a model; geometry: other views", AT(with), 0, 0, NULL,
     NULL, "G.npy|MODEL", 0},
    {WN_OPTION_TEXT, "model", "whose embeddings of the workspace (default: its newest model)", AT(model), 0, 0, NULL,
     NULL, "NAME", 'm'},
    REDUCE_OPTION_ROWS(evaluate_params, reduce),
    {WN_OPTION_TEXT, "labels", "imported labels of the workspace (default: the newest set, else the folders)",
     AT(labels), 0, 0, NULL, NULL, "SET", 0},
    {WN_OPTION_BOOL, "folders", "the folder of each image of the workspace is its label", AT(folders), 0, 0, NULL, NULL,
     NULL, 0},
    {WN_OPTION_INT, "neighbours", "how many neighbours vote, or are compared", AT(k), 1, 1e6, "200", NULL, "K", 'k'},
    {WN_OPTION_REAL, "temperature", "knn: of the weights exp(similarity / T)", AT(temperature), 1e-4, 1e4, "0.1", NULL,
     "T", 0},
    {WN_OPTION_REAL, "penalty", "linear: of the squared weights (0 = 1 / training rows)", AT(penalty), 0, 1e6, "0",
     NULL, "P", 0},
    {0},
};

static const char *const examples[] = {
    "winnow evaluate -w photos.winnow",
    "all figures of the newest model, by imported labels or the folders of the images",
    "winnow evaluate knn --train e.npy --train-labels l.npy --test f.npy --test-labels m.npy",
    "accuracy of a 200-neighbour vote",
    "winnow evaluate linear --train e.npy --train-labels labels.csv --train-paths paths.txt",
    "accuracy of a linear model on the embeddings, five times a fifth by the others",
    "winnow evaluate geometry --train e.npy --train-paths paths.txt",
    "alignment, uniformity, effective rank and intrinsic dimension",
    "winnow evaluate overlap --train e.npy --with other.npy -k 20",
    "how far two embeddings agree on the 20 nearest images",
    NULL,
};

/* ---- kinds: each gives its figures as an object, and prints them as lines unless --json ---- */

static void say_accuracy(const session *run, const char *name, const wn_knn_result *result, const char *how)
{
    if (run->common.json) return;
    printf("%-20s %.4f  %s, %zu test rows, %zu training rows, %zu classes; best of five %.4f\n", name, result->accuracy,
           how, result->rows_test, result->rows_train, result->classes, result->top5);
}

static json_t *json_accuracy(const evaluation *all, const wn_knn_result *result)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "accuracy", json_figure(result->accuracy), "top5",
                     json_figure(result->top5), "rows_train", json_count(result->rows_train), "rows_test",
                     json_count(result->rows_test), "dim", json_count(all->train.matrix.cols), "classes",
                     json_count(result->classes));
}

static wn_status evaluate_knn(session *run, const evaluation *all, json_t **out, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_knn_result result;
    char how[64];
    const wn_knn_request request = {.train = all->train.matrix,
                                    .train_labels = all->train.labels,
                                    .test = all->test.matrix,
                                    .test_labels = all->test.labels,
                                    .k = (size_t)params->k,
                                    .temperature = params->temperature,
                                    .pool = run->pool,
                                    .progress = &run->progress};
    wn_status status = wn_evaluate_knn(&request, NULL, &result, err);
    if (status) return status;
    snprintf(how, sizeof how, "%lld neighbours%s", (long long)params->k, params->test ? "" : ", one left out");
    say_accuracy(run, "knn accuracy", &result, how);
    *out = json_accuracy(all, &result);
    if (*out) {
        json_object_set_new(*out, "k", json_integer((json_int_t)params->k));
        json_object_set_new(*out, "temperature", json_figure(params->temperature));
    }
    return WN_OK;
}

static wn_status evaluate_linear(session *run, const evaluation *all, json_t **out, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_knn_result result;
    const wn_linear_request request = {.train = all->train.matrix,
                                       .train_labels = all->train.labels,
                                       .test = all->test.matrix,
                                       .test_labels = all->test.labels,
                                       .penalty = params->penalty,
                                       .pool = run->pool,
                                       .progress = &run->progress};
    wn_status status = params->test ? wn_evaluate_linear(&request, NULL, &result, err)
                                    : wn_evaluate_linear_folds(&request, (uint64_t)run->common.seed, &result, err);
    if (status) return status;
    say_accuracy(run, "linear accuracy", &result, params->test ? "trained once" : "five folds");
    *out = json_accuracy(all, &result);
    if (*out) {
        json_object_set_new(*out, "penalty", json_figure(params->penalty));
        json_object_set_new(*out, "folds", params->test ? json_null() : json_integer(5));
    }
    return WN_OK;
}

/* NaN is "nothing to measure": null in JSON, words on the terminal. */
static json_t *figure_or_null(double value)
{
    return isnan(value) ? json_null() : json_figure(value);
}

static void say_geometry(const wn_geometry *g, const evaluation *all)
{
    if (isnan(g->alignment))
        printf("%-20s none (needs labels, or --with another view of each image)\n", "alignment");
    else
        printf("%-20s %.4f  squared distance of images that belong together; lower is better\n", "alignment",
               g->alignment);
    if (isnan(g->uniformity))
        printf("%-20s none (fewer than three rows have a length)\n", "uniformity");
    else
        printf("%-20s %.4f  how evenly the images fill the sphere: about -4 at best for many\n", "uniformity",
               g->uniformity);
    printf("%-20s %.1f of %zu dimensions\n", "effective rank", g->effective_rank, all->train.matrix.cols);
    if (isnan(g->intrinsic_dim))
        printf("%-20s none (too few rows differ)\n", "intrinsic dimension");
    else
        printf("%-20s %.1f\n", "intrinsic dimension", g->intrinsic_dim);
}

static wn_status evaluate_geometry(session *run, const evaluation *all, json_t **out, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_geometry g;
    wn_geometry_request request = {.matrix = all->train.matrix,
                                   .labels = all->train.labels,
                                   .seed = (uint64_t)run->common.seed,
                                   .pool = run->pool,
                                   .progress = &run->progress};
    if (params->train) request.pairs = all->with.matrix; /* another model of a workspace is no view of the first */
    wn_status status = wn_evaluate_geometry(&request, &g, err);
    if (status) return status;
    if (!run->common.json) say_geometry(&g, all);
    *out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "alignment", figure_or_null(g.alignment), "uniformity",
                     figure_or_null(g.uniformity), "effective_rank", json_figure(g.effective_rank), "intrinsic_dim",
                     figure_or_null(g.intrinsic_dim), "rows", json_count(all->train.matrix.rows), "dim",
                     json_count(all->train.matrix.cols), "rows_used", json_count(g.rows_used));
    return WN_OK;
}

static wn_status evaluate_overlap(session *run, const evaluation *all, json_t **out, wn_error *err)
{
    const evaluate_params *params = run->params;
    const size_t most = all->train.matrix.rows > 0 ? all->train.matrix.rows - 1 : 0;
    const size_t k = (size_t)params->k < most ? (size_t)params->k : most;
    double overlap;
    wn_status status =
        wn_evaluate_overlap(&all->train.matrix, &all->with.matrix, k, run->pool, &run->progress, &overlap, err);
    if (status) return status;
    if (!run->common.json)
        printf("%-20s %.4f  of the %zu nearest images are the same (unrelated embeddings: %.4f)\n", "overlap", overlap,
               k, most > 0 ? (double)k / (double)most : 0.0);
    *out = json_pack("{s:o, s:o, s:o}", "overlap", json_figure(overlap), "k", json_count(k), "rows",
                     json_count(all->train.matrix.rows));
    return WN_OK;
}

enum { NEEDS_LABELS = 1, NEEDS_WITH = 2 };

static const struct kind {
    const char *name;
    unsigned needs;
    wn_status (*evaluate)(session *run, const evaluation *all, json_t **out, wn_error *err);
} kinds[] = {
    {"knn", NEEDS_LABELS, evaluate_knn},
    {"linear", NEEDS_LABELS, evaluate_linear},
    {"geometry", 0, evaluate_geometry},
    {"overlap", NEEDS_WITH, evaluate_overlap},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- the command ---- */

/* The kinds that were named; none named = all that the input serves. */
static wn_status choose_kinds(session *run, bool wanted[KINDS], wn_error *err)
{
    for (size_t i = 0; i < run->path_count; i++) {
        size_t kind = 0;
        while (kind < KINDS && strcmp(kinds[kind].name, run->paths[i]) != 0) kind++;
        if (kind == KINDS)
            return command_usage_error(run, err, "'%s' is no evaluation; there are: knn, linear, geometry, overlap",
                                       run->paths[i]);
        wanted[kind] = true;
    }
    return WN_OK;
}

static wn_status check_params(session *run, const bool wanted[KINDS], wn_error *err)
{
    const evaluate_params *params = run->params;
    const bool labels = params->train_labels || params->train_paths, tests = params->test_labels || params->test_paths;
    for (size_t i = 0; i < KINDS; i++) {
        if (wanted[i] && (kinds[i].needs & NEEDS_WITH) && !params->with)
            return command_usage_error(run, err, "%s: name another embedding by --with", kinds[i].name);
        if (wanted[i] && (kinds[i].needs & NEEDS_LABELS) && params->train && !labels)
            return command_usage_error(run, err, "%s: name --train-labels, or --train-paths for labels by folder",
                                       kinds[i].name);
    }
    if (!params->test != !tests)
        return command_usage_error(run, err, "--test and --test-labels (or --test-paths) go together");
    if (params->labels && params->folders) return command_usage_error(run, err, "name --labels or --folders, not both");
    return WN_OK;
}

static wn_status check_labels(const evaluation *all, const struct kind *kind, wn_error *err)
{
    if (!(kind->needs & NEEDS_LABELS) || all->train.labels) return WN_OK;
    return command_fail(err, WN_NOTFOUND,
                        "%s: no image of '%s' has a label; 'winnow import' brings labels, or add a folder with a "
                        "folder for each class",
                        kind->name, all->train.kept.workspace);
}

static bool has_inputs(const session *run, const evaluation *all, const struct kind *kind)
{
    const evaluate_params *params = run->params;
    return (!(kind->needs & NEEDS_LABELS) || all->train.labels) && (!(kind->needs & NEEDS_WITH) || params->with);
}

/* One kind among several that were not named: what it refuses is no reason to keep the others back. */
static wn_status try_kind(session *run, const evaluation *all, const struct kind *kind, json_t **out, wn_error *err)
{
    if (!has_inputs(run, all, kind)) return WN_OK;
    wn_status status = kind->evaluate(run, all, out, err);
    if (status != WN_INVALID) return status;
    terminal_say(run->terminal, "  left out    %s: %s", kind->name, err->message);
    *err = (wn_error){0};
    return WN_OK;
}

/* What stands beside the figures. */
static void add_run(json_t *object, const evaluation *all)
{
    const wn_labelled *kept = &all->train.kept;
    if (!object) return;
    if (kept->workspace) {
        json_object_set_new(object, "workspace", json_name(kept->workspace));
        json_object_set_new(object, "model", json_name(kept->model));
        json_object_set_new(object, "labels", kept->label_set ? json_name(kept->label_set) : json_string("folders"));
    }
    json_object_set_new(object, "seconds", json_pack("{s:o}", "total", json_figure(now() - all->started)));
    json_object_set_new(object, "peak_memory_bytes", json_peak_memory());
}

static wn_status run_kinds(session *run, const evaluation *all, const bool wanted[KINDS], wn_error *err)
{
    json_t *object = run->path_count == 1 ? NULL : json_object();
    wn_status status = WN_OK;
    for (size_t i = 0; i < KINDS && !status; i++) {
        json_t *figures = NULL;
        if (!run->path_count) {
            status = try_kind(run, all, &kinds[i], &figures, err);
        } else if (wanted[i] && !(status = check_labels(all, &kinds[i], err))) {
            status = kinds[i].evaluate(run, all, &figures, err);
        }
        if (run->path_count == 1 && figures)
            object = figures;
        else if (figures)
            json_object_set_new(object, kinds[i].name, figures);
    }
    if (!status && run->common.json) {
        add_run(object, all);
        return json_print(object, err);
    }
    json_decref(object);
    return status;
}

static wn_status run_evaluate(session *run, wn_error *err)
{
    evaluation all = {.started = now()};
    bool wanted[KINDS] = {false};
    wn_status status = choose_kinds(run, wanted, err);
    if (!status) status = check_params(run, wanted, err);
    if (!status) status = evaluate_open(run, &all, err);
    if (!status) status = run_kinds(run, &all, wanted, err);
    evaluate_close(&all);
    return status;
}

const command command_evaluate = {
    .name = "evaluate",
    .summary = "how good an embedding is",
    .usage = "[knn|linear|geometry|overlap...] [-w DIR [--model NAME]] [OPTIONS]\n"
             "       winnow evaluate [KIND...] --train E.npy [--train-labels L.npy|L.csv] [OPTIONS]",
    .details =
        "Judges the embeddings of a workspace, or arrays. Without a kind, all that the input serves; the JSON "
        "has then an object for each. Labels are those imported into the workspace, or the names of the folders "
        "that hold the images; for arrays, whole numbers in .npy, or names in a table with a column label: in the "
        "order of the rows, or by a column path with --train-paths (as 'winnow embed --out-paths' writes them). "
        "Rows with a negative label, an empty one, or none take no part.\n\n"
        "By folders, the label is the name of the folder that holds the file. In a workspace that is a folder below "
        "the one that was added: after 'winnow add photos/', photos/cat/x.jpg is a cat, and photos/y.jpg has no label. "
        "A file of paths alone (--train-paths) knows nothing of what was added: there photos/y.jpg is of the class "
        "photos.\n\n"
        "knn: each test row gets the label that its nearest training rows vote for, each vote weighted by "
        "exp(cosine similarity / T). The accuracy is the share of rows that get their true label. Without test "
        "rows, each row is judged by all others.\n\n"
        "linear: the same for multinomial logistic regression on the embeddings, centred and scaled to a mean "
        "variance of 1. Without test rows, each fifth of the rows is judged by a model of the others.\n\n"
        "geometry: alignment (mean squared distance between images of one label, or between each row and that "
        "of --with) and uniformity (log of the mean of exp(-2 squared distance) over pairs) of rows at length "
        "1, the effective rank, and the intrinsic dimension by the ratio of the distances to the two nearest "
        "rows.\n\n"
        "overlap: the mean share of the K nearest rows that two embeddings of the same images have in common.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(evaluate_params),
    .most_paths = KINDS,
    .run = run_evaluate,
};
