/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs of a selection config from a workspace: what was imported, what winnow measured itself, tags, lists of paths,
 * and the neighbour graph.
 */
#include "jobs/config_workspace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/log.h"
#include "winnow/memory.h"

static wn_rows rows_of(const wn_config_workspace *from)
{
    return (wn_rows){from->rows->rows, from->rows->len};
}

/* ---- numbers ---- */

/* How many objects of the chosen categories are in each row. */
static wn_status count_objects(const wn_config_workspace *from, const wn_config_input *input, float *out, wn_error *err)
{
    float *counts = NULL;
    size_t classes = 0, known = 0;
    wn_annotation_category *categories = NULL;
    wn_annotation_set_record *set = NULL;
    wn_status status = wn_annotation_set_find(from->workspace, WN_ROLE_PREDICTIONS, input->task, &set, err);
    if (!status)
        status =
            wn_counts_load(from->workspace, WN_ROLE_PREDICTIONS, input->task, rows_of(from), &counts, &classes, err);
    if (!status && input->category_count)
        status = wn_annotation_set_categories(from->workspace, set->id, &categories, &known, err);
    for (size_t i = 0; i < from->rows->len && !status; i++) {
        float sum = input->category_count && classes && isnan(counts[i * classes]) ? NAN : 0;
        for (size_t c = 0; c < classes; c++) {
            bool counted = input->category_count == 0;
            for (size_t k = 0; k < input->category_count && c < known; k++)
                counted = counted || strcmp(categories[c].name, input->categories[k]) == 0;
            if (counted) sum += counts[i * classes + c];
        }
        out[i] = sum;
    }
    for (size_t k = 0; k < input->category_count && !status; k++) {
        bool found = false;
        for (size_t c = 0; c < known; c++) found = found || strcmp(categories[c].name, input->categories[k]) == 0;
        if (!found) status = wn_fail(err, WN_INVALID, "the task has no category '%s'", input->categories[k]);
    }
    wn_free(categories);
    wn_free(counts);
    wn_free(set);
    return status;
}

static wn_status numbers(const wn_config_source *source, const wn_config_input *input, float *out, wn_error *err)
{
    const wn_config_workspace *from = source->context;
    if (input->array) return wn_config_array_numbers(input->array, from->rows->len, out, err);
    switch (input->type) {
    case WN_CONFIG_INPUT_SCORES:
        return wn_scores_load(from->workspace, input->task, input->score, rows_of(from), out, err);
    case WN_CONFIG_INPUT_METADATA:
        return wn_metadata_load_numbers(from->workspace, input->key, rows_of(from), out, err);
    default:
        return count_objects(from, input, out, err);
    }
}

/* ---- classes ---- */

static wn_status copy_names(const wn_config_source *source, const char *const *names, size_t count,
                            wn_config_classes *out, wn_error *err)
{
    out->count = count;
    if (!(out->names = wn_arena_alloc(source->arena, count + 1, sizeof *out->names)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t c = 0; c < count; c++)
        if (!(out->names[c] = wn_arena_text(source->arena, names[c], strlen(names[c]))))
            return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

/* The words of a field of metadata are its classes. */
static wn_status load_words(const wn_config_source *source, const wn_config_input *input, wn_config_classes *out,
                            wn_error *err)
{
    const wn_config_workspace *from = source->context;
    const char **words = NULL;
    size_t count = 0, rows = from->rows->len;
    int32_t *codes = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *codes);
    out->labels = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *out->labels);
    wn_status status = codes && out->labels ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    if (!status)
        status = wn_metadata_load_codes(from->workspace, input->key, rows_of(from), codes, &words, &count, err);
    for (size_t i = 0; i < rows && !status; i++) out->labels[i] = codes[i];
    if (!status) status = copy_names(source, words, count, out, err);
    wn_free(words);
    wn_free(codes);
    return status;
}

static wn_status classes(const wn_config_source *source, const wn_config_input *input, wn_config_classes *out,
                         wn_error *err)
{
    const wn_config_workspace *from = source->context;
    if (input->array) return wn_config_array_classes(source, input, input->array, out, err);
    if (input->type == WN_CONFIG_INPUT_METADATA) return load_words(source, input, out, err);
    wn_annotation_set_record *set = NULL;
    wn_annotation_category *categories = NULL;
    size_t count = 0, width = 0;
    wn_status status = wn_annotation_set_find(from->workspace, WN_ROLE_PREDICTIONS, input->task, &set, err);
    if (!status) status = wn_annotation_set_categories(from->workspace, set->id, &categories, &count, err);
    if (!status)
        status = wn_distribution_load(from->workspace, WN_ROLE_PREDICTIONS, input->task, rows_of(from), &out->amounts,
                                      &width, err);
    if (!status && width != count)
        status = wn_fail(err, WN_CORRUPT, "task '%s' has %zu categories, but %zu columns", set->name, count, width);
    const char **names = wn_arena_alloc(source->arena, count + 1, sizeof *names);
    if (!status && !names) status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t c = 0; c < count && !status; c++) names[c] = categories[c].name;
    if (!status) status = copy_names(source, names, count, out, err);
    wn_free(categories);
    wn_free(set);
    return status;
}

/* ---- rows ---- */

static wn_status add_position(const wn_config_workspace *from, int64_t row, wn_row_list *out)
{
    size_t at = wn_rows_find(from->rows, row);
    if (at != SIZE_MAX) out->rows[out->len++] = (int64_t)at;
    return WN_OK;
}

