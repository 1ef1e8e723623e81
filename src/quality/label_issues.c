/* SPDX-License-Identifier: Apache-2.0
 *
 * Confident learning: measure all rows, guess true classes where a probability passes the threshold of its class,
 * count the joint of given and guessed classes, and call issues by one of several rules. Three passes at most over the
 * table; beside it some forty bytes a row.
 */
#include "quality/label_issues.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/ranked_row.h"
#include "winnow/memory.h"

const char *const wn_label_score_names[WN_LABEL_SCORE_COUNT + 1] = {
#define X(name, text) text,
    WN_LABEL_SCORE_MAP(X)
#undef X
        NULL};

const char *const wn_label_filter_names[WN_LABEL_FILTER_COUNT + 1] = {
#define X(name, text) text,
    WN_LABEL_FILTER_MAP(X)
#undef X
        NULL};

void wn_label_issues_clear(wn_label_issues *issues)
{
    wn_free(issues->joint);
    wn_free(issues->thresholds);
    wn_free(issues->ranked);
    wn_free(issues->suggested);
    wn_free(issues->issues);
    wn_free(issues->scores);
    *issues = (wn_label_issues){0};
}

static void clear_scratch(wn_labelling *s)
{
    wn_free(s->errors);
    wn_free(s->block);
    wn_free(s->floors);
    wn_free(s->rank);
    wn_free(s->starts);
    wn_free(s->order);
    wn_free(s->guess);
    wn_free(s->label);
    wn_free(s->other_class);
    wn_free(s->other);
    wn_free(s->own);
}

static wn_status get_memory(wn_labelling *s, wn_error *err)
{
    enum { BLOCK = 131072, LEAST = 16, MOST = 4096 };
    size_t rows = s->rows, classes = s->classes, threads = wn_pool_threads(s->request->pool);
    wn_label_issues *out = s->out;
    s->grain = BLOCK / classes < LEAST ? LEAST : BLOCK / classes > MOST ? MOST : BLOCK / classes;
    s->own = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->own);
    s->other = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->other);
    s->other_class = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->other_class);
    s->label = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->label);
    s->guess = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->guess);
    s->order = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->order);
    s->rank = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->rank);
    s->starts = wn_calloc(WN_MEMORY_MATRIX, classes + 1, sizeof *s->starts);
    s->floors = wn_alloc(WN_MEMORY_MATRIX, classes, sizeof *s->floors);
    s->block = wn_alloc(WN_MEMORY_MATRIX, threads * s->grain * classes, sizeof *s->block);
    s->errors = wn_calloc(WN_MEMORY_GENERAL, threads, sizeof *s->errors);
    out->scores = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->scores);
    out->issues = wn_calloc(WN_MEMORY_MATRIX, rows, sizeof *out->issues);
    out->suggested = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->suggested);
    out->thresholds = wn_alloc(WN_MEMORY_MATRIX, classes, sizeof *out->thresholds);
    out->joint = wn_calloc(WN_MEMORY_MATRIX, classes * classes, sizeof *out->joint);
    if (!s->own || !s->other || !s->other_class || !s->label || !s->guess || !s->order || !s->rank || !s->starts ||
        !s->floors || !s->block || !s->errors || !out->scores || !out->issues || !out->suggested || !out->thresholds ||
        !out->joint)
        return wn_fail(err, WN_NOMEM, "no memory to check %zu labels of %zu classes", rows, classes);
    return WN_OK;
}

static wn_status check_request(const wn_label_request *request, wn_error *err)
{
    size_t rows = request->probabilities.rows, classes = request->probabilities.cols;
    if (classes < 2)
        return wn_fail(err, WN_INVALID, "probabilities of %zu class%s; at least two are needed", classes,
                       classes == 1 ? "" : "es");
    if (rows >= UINT32_MAX || classes > INT32_MAX / classes)
        return wn_fail(err, WN_UNSUPPORTED, "%zu rows x %zu classes are more than 32 bits count", rows, classes);
    if (!(request->fraction >= 0 && request->fraction <= 1))
        return wn_fail(err, WN_INVALID, "the fraction of issues %g is not between 0 and 1", request->fraction);
    for (size_t row = 0; row < rows; row++) {
        if (request->labels[row] >= 0 && (uint64_t)request->labels[row] >= classes)
            return wn_fail(err, WN_INVALID,
                           "row %zu has the label %" PRId64 ", but there are probabilities of %zu classes (0 to %zu)",
                           row, request->labels[row], classes, classes - 1);
    }
    return WN_OK;
}

/* Lists the rows of each class in row order. */
static void sort_by_label(wn_labelling *s)
{
    for (size_t row = 0; row < s->rows; row++) {
        if (s->label[row] >= 0) s->rank[row] = (uint32_t)s->starts[s->label[row] + 1]++;
    }
    for (size_t k = 0; k < s->classes; k++) s->starts[k + 1] += s->starts[k];
    for (size_t row = 0; row < s->rows; row++) {
        if (s->label[row] >= 0) s->order[s->starts[s->label[row]] + s->rank[row]] = (uint32_t)row;
    }
}

static wn_status rank_issues(wn_label_issues *out, wn_error *err)
{
    for (size_t row = 0; row < out->rows; row++) out->len += out->issues[row];
    wn_ranked_row *list = wn_alloc(WN_MEMORY_MATRIX, out->len, sizeof *list);
    out->ranked = wn_alloc(WN_MEMORY_MATRIX, out->len, sizeof *out->ranked);
    if (!list || !out->ranked) {
        wn_free(list);
        return wn_fail(err, WN_NOMEM, "no memory to rank %zu labels", out->len);
    }
    for (size_t row = 0, n = 0; row < out->rows; row++) {
        if (out->issues[row]) list[n++] = (wn_ranked_row){out->scores[row], (uint32_t)row};
    }
    qsort(list, out->len, sizeof *list, wn_ranked_row_compare);
    for (size_t i = 0; i < out->len; i++) out->ranked[i] = list[i].row;
    wn_free(list);
    return WN_OK;
}

static wn_status find_issues(wn_labelling *s, wn_error *err)
{
    WN_TRY(get_memory(s, err));
    WN_TRY(wn_labelling_measure(s, err));
    sort_by_label(s);
    WN_TRY(wn_labelling_guess(s, err));
    WN_TRY(wn_labelling_calibrate(s, err));
    WN_TRY(wn_labelling_filter(s, err));
    return rank_issues(s->out, err);
}

wn_status wn_labels_find_issues(const wn_label_request *request, wn_label_issues *out, wn_error *err)
{
    wn_labelling s = {
        .request = request, .out = out, .rows = request->probabilities.rows, .classes = request->probabilities.cols};
    *out = (wn_label_issues){.rows = s.rows, .classes = s.classes};
    wn_status status = check_request(request, err);
    if (!status) status = find_issues(&s, err);
    if (status) wn_label_issues_clear(out);
    clear_scratch(&s);
    return status;
}
