/* SPDX-License-Identifier: Apache-2.0
 *
 * curate --since-last: the pool of data that grows. For each source a setting of the workspace keeps how many rows
 * there were when a finished run saw it; its rows from there on are new. What runs picked before is in their
 * selections.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/curate_stage.h"
#include "jobs/open_model.h"
#include "winnow/memory.h"

#define SEEN_SETTING "curate_rows_seen"

/* Name of the setting that keeps how many rows there were when a run last saw this source. */
static void name_setting(const wn_root *root, char out[64])
{
    snprintf(out, 64, SEEN_SETTING ".%" PRId64, root->source);
}

/* The first row of a source that no finished run saw: what a run noted, but not before the source's own first row. */
static wn_status find_first(wn_workspace *workspace, wn_root *root, int64_t *out, wn_error *err)
{
    char name[64], *text = NULL;
    wn_row_list rows = {0};
    const wn_roots alone = {.items = root, .len = 1};
    *out = 0;
    name_setting(root, name);
    WN_TRY(wn_setting_get(workspace, name, &text, err));
    if (text && (!wn_text_to_int(text, out) || *out < 0)) *out = 0;
    wn_free(text);
    WN_TRY(wn_rows_load(workspace, &alone, &rows, err));
    if (rows.len && rows.rows[0] > *out) *out = rows.rows[0];
    if (!rows.len) *out = INT64_MAX;
    wn_free(rows.rows);
    return WN_OK;
}

/* The least of the first rows, so that nothing unseen is left out; rows of other sources behind it may come again. */
static wn_status find_first_row(wn_curating *run, const wn_roots *roots, wn_error *err)
{
    run->first_row = INT64_MAX;
    for (size_t i = 0; i < roots->len; i++) {
        int64_t first;
        WN_TRY(find_first(run->workspace, &roots->items[i], &first, err));
        if (first < run->first_row) run->first_row = first;
    }
    return WN_OK;
}

wn_status wn_curating_seen(wn_curating *run, wn_error *err)
{
    char name[64], text[32];
    wn_workspace_counts counts;
    wn_roots roots = {0};
    WN_TRY(wn_workspace_count(run->workspace, &counts, err));
    WN_TRY(wn_roots_load(run->workspace, run->options->paths, run->options->path_count, WN_ROOTS_KNOWN, &roots, err));
    snprintf(text, sizeof text, "%" PRId64, counts.rows);
    wn_status status = WN_OK;
    for (size_t i = 0; i < roots.len && !status; i++) {
        name_setting(&roots.items[i], name);
        status = wn_setting_set(run->workspace, name, text, err);
    }
    wn_roots_clear(&roots);
    return status;
}

/* Whether a row of the roots is new and does not repeat the pixels of another. */
static wn_status find_new(wn_curating *run, const wn_roots *roots, bool *found, wn_error *err)
{
    wn_row_list rows = {0};
    uint8_t *repeats = NULL;
    size_t count = 0;
    *found = false;
    WN_TRY(wn_rows_load(run->workspace, roots, &rows, err));
    wn_status status = wn_find_repeats(run->workspace, &rows, &repeats, &count, err);
    run->result->readable = rows.len;
    for (size_t i = 0; i < rows.len && !status; i++)
        *found = *found || (rows.rows[i] >= run->first_row && (run->options->keep_duplicates || !repeats[i]));
    wn_free(repeats);
    wn_free(rows.rows);
    return status;
}

wn_status wn_curating_look(wn_curating *run, bool *nothing, wn_error *err)
{
    const wn_curate_options *options = run->options;
    wn_roots roots = {0};
    int64_t side = 0;
    bool found = false;
    WN_TRY(wn_model_wants_side(run->workspace, options->model, &side, err));
    if (options->path_count) {
        wn_add_options add = {.paths = options->paths,
                              .path_count = options->path_count,
                              .input_side = options->input_side ? options->input_side : side};
        wn_add_result added = {0};
        WN_TRY(wn_stage_add(run->job, run->workspace, &add, &added, err));
        run->result->found = added.found;
        run->result->bad = added.bad;
    }
    WN_TRY(wn_roots_load(run->workspace, options->paths, options->path_count, WN_ROOTS_KNOWN, &roots, err));
    wn_status status = find_first_row(run, &roots, err);
    if (!status) status = find_new(run, &roots, &found, err);
    wn_roots_clear(&roots);
    *nothing = !found;
    return status;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Adds the picks of one selection. */
static wn_status add_picks(wn_curating *run, int64_t selection, wn_row_list *out, wn_error *err)
{
    wn_pick *picks = NULL;
    size_t count = 0;
    WN_TRY(wn_selection_picks(run->workspace, selection, &picks, &count, err));
    int64_t *rows = wn_realloc(WN_MEMORY_SELECTION, out->rows, out->len + count, sizeof *rows);
    if (rows) out->rows = rows;
    for (size_t i = 0; i < count && rows; i++) out->rows[out->len++] = picks[i].row;
    wn_free(picks);
    return rows ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

wn_status wn_curating_picked(wn_curating *run, wn_row_list *out, wn_error *err)
{
    wn_selection_record *records = NULL;
    size_t count = 0, kept = 0;
    wn_row_list all = {0};
    WN_TRY(wn_selection_list(run->workspace, &records, &count, err));
    wn_status status = WN_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (records[i].run && records[i].run != run->run) status = add_picks(run, records[i].id, &all, err);
    wn_free(records);
    if (all.len) qsort(all.rows, all.len, sizeof *all.rows, compare_rows);
    for (size_t i = 0; i < all.len; i++)
        if (i == 0 || all.rows[i] != all.rows[i - 1]) all.rows[kept++] = all.rows[i];
    all.len = kept;
    if (status) {
        wn_free(all.rows);
        return status;
    }
    *out = all;
    return WN_OK;
}
