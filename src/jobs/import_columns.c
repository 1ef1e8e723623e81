/* SPDX-License-Identifier: Apache-2.0
 *
 * What selection and checks read by the million, as columns: the label of each row, how much of each class it holds,
 * how many objects of each category, metadata.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "jobs/import.h"

typedef struct filling {
    const wn_annotations *set;
    const wn_matching *matching;
    const wn_annotation_field *field;
} filling;

/* Walks the items of a row, over all its images. `at` begins as (size_t)-1. NULL at the end. */
static const wn_annotation_item *next_item(const filling *f, int64_t *image, size_t *at)
{
    while (*image >= 0) {
        const wn_annotation_image *here = &f->set->images[*image];
        if (++*at < here->count) {
            const wn_annotation_item *item = &f->set->items[here->first + *at];
            if (item->flags & WN_ITEM_DROPPED) continue;
            return item;
        }
        *image = f->matching->next[*image];
        *at = (size_t)-1;
    }
    return NULL;
}

/* Category + 1 of the first label; 0 = none. */
static wn_status fill_label(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    const filling *f = context;
    int32_t *labels = out;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        int64_t image = f->matching->heads[first + (int64_t)i];
        size_t at = (size_t)-1;
        const wn_annotation_item *item = next_item(f, &image, &at);
        labels[i] = item ? item->category + 1 : 0;
    }
    return WN_OK;
}

static wn_status fill_classes(const filling *f, int64_t first, size_t count, bool probabilities, float *out)
{
    size_t classes = f->set->category_count;
    for (size_t i = 0; i < count; i++) {
        int64_t image = f->matching->heads[first + (int64_t)i];
        size_t at = (size_t)-1;
        float *row = out + i * classes;
        for (size_t c = 0; c < classes; c++) row[c] = image < 0 ? NAN : 0;
        for (const wn_annotation_item *item; (item = next_item(f, &image, &at));) {
            const float *numbers = f->set->numbers + item->probabilities.first;
            if (probabilities && item->probabilities.count == classes) {
                for (size_t c = 0; c < classes; c++) row[c] += numbers[c];
            } else if (item->category >= 0)
                row[item->category] += 1;
        }
    }
    return WN_OK;
}

static wn_status fill_distribution(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    (void)err;
    return fill_classes(context, first, count, true, out);
}

static wn_status fill_count(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    (void)err;
    return fill_classes(context, first, count, false, out);
}

static wn_status fill_number(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    const filling *f = context;
    float *numbers = out;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = NAN;
        for (int64_t image = f->matching->heads[first + (int64_t)i]; image >= 0; image = f->matching->next[image])
            if (!isnan(f->field->numbers[image])) numbers[i] = (float)f->field->numbers[image];
    }
    return WN_OK;
}

static wn_status fill_code(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    const filling *f = context;
    int32_t *codes = out;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        codes[i] = 0;
        for (int64_t image = f->matching->heads[first + (int64_t)i]; image >= 0; image = f->matching->next[image])
            if (f->field->codes[image] >= 0) codes[i] = f->field->codes[image] + 1;
    }
    return WN_OK;
}

/* Whether a label a row says all that the set says. */
static bool is_plain(const wn_annotations *set)
{
    for (size_t i = 0; i < set->item_count; i++)
        if (set->items[i].probabilities.count) return false;
    for (size_t i = 0; i < set->image_count; i++)
        if (set->images[i].count > 1) return false;
    return true;
}

static wn_status write_classes(wn_workspace *workspace, int64_t id, filling *f, wn_error *err)
{
    const wn_annotations *set = f->set;
    size_t rows = f->matching->row_count;
    bool labels = set->task == WN_TASK_CLASSIFICATION;
    if (labels)
        WN_TRY(wn_annotation_set_column(workspace, id, "label", "", WN_COLUMN_I32, 1, fill_label, f, rows, err));
    if (set->category_count == 0 || set->category_count > WN_COLUMN_WIDTH_MAX || (labels && is_plain(set)))
        return WN_OK;
    WN_TRY(wn_annotation_set_column(workspace, id, "distribution", "", WN_COLUMN_F32, set->category_count,
                                    fill_distribution, f, rows, err));
    return wn_annotation_set_column(workspace, id, "count", "", WN_COLUMN_F32, set->category_count, fill_count, f, rows,
                                    err);
}

static wn_status write_fields(wn_workspace *workspace, int64_t id, filling *f, wn_error *err)
{
    size_t rows = f->matching->row_count;
    for (size_t i = 0; i < f->set->field_count; i++) {
        f->field = &f->set->fields[i];
        if (f->field->numeric) {
            WN_TRY(wn_annotation_set_column(workspace, id, "number", f->field->name, WN_COLUMN_F32, 1, fill_number, f,
                                            rows, err));
            continue;
        }
        WN_TRY(wn_annotation_set_words(workspace, id, f->field->name, f->field->words, f->field->word_count, err));
        WN_TRY(
            wn_annotation_set_column(workspace, id, "code", f->field->name, WN_COLUMN_I32, 1, fill_code, f, rows, err));
    }
    return WN_OK;
}

wn_status wn_import_columns(wn_workspace *workspace, int64_t id, wn_annotation_role role, const wn_annotations *set,
                            const wn_matching *matching, wn_error *err)
{
    filling f = {.set = set, .matching = matching};
    return role == WN_ROLE_METADATA ? write_fields(workspace, id, &f, err) : write_classes(workspace, id, &f, err);
}
