/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow evaluate: how good an embedding is. One kind of evaluation is a row of the table at the end.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/evaluate.h"
#include "winnow/npy.h"

typedef struct evaluate_params {
    const char *train, *train_labels, *test, *test_labels, *with;
    int64_t k;
    double temperature, penalty;
} evaluate_params;

#define AT(field) offsetof(evaluate_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "train", "embeddings with known labels; for geometry and overlap simply the embeddings", AT(train),
     0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "train-labels", "their labels, whole numbers", AT(train_labels), 0, 0, NULL, NULL, "L.npy", 0},
    {WN_OPTION_TEXT, "test", "embeddings to judge (knn without it: each training row against all others)", AT(test), 0,
     0, NULL, NULL, "F.npy", 0},
    {WN_OPTION_TEXT, "test-labels", "their labels", AT(test_labels), 0, 0, NULL, NULL, "M.npy", 0},
    {WN_OPTION_TEXT, "with", "overlap: another embedding of the same images; geometry: another view of each image",
     AT(with), 0, 0, NULL, NULL, "G.npy", 0},
    {WN_OPTION_INT, "neighbours", "how many neighbours vote, or are compared", AT(k), 1, 1e6, "200", NULL, "K", 'k'},
    {WN_OPTION_REAL, "temperature", "knn: of the weights exp(similarity / T)", AT(temperature), 1e-4, 1e4, "0.1", NULL,
     "T", 0},
    {WN_OPTION_REAL, "penalty", "linear: of the squared weights (0 = 1 / training rows)", AT(penalty), 0, 1e6, "0",
     NULL, "P", 0},
    {0},
};

static const char *const examples[] = {
    "winnow evaluate knn --train e.npy --train-labels l.npy --test f.npy --test-labels m.npy",
    "accuracy of a 200-neighbour vote",
    "winnow evaluate linear --train e.npy --train-labels l.npy --test f.npy --test-labels m.npy",
    "accuracy of a linear model on the embeddings",
    "winnow evaluate geometry --train e.npy --train-labels l.npy",
    "alignment, uniformity, effective rank and intrinsic dimension",
    "winnow evaluate overlap --train e.npy --with other.npy -k 20",
    "how far two embeddings agree on the 20 nearest images",
    NULL,
};

/* Arrays of one side; what was not named stays empty. */
typedef struct label_set {
    wn_npy *file, *label_file;
    wn_matrix matrix;
    wn_rows labels;
} label_set;

typedef struct evaluation {
    label_set train, test, with;
    double started;
} evaluation;

static wn_status open_set(const char *path, const char *label_path, label_set *out, wn_error *err)
{
    wn_status status;
    if (!path) return WN_OK;
    if ((status = wn_npy_open(path, &out->file, err))) return status;
    if ((status = wn_npy_matrix(out->file, &out->matrix, err))) return status;
    if (!label_path) return WN_OK;
    if ((status = wn_npy_open(label_path, &out->label_file, err))) return status;
    if ((status = wn_npy_integers(out->label_file, &out->labels, err))) return status;
    if (out->labels.len != out->matrix.rows)
        return command_fail(err, WN_INVALID, "'%s' has %zu rows, but '%s' has %zu labels", path, out->matrix.rows,
                            label_path, out->labels.len);
    return WN_OK;
}

static void close_set(label_set *set)
{
    wn_npy_close(&set->label_file);
    wn_npy_close(&set->file);
}

/* What every evaluation by labels prints. */
static wn_status print_accuracy(session *run, const evaluation *all, const wn_knn_result *result, json_t *more,
                                wn_error *err)
{
    if (!run->common.json) {
        printf("accuracy  %.4f (%zu test rows, %zu training rows, %zu classes; best of five %.4f)\n", result->accuracy,
               result->rows_test, result->rows_train, result->classes, result->top5);
        json_decref(more);
        return WN_OK;
    }
    json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o}, s:o}", "accuracy",
                               json_figure(result->accuracy), "top5", json_figure(result->top5), "rows_train",
                               json_count(result->rows_train), "rows_test", json_count(result->rows_test), "dim",
                               json_count(all->train.matrix.cols), "classes", json_count(result->classes), "seconds",
                               "total", json_figure(now() - all->started), "peak_memory_bytes", json_peak_memory());
    if (object) json_object_update(object, more);
    json_decref(more);
    return json_print(object, err);
}

