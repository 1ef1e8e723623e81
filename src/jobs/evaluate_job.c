/* SPDX-License-Identifier: Apache-2.0
 *
 * evaluate: the embeddings of a workspace with the label of each image, imported or by its folder.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/reduction_stage.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"
#include "winnow/row_labels.h"

/* ---- labels by folder ---- */

typedef struct folder_walk {
    wn_row_labels *book;
    const wn_row_list *rows;
    int64_t *labels;
} folder_walk;

static wn_status take_sample(void *context, const wn_sample *sample)
{
    const folder_walk *walk = context;
    const size_t at = wn_rows_find(walk->rows, sample->row);
    const char *end = strrchr(sample->name, '/'), *begin = end;
    if (at == SIZE_MAX || !end) return WN_OK;
    while (begin > sample->name && begin[-1] != '/') begin--;
    walk->labels[at] = wn_row_labels_number(walk->book, begin, (size_t)(end - begin));
    return WN_OK;
}

static wn_status load_folders(wn_workspace *workspace, const wn_row_list *rows, int64_t *labels, wn_error *err)
{
    folder_walk walk = {.rows = rows, .labels = labels};
    wn_workspace_counts counts;
    WN_TRY(wn_row_labels_new(&walk.book, err));
    wn_status status = wn_workspace_count(workspace, &counts, err);
    if (!status) status = wn_workspace_visit_samples(workspace, 0, counts.rows, take_sample, &walk, err);
    wn_row_labels_free(&walk.book);
    return status;
}

/* ---- imported labels ---- */

static wn_status load_set(wn_workspace *workspace, const char *wanted, const wn_row_list *rows, wn_labelled *out,
                          wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_LABELS, wanted, &set, err));
    wn_status status = WN_OK;
    if (set->task != WN_TASK_CLASSIFICATION && !wanted)
        status = WN_NOTFOUND;
    else
        status = wn_labels_load(workspace, set->name, (wn_rows){rows->rows, rows->len}, out->labels, err);
    if (!status && !(out->label_set = wn_text_copy(set->name))) status = wn_fail(err, WN_NOMEM, "out of memory");
    wn_free(set);
    return status;
}

static wn_status load_labels(wn_workspace *workspace, const wn_labelled_options *options, const wn_row_list *rows,
                             wn_labelled *out, wn_error *err)
{
    out->labels = wn_alloc(WN_MEMORY_MATRIX, rows->len + 1, sizeof *out->labels);
    if (!out->labels) return wn_fail(err, WN_NOMEM, "no memory for the labels of %zu images", rows->len);
    for (size_t i = 0; i < rows->len; i++) out->labels[i] = -1;
    if (!options->folders) {
        wn_status status = load_set(workspace, options->labels, rows, out, err);
        if (status != WN_NOTFOUND || options->labels) return status;
    }
    return load_folders(workspace, rows, out->labels, err);
}

static wn_status load(const wn_job *job, wn_workspace *workspace, const wn_labelled_options *options, wn_labelled *out,
                      wn_error *err)
{
    char *file = NULL, *column = NULL;
    wn_vectors *vectors = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof *vectors);
    if (!vectors) return wn_fail(err, WN_NOMEM, "out of memory");
    out->storage = vectors;
    wn_status status = wn_find_reduced(workspace, options->model, &options->reduce, &out->model, &file, err);
    if (!status) status = wn_find_embedding(workspace, out->model, &column, err);
    if (!status) status = wn_vectors_load(job, workspace, column, vectors, err);
    if (!status) status = load_labels(workspace, options, &vectors->rows, out, err);
    out->matrix = vectors->matrix;
    out->rows = (wn_rows){vectors->rows.rows, vectors->rows.len};
    wn_free(column);
    wn_free(file);
    return status;
}

wn_status wn_job_load_labelled(const wn_job *job, const wn_labelled_options *options, wn_labelled *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    *out = (wn_labelled){0};
    WN_TRY(
        wn_job_open_workspace(job, options->workspace, NULL, 0, WN_WORKSPACE_READ, &workspace, &out->workspace, err));
    wn_status status = load(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    if (status) wn_labelled_clear(out);
    return status;
}

void wn_labelled_clear(wn_labelled *labelled)
{
    if (labelled->storage) wn_vectors_clear(labelled->storage);
    wn_free(labelled->storage);
    wn_free(labelled->labels);
    wn_free(labelled->label_set);
    wn_free(labelled->model);
    wn_free(labelled->workspace);
    *labelled = (wn_labelled){0};
}
