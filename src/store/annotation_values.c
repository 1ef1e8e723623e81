/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of sets, one for each of some rows. Columns hold what was known when the set was imported: rows that came
 * later have no value. Integer columns count from 1, since 0 is what a column gives for a row that it lacks.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/annotation_internal.h"
#include "winnow/option.h"

enum { BLOCK = 4096 };

/* Missing values for row `at` and the `count` behind it. */
static void fill_missing(wn_column_type type, size_t width, size_t at, size_t count, void *out)
{
    for (size_t i = at * width; i < (at + count) * width; i++) {
        if (type == WN_COLUMN_F32) {
            ((float *)out)[i] = NAN;
        } else
            ((int32_t *)out)[i] = 0;
    }
}

wn_status wn_annotation_values(wn_workspace *workspace, const char *name, wn_column_type type, size_t width,
                               wn_rows rows, void *out, wn_error *err)
{
    wn_column *column = NULL;
    WN_TRY(wn_column_open(workspace, name, &column, err));
    const wn_column_info *info = wn_column_describe(column);
    wn_status status = WN_OK;
    if (info->type != type || info->width != width)
        status = wn_fail(err, WN_CORRUPT, "the column %s of %s has another type than its set; import it again", name,
                         wn_workspace_path(workspace));
    for (size_t at = 0; at < rows.len && !status;) {
        /* Stretches of rows that the column has, and of rows that it lacks. */
        bool there = rows.data[at] >= 0 && rows.data[at] < info->rows;
        size_t end = at;
        while (end < rows.len && end - at < BLOCK && (rows.data[end] >= 0 && rows.data[end] < info->rows) == there)
            end++;
        if (there) {
            status = wn_column_gather(column, rows.data + at, end - at, (char *)out + at * info->row_bytes, err);
        } else
            fill_missing(type, width, at, end - at, out);
        at = end;
    }
    wn_column_close(&column);
    return status;
}

static wn_status load_labels(wn_workspace *workspace, const wn_annotation_set_record *set, wn_rows rows, int64_t *out,
                             wn_error *err)
{
    char *column = NULL;
    int32_t *codes = wn_alloc(WN_MEMORY_STORE, rows.len, sizeof *codes);
    if (!codes) return wn_fail(err, WN_NOMEM, "no memory for the labels of '%s'", set->name);
    wn_status status = wn_annotation_column_find(workspace, set->id, "label", "", &column, err);
    if (status == WN_NOTFOUND)
        status = wn_fail(err, WN_INVALID, "the set '%s' is one of %s; labels of whole images are needed", set->name,
                         wn_annotation_task_text(set->task));
    if (!status) status = wn_annotation_values(workspace, column, WN_COLUMN_I32, 1, rows, codes, err);
    for (size_t i = 0; i < rows.len && !status; i++) out[i] = (int64_t)codes[i] - 1;
    wn_free(column);
    wn_free(codes);
    return status;
}

wn_status wn_labels_load(wn_workspace *workspace, const char *name, wn_rows rows, int64_t *out, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_LABELS, name, &set, err));
    wn_status status = load_labels(workspace, set, rows, out, err);
    wn_free(set);
    return status;
}

/* Names the scores that a task has, and the nearest. Those of objects stand there once for each way to reduce them. */
static wn_status no_such_score(wn_workspace *workspace, const wn_annotation_set_record *set, const char *score,
                               wn_error *err)
{
    wn_annotation_column *columns = NULL;
    size_t count = 0, used = 0, known = 0;
    char names[300] = "";
    bool reduced = false;
    WN_TRY(wn_annotation_column_list(workspace, set->id, &columns, &count, err));
    const char **words = wn_calloc(WN_MEMORY_GENERAL, count + 1, sizeof *words);
    for (size_t i = 0; i < count && used < sizeof names; i++) {
        if (strcmp(columns[i].kind, "score") != 0) continue;
        if (words) words[known++] = columns[i].name;
        if (strchr(columns[i].name, '.')) {
            reduced = true;
            continue;
        }
        int len = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", columns[i].name);
        used += len > 0 ? (size_t)len : 0;
    }
    const char *near = words ? wn_nearest_word(score, words) : NULL;
    wn_status status =
        wn_fail(err, WN_NOTFOUND, "the predictions '%s' have no score '%s'%s%s%s; they have: %s%s", set->name, score,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", used ? names : "none",
                reduced ? "; of the uncertainties also .max, .sum, .mean and .top3" : "");
    wn_free(words);
    wn_free(columns);
    return status;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

wn_status wn_scores_list(wn_workspace *workspace, const char *task, const char ***names, size_t *count, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_annotation_column *columns = NULL;
    size_t all = 0, bytes = 0;
    *names = NULL;
    *count = 0;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, task, &set, err));
    wn_status status = wn_annotation_column_list(workspace, set->id, &columns, &all, err);
    wn_free(set);
    if (status) return status;
    for (size_t i = 0; i < all; i++) bytes += sizeof **names + strlen(columns[i].name) + 1;
    *names = wn_alloc(WN_MEMORY_GENERAL, bytes + 1, 1);
    char *text = (char *)(*names ? *names + all : NULL);
    for (size_t i = 0; i < all && *names; i++) {
        const size_t len = strlen(columns[i].name) + 1;
        if (strcmp(columns[i].kind, "score") != 0) continue;
        (*names)[(*count)++] = memcpy(text, columns[i].name, len);
        text += len;
    }
    wn_free(columns);
    if (!*names) return wn_fail(err, WN_NOMEM, "no memory for the names of scores");
    qsort(*names, *count, sizeof **names, compare_texts);
    return WN_OK;
}