static wn_status evaluate_knn(session *run, const evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_knn_result result;
    const wn_knn_request request = {.train = all->train.matrix,
                                    .train_labels = all->train.labels.data,
                                    .test = all->test.matrix,
                                    .test_labels = all->test.labels.data,
                                    .k = (size_t)params->k,
                                    .temperature = params->temperature,
                                    .pool = run->pool,
                                    .progress = &run->progress};
    wn_status status = wn_evaluate_knn(&request, NULL, &result, err);
    if (status) return status;
    return print_accuracy(
        run, all, &result,
        json_pack("{s:I, s:o}", "k", (json_int_t)params->k, "temperature", json_figure(params->temperature)), err);
}

static wn_status evaluate_linear(session *run, const evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_knn_result result;
    const wn_linear_request request = {.train = all->train.matrix,
                                       .train_labels = all->train.labels.data,
                                       .test = all->test.matrix,
                                       .test_labels = all->test.labels.data,
                                       .penalty = params->penalty,
                                       .pool = run->pool,
                                       .progress = &run->progress};
    wn_status status = wn_evaluate_linear(&request, NULL, &result, err);
    if (status) return status;
    return print_accuracy(run, all, &result, json_pack("{s:o}", "penalty", json_figure(params->penalty)), err);
}

/* NaN is "nothing to measure": null in JSON, words on the terminal. */
static json_t *figure_or_null(double value)
{
    return isnan(value) ? json_null() : json_figure(value);
}

static wn_status evaluate_geometry(session *run, const evaluation *all, wn_error *err)
{
    wn_geometry g;
    const wn_geometry_request request = {.matrix = all->train.matrix,
                                         .labels = all->train.labels.data,
                                         .pairs = all->with.matrix,
                                         .seed = (uint64_t)run->common.seed,
                                         .pool = run->pool,
                                         .progress = &run->progress};
    wn_status status = wn_evaluate_geometry(&request, &g, err);
    if (status) return status;
    if (run->common.json)
        return json_print(
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o}, s:o}", "alignment", figure_or_null(g.alignment),
                      "uniformity", json_figure(g.uniformity), "effective_rank", json_figure(g.effective_rank),
                      "intrinsic_dim", figure_or_null(g.intrinsic_dim), "rows", json_count(all->train.matrix.rows),
                      "dim", json_count(all->train.matrix.cols), "rows_used", json_count(g.rows_used), "seconds",
                      "total", json_figure(now() - all->started), "peak_memory_bytes", json_peak_memory()),
            err);
    if (isnan(g.alignment))
        printf("alignment            none (needs --train-labels, or --with another view of each image)\n");
    else
        printf("alignment            %.4f  squared distance of images that belong together; lower is better\n",
               g.alignment);
    printf("uniformity           %.4f  -4 at best: how evenly the images fill the sphere\n", g.uniformity);
    printf("effective rank       %.1f of %zu dimensions\n", g.effective_rank, all->train.matrix.cols);
    if (isnan(g.intrinsic_dim))
        printf("intrinsic dimension  none (too few rows differ)\n");
    else
        printf("intrinsic dimension  %.1f\n", g.intrinsic_dim);
    return WN_OK;
}

static wn_status evaluate_overlap(session *run, const evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    const size_t most = all->train.matrix.rows > 0 ? all->train.matrix.rows - 1 : 0;
    const size_t k = (size_t)params->k < most ? (size_t)params->k : most;
    double overlap;
    wn_status status =
        wn_evaluate_overlap(&all->train.matrix, &all->with.matrix, k, run->pool, &run->progress, &overlap, err);
    if (status) return status;
    if (run->common.json)
        return json_print(json_pack("{s:o, s:o, s:o, s:{s:o}, s:o}", "overlap", json_figure(overlap), "k",
                                    json_count(k), "rows", json_count(all->train.matrix.rows), "seconds", "total",
                                    json_figure(now() - all->started), "peak_memory_bytes", json_peak_memory()),
                          err);
    printf("overlap  %.4f of the %zu nearest images are the same (unrelated embeddings: %.4f)\n", overlap, k,
           most > 0 ? (double)k / (double)most : 0.0);
    return WN_OK;
}

