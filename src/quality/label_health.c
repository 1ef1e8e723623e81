/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of rows and columns of the calibrated joint.
 */
#include "winnow/label_health.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "winnow/memory.h"

void wn_labels_health(const wn_label_issues *found, const int64_t *labels, wn_class_health *out)
{
    size_t n = found->classes;
    for (size_t k = 0; k < n; k++) {
        int64_t right = found->joint[k * n + k], given = 0, truth = 0;
        for (size_t j = 0; j < n; j++) {
            given += found->joint[k * n + j];
            truth += found->joint[j * n + k];
        }
        out[k] = (wn_class_health){.errors = given - right,
                                   .missing = truth - right,
                                   .health = given ? (double)right / (double)given : NAN,
                                   .inverse_health = truth ? (double)right / (double)truth : NAN};
    }
    for (size_t row = 0; row < found->rows; row++) {
        if (labels[row] < 0 || found->suggested[row] < 0) continue;
        out[labels[row]].labels++;
        out[labels[row]].issues += found->issues[row];
    }
}

static size_t usable_rows(const wn_label_issues *found)
{
    size_t n = 0;
    for (size_t row = 0; row < found->rows; row++) n += isnan(found->scores[row]) ? 0 : 1;
    return n;
}

double wn_labels_overall_health(const wn_label_issues *found)
{
    size_t rows = usable_rows(found);
    return rows ? 1 - (double)found->confident / (double)rows : NAN;
}

static int compare_overlaps(const void *a, const void *b)
{
    const wn_class_overlap *x = a, *y = b;
    if (x->rows != y->rows) return x->rows > y->rows ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

wn_status wn_labels_overlaps(const wn_label_issues *found, wn_class_overlap **out, size_t *count, wn_error *err)
{
    size_t n = found->classes, pairs = 0, all = 0;
    for (size_t i = 0; i < n * n; i++) all += (size_t)found->joint[i];
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++) pairs += found->joint[a * n + b] + found->joint[b * n + a] > 0;
    *count = 0;
    if (!(*out = wn_alloc(WN_MEMORY_GENERAL, pairs, sizeof **out)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of classes", pairs);
    for (size_t a = 0; a < n; a++) {
        for (size_t b = a + 1; b < n; b++) {
            int64_t rows = found->joint[a * n + b] + found->joint[b * n + a];
            if (rows > 0)
                (*out)[(*count)++] = (wn_class_overlap){(int32_t)a, (int32_t)b, rows, (double)rows / (double)all};
        }
    }
    qsort(*out, *count, sizeof **out, compare_overlaps);
    return WN_OK;
}
