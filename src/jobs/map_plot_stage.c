/* SPDX-License-Identifier: Apache-2.0
 *
 * The map of a workspace as a picture: its points, and what colours them, from the columns and the catalogue.
 */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "jobs/map_stage.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

typedef struct plotting {
    wn_workspace *workspace;
    wn_vectors vectors;
    wn_map_plot_data data;
    wn_arena arena;
    float *points;
    int32_t *codes;
    int64_t *labels;
    float *numbers;
    const char **words;
    wn_annotation_category *categories;
} plotting;

static wn_status no_memory(wn_error *err)
{
    return wn_fail(err, WN_NOMEM, "no memory for the plot");
}

static wn_rows rows_of(const plotting *p)
{
    return (wn_rows){p->vectors.rows.rows, p->vectors.rows.len};
}

static wn_status make_codes(plotting *p, wn_error *err)
{
    p->codes = wn_alloc(WN_MEMORY_GENERAL, p->vectors.rows.len, sizeof *p->codes);
    if (!p->codes) return no_memory(err);
    p->data.codes = p->codes;
    return WN_OK;
}

static wn_status colour_by_tag(plotting *p, const char *tag, wn_error *err)
{
    int64_t *tagged = NULL;
    size_t count = 0, at = 0;
    WN_TRY(wn_tag_get(p->workspace, tag, &tagged, &count, err));
    wn_status status = make_codes(p, err);
    for (size_t i = 0; i < p->vectors.rows.len && !status; i++) { /* both lists rise */
        while (at < count && tagged[at] < p->vectors.rows.rows[i]) at++;
        p->codes[i] = at < count && tagged[at] == p->vectors.rows.rows[i] ? 0 : -1;
    }
    wn_free(tagged);
    p->words = wn_alloc(WN_MEMORY_TEXT, 1, sizeof *p->words);
    if (!status && !p->words) status = no_memory(err);
    if (status) return status;
    p->words[0] = tag;
    p->data.names = p->words;
    p->data.names_len = 1;
    p->data.colour_title = "tag";
    p->data.none = "without it";
    return WN_OK;
}

static wn_status colour_by_label(plotting *p, const wn_annotation_set_record *set, wn_error *err)
{
    size_t count = 0;
    WN_TRY(make_codes(p, err));
    p->labels = wn_alloc(WN_MEMORY_GENERAL, p->vectors.rows.len, sizeof *p->labels);
    if (!p->labels) return no_memory(err);
    WN_TRY(wn_labels_load(p->workspace, set->name, rows_of(p), p->labels, err));
    WN_TRY(wn_annotation_set_categories(p->workspace, set->id, &p->categories, &count, err));
    const char **names = wn_arena_alloc(&p->arena, count + 1, sizeof *names);
    if (!names) return no_memory(err);
    for (size_t i = 0; i < count; i++) names[i] = p->categories[i].name;
    for (size_t i = 0; i < p->vectors.rows.len; i++)
        p->codes[i] = p->labels[i] < (int64_t)count ? (int32_t)p->labels[i] : -1;
    p->data.names = names;
    p->data.names_len = count;
    p->data.colour_title = wn_arena_format(&p->arena, "label (%s)", set->name);
    p->data.none = "no label";
    return p->data.colour_title ? WN_OK : no_memory(err);
}

/* The name under which the workspace knows a field: also those that winnow measured, without their prefix. */
static wn_status find_field(plotting *p, const char *key, const char **name, bool *numeric, wn_error *err)
{
    wn_metadata_record *fields = NULL;
    size_t count = 0;
    char *measured = wn_arena_format(&p->arena, "lightly.%s", key);
    if (!measured) return no_memory(err);
    *name = NULL;
    WN_TRY(wn_metadata_list(p->workspace, &fields, &count, err));
    for (int pass = 0; pass < 2 && !*name; pass++)
        for (size_t i = 0; i < count && !*name; i++)
            if (strcmp(fields[i].name, pass ? measured : key) == 0)
                *name = pass ? measured : key, *numeric = fields[i].numeric;
    wn_free(fields);
    return WN_OK;
}