enum { NEEDS_LABELS = 1, NEEDS_TEST = 2, NEEDS_WITH = 4 };

static const struct {
    const char *name;
    unsigned needs;
    wn_status (*evaluate)(session *run, const evaluation *all, wn_error *err);
} kinds[] = {
    {"knn", NEEDS_LABELS, evaluate_knn},
    {"linear", NEEDS_LABELS | NEEDS_TEST, evaluate_linear},
    {"geometry", 0, evaluate_geometry},
    {"overlap", NEEDS_WITH, evaluate_overlap},
};

static wn_status check_params(session *run, unsigned needs, wn_error *err)
{
    const evaluate_params *params = run->params;
    if (!params->train || ((needs & NEEDS_LABELS) && !params->train_labels))
        return command_usage_error(run, err, "name --train E.npy%s",
                                   needs & NEEDS_LABELS ? " and --train-labels L.npy" : "");
    if ((needs & NEEDS_TEST) && !params->test)
        return command_usage_error(run, err, "name --test F.npy and --test-labels M.npy");
    if (!params->test != !params->test_labels)
        return command_usage_error(run, err, "--test and --test-labels go together");
    if ((needs & NEEDS_WITH) && !params->with) return command_usage_error(run, err, "name --with G.npy");
    return WN_OK;
}

static wn_status run_evaluate(session *run, wn_error *err)
{
    const evaluate_params *params = run->params;
    evaluation all = {.started = now()};
    size_t kind = 0;
    while (kind < sizeof kinds / sizeof *kinds && strcmp(kinds[kind].name, run->paths[0]) != 0) kind++;
    if (kind == sizeof kinds / sizeof *kinds)
        return command_usage_error(run, err, "'%s' is no evaluation; there are: knn, linear, geometry, overlap",
                                   run->paths[0]);
    wn_status status = check_params(run, kinds[kind].needs, err);
    if (status) return status;
    status = open_set(params->train, params->train_labels, &all.train, err);
    if (!status) status = open_set(params->test, params->test_labels, &all.test, err);
    if (!status) status = open_set(params->with, NULL, &all.with, err);
    if (!status && params->test && all.test.matrix.cols != all.train.matrix.cols)
        status = command_fail(err, WN_INVALID, "'%s' has %zu dimensions, '%s' has %zu", params->train,
                              all.train.matrix.cols, params->test, all.test.matrix.cols);
    if (!status) status = kinds[kind].evaluate(run, &all, err);
    close_set(&all.with);
    close_set(&all.test);
    close_set(&all.train);
    return status;
}

const command command_evaluate = {
    .name = "evaluate",
    .summary = "how good an embedding is",
    .usage = "knn|linear|geometry|overlap --train E.npy [--train-labels L.npy] [OPTIONS]",
    .details = "knn: each test row gets the label that its nearest training rows vote for, each vote weighted by "
               "exp(cosine similarity / T). The accuracy is the share of rows that get their true label. Rows with a "
               "negative label are left out.\n\n"
               "linear: the same for multinomial logistic regression on the embeddings, centred and scaled to a mean "
               "variance of "
               "1.\n\n"
               "geometry: alignment (mean squared distance between images of one label, or between each row and that "
               "of --with) "
               "and uniformity (log of the mean of exp(-2 squared distance) over pairs) of rows at length 1, the "
               "effective rank, "
               "and the intrinsic dimension by the ratio of the distances to the two nearest rows.\n\n"
               "overlap: the mean share of the K nearest rows that two embeddings of the same images have in common.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(evaluate_params),
    .least_paths = 1,
    .most_paths = 1,
    .run = run_evaluate,
};
