/* SPDX-License-Identifier: Apache-2.0
 *
 * .npy arrays: one whole number a row is a label (negative = none), a row of numbers is the probabilities of the
 * classes. Row i belongs to row i of the workspace.
 */
#include <math.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "winnow/npy.h"

enum { CLASSES_MAX = 65536 };

static bool probe(const wn_annotation_source *source)
{
    return !source->files && wn_text_ends_with(source->path, ".npy");
}

static wn_status read_labels(wn_annotation_builder *builder, wn_npy *npy, wn_error *err)
{
    wn_rows labels;
    WN_TRY(wn_npy_labels(npy, &labels, err));
    int64_t largest = -1;
    for (size_t i = 0; i < labels.len; i++)
        if (labels.data[i] > largest) largest = labels.data[i];
    /* Ids in order, so that the classes of two arrays of one data set agree. */
    for (int64_t id = 0; id <= largest && largest < CLASSES_MAX; id++) wn_builder_category(builder, id, NULL);
    for (size_t i = 0; i < labels.len && !builder->storage->status; i++) {
        size_t image = wn_builder_row(builder);
        if (labels.data[i] < 0) continue;
        wn_builder_item(builder, image, wn_builder_category(builder, labels.data[i], NULL));
    }
    return WN_OK;
}

static wn_status read_probabilities(wn_annotation_builder *builder, wn_npy *npy, const char *path, wn_error *err)
{
    wn_matrix matrix;
    size_t bad = 0;
    WN_TRY(wn_npy_matrix(npy, &matrix, err));
    if (matrix.cols > CLASSES_MAX)
        return wn_fail(err, WN_LIMIT, "%s: %zu classes; at most %d", path, matrix.cols, CLASSES_MAX);
    for (size_t c = 0; c < matrix.cols; c++) wn_builder_category(builder, (int64_t)c, NULL);
    for (size_t i = 0; i < matrix.rows && !builder->storage->status; i++) {
        const float *row = wn_matrix_row(&matrix, i);
        size_t image = wn_builder_row(builder), best = 0;
        bool good = true;
        for (size_t c = 0; c < matrix.cols; c++) {
            if (!(row[c] >= 0 && isfinite(row[c]))) good = false;
            if (row[c] > row[best]) best = c;
        }
        if (!good) {
            bad++;
            builder->place.line = i + 1;
            wn_builder_problem(builder, "row %zu has a probability that is negative or no number; left out", i);
            continue;
        }
        wn_annotation_item *item = wn_builder_item(builder, image, (int32_t)best);
        item->score = row[best];
        item->probabilities = wn_builder_numbers(builder, row, matrix.cols);
    }
    if (bad && bad == matrix.rows) return wn_fail(err, WN_INVALID, "%s: no row holds probabilities", path);
    return WN_OK;
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_npy *npy = NULL;
    builder->set->by_row = true;
    builder->set->task = WN_TASK_CLASSIFICATION;
    WN_TRY(wn_npy_open(file->path, &npy, err));
    const wn_npy_shape *shape = wn_npy_get_shape(npy);
    wn_status status = shape->dims == 2 && shape->cols > 1 ? read_probabilities(builder, npy, file->path, err)
                                                           : read_labels(builder, npy, err);
    wn_npy_close(&npy);
    return status;
}

const wn_annotation_format wn_annotation_format_npy = {
    .name = "npy",
    .summary = "an array of labels or of class probabilities, one row for each row of the workspace",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .unread = true,
    .probe = probe,
    .parse = parse,
};
