/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels of a workspace that are probably wrong: from the probabilities of imported predictions where there are any,
 * else from the embeddings.
 */
#include "jobs/check.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/annotation_records.h"
#include "winnow/labels.h"
#include "winnow/memory.h"

static const wn_check labels_check = {.name = "labels", .summary = "the label is probably wrong", .evidence = true};

/* Where the class of a prediction stands among the classes of the labels, by name; SIZE_MAX = not there. */
static size_t find_class(const wn_annotation_category *classes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(classes[i].name, name) == 0) return i;
    }
    return SIZE_MAX;
}

/* Columns of the predictions in the order of the label classes; classes that are not predicted get 0. A row whose
 * probabilities are all 0, because its prediction was left out, has none. The number of classes that both name. */
static size_t order_columns(const wn_check_labels *labels, const wn_annotation_category *predicted, size_t count,
                            const float *from, size_t rows, float *to)
{
    size_t common = 0;
    memset(to, 0, rows * labels->classes * sizeof *to);
    for (size_t k = 0; k < count; k++) {
        size_t at = find_class(labels->names, labels->classes, predicted[k].name);
        common += at != SIZE_MAX;
        for (size_t row = 0; at != SIZE_MAX && row < rows; row++)
            to[row * labels->classes + at] = from[row * count + k];
    }
    for (size_t row = 0; row < rows; row++) {
        float sum = 0;
        for (size_t k = 0; k < count; k++) sum += from[row * count + k];
        if (sum == 0) to[row * labels->classes] = NAN;
    }
    return common;
}

/* Probabilities of the newest predictions of whole images; *out NULL when there are none. *strange: they name no class
 * of the labels. */
static wn_status load_probabilities(wn_checking *s, float **out, bool *strange, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_annotation_category *predicted = NULL;
    float *values = NULL;
    size_t count = 0, classes = 0;
    wn_rows rows = {s->rows.rows, s->rows.len};
    *out = NULL;
    wn_status status = wn_annotation_set_find(s->workspace, WN_ROLE_PREDICTIONS, NULL, &set, err);
    if (status) return status == WN_NOTFOUND ? WN_OK : status;
    if (set->task != WN_TASK_CLASSIFICATION) goto done;
    if ((status = wn_annotation_set_categories(s->workspace, set->id, &predicted, &count, err))) goto done;
    status = wn_distribution_load(s->workspace, WN_ROLE_PREDICTIONS, set->name, rows, &values, &classes, err);
    if (status || classes != count) goto done;
    *out = wn_alloc(WN_MEMORY_MATRIX, rows.len * s->labels.classes, sizeof **out);
    if (*out)
        *strange = order_columns(&s->labels, predicted, count, values, rows.len, *out) == 0;
    else
        status = wn_fail(err, WN_NOMEM, "no memory for the predictions of %zu images", rows.len);
done:
    wn_free(values);
    wn_free(predicted);
    wn_free(set);
    return status == WN_NOTFOUND ? WN_OK : status;
}

static wn_status find_issues(wn_checking *s, const float *probabilities, wn_error *err)
{
    size_t rows = s->rows.len;
    wn_label_evidence *found = &s->labels.found;
    if (probabilities) {
        wn_matrix matrix = {probabilities, rows, s->labels.classes, s->labels.classes};
        wn_label_request request = {.probabilities = wn_matrix_table(&matrix),
                                    .labels = s->labels.values,
                                    .pool = s->job->pool,
                                    .progress = s->job->progress};
        return wn_labels_find_issues(&request, &found->issues, err);
    }
    wn_label_evidence_request request = {.embeddings = s->input.embeddings,
                                         .labels = s->labels.values,
                                         .ids = s->input.neighbours,
                                         .distances = s->input.distances,
                                         .k = s->input.k,
                                         .pool = s->job->pool,
                                         .progress = s->job->progress};
    WN_TRY(wn_job_plan(s->job, "checking labels", wn_label_evidence_memory(&request, s->labels.classes), err));
    return wn_labels_find_evidence(&request, found, err);
}

/* As a result like that of other checks: the evidence is the nearest neighbour that has the suggested label. */
static wn_status fill_result(wn_checking *s, wn_check_result *out, wn_error *err)
{
    const wn_label_issues *issues = &s->labels.found.issues;
    size_t rows = s->rows.len;
    *out = (wn_check_result){.rows = rows, .issues = issues->len, .threshold = NAN};
    out->scores = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->scores);
    out->is_issue = wn_alloc(WN_MEMORY_GENERAL, rows, 1);
    out->evidence = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->evidence);
    out->distances = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->distances);
    if (!out->scores || !out->is_issue || !out->evidence || !out->distances)
        return wn_fail(err, WN_NOMEM, "no memory to check %zu labels", rows);
    for (size_t row = 0; row < rows; row++) {
        out->scores[row] = issues->scores[row];
        out->is_issue[row] = issues->issues[row];
        out->evidence[row] = -1;
        out->distances[row] = NAN;
        for (size_t i = 0; i < s->input.k && out->evidence[row] < 0; i++) {
            int64_t id = s->input.neighbours[row * s->input.k + i];
            if (id < 0 || s->labels.values[id] != issues->suggested[row]) continue;
            out->evidence[row] = id;
            out->distances[row] = s->input.distances[row * s->input.k + i];
        }
    }
    return WN_OK;
}

wn_status wn_checking_load_labels(wn_checking *s, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_rows rows = {s->rows.rows, s->rows.len};
    wn_status status = wn_annotation_set_find(s->workspace, WN_ROLE_LABELS, NULL, &set, err);
    if (status) return status == WN_NOTFOUND ? WN_OK : status;
    if (set->task == WN_TASK_CLASSIFICATION) {
        status = wn_annotation_set_categories(s->workspace, set->id, &s->labels.names, &s->labels.classes, err);
        s->labels.values = wn_alloc(WN_MEMORY_GENERAL, rows.len, sizeof *s->labels.values);
        if (!status && !s->labels.values)
            status = wn_fail(err, WN_NOMEM, "no memory for the labels of %zu images", rows.len);
        if (!status) status = wn_labels_load(s->workspace, set->name, rows, s->labels.values, err);
    }
    wn_free(set);
    return status;
}

wn_status wn_checking_labels(wn_checking *s, wn_check_summary *summary, wn_error *err)
{
    float *probabilities = NULL;
    size_t named = 0;
    bool strange = false;
    *summary =
        (wn_check_summary){.name = labels_check.name, .summary = labels_check.summary, .threshold = NAN, .figure = NAN};
    if (!s->labels.values) {
        summary->left_out = "there are no labels of images; 'winnow import' brings them";
        return WN_OK;
    }
    wn_status status = load_probabilities(s, &probabilities, &strange, err);
    for (size_t row = 0; row < s->rows.len; row++) named += s->labels.values[row] > 0;
    if (!probabilities && !s->input.embeddings.data) {
        summary->left_out = "there are neither predictions nor embeddings; 'winnow embed' makes some";
    } else if (s->labels.classes < 2 || (!probabilities && named == 0)) {
        summary->left_out = "all labels name one class";
    } else if (strange) {
        summary->left_out = "no class of the predictions is called like one of the labels";
    } else if (!status && !(status = find_issues(s, probabilities, err))) {
        status = fill_result(s, &s->results[s->count], err);
        s->checks[s->count++] = &labels_check;
        summary->issues = (int64_t)s->labels.found.issues.len;
        s->out->label_errors = (int64_t)s->labels.found.issues.calibrated;
    }
    wn_free(probabilities);
    return status;
}