wn_status wn_scores_load(wn_workspace *workspace, const char *task, const char *score, wn_rows rows, float *out,
                         wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    char *column = NULL;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, task, &set, err));
    wn_status status = wn_annotation_column_find(workspace, set->id, "score", score, &column, err);
    if (status == WN_NOTFOUND) status = no_such_score(workspace, set, score, err);
    if (!status) status = wn_annotation_values(workspace, column, WN_COLUMN_F32, 1, rows, out, err);
    wn_free(column);
    wn_free(set);
    return status;
}

/* 1 for the label of each row, NaN for rows without one: for sets that store nothing but a label. */
static wn_status spread_labels(wn_workspace *workspace, const wn_annotation_set_record *set, wn_rows rows, float *out,
                               size_t classes, wn_error *err)
{
    int64_t *labels = wn_alloc(WN_MEMORY_STORE, rows.len, sizeof *labels);
    if (!labels) return wn_fail(err, WN_NOMEM, "no memory for the labels of '%s'", set->name);
    wn_status status = load_labels(workspace, set, rows, labels, err);
    for (size_t i = 0; i < rows.len && !status; i++) {
        bool known = labels[i] >= 0 && (size_t)labels[i] < classes;
        for (size_t c = 0; c < classes; c++) out[i * classes + c] = known ? (float)(labels[i] == (int64_t)c) : NAN;
    }
    wn_free(labels);
    return status;
}

static wn_status load_matrix(wn_workspace *workspace, const char *kind, const wn_annotation_set_record *set,
                             wn_rows rows, float **out, size_t *classes, wn_error *err)
{
    wn_annotation_category *categories = NULL;
    char *column = NULL;
    WN_TRY(wn_annotation_set_categories(workspace, set->id, &categories, classes, err));
    wn_free(categories);
    size_t cells;
    *out = wn_mul_size(rows.len, *classes, &cells) ? wn_alloc(WN_MEMORY_MATRIX, cells, sizeof **out) : NULL;
    if (!*out) return wn_fail(err, WN_NOMEM, "no memory for %zu rows of %zu classes", rows.len, *classes);
    wn_status status = wn_annotation_column_find(workspace, set->id, kind, "", &column, err);
    if (status == WN_NOTFOUND) {
        status = spread_labels(workspace, set, rows, *out, *classes, err);
    } else if (!status)
        status = wn_annotation_values(workspace, column, WN_COLUMN_F32, *classes, rows, *out, err);
    wn_free(column);
    if (!status) return WN_OK;
    wn_free(*out);
    *out = NULL;
    return status;
}

static wn_status load_set_matrix(wn_workspace *workspace, const char *kind, wn_annotation_role role, const char *name,
                                 wn_rows rows, float **out, size_t *classes, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    *out = NULL;
    WN_TRY(wn_annotation_set_find(workspace, role, name, &set, err));
    wn_status status = load_matrix(workspace, kind, set, rows, out, classes, err);
    wn_free(set);
    return status;
}

wn_status wn_distribution_load(wn_workspace *workspace, wn_annotation_role role, const char *set, wn_rows rows,
                               float **out, size_t *classes, wn_error *err)
{
    return load_set_matrix(workspace, "distribution", role, set, rows, out, classes, err);
}

wn_status wn_counts_load(wn_workspace *workspace, wn_annotation_role role, const char *set, wn_rows rows, float **out,
                         size_t *classes, wn_error *err)
{
    return load_set_matrix(workspace, "count", role, set, rows, out, classes, err);
}
