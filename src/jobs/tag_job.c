/* SPDX-License-Identifier: Apache-2.0
 *
 * tag: named sets of images, made from lists, selections and labels, and combined.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_builder.h"
#include "jobs/import.h"
#include "winnow/memory.h"

/* Rows in rising order. */
typedef struct row_set {
    int64_t *rows;
    size_t len;
} row_set;

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_rows(row_set *set)
{
    size_t kept = 0;
    if (set->len) qsort(set->rows, set->len, sizeof *set->rows, compare_rows);
    for (size_t i = 0; i < set->len; i++)
        if (kept == 0 || set->rows[kept - 1] != set->rows[i]) set->rows[kept++] = set->rows[i];
    set->len = kept;
}

/* --- Where rows come from ----------------------------------------------------------------------------------------- */

/* One image for each line of a file, as a set of annotations without items. */
static wn_status read_list(const char *path, wn_annotations **out, wn_error *err)
{
    static const wn_annotation_options options;
    wn_annotation_builder builder;
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, (size_t)4 << 30, &text, err);
    if (!status) status = wn_builder_begin(&builder, &options, err);
    if (!status) {
        builder.root = path;
        for (size_t at = 0; at < text.len;) {
            size_t len = strcspn(text.data + at, "\r\n");
            if (len) wn_builder_image(&builder, text.data + at, len, 0, 0);
            at += len;
            while (at < text.len && (text.data[at] == '\r' || text.data[at] == '\n' || text.data[at] == 0)) at++;
        }
        status = wn_builder_finish(&builder, out, err);
    }
    wn_buffer_clear(&text);
    return status;
}

static wn_status rows_of_paths(wn_workspace *workspace, const char *path, row_set *out, int64_t *unmatched,
                               wn_error *err)
{
    wn_annotations *set = NULL;
    wn_matching matching = {0};
    wn_status status = read_list(path, &set, err);
    if (!status) status = wn_match_images(workspace, set, path, NULL, &matching, err);
    if (!status && !(out->rows = wn_alloc(WN_MEMORY_GENERAL, set->image_count, sizeof *out->rows)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; out->rows && !status && i < set->image_count; i++)
        if (matching.rows[i] >= 0) out->rows[out->len++] = matching.rows[i];
    *unmatched = (int64_t)(matching.unmatched + matching.ambiguous);
    if (!status && out->len == 0 && set->image_count)
        status = wn_fail(err, WN_NOTFOUND, "none of the %zu paths in '%s' is in the workspace, the first is '%s'",
                         set->image_count, path, set->images[0].path);
    wn_matching_clear(&matching);
    wn_annotations_free(&set);
    return status;
}

static wn_status rows_of_selection(wn_workspace *workspace, int64_t id, row_set *out, wn_error *err)
{
    wn_selection_record *selections = NULL;
    wn_pick *picks = NULL;
    size_t count = 0;
    if (id < 0) {
        WN_TRY(wn_selection_list(workspace, &selections, &count, err));
        id = count ? selections[count - 1].id : 0;
        wn_free(selections);
        if (!count) return wn_fail(err, WN_NOTFOUND, "the workspace has no selection yet");
    }
    WN_TRY(wn_selection_picks(workspace, id, &picks, &out->len, err));
    out->rows = wn_alloc(WN_MEMORY_GENERAL, out->len, sizeof *out->rows);
    for (size_t i = 0; out->rows && i < out->len; i++) out->rows[i] = picks[i].row;
    wn_free(picks);
    return out->rows ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

static wn_status find_class(wn_workspace *workspace, const char *set, const char *label, int64_t *category,
                            wn_error *err)
{
    wn_annotation_set_record *record = NULL;
    wn_annotation_category *categories = NULL;
    size_t count = 0;
    *category = -1;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_LABELS, set, &record, err));
    wn_status status = wn_annotation_set_categories(workspace, record->id, &categories, &count, err);
    for (size_t i = 0; !status && i < count; i++)
        if (strcmp(categories[i].name, label) == 0) *category = (int64_t)i;
    if (!status && *category < 0)
        status = wn_fail(err, WN_NOTFOUND, "the labels '%s' have no class '%s'", record->name, label);
    wn_free(categories);
    wn_free(record);
    return status;
}