static wn_status colour_by_metadata(plotting *p, const char *key, wn_error *err)
{
    const char *name = NULL;
    bool numeric = true;
    WN_TRY(find_field(p, key, &name, &numeric, err));
    p->data.colour_title = key;
    p->data.none = "not known";
    if (name && !numeric) {
        WN_TRY(make_codes(p, err));
        WN_TRY(wn_metadata_load_codes(p->workspace, name, rows_of(p), p->codes, &p->words, &p->data.names_len, err));
        p->data.names = p->words;
        return WN_OK;
    }
    p->numbers = wn_alloc(WN_MEMORY_GENERAL, p->vectors.rows.len, sizeof *p->numbers);
    if (!p->numbers) return no_memory(err);
    p->data.numbers = p->numbers;
    return wn_metadata_load_numbers(p->workspace, name ? name : key, rows_of(p), p->numbers, err);
}

static wn_status choose_colours(plotting *p, const char *by, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    if (by && strncmp(by, "tag:", 4) == 0) return colour_by_tag(p, by + 4, err);
    if (by && strcmp(by, "cluster") == 0) return WN_OK;
    if (by && strcmp(by, "label") != 0) return colour_by_metadata(p, by, err);
    wn_status status = wn_annotation_set_find(p->workspace, WN_ROLE_LABELS, NULL, &set, by ? err : NULL);
    if (!status && (by || set->task == WN_TASK_CLASSIFICATION))
        status = colour_by_label(p, set, err);
    else if (status == WN_NOTFOUND && !by)
        status = WN_OK;
    wn_free(set);
    return status;
}

static wn_status load_points(plotting *p, const wn_map_stage_options *options, wn_error *err)
{
    char column[WN_MAP_COLUMN_BYTES];
    void *values = NULL;
    size_t dims = options->dims ? options->dims : 2;
    wn_map_column_name(options->method, dims, column);
    WN_TRY(wn_rows_gather(p->workspace, column, &p->vectors.rows, &values, err));
    p->points = values;
    p->data.points = (wn_matrix){p->points, p->vectors.rows.len, dims, dims};
    return WN_OK;
}

static wn_status give_picture(void *context, size_t row, unsigned char **bytes, size_t *len, wn_error *err)
{
    const plotting *p = context;
    return wn_workspace_thumb(p->workspace, p->vectors.rows.rows[row], bytes, len, err);
}

static wn_status plot_map(plotting *p, const wn_job *job, const wn_map_stage_options *options, const wn_map_plot *plot,
                          wn_error *err)
{
    WN_TRY(wn_vectors_load(job, p->workspace, options->embedding, &p->vectors, err));
    WN_TRY(load_points(p, options, err));
    const wn_plot sized = {.points = p->data.points, .width = plot->width};
    WN_TRY(wn_job_plan(job, "the plot of the map", wn_plot_memory(&sized), err));
    p->data.rows = p->vectors.matrix;
    WN_TRY(choose_colours(p, plot->colour_by, err));
    return wn_map_plot_draw(plot, &p->data, err);
}

wn_status wn_stage_plot_map(const wn_job *job, wn_workspace *workspace, const wn_map_stage_options *options,
                            const wn_map_stage_result *result, const wn_map_plot *plot, wn_error *err)
{
    plotting p = {.workspace = workspace};
    p.data = (wn_map_plot_data){.method = options->method,
                                .row_word = "images",
                                .quality = &result->quality,
                                .picture = give_picture,
                                .context = &p};
    wn_arena_init(&p.arena, WN_MEMORY_TEXT, 0);
    wn_status status = plot_map(&p, job, options, plot, err);
    wn_free(p.points);
    wn_free(p.codes);
    wn_free(p.labels);
    wn_free(p.numbers);
    wn_free(p.words);
    wn_free(p.categories);
    wn_vectors_clear(&p.vectors);
    wn_arena_clear(&p.arena);
    return status;
}
