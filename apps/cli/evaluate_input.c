/* SPDX-License-Identifier: Apache-2.0
 *
 * The arrays, labels and workspaces that winnow evaluate reads.
 */
#include "evaluate_input.h"

#include <string.h>

#include "job_setup.h"
#include "reduce_options.h"
#include "terminal.h"
#include "winnow/memory.h"

static bool ends_with(const char *text, const char *ending)
{
    const size_t a = strlen(text), b = strlen(ending);
    return a >= b && strcmp(text + a - b, ending) == 0;
}

/* Numbers of a .npy file as they are; anything else by the names of its classes. */
static wn_status open_labels(const char *array, const char *path, const char *paths, evaluation *all, label_set *out,
                             wn_error *err)
{
    wn_rows labels;
    wn_status status;
    if (!ends_with(path, ".npy")) {
        status = wn_row_labels_read(all->book, path, paths, out->matrix.rows, &out->read, err);
        out->labels = out->read;
        return status;
    }
    if ((status = wn_npy_open(path, &out->label_file, err))) return status;
    if ((status = wn_npy_labels(out->label_file, &labels, err))) return status;
    if (labels.len != out->matrix.rows)
        return command_fail(err, WN_INVALID, "'%s' has %zu rows, but '%s' has %zu labels", array, out->matrix.rows,
                            path, labels.len);
    out->labels = labels.data;
    return WN_OK;
}

/* A file of paths alone labels by folders. */
static wn_status open_set(session *run, const char *path, const char *labels, const char *paths, evaluation *all,
                          label_set *out, wn_error *err)
{
    wn_status status;
    if (!path) return WN_OK;
    if ((status = wn_npy_open(path, &out->file, err))) return status;
    if ((status = wn_npy_matrix(out->file, &out->matrix, err))) return status;
    if ((status = wn_matrix_check_finite(&out->matrix, path, run->pool, err))) return status;
    if (!labels && !paths) return WN_OK;
    return open_labels(path, labels ? labels : paths, labels ? paths : NULL, all, out, err);
}

static wn_status open_arrays(session *run, evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    if (params->model || params->labels || params->folders || run->common.workspace)
        return command_usage_error(run, err,
                                   "--model, --labels, --folders and -w are of a workspace; leave --train out");
    wn_status status = wn_row_labels_new(&all->book, err);
    if (!status) status = check_reduce(run, &params->reduce, true, err);
    if (!status)
        status = open_set(run, params->train, params->train_labels, params->train_paths, all, &all->train, err);
    if (!status) status = open_set(run, params->test, params->test_labels, params->test_paths, all, &all->test, err);
    if (!status) status = open_set(run, params->with, NULL, NULL, all, &all->with, err);
    if (!status && params->test && all->test.matrix.cols != all->train.matrix.cols)
        status = command_fail(err, WN_INVALID, "'%s' has %zu dimensions, '%s' has %zu", params->train,
                              all->train.matrix.cols, params->test, all->test.matrix.cols);
    return status;
}

static bool any_label(const wn_labelled *set)
{
    for (size_t i = 0; i < set->rows.len; i++) {
        if (set->labels[i] >= 0) return true;
    }
    return false;
}

static wn_status open_kept(session *run, const char *model, const wn_reduce *reduce, label_set *out, wn_error *err)
{
    const evaluate_params *params = run->params;
    const wn_job job = job_of(run);
    const wn_labelled_options options = {.workspace = run->common.workspace,
                                         .model = model,
                                         .reduce = *reduce,
                                         .labels = params->labels,
                                         .folders = params->folders};
    wn_status status = wn_job_load_labelled(&job, &options, &out->kept, err);
    if (status) return status;
    out->matrix = out->kept.matrix;
    if (any_label(&out->kept)) out->labels = out->kept.labels;
    return WN_OK;
}

static wn_status open_workspace(session *run, evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    const wn_reduce none = {0};
    if (params->train_labels || params->train_paths || params->test || params->test_labels || params->test_paths)
        return command_usage_error(run, err, "labels and test rows of arrays go with --train E.npy");
    wn_status status = check_reduce(run, &params->reduce, false, err);
    if (!status) status = open_kept(run, params->model, &params->reduce, &all->train, err);
    if (!status && params->with) status = open_kept(run, params->with, &none, &all->with, err);
    if (status) return status;
    const wn_labelled *a = &all->train.kept, *b = &all->with.kept;
    if (params->with &&
        (a->rows.len != b->rows.len || memcmp(a->rows.data, b->rows.data, a->rows.len * sizeof(int64_t))))
        return command_fail(err, WN_INVALID,
                            "models '%s' and '%s' have embeddings of other images; 'winnow embed --model' brings both "
                            "up to date",
                            a->model, b->model);
    terminal_say(run->terminal, "  embedding   %zu images by model %s, %zu dimensions", a->matrix.rows, a->model,
                 a->matrix.cols);
    if (all->train.labels)
        terminal_say(run->terminal, "  labels      %s%s", a->label_set ? "imported set " : "names of folders",
                     a->label_set ? a->label_set : "");
    return WN_OK;
}

wn_status evaluate_open(session *run, evaluation *all, wn_error *err)
{
    const evaluate_params *params = run->params;
    return params->train ? open_arrays(run, all, err) : open_workspace(run, all, err);
}

static void close_set(label_set *set)
{
    wn_npy_close(&set->label_file);
    wn_npy_close(&set->file);
    wn_labelled_clear(&set->kept);
    wn_free(set->read);
}

void evaluate_close(evaluation *all)
{
    close_set(&all->with);
    close_set(&all->test);
    close_set(&all->train);
    wn_row_labels_free(&all->book);
}