/* Rows that hold at least one item of a class. */
static wn_status rows_of_label(wn_workspace *workspace, const char *set, const char *label, row_set *out, wn_error *err)
{
    wn_workspace_counts counts;
    int64_t category;
    float *matrix = NULL;
    size_t classes = 0;
    WN_TRY(find_class(workspace, set, label, &category, err));
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    out->rows = wn_alloc(WN_MEMORY_GENERAL, (size_t)counts.rows, sizeof *out->rows);
    if (!out->rows) return wn_fail(err, WN_NOMEM, "out of memory");
    for (int64_t row = 0; row < counts.rows; row++) out->rows[row] = row;
    wn_rows all = {out->rows, (size_t)counts.rows};
    WN_TRY(wn_counts_load(workspace, WN_ROLE_LABELS, set, all, &matrix, &classes, err));
    for (size_t i = 0; i < all.len; i++)
        if (matrix[i * classes + (size_t)category] > 0) out->rows[out->len++] = (int64_t)i;
    wn_free(matrix);
    return WN_OK;
}

/* --- Arithmetic --------------------------------------------------------------------------------------------------- */

/* a becomes a and b, a or b, a without b; both rise. */
static wn_status combine(wn_tag_action action, row_set *a, const row_set *b, wn_error *err)
{
    size_t i = 0, j = 0, len = 0;
    int64_t *rows = wn_alloc(WN_MEMORY_GENERAL, a->len + b->len, sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "out of memory");
    while (i < a->len || j < b->len) {
        bool in_a = i < a->len && (j == b->len || a->rows[i] <= b->rows[j]);
        bool in_b = j < b->len && (i == a->len || b->rows[j] <= a->rows[i]);
        int64_t row = in_a ? a->rows[i] : b->rows[j];
        bool keep = action == WN_TAG_UNION || (in_a && in_b == (action == WN_TAG_INTERSECT));
        if (keep) rows[len++] = row;
        i += in_a;
        j += in_b;
    }
    wn_free(a->rows);
    *a = (row_set){rows, len};
    return WN_OK;
}

static wn_status combine_tags(wn_workspace *workspace, const wn_tag_options *options, row_set *out, wn_error *err)
{
    if (options->from_count < 2) return wn_fail(err, WN_INVALID, "at least two tags can be combined");
    WN_TRY(wn_tag_get(workspace, options->from[0], &out->rows, &out->len, err));
    for (size_t i = 1; i < options->from_count; i++) {
        row_set other = {0};
        WN_TRY(wn_tag_get(workspace, options->from[i], &other.rows, &other.len, err));
        wn_status status = combine(options->action, out, &other, err);
        wn_free(other.rows);
        if (status) return status;
    }
    return WN_OK;
}

/* --- Actions ------------------------------------------------------------------------------------------------------ */

static wn_status make_rows(wn_workspace *workspace, const wn_tag_options *options, row_set *out, int64_t *unmatched,
                           wn_error *err)
{
    if (options->action != WN_TAG_CREATE) return combine_tags(workspace, options, out, err);
    if (options->paths) return rows_of_paths(workspace, options->paths, out, unmatched, err);
    if (options->selection) return rows_of_selection(workspace, options->selection, out, err);
    if (options->label) return rows_of_label(workspace, options->label_set, options->label, out, err);
    return wn_fail(err, WN_INVALID, "a tag is made from a list of paths, a selection or a label; name one");
}

static wn_status make_tag(const wn_job *job, wn_workspace *workspace, const wn_tag_options *options, wn_tag_result *out,
                          wn_error *err)
{
    row_set set = {0};
    wn_status status = make_rows(workspace, options, &set, &out->unmatched, err);
    if (!status) {
        sort_rows(&set);
        out->rows = (int64_t)set.len;
        if (!job->dry_run) status = wn_tag_set(workspace, options->name, (wn_rows){set.rows, set.len}, err);
    }
    wn_free(set.rows);
    return status;
}

