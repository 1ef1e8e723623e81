/* SPDX-License-Identifier: Apache-2.0
 *
 * Class by class: the column of a class becomes the two columns "does not apply" and "applies". As many columns are
 * taken out of the table in one pass as fit into a fixed room.
 */
#include "winnow/multilabel.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/ranked_row.h"
#include "winnow/memory.h"

enum { COLUMN_BYTES = 256 << 20, BLOCK_VALUES = 1 << 20 };

static const double KEPT = 0.8; /* share of the worse score in the moving average */

typedef struct judging {
    const wn_multilabel_request *request;
    wn_multilabel_issues *out;
    size_t rows, classes, room; /* columns held at a time */
    double *columns, *block, *sorted;
    int64_t *labels;   /* of one class */
    float *confidence; /* rows: as out->scores, of the probabilities of the given labels */
} judging;

/* ---- one class ---- */

static wn_status read_pairs(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    const double *column = context;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = 1 - column[begin + i];
        out[2 * i + 1] = column[begin + i];
    }
    return WN_OK;
}

/* `take` classes from `first` on, as columns. */
static wn_status read_columns(judging *j, size_t first, size_t take, wn_error *err)
{
    const wn_table *table = &j->request->probabilities;
    size_t most = BLOCK_VALUES / j->classes + 1;
    for (size_t begin = 0; begin < j->rows; begin += most) {
        size_t count = j->rows - begin < most ? j->rows - begin : most;
        WN_TRY(table->read(table->context, begin, count, j->block, err));
        for (size_t i = 0; i < count; i++) {
            for (size_t c = 0; c < take; c++) {
                double value = j->block[i * j->classes + first + c];
                if (value < -1e-6 || value > 1 + 1e-6)
                    return wn_fail(err, WN_INVALID, "row %zu, class %zu: %g is no probability; apply the sigmoid first",
                                   begin + i, first + c, value);
                j->columns[c * j->rows + begin + i] = value;
            }
        }
    }
    return WN_OK;
}

static bool is_low(wn_label_filter filter)
{
    return filter == WN_LABEL_FILTER_LOW_NORMALIZED_MARGIN || filter == WN_LABEL_FILTER_LOW_SELF_CONFIDENCE;
}

static wn_status judge_class(judging *j, size_t c, double *column, wn_error *err)
{
    const wn_multilabel_request *request = j->request;
    wn_label_issues found;
    for (size_t row = 0; row < j->rows; row++) j->labels[row] = request->labels[row * j->classes + c];
    const wn_label_request one = {.probabilities = {j->rows, 2, read_pairs, column},
                                  .labels = j->labels,
                                  .score = request->score,
                                  .filter =
                                      is_low(request->filter) ? WN_LABEL_FILTER_CONFIDENT_LEARNING : request->filter,
                                  .fraction = request->fraction,
                                  .least = request->least,
                                  .pool = request->pool};
    WN_TRY(wn_labels_find_issues(&one, &found, err));
    for (size_t row = 0; row < j->rows; row++) {
        j->out->class_scores[row * j->classes + c] = found.scores[row];
        j->out->class_issues[row * j->classes + c] = found.issues[row];
    }
    j->out->errors += found.calibrated;
    j->out->unusable += found.unusable;
    wn_label_issues_clear(&found);
    return WN_OK;
}

static wn_status judge_classes(judging *j, wn_error *err)
{
    for (size_t first = 0; first < j->classes; first += j->room) {
        size_t take = j->classes - first < j->room ? j->classes - first : j->room;
        WN_TRY(read_columns(j, first, take, err));
        for (size_t c = 0; c < take; c++) {
            WN_TRY(judge_class(j, first + c, j->columns + c * j->rows, err));
            wn_progress_report report = {
                .stage = "labels", .unit = "classes", .done = first + c + 1, .total = j->classes};
            if (wn_progress_tell(j->request->progress, &report))
                return wn_fail(err, WN_CANCELLED, "stopped while checking labels");
        }
    }
    return WN_OK;
}

/* ---- rows ---- */

static int compare_falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The moving average of the scores of one row, the worst one last. */
static float join(const float *scores, size_t classes, double *sorted)
{
    size_t n = 0;
    for (size_t c = 0; c < classes; c++)
        if (!isnan(scores[c])) sorted[n++] = (double)scores[c];
    if (!n) return NAN;
    qsort(sorted, n, sizeof *sorted, compare_falling);
    double average = sorted[0];
    for (size_t i = 1; i < n; i++) average = KEPT * sorted[i] + (1 - KEPT) * average;
    return (float)average;
}

/* The `most` rows of least score are the issues. */
static void take_lowest(wn_ranked_row *list, const float *scores, size_t rows, size_t most, uint8_t *issues)
{
    size_t n = 0;
    for (size_t row = 0; row < rows; row++)
        if (!isnan(scores[row])) list[n++] = (wn_ranked_row){scores[row], (uint32_t)row};
    qsort(list, n, sizeof *list, wn_ranked_row_compare);
    memset(issues, 0, rows);
    for (size_t i = 0; i < most && i < n; i++) issues[list[i].row] = 1;
}

