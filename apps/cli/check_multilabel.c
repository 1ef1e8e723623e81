/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check labels on arrays whose rows may have several labels.
 */
#include <inttypes.h>

#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"
#include "winnow/memory.h"
#include "winnow/multilabel.h"
#include "winnow/npy.h"

/* What is written where labels are to be suggested: the given ones, with the issues turned round. */
static wn_status write_suggested(const char *path, const int64_t *labels, const wn_multilabel_issues *found,
                                 wn_error *err)
{
    size_t len = found->rows * found->classes;
    int64_t *turned = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *turned);
    if (!turned) return command_fail(err, WN_NOMEM, "no memory for %zu labels", len);
    for (size_t i = 0; i < len; i++) turned[i] = found->class_issues[i] ? 1 - labels[i] : labels[i];
    wn_status status = wn_npy_write_integer_matrix(path, turned, found->rows, found->classes, err);
    wn_free(turned);
    return status;
}

static wn_status write_arrays(const check_params *params, const int64_t *labels, const wn_multilabel_issues *found,
                              wn_error *err)
{
    wn_status status = WN_OK;
    if (params->out) status = wn_npy_write_floats(params->out, found->scores, found->rows, err);
    if (!status && params->out_issues)
        status = wn_npy_write_integers(params->out_issues, found->ranked, found->len, err);
    if (!status && params->out_suggested) status = write_suggested(params->out_suggested, labels, found, err);
    return status;
}

static void say_found(session *run, const wn_multilabel_request *request, const wn_multilabel_issues *found)
{
    char a[32], b[32], c[32];
    if (found->unusable)
        terminal_say(run->terminal, "  NaN         %s probabilities; their labels were left out",
                     human_count(found->unusable, a));
    terminal_say(run->terminal,
                 "  labels      %s issues by %s in %s rows of %zu yes-or-no labels; about %s labels are wrong",
                 human_count(found->len, a), wn_label_filter_names[request->filter], human_count(found->rows, b),
                 found->classes, human_count(found->errors, c));
    for (size_t i = 0; i < found->len && i < 5; i++) {
        size_t row = (size_t)found->ranked[i], worst = 0;
        const float *scores = found->class_scores + row * found->classes;
        for (size_t k = 1; k < found->classes; k++)
            if (!(scores[k] >= scores[worst])) worst = scores[k] < scores[worst] ? k : worst;
        terminal_say(run->terminal, "              row %zu: class %zu is labelled %" PRId64 " (score %.4f)", row, worst,
                     request->labels[row * found->classes + worst], (double)scores[worst]);
    }
}

static wn_status print_figures(const wn_multilabel_request *request, const wn_multilabel_issues *found, double seconds,
                               wn_error *err)
{
    json_t *by_class = json_array();
    for (size_t k = 0; k < found->classes; k++) {
        size_t count = 0;
        for (size_t row = 0; row < found->rows; row++) count += found->class_issues[row * found->classes + k];
        json_array_append_new(by_class, json_count(count));
    }
    return json_print(json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:o}, s:o}", "rows",
                                json_count(found->rows), "classes", json_count(found->classes), "task", "multi-label",
                                "method", wn_label_score_names[request->score], "filter",
                                wn_label_filter_names[request->filter], "issues", json_count(found->len),
                                "issues_by_class", by_class, "estimated_errors", json_count(found->errors), "unusable",
                                json_count(found->unusable), "seconds", "total", json_figure(seconds),
                                "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status check(session *run, wn_multilabel_request *request, wn_error *err)
{
    const check_params *params = run->params;
    wn_multilabel_issues found;
    double started = now();
    wn_status status = wn_multilabel_find_issues(request, &found, err);
    if (status) return status;
    status = write_arrays(params, request->labels, &found, err);
    if (!status) say_found(run, request, &found);
    if (!status && run->common.json) status = print_figures(request, &found, now() - started, err);
    wn_multilabel_issues_clear(&found);
    return status;
}

wn_status check_multilabel_arrays(session *run, wn_npy *labels, wn_error *err)
{
    const check_params *params = run->params;
    const wn_npy_shape *shape = wn_npy_get_shape(labels);
    wn_multilabel_request request = {.score = (wn_label_score)params->method,
                                     .filter = (wn_label_filter)params->filter,
                                     .fraction = params->fraction,
                                     .least = params->least,
                                     .pool = run->pool,
                                     .progress = &run->progress};
    wn_npy *file = NULL;
    if (!params->probabilities)
        return command_usage_error(run, err, "labels of rows x classes go with --probabilities P.npy");
    wn_status status = wn_npy_open(params->probabilities, &file, err);
    if (!status) status = wn_npy_table(file, &request.probabilities, err);
    if (!status) status = wn_npy_label_matrix(labels, &request.labels, err);
    if (!status && (request.probabilities.rows != shape->rows || request.probabilities.cols != shape->cols))
        status = command_fail(err, WN_INVALID, "'%s' has %zu x %zu probabilities, but '%s' has %zu x %zu labels",
                              params->probabilities, request.probabilities.rows, request.probabilities.cols,
                              params->labels, shape->rows, shape->cols);
    if (!status && run->common.dry_run)
        terminal_say(run->terminal, "would check %zu x %zu labels; nothing was written (--dry-run)", shape->rows,
                     shape->cols);
    else if (!status)
        status = check(run, &request, err);
    wn_npy_close(&file);
    return status;
}