static wn_status tagged_rows(const wn_config_workspace *from, const char *tag, wn_row_list *out, wn_error *err)
{
    int64_t *rows = NULL;
    size_t count = 0;
    WN_TRY(wn_tag_get(from->workspace, tag, &rows, &count, err));
    wn_status status = WN_OK;
    if (!(out->rows = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *out->rows)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++) status = add_position(from, rows[i], out);
    wn_free(rows);
    return status;
}

/* One path after the other of a list, compared with the paths of all rows as they are shown, or their ends. */
typedef struct listed {
    const wn_config_workspace *from;
    char **lines;
    size_t count;
    uint8_t *found;
    wn_row_list *out;
} listed;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static wn_status visit_sample(void *context, const wn_sample *sample)
{
    listed *list = context;
    if (sample->status != WN_SAMPLE_OK) return WN_OK;
    char *path = wn_roots_sample_path(list->from->roots, sample);
    if (!path) return WN_OK; /* of a source that takes no part */
    /* The whole path, or what follows a slash in it. */
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
        char **line = bsearch(&at, list->lines, list->count, sizeof *list->lines, compare_texts);
        if (!line) continue;
        list->found[line - list->lines] = 1;
        add_position(list->from, sample->row, list->out);
        break;
    }
    wn_free(path);
    return WN_OK;
}

static wn_status listed_rows(const wn_config_workspace *from, const char *file, wn_row_list *out, wn_error *err)
{
    wn_buffer text;
    wn_workspace_counts counts;
    listed list = {.from = from, .out = out};
    size_t missing = 0;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(file, (size_t)1 << 30, &text, err);
    if (!status) status = wn_workspace_count(from->workspace, &counts, err);
    if (!status) {
        size_t lines = 1;
        for (size_t i = 0; i < text.len; i++) lines += text.data[i] == '\n';
        list.lines = wn_alloc(WN_MEMORY_SELECTION, lines, sizeof *list.lines);
        list.found = wn_calloc(WN_MEMORY_SELECTION, lines, 1);
        out->rows = wn_alloc(WN_MEMORY_SELECTION, (size_t)counts.rows, sizeof *out->rows);
        if (!list.lines || !list.found || !out->rows) status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    for (char *at = text.data, *end; !status && text.len && at < text.data + text.len; at = end + 1) {
        end = memchr(at, '\n', (size_t)(text.data + text.len - at));
        if (!end) end = text.data + text.len;
        *end = 0;
        if (end > at && end[-1] == '\r') end[-1] = 0;
        if (*at) list.lines[list.count++] = at;
    }
    if (!status) {
        qsort(list.lines, list.count, sizeof *list.lines, compare_texts);
        status = wn_workspace_visit_samples(from->workspace, 0, counts.rows, visit_sample, &list, err);
    }
    for (size_t i = 0; i < list.count && !status; i++) missing += !list.found[i];
    if (missing) wn_log(WN_LOG_WARNING, "%s: %zu of %zu paths are not in the workspace", file, missing, list.count);
    wn_free(list.found);
    wn_free(list.lines);
    wn_buffer_clear(&text);
    return status;
}

static wn_status named_rows(const wn_config_source *source, const wn_config_rows *rows, wn_row_list *out, wn_error *err)
{
    const wn_config_workspace *from = source->context;
    wn_status status = rows->tag ? tagged_rows(from, rows->tag, out, err) : listed_rows(from, rows->list, out, err);
    if (status) {
        wn_free(out->rows);
        *out = (wn_row_list){0};
    }
    return status;
}

/* ---- neighbours ---- */

/* The graph of the workspace; its lists are put in the order of the positions. Ids are kept as a mark only. */
static wn_status neighbours(const wn_config_source *source, size_t k, wn_neighbours *out, wn_error *err)
{
    const wn_config_workspace *from = source->context;
    wn_vectors vectors = {0};
    wn_graph graph = {0};
    wn_graph_request request = {.column = from->column, .k = k, .only_memory = source->job->dry_run};
    *out = (wn_neighbours){.rows = from->rows->len, .k = k};
    wn_status status = wn_vectors_load(source->job, from->workspace, from->column, &vectors, err);
    if (!status) status = wn_stage_graph(source->job, from->workspace, &request, &vectors, &graph, err);
    if (!status) {
        out->ids = wn_alloc(WN_MEMORY_SELECTION, out->rows * k, sizeof *out->ids);
        out->distances = wn_alloc(WN_MEMORY_SELECTION, out->rows * k, sizeof *out->distances);
        if (!out->ids || !out->distances) status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < out->rows && !status; i++) {
        size_t at = wn_rows_find(&vectors.rows, from->rows->rows[i]);
        for (size_t j = 0; j < k; j++) {
            bool known = at != SIZE_MAX && j < graph.lists.k;
            out->ids[i * k + j] = known ? graph.lists.ids[at * graph.lists.k + j] : -1;
            out->distances[i * k + j] = known ? graph.lists.distances[at * graph.lists.k + j] : NAN;
        }
    }
    wn_graph_clear(&graph);
    wn_vectors_clear(&vectors);
    return status;
}

/* ---- objects ---- */

static wn_status objects(const wn_config_source *source, const char *task, const wn_config_auto_task *made,
                         wn_objects *out, wn_error *err)
{
    const wn_config_workspace *from = source->context;
    const wn_objects_request request = {
        .task = task, .made = made, .rows = from->rows, .model = from->model, .column = from->column};
    return wn_stage_objects(source->job, from->workspace, &request, out, err);
}

void wn_config_source_workspace(wn_config_source *source, const wn_config_workspace *from)
{
    source->context = (void *)(uintptr_t)from;
    source->numbers = numbers;
    source->classes = classes;
    source->rows = named_rows;
    source->neighbours = neighbours;
    source->objects = objects;
}