static wn_status join_classes(judging *j, wn_error *err)
{
    wn_multilabel_issues *out = j->out;
    size_t any = 0;
    wn_ranked_row *list = wn_alloc(WN_MEMORY_MATRIX, j->rows, sizeof *list);
    if (!list) return wn_fail(err, WN_NOMEM, "no memory to rank %zu rows", j->rows);
    for (size_t row = 0; row < j->rows; row++) {
        const uint8_t *issues = out->class_issues + row * j->classes;
        out->scores[row] = join(out->class_scores + row * j->classes, j->classes, j->sorted);
        out->issues[row] = memchr(issues, 1, j->classes) != NULL;
        any += out->issues[row];
    }
    if (is_low(j->request->filter)) {
        /* Chosen by self-confidence, whatever score they are ranked by. */
        bool same = j->request->score != WN_LABEL_SCORE_CONFIDENCE_WEIGHTED_ENTROPY;
        take_lowest(list, same ? out->scores : j->confidence, j->rows, any, out->issues);
    }
    for (size_t row = 0; row < j->rows; row++)
        if (out->issues[row]) list[out->len++] = (wn_ranked_row){out->scores[row], (uint32_t)row};
    qsort(list, out->len, sizeof *list, wn_ranked_row_compare);
    out->ranked = wn_alloc(WN_MEMORY_MATRIX, out->len, sizeof *out->ranked);
    for (size_t i = 0; out->ranked && i < out->len; i++) out->ranked[i] = list[i].row;
    wn_free(list);
    return out->ranked ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to rank %zu rows", out->len);
}

/* Scores by self-confidence, where another score was asked for. */
static wn_status find_confidence(judging *j, wn_error *err)
{
    const wn_table *table = &j->request->probabilities;
    if (!is_low(j->request->filter)) return WN_OK;
    float *scores = wn_alloc(WN_MEMORY_MATRIX, j->classes, sizeof *scores);
    wn_status status = scores ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu classes", j->classes);
    for (size_t row = 0; row < j->rows && !status; row++) {
        if ((status = table->read(table->context, row, 1, j->block, err))) break;
        for (size_t c = 0; c < j->classes; c++) {
            int64_t label = j->request->labels[row * j->classes + c];
            scores[c] = label < 0 ? NAN : (float)(label ? j->block[c] : 1 - j->block[c]);
        }
        j->confidence[row] = join(scores, j->classes, j->sorted);
    }
    wn_free(scores);
    return status;
}

/* ---- all ---- */

static wn_status check_labels(const judging *j, wn_error *err)
{
    if (j->classes < 1 || j->classes > INT32_MAX) return wn_fail(err, WN_INVALID, "%zu classes", j->classes);
    if (j->rows >= UINT32_MAX) return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", j->rows);
    for (size_t i = 0; i < j->rows * j->classes; i++) {
        if (j->request->labels[i] > 1)
            return wn_fail(err, WN_INVALID,
                           "row %zu, class %zu: the label is %" PRId64 "; 1 says that the class applies, 0 that not",
                           i / j->classes, i % j->classes, j->request->labels[i]);
    }
    return WN_OK;
}

static wn_status get_memory(judging *j, wn_error *err)
{
    wn_multilabel_issues *out = j->out;
    size_t column = (j->rows ? j->rows : 1) * sizeof(double);
    j->room = COLUMN_BYTES / column > j->classes ? j->classes : COLUMN_BYTES / column;
    if (!j->room) j->room = 1;
    j->columns = wn_alloc(WN_MEMORY_MATRIX, j->room, column);
    j->block = wn_alloc(WN_MEMORY_MATRIX, BLOCK_VALUES + j->classes, sizeof *j->block);
    j->sorted = wn_alloc(WN_MEMORY_MATRIX, j->classes, sizeof *j->sorted);
    j->labels = wn_alloc(WN_MEMORY_MATRIX, j->rows, sizeof *j->labels);
    j->confidence = wn_alloc(WN_MEMORY_MATRIX, j->rows, sizeof *j->confidence);
    out->class_scores = wn_alloc(WN_MEMORY_MATRIX, j->rows, j->classes * sizeof *out->class_scores);
    out->class_issues = wn_alloc(WN_MEMORY_MATRIX, j->rows, j->classes);
    out->scores = wn_alloc(WN_MEMORY_MATRIX, j->rows, sizeof *out->scores);
    out->issues = wn_alloc(WN_MEMORY_MATRIX, j->rows, 1);
    if (j->columns && j->block && j->sorted && j->labels && j->confidence && out->class_scores && out->class_issues &&
        out->scores && out->issues)
        return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory to check %zu labels of %zu classes", j->rows, j->classes);
}

wn_status wn_multilabel_find_issues(const wn_multilabel_request *request, wn_multilabel_issues *out, wn_error *err)
{
    judging j = {
        .request = request, .out = out, .rows = request->probabilities.rows, .classes = request->probabilities.cols};
    *out = (wn_multilabel_issues){.rows = j.rows, .classes = j.classes};
    wn_status status = check_labels(&j, err);
    if (!status) status = get_memory(&j, err);
    if (!status) status = judge_classes(&j, err);
    if (!status) status = find_confidence(&j, err);
    if (!status) status = join_classes(&j, err);
    wn_free(j.confidence);
    wn_free(j.labels);
    wn_free(j.sorted);
    wn_free(j.block);
    wn_free(j.columns);
    if (status) wn_multilabel_issues_clear(out);
    return status;
}

void wn_multilabel_issues_clear(wn_multilabel_issues *issues)
{
    wn_free(issues->ranked);
    wn_free(issues->issues);
    wn_free(issues->scores);
    wn_free(issues->class_issues);
    wn_free(issues->class_scores);
    *issues = (wn_multilabel_issues){0};
}