static wn_status list_tags(wn_workspace *workspace, wn_tag_result *out, wn_error *err)
{
    wn_tag_record *tags = NULL;
    size_t count = 0;
    WN_TRY(wn_tag_list(workspace, &tags, &count, err));
    out->tags = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->tags);
    wn_status status = out->tags ? WN_OK : WN_NOMEM;
    for (size_t i = 0; i < count && !status; i++) {
        wn_tag_entry entry = {wn_text_copy(tags[i].name), tags[i].rows, tags[i].created_at};
        if (!entry.name) status = WN_NOMEM;
        if (entry.name) out->tags[out->tag_count++] = entry;
    }
    wn_free(tags);
    return status ? wn_fail(err, status, "out of memory") : WN_OK;
}

static wn_status show_tag(wn_workspace *workspace, const char *name, wn_tag_result *out, wn_error *err)
{
    row_set set = {0};
    wn_roots roots = {0};
    WN_TRY(wn_tag_get(workspace, name, &set.rows, &set.len, err));
    wn_status status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err);
    if (!status) status = wn_rows_paths(workspace, &roots, set.rows, set.len, &out->paths, err);
    if (!status) out->rows = (int64_t)set.len;
    wn_roots_clear(&roots);
    wn_free(set.rows);
    return status;
}

/* The number of rows that a tag has; a tag that is not there is gone. */
static wn_status count_rows(wn_workspace *workspace, const char *name, wn_tag_result *out, wn_error *err)
{
    row_set set = {0};
    wn_error ignored;
    wn_status status = wn_tag_get(workspace, name, &set.rows, &set.len, &ignored);
    out->gone = status == WN_NOTFOUND;
    out->rows = (int64_t)set.len;
    wn_free(set.rows);
    return status && !out->gone ? wn_fail(err, status, "%s", ignored.message) : WN_OK;
}

static wn_status undo(const wn_job *job, wn_workspace *workspace, wn_tag_result *out, wn_error *err)
{
    wn_tag_change_record *changes = NULL;
    size_t count = 0;
    if (!job->dry_run) {
        WN_TRY(wn_tag_undo(workspace, &out->name, err));
        return count_rows(workspace, out->name, out, err);
    }
    WN_TRY(wn_tag_change_list(workspace, &changes, &count, err));
    wn_status status = count ? WN_OK : wn_fail(err, WN_NOTFOUND, "no change of a tag is left to take back");
    if (!status && !(out->name = wn_text_copy(changes[0].name))) status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) {
        out->gone = changes[0].created;
        out->rows = changes[0].rows_before;
    }
    wn_free(changes);
    return status;
}

static wn_status act(const wn_job *job, wn_workspace *workspace, const wn_tag_options *options, wn_tag_result *out,
                     wn_error *err)
{
    if (options->action == WN_TAG_LIST) return list_tags(workspace, out, err);
    if (options->action == WN_TAG_UNDO) return undo(job, workspace, out, err);
    if (!options->name || !*options->name) return wn_fail(err, WN_INVALID, "name the tag");
    if (!(out->name = wn_text_copy(options->name))) return wn_fail(err, WN_NOMEM, "out of memory");
    if (options->action == WN_TAG_SHOW) return show_tag(workspace, options->name, out, err);
    if (options->action != WN_TAG_DELETE) return make_tag(job, workspace, options, out, err);
    WN_TRY(count_rows(workspace, options->name, out, err));
    if (out->gone) return wn_fail(err, WN_NOTFOUND, "there is no tag %s", options->name);
    out->gone = true;
    return job->dry_run ? WN_OK : wn_tag_remove(workspace, options->name, err);
}

wn_status wn_job_tag(const wn_job *job, const wn_tag_options *options, wn_tag_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    bool reads = options->action == WN_TAG_LIST || options->action == WN_TAG_SHOW || job->dry_run;
    *out = (wn_tag_result){0};
    wn_status status =
        wn_job_open_workspace(job, options->workspace, NULL, 0, reads ? WN_WORKSPACE_READ : WN_WORKSPACE_WRITE,
                              &workspace, &out->workspace, err);
    if (!status) status = act(job, workspace, options, out, err);
    wn_workspace_close(&workspace);
    if (status) wn_tag_result_clear(out);
    return status;
}

void wn_tag_result_clear(wn_tag_result *result)
{
    for (size_t i = 0; i < result->tag_count; i++) wn_free(result->tags[i].name);
    wn_free(result->tags);
    wn_paths_clear(&result->paths, result->paths ? (size_t)result->rows : 0);
    wn_free(result->name);
    wn_free(result->workspace);
    *result = (wn_tag_result){0};
}
