/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs of a selection config from arrays.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "jobs/config_source.h"
#include "winnow/index.h"
#include "winnow/memory.h"

bool wn_config_rows_given(const wn_config_rows *rows)
{
    return rows->tag || rows->list || rows->array;
}

wn_status wn_config_positions(const wn_config_source *source, const wn_config_rows *rows, wn_row_list *out,
                              wn_error *err)
{
    wn_npy *npy = NULL;
    wn_rows list = {0};
    size_t count = source->embeddings.rows;
    *out = (wn_row_list){0};
    if (!rows->array) return source->rows(source, rows, out, err);
    WN_TRY(wn_npy_open(rows->array, &npy, err));
    wn_status status = wn_npy_integers(npy, &list, err);
    if (!status && !(out->rows = wn_alloc(WN_MEMORY_SELECTION, list.len, sizeof *out->rows)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < list.len && !status; i++) {
        if (list.data[i] < 0 || (uint64_t)list.data[i] >= count)
            status = wn_fail(err, WN_INVALID, "%s: item %zu names row %lld, but rows go from 0 to %zu", rows->array, i,
                             (long long)list.data[i], count - 1);
        else
            out->rows[out->len++] = list.data[i];
    }
    wn_npy_close(&npy);
    if (status) {
        wn_free(out->rows);
        *out = (wn_row_list){0};
    }
    return status;
}

wn_status wn_config_array_numbers(const char *path, size_t rows, float *out, wn_error *err)
{
    wn_npy *npy = NULL;
    wn_matrix values;
    WN_TRY(wn_npy_open(path, &npy, err));
    wn_status status = wn_npy_vector(npy, &values, err);
    if (!status && values.rows != rows)
        status = wn_fail(err, WN_INVALID, "%s holds %zu values, but there are %zu rows", path, values.rows, rows);
    for (size_t i = 0; i < rows && !status; i++) out[i] = *wn_matrix_row(&values, i);
    wn_npy_close(&npy);
    return status;
}

static wn_status name_classes(const wn_config_source *source, const wn_config_input *input, const char *path,
                              wn_config_classes *out, wn_error *err)
{
    if (input->category_count && input->category_count != out->count)
        return wn_fail(err, WN_INVALID, "%s has %zu classes, but 'categories' names %zu", path, out->count,
                       input->category_count);
    if (!(out->names = wn_arena_alloc(source->arena, out->count + 1, sizeof *out->names)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t c = 0; c < out->count; c++) {
        out->names[c] = input->category_count ? input->categories[c] : wn_arena_format(source->arena, "%zu", c);
        if (!out->names[c]) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    return WN_OK;
}

static wn_status copy_labels(wn_npy *npy, const wn_config_input *input, const char *path, size_t rows,
                             wn_config_classes *out, wn_error *err)
{
    wn_rows labels;
    WN_TRY(wn_npy_labels(npy, &labels, err));
    if (labels.len != rows)
        return wn_fail(err, WN_INVALID, "%s holds %zu labels, but there are %zu rows", path, labels.len, rows);
    if (!(out->labels = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *out->labels)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    out->count = input->category_count;
    for (size_t i = 0; i < rows; i++) {
        if (labels.data[i] < -1 || labels.data[i] > 65534)
            return wn_fail(err, WN_INVALID, "%s: the label of row %zu is %lld; classes go from 0 to 65534, -1 = none",
                           path, i, (long long)labels.data[i]);
        out->labels[i] = labels.data[i];
        if (labels.data[i] >= (int64_t)out->count) out->count = (size_t)labels.data[i] + 1;
    }
    return WN_OK;
}

static wn_status copy_amounts(wn_npy *npy, const char *path, size_t rows, wn_config_classes *out, wn_error *err)
{
    wn_matrix amounts;
    WN_TRY(wn_npy_matrix(npy, &amounts, err));
    if (amounts.rows != rows)
        return wn_fail(err, WN_INVALID, "%s has %zu rows, but there are %zu embeddings", path, amounts.rows, rows);
    out->count = amounts.cols;
    if (!(out->amounts = wn_alloc(WN_MEMORY_SELECTION, rows * amounts.cols, sizeof *out->amounts)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < rows; i++)
        memcpy(out->amounts + i * amounts.cols, wn_matrix_row(&amounts, i), amounts.cols * sizeof *out->amounts);
    return WN_OK;
}

wn_status wn_config_array_classes(const wn_config_source *source, const wn_config_input *input, const char *path,
                                  wn_config_classes *out, wn_error *err)
{
    wn_npy *npy = NULL;
    size_t rows = source->embeddings.rows;
    WN_TRY(wn_npy_open(path, &npy, err));
    wn_status status = wn_npy_get_shape(npy)->dims == 1 ? copy_labels(npy, input, path, rows, out, err)
                                                        : copy_amounts(npy, path, rows, out, err);
    wn_npy_close(&npy);
    return status ? status : name_classes(source, input, path, out, err);
}

static wn_status numbers(const wn_config_source *source, const wn_config_input *input, float *out, wn_error *err)
{
    const wn_config_arrays *arrays = source->context;
    const char *path = input->array ? input->array : input->type == WN_CONFIG_INPUT_SCORES ? arrays->scores : NULL;
    if (!path)
        return wn_fail(err, WN_INVALID, "without a workspace this input needs an \"array\": \"file.npy\"%s",
                       input->type == WN_CONFIG_INPUT_SCORES ? ", or --scores" : "");
    return wn_config_array_numbers(path, source->embeddings.rows, out, err);
}

static wn_status classes(const wn_config_source *source, const wn_config_input *input, wn_config_classes *out,
                         wn_error *err)
{
    const wn_config_arrays *arrays = source->context;
    const char *path = input->array;
    if (!path && input->type == WN_CONFIG_INPUT_PREDICTIONS)
        path = arrays->probabilities ? arrays->probabilities : arrays->labels;
    if (!path) return wn_fail(err, WN_INVALID, "without a workspace this input needs an \"array\": \"file.npy\"");
    return wn_config_array_classes(source, input, path, out, err);
}

static wn_status rows_of(const wn_config_source *source, const wn_config_rows *rows, wn_row_list *out, wn_error *err)
{
    (void)source;
    (void)out;
    return wn_fail(err, WN_INVALID, "without a workspace there is no %s '%s'; give an \"array\" of row numbers",
                   rows->tag ? "tag" : "list", rows->tag ? rows->tag : rows->list);
}

static wn_status neighbours(const wn_config_source *source, size_t k, wn_neighbours *out, wn_error *err)
{
    wn_neighbours_request request = {.embeddings = source->embeddings,
                                     .k = k,
                                     .seed = source->job->seed,
                                     .memory_limit = wn_job_memory_left(source->job),
                                     .pool = source->job->pool,
                                     .progress = source->job->progress};
    return wn_neighbours_find(wn_index_kind_choose(request.embeddings.rows, 0), &request, out, err);
}

static wn_status objects(const wn_config_source *source, const char *task, const wn_config_auto_task *made,
                         wn_objects *out, wn_error *err)
{
    (void)source;
    (void)made;
    (void)out;
    return wn_fail(err, WN_INVALID,
                   "without a workspace there are no images to cut the objects of '%s' from; give their embeddings as "
                   "\"array\": \"objects.npy\" with \"owners\": \"rows.npy\"",
                   task);
}

void wn_config_source_arrays(wn_config_source *source, const wn_config_arrays *arrays)
{
    source->context = (void *)(uintptr_t)arrays;
    source->numbers = numbers;
    source->classes = classes;
    source->rows = rows_of;
    source->neighbours = neighbours;
    source->objects = objects;
}
