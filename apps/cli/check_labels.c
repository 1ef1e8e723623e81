/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check labels on arrays: scores of labels from class probabilities, or from embeddings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"
#include "winnow/index.h"
#include "winnow/label_health.h"
#include "winnow/labels.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

typedef struct label_arrays {
    const char *path; /* of the probabilities or embeddings */
    wn_npy *file, *labels;
    wn_label_request request;
    wn_matrix embeddings; /* data NULL = probabilities are given */
    wn_label_evidence found;
    double read_seconds, search_seconds, check_seconds, write_seconds;
} label_arrays;

static wn_status open_embeddings(session *run, label_arrays *all, wn_error *err)
{
    wn_status status = wn_npy_matrix(all->file, &all->embeddings, err);
    return status ? status : wn_matrix_check_finite(&all->embeddings, all->path, run->pool, err);
}

static wn_status open_arrays(session *run, const check_params *params, label_arrays *all, wn_error *err)
{
    wn_label_request *request = &all->request;
    wn_rows labels;
    wn_status status;
    all->path = params->probabilities ? params->probabilities : params->embeddings;
    if ((status = wn_npy_open(all->path, &all->file, err))) return status;
    if ((status = wn_npy_table(all->file, &request->probabilities, err))) return status;
    if (params->embeddings && (status = open_embeddings(run, all, err))) return status;
    if ((status = wn_npy_labels(all->labels, &labels, err))) return status;
    if (labels.len != request->probabilities.rows)
        return command_fail(err, WN_INVALID, "'%s' has %zu rows, but '%s' has %zu labels", all->path,
                            request->probabilities.rows, params->labels, labels.len);
    request->labels = labels.data;
    request->score = (wn_label_score)params->method;
    request->filter = (wn_label_filter)params->filter;
    request->fraction = params->fraction;
    request->least = params->least;
    request->pool = run->pool;
    request->progress = &run->progress;
    return WN_OK;
}

static wn_status check_plan(session *run, const wn_label_evidence_request *request, wn_error *err)
{
    size_t rows = request->embeddings.rows;
    uint64_t bytes = wn_label_evidence_memory(request, wn_label_classes(request->labels, rows));
    uint64_t held = wn_memory_process_resident();
    char need[32], limit[32];
    if (!run->memory_limit || bytes + held <= run->memory_limit) return WN_OK;
    return command_fail(err, WN_LIMIT, "checking the labels of %zu rows takes %s, more than --memory-limit %s leaves",
                        rows, human_bytes(bytes, need), human_bytes(run->memory_limit, limit));
}

static wn_status find_evidence(session *run, const check_params *params, label_arrays *all, wn_error *err)
{
    double started = now();
    wn_neighbours near = {0};
    wn_neighbours_request search = {.embeddings = all->embeddings,
                                    .k = (size_t)params->neighbours,
                                    .metric = WN_INDEX_METRIC_COSINE,
                                    .seed = (uint64_t)run->common.seed,
                                    .memory_limit = run->memory_limit,
                                    .pool = run->pool,
                                    .progress = &run->progress};
    wn_status status = wn_neighbours_find(wn_index_kind_choose(all->embeddings.rows, 0), &search, &near, err);
    if (status) return status;
    all->search_seconds = now() - started;
    started = now();
    wn_label_evidence_request request = {.embeddings = all->embeddings,
                                         .labels = all->request.labels,
                                         .ids = near.ids,
                                         .distances = near.distances,
                                         .k = near.k,
                                         .filter = all->request.filter,
                                         .fraction = all->request.fraction,
                                         .least = all->request.least,
                                         .pool = run->pool,
                                         .progress = &run->progress};
    status = check_plan(run, &request, err);
    if (!status) status = wn_labels_find_evidence(&request, &all->found, err);
    all->check_seconds = now() - started;
    wn_neighbours_clear(&near);
    return status;
}

static wn_status write_suggested(const char *path, const wn_label_issues *found, wn_error *err)
{
    int64_t *classes = wn_alloc(WN_MEMORY_MATRIX, found->rows, sizeof *classes);
    if (!classes) return command_fail(err, WN_NOMEM, "no memory for %zu classes", found->rows);
    for (size_t row = 0; row < found->rows; row++) classes[row] = found->suggested[row];
    wn_status status = wn_npy_write_integers(path, classes, found->rows, err);
    wn_free(classes);
    return status;
}

static wn_status write_arrays(const check_params *params, const wn_label_issues *found, wn_error *err)
{
    wn_status status = WN_OK;
    if (params->out) status = wn_npy_write_floats(params->out, found->scores, found->rows, err);
    if (!status && params->out_issues)
        status = wn_npy_write_integers(params->out_issues, found->ranked, found->len, err);
    if (!status && params->out_suggested) status = write_suggested(params->out_suggested, found, err);
    return status;
}

static void say_input(session *run, const label_arrays *all)
{
    const wn_label_issues *found = &all->found.issues;
    char a[32];
    if (found->unlabelled)
        terminal_say(run->terminal, "  no label    %s rows; their score is NaN", human_count(found->unlabelled, a));
    if (found->unusable)
        terminal_say(run->terminal, "  NaN         %s rows of '%s', the first is row %zu; their score is NaN",
                     human_count(found->unusable, a), all->path, found->first_unusable);
    if (found->unnormalised)
        terminal_say(run->terminal,
                     "  sums        %s rows of '%s' do not sum to 1, the first is row %zu; used as they are",
                     human_count(found->unnormalised, a), all->path, found->first_unnormalised);
    if (found->small)
        terminal_say(run->terminal, "  small       %zu classes have too few rows to be pruned", found->small);
}

