/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow evaluate knn: how well neighbours in an embedding predict labels.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/npy.h"
#include "winnow/quality.h"

typedef struct evaluate_params {
    const char *train, *train_labels, *test, *test_labels;
    int64_t k;
    double temperature;
} evaluate_params;

#define AT(field) offsetof(evaluate_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "train", "embeddings with known labels", AT(train), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "train-labels", "their labels, whole numbers", AT(train_labels), 0, 0, NULL, NULL, "L.npy", 0},
    {WN_OPTION_TEXT, "test", "embeddings to judge (default: each training row against all others)", AT(test), 0, 0,
     NULL, NULL, "F.npy", 0},
    {WN_OPTION_TEXT, "test-labels", "their labels", AT(test_labels), 0, 0, NULL, NULL, "M.npy", 0},
    {WN_OPTION_INT, "neighbours", "how many neighbours vote", AT(k), 1, 1e6, "200", NULL, "K", 'k'},
    {WN_OPTION_REAL, "temperature", "of the weights exp(similarity / T)", AT(temperature), 1e-4, 1e4, "0.1", NULL, "T",
     0},
    {0},
};

static const char *const examples[] = {
    "winnow evaluate knn --train e.npy --train-labels l.npy --test f.npy --test-labels m.npy",
    "accuracy of a 200-neighbour vote",
    NULL,
};

typedef struct label_set {
    wn_npy *file, *label_file;
    wn_matrix matrix;
    wn_rows labels;
} label_set;

static wn_status open_set(const char *path, const char *label_path, label_set *out, wn_error *err)
{
    wn_status status;
    if ((status = wn_npy_open(path, &out->file, err))) return status;
    if ((status = wn_npy_matrix(out->file, &out->matrix, err))) return status;
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

static wn_status evaluate(session *run, const label_set *train, const label_set *test, wn_error *err)
{
    const evaluate_params *params = run->params;
    wn_knn_result result;
    struct timespec begin, end;
    wn_knn_request request = {.train = train->matrix,
                              .train_labels = train->labels.data,
                              .test = test->matrix,
                              .test_labels = test->labels.data,
                              .k = (size_t)params->k,
                              .temperature = params->temperature,
                              .pool = run->pool,
                              .progress = &run->progress};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    wn_status status = wn_evaluate_knn(&request, NULL, &result, err);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (status) return status;
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
    if (!run->common.json) {
        printf("accuracy  %.4f (%zu test rows, %zu training rows, %zu classes; best of five %.4f)\n", result.accuracy,
               result.rows_test, result.rows_train, result.classes, result.top5);
        return WN_OK;
    }
    return json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:{s:o}, s:o}", "accuracy",
                                json_figure(result.accuracy), "top5", json_figure(result.top5), "rows_train",
                                json_count(result.rows_train), "rows_test", json_count(result.rows_test), "dim",
                                json_count(train->matrix.cols), "classes", json_count(result.classes), "k",
                                (json_int_t)params->k, "temperature", json_figure(params->temperature), "seconds",
                                "total", json_figure(seconds), "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status run_evaluate(session *run, wn_error *err)
{
    const evaluate_params *params = run->params;
    label_set train = {0}, test = {0};
    if (strcmp(run->paths[0], "knn") != 0)
        return command_usage_error(run, err, "'%s' is no evaluation; there is: knn", run->paths[0]);
    if (!params->train || !params->train_labels)
        return command_usage_error(run, err, "name --train E.npy and --train-labels L.npy");
    if (!params->test != !params->test_labels)
        return command_usage_error(run, err, "--test and --test-labels go together");
    wn_status status = open_set(params->train, params->train_labels, &train, err);
    if (!status && params->test) status = open_set(params->test, params->test_labels, &test, err);
    if (!status && params->test && test.matrix.cols != train.matrix.cols)
        status = command_fail(err, WN_INVALID, "'%s' has %zu dimensions, '%s' has %zu", params->train,
                              train.matrix.cols, params->test, test.matrix.cols);
    if (!status) status = evaluate(run, &train, &test, err);
    close_set(&test);
    close_set(&train);
    return status;
}

const command command_evaluate = {
    .name = "evaluate",
    .summary = "how good an embedding is, given labels",
    .usage = "knn --train E.npy --train-labels L.npy [--test F.npy --test-labels M.npy] [OPTIONS]",
    .details = "knn: each test row gets the label that its nearest training rows vote for, each vote weighted by "
               "exp(cosine similarity / T). The accuracy is the share of rows that get their true label. Rows with a "
               "negative label are left out.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(evaluate_params),
    .least_paths = 1,
    .most_paths = 1,
    .run = run_evaluate,
};