static void say_found(session *run, const label_arrays *all)
{
    const wn_label_issues *found = &all->found.issues;
    char a[32], b[32], c[32];
    terminal_say(run->terminal, "  labels      %s issues by %s in %s rows; about %s labels are wrong",
                 human_count(found->len, a), wn_label_filter_names[all->request.filter], human_count(found->rows, b),
                 human_count(found->calibrated, c));
    for (size_t i = 0; i < found->len && i < 5; i++) {
        size_t row = (size_t)found->ranked[i];
        terminal_say(run->terminal, "              row %zu: labelled %" PRId64 ", suggested %" PRId32 " (score %.4f)",
                     row, all->request.labels[row], found->suggested[row], (double)found->scores[row]);
    }
}

enum { SHOWN_OVERLAPS = 100 };

/* The figures of each class. */
static json_t *json_health(const label_arrays *all)
{
    const wn_label_issues *found = &all->found.issues;
    json_t *out = json_array();
    wn_class_health *health = wn_alloc(WN_MEMORY_GENERAL, found->classes, sizeof *health);
    if (health) wn_labels_health(found, all->request.labels, health);
    for (size_t k = 0; health && k < found->classes; k++) {
        const wn_class_health *h = &health[k];
        json_array_append_new(out, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "class", (json_int_t)k, "labels",
                                             (json_int_t)h->labels, "issues", (json_int_t)h->issues, "errors",
                                             (json_int_t)h->errors, "missing", (json_int_t)h->missing, "health",
                                             json_figure(h->health), "inverse_health", json_figure(h->inverse_health)));
    }
    wn_free(health);
    return out;
}

/* The pairs of classes that are mixed up most. */
static json_t *json_overlaps(const label_arrays *all)
{
    json_t *out = json_array();
    wn_class_overlap *pairs = NULL;
    size_t count = 0;
    if (wn_labels_overlaps(&all->found.issues, &pairs, &count, NULL)) return out;
    for (size_t i = 0; i < count && i < SHOWN_OVERLAPS; i++)
        json_array_append_new(out, json_pack("{s:i, s:i, s:I, s:o}", "a", (int)pairs[i].a, "b", (int)pairs[i].b, "rows",
                                             (json_int_t)pairs[i].rows, "share", json_figure(pairs[i].share)));
    wn_free(pairs);
    return out;
}

static json_t *json_labels(const label_arrays *all)
{
    const wn_label_issues *found = &all->found.issues;
    json_t *seconds = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "read", json_figure(all->read_seconds), "search", json_figure(all->search_seconds),
        "check", json_figure(all->check_seconds), "write", json_figure(all->write_seconds), "total",
        json_figure(all->read_seconds + all->search_seconds + all->check_seconds + all->write_seconds));
    const char *method = all->embeddings.data ? "votes-and-probe" : wn_label_score_names[all->request.score];
    return json_pack("{s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rows",
                     json_count(found->rows), "classes", json_count(found->classes), "method", method, "noise_share",
                     all->embeddings.data ? json_figure(all->found.noise_share) : json_null(), "filter",
                     wn_label_filter_names[all->request.filter], "issues", json_count(found->len), "confident_issues",
                     json_count(found->confident), "estimated_errors", json_count(found->calibrated), "unlabelled",
                     json_count(found->unlabelled), "unusable", json_count(found->unusable), "unnormalised",
                     json_count(found->unnormalised), "small_classes", json_count(found->small), "health",
                     json_figure(wn_labels_overall_health(found)), "health_by_class", json_health(all), "overlaps",
                     json_overlaps(all), "seconds", seconds, "peak_memory_bytes", json_peak_memory());
}

static wn_status check(session *run, const check_params *params, label_arrays *all, wn_error *err)
{
    double started = now();
    wn_status status;
    if (all->embeddings.data) {
        status = find_evidence(run, params, all, err);
    } else {
        status = wn_labels_find_issues(&all->request, &all->found.issues, err);
        all->check_seconds = now() - started;
    }
    if (status) return status;
    started = now();
    if ((status = write_arrays(params, &all->found.issues, err))) return status;
    all->write_seconds = now() - started;
    say_input(run, all);
    say_found(run, all);
    return run->common.json ? json_print(json_labels(all), err) : WN_OK;
}

wn_status check_label_arrays(session *run, wn_error *err)
{
    const check_params *params = run->params;
    label_arrays all = {0};
    if (!params->labels) return command_usage_error(run, err, "name --labels L.npy");
    if (!params->out && !params->out_issues && !params->out_suggested && !run->common.json && !run->common.dry_run)
        return command_usage_error(run, err, "name --out SCORES.npy or --out-issues ROWS.npy");
    double started = now();
    wn_status status = wn_npy_open_stack(params->labels, &all.labels, err);
    if (status) return status;
    const wn_npy_shape *shape = wn_npy_get_shape(all.labels);
    if (shape->dims == 2 && shape->rows > 1 && shape->cols > 1) {
        status = check_multilabel_arrays(run, all.labels, err);
        wn_npy_close(&all.labels);
        return status;
    }
    if (shape->dims > 2) {
        status = check_mask_arrays(run, all.labels, err);
        wn_npy_close(&all.labels);
        return status;
    }
    status = open_arrays(run, params, &all, err);
    all.read_seconds = now() - started;
    if (!status && run->common.dry_run) {
        terminal_say(run->terminal, "would check %zu labels; nothing was written (--dry-run)",
                     all.request.probabilities.rows);
    } else if (!status) {
        status = check(run, params, &all, err);
    }
    wn_label_evidence_clear(&all.found);
    wn_npy_close(&all.labels);
    wn_npy_close(&all.file);
    return status;
}
